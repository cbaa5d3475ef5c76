//! Carries a child's reports to the server in batches, without ever making the solver wait.

use super::door::{Door, DoorError};
use super::wire::{Checkpoint, Lease, REPORTS_MAX, Reports, Wish};
use bytes::Bytes;
use solver::run::Report;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// Reports wait this long for company: ten messages a second look live.
const GATHER: Duration = Duration::from_millis(100);
/// Reports kept while the server cannot be reached; then new ones are lost, as they are only for looking.
const AHEAD: usize = 20_000;
/// How long the last words of a run may take.
const FINISH_WAIT: Duration = Duration::from_secs(10);

pub enum Tell {
    Report(Report),
    Partial(u32, Bytes),
    Checkpoint(Bytes),
}

pub struct Teller {
    sender: mpsc::Sender<Tell>,
    task: tokio::task::JoinHandle<()>,
}

impl Teller {
    pub fn start(door: Door, lease: Lease, wish: watch::Sender<Wish>) -> Self {
        let (sender, receiver) = mpsc::channel(AHEAD);
        Self { sender, task: tokio::spawn(carry(door, lease, wish, receiver)) }
    }

    pub fn tell(&self, what: Tell) {
        if self.sender.try_send(what).is_err() {
            tracing::debug!("a report was dropped: the server is slow");
        }
    }

    /// Waits until everything told has arrived, within reason.
    pub async fn finish(self) {
        drop(self.sender);
        let mut task = self.task;
        if timeout(FINISH_WAIT, &mut task).await.is_err() {
            task.abort();
        }
    }
}

async fn carry(door: Door, lease: Lease, wish: watch::Sender<Wish>, mut receiver: mpsc::Receiver<Tell>) {
    let mut first = true;
    loop {
        let mut told = Vec::new();
        if receiver.recv_many(&mut told, REPORTS_MAX).await == 0 {
            return;
        }
        // The first word of a run goes out at once, later ones gather; a picture does not wait either.
        if !std::mem::take(&mut first) {
            let _ = timeout(GATHER, gather(&mut receiver, &mut told)).await;
        }
        let mut reports = Vec::with_capacity(told.len());
        // Of several partials only the last is worth the line, and of several checkpoints.
        let mut partial = None;
        let mut checkpoint = None;
        for what in told {
            match what {
                Tell::Report(report) => reports.push(report),
                Tell::Partial(level, bytes) => partial = Some((level, bytes)),
                Tell::Checkpoint(bytes) => checkpoint = Some(bytes),
            }
        }
        let mut heard = Ok(Wish::Continue);
        if !reports.is_empty() {
            heard = door.report(&Reports { lease: lease.clone(), reports }).await;
        }
        if let Some((level, bytes)) = partial
            && heard.is_ok()
            && let Err(e) = door.partial(&lease, level, bytes).await
        {
            heard = Err(e);
        }
        if let Some(bytes) = checkpoint
            && heard.is_ok()
        {
            heard = keep(&door, &lease, bytes).await;
        }
        match heard {
            Ok(Wish::Continue) => {}
            Ok(said) => {
                wish.send_if_modified(|wish| std::mem::replace(wish, said) != said);
            }
            Err(DoorError::Fenced) => {
                wish.send_replace(Wish::Drop);
                return;
            }
            Err(e) => tracing::warn!(run = %lease.run, error = %e, "reports"),
        }
    }
}

/// Uploads a checkpoint and makes it the one to go on from.
async fn keep(door: &Door, lease: &Lease, bytes: Bytes) -> Result<Wish, DoorError> {
    let hash = blake3::hash(&bytes).to_hex().to_string();
    door.upload(lease, &hash, bytes).await?;
    door.checkpoint(&Checkpoint { lease: lease.clone(), hash }).await
}

/// Adds to `told` until an intermediate answer is among it, nothing more will come, or there is no room. Loses nothing when
/// it is dropped.
async fn gather(receiver: &mut mpsc::Receiver<Tell>, told: &mut Vec<Tell>) {
    while told.len() < REPORTS_MAX && !told.iter().any(|t| matches!(t, Tell::Partial(..))) {
        match receiver.recv().await {
            Some(next) => told.push(next),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_picture_ends_the_gathering() {
        let (sender, mut receiver) = mpsc::channel(8);
        let log = || Tell::Report(Report::Log { line: String::new() });
        let mut told = vec![log()];
        sender.try_send(log()).unwrap();
        assert!(timeout(GATHER, gather(&mut receiver, &mut told)).await.is_err(), "it waits for company");
        assert_eq!(told.len(), 2);
        sender.try_send(Tell::Partial(0, Bytes::new())).unwrap();
        sender.try_send(log()).unwrap();
        timeout(GATHER, gather(&mut receiver, &mut told)).await.expect("at once");
        assert_eq!(told.len(), 3);
    }
}
