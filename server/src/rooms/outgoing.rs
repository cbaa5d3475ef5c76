//! The way out to one connection: bounded, so that a reader who does not read costs little and then nothing.

use app::sync::ToClient;
use axum::extract::ws::Utf8Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, watch};

/// Messages and bytes that may wait for a slow reader.
const MESSAGES_MAX: usize = 1_024;
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the writer of a socket is given.
pub enum Frame {
    Text(Utf8Bytes),
    /// The last one.
    Close,
}

/// The room's end.
#[derive(Clone)]
pub struct Outgoing {
    queue: mpsc::Sender<Frame>,
    bytes: Arc<AtomicUsize>,
    kill: Arc<watch::Sender<bool>>,
}

/// The socket's end.
pub struct Incoming {
    queue: mpsc::Receiver<Frame>,
    bytes: Arc<AtomicUsize>,
    killed: watch::Receiver<bool>,
}

/// A new way out.
pub fn channel() -> (Outgoing, Incoming) {
    let (send, receive) = mpsc::channel(MESSAGES_MAX);
    let (kill, killed) = watch::channel(false);
    let bytes = Arc::new(AtomicUsize::new(0));
    (Outgoing { queue: send, bytes: bytes.clone(), kill: Arc::new(kill) }, Incoming { queue: receive, bytes, killed })
}

/// A message as text; serialised once for everyone.
pub fn text(message: &ToClient) -> Utf8Bytes {
    // Messages are plain values with text keys: serialising cannot fail.
    serde_json::to_string(message).unwrap_or_default().into()
}

/// Whether a slow reader may miss this message: the next one of its kind says it all again.
pub fn may_be_missed(message: &ToClient) -> bool {
    match message {
        ToClient::Peer { .. } | ToClient::Pong { .. } => true,
        ToClient::Run { event } => !matches!(event, app::api::run::RunEvent::State { .. }),
        _ => false,
    }
}

impl Outgoing {
    /// Queues a message. False when the reader is too slow to be kept.
    pub fn push(&self, text: Utf8Bytes, may_be_missed: bool) -> bool {
        let length = text.len();
        let waiting = self.bytes.load(Ordering::Relaxed);
        // One message of any size always fits an empty queue: a whole design may be large.
        let full = waiting > 0 && waiting + length > BYTES_MAX;
        // What may be missed leaves half of the room to what may not.
        let crowded = self.queue.capacity() < MESSAGES_MAX / 2 || waiting > BYTES_MAX / 2;
        if may_be_missed && (crowded || full) {
            return true;
        }
        if full || self.queue.try_send(Frame::Text(text)).is_err() {
            return false;
        }
        self.bytes.fetch_add(length, Ordering::Relaxed);
        true
    }

    /// Says goodbye, then hangs up; a reader who does not take the goodbye is cut off.
    pub fn close(&self, goodbye: Utf8Bytes) {
        const PATIENCE: std::time::Duration = std::time::Duration::from_millis(500);
        self.push(goodbye, false);
        let _ = self.queue.try_send(Frame::Close);
        let kill = self.kill.clone();
        tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            let _ = kill.send(true);
        });
    }

    /// Hangs up at once.
    pub fn kill(&self) {
        let _ = self.kill.send(true);
    }
}

impl Incoming {
    /// The next frame; `None` when there will be no other.
    pub async fn next(&mut self) -> Option<Frame> {
        let frame = tokio::select! {
            biased;
            () = killed(&mut self.killed) => None,
            frame = self.queue.recv() => frame,
        };
        if let Some(Frame::Text(text)) = &frame {
            self.bytes.fetch_sub(text.len(), Ordering::Relaxed);
        }
        frame
    }

    /// Ends when the connection is to be cut.
    pub fn killed(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut receiver = self.killed.clone();
        async move { killed(&mut receiver).await }
    }
}

async fn killed(receiver: &mut watch::Receiver<bool>) {
    if receiver.wait_for(|killed| *killed).await.is_err() {
        // The room's end is gone without a word; what is queued still goes out.
        std::future::pending::<()>().await;
    }
}
