//! How a worker and the child that computes for it talk over pipes: length-prefixed frames.
//!
//! One byte of kind, four of length (little endian), the payload. The child is not trusted to stay sane, so the parent
//! reads with a limit and takes an unknown kind as a breakdown.

use app::api::run::Preflight;
use serde::{Deserialize, Serialize};
use solver::geometry::export::Form;
use solver::run::{Asked, Report};
use std::io::{self, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Largest payload accepted, bytes: a volume artefact of some 100 million values.
pub const PAYLOAD_BYTES_MAX: u32 = 512 * 1024 * 1024;
const HEADER: usize = 5;

/// Parent to child: the question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    pub design: solver::design::Design,
    /// Id of the study object.
    pub study: String,
    pub seed: u64,
    pub memory_bytes_max: u64,
}

/// How much of a design a drawing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The whole scene, as its own people see it.
    Whole,
    /// Bodies and names of faces, for a share link.
    Shared,
    /// A small picture of it, PNG.
    Picture,
    /// Its bodies as a file for other programs.
    File(Form),
}

/// Parent to child: what to draw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Drawing {
    pub design: solver::design::Design,
    pub view: View,
    /// Names of the bodies that are drawn; all where none is.
    #[serde(default)]
    pub bodies: Vec<String>,
}

/// Parent to child: which of the files is an input deck to be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeckTask {
    pub hash: String,
    pub file: String,
    pub units: solver::deck::Units,
    /// For the ids of new objects.
    pub seed: u64,
}

/// Child to parent: why there is no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoAnswer {
    Cancelled,
    Paused,
    /// Not to be tried again.
    Failed {
        message: String,
    },
}

/// Child to parent, with the answer: what it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Processor time of the process, s.
    pub core_seconds: f64,
    /// Largest resident set, bytes; 0 where the system does not tell.
    pub memory_bytes: u64,
}

/// One message on the pipe.
#[derive(Debug)]
pub enum Frame {
    /// Bytes of an imported file, before the task.
    File {
        hash: String,
        bytes: Vec<u8>,
    },
    /// Where an earlier attempt stood, before the task.
    Resume(Vec<u8>),
    Task(Box<Task>),
    /// Only look: the checklist and the cost.
    Check(Box<Task>),
    Draw(Box<Drawing>),
    ReadDeck(DeckTask),
    Cancel,
    /// What is asked of the run now.
    Ask(Asked),
    /// The child has its threads and limits and waits for a task.
    Ready,
    Report(Report),
    /// Surface artefact of an intermediate answer.
    Partial {
        level: u32,
        bytes: Vec<u8>,
    },
    /// Where the run stands.
    Checkpoint(Vec<u8>),
    Surface(Vec<u8>),
    Tensor(Vec<u8>),
    Volume(Vec<u8>),
    Deck(Vec<u8>),
    Growth(Vec<u8>),
    /// The answer is complete; always last.
    Done(Spent),
    NoAnswer(NoAnswer),
    /// Answer to [`Frame::Check`].
    Checked(Box<Preflight>),
    /// Answer to [`Frame::Draw`].
    Drawn(Vec<u8>),
    /// Answer to [`Frame::ReadDeck`]; an error is for the person who chose the file.
    DeckRead(Box<Result<solver::deck::Reading, String>>),
}

const FILE: u8 = 1;
const TASK: u8 = 2;
const CANCEL: u8 = 3;
const READY: u8 = 4;
const REPORT: u8 = 5;
const PARTIAL: u8 = 6;
const SURFACE: u8 = 7;
const VOLUME: u8 = 8;
const DONE: u8 = 9;
const NO_ANSWER: u8 = 10;
const CHECK: u8 = 11;
const CHECKED: u8 = 12;
const DRAW: u8 = 13;
const DRAWN: u8 = 14;
const DECK: u8 = 15;
const TENSOR: u8 = 16;
const READ_DECK: u8 = 17;
const DECK_READ: u8 = 18;
const RESUME: u8 = 19;
const ASK: u8 = 20;
const CHECKPOINT: u8 = 21;
const GROWTH: u8 = 22;

fn broken(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

impl Frame {
    fn encode(self) -> io::Result<(u8, Vec<u8>)> {
        Ok(match self {
            Self::File { hash, bytes } => (FILE, prefixed(hash.as_bytes(), &bytes)),
            Self::Task(task) => (TASK, serde_json::to_vec(&task)?),
            Self::Check(task) => (CHECK, serde_json::to_vec(&task)?),
            Self::Resume(bytes) => (RESUME, bytes),
            Self::Ask(what) => (ASK, serde_json::to_vec(&what)?),
            Self::Checkpoint(bytes) => (CHECKPOINT, bytes),
            Self::Cancel => (CANCEL, Vec::new()),
            Self::Ready => (READY, Vec::new()),
            Self::Report(report) => (REPORT, serde_json::to_vec(&report)?),
            Self::Partial { level, bytes } => (PARTIAL, prefixed(&level.to_le_bytes(), &bytes)),
            Self::Surface(bytes) => (SURFACE, bytes),
            Self::Tensor(bytes) => (TENSOR, bytes),
            Self::Volume(bytes) => (VOLUME, bytes),
            Self::Deck(bytes) => (DECK, bytes),
            Self::Growth(bytes) => (GROWTH, bytes),
            Self::Done(spent) => (DONE, serde_json::to_vec(&spent)?),
            Self::NoAnswer(why) => (NO_ANSWER, serde_json::to_vec(&why)?),
            Self::Checked(found) => (CHECKED, serde_json::to_vec(&found)?),
            Self::Draw(drawing) => (DRAW, serde_json::to_vec(&drawing)?),
            Self::Drawn(bytes) => (DRAWN, bytes),
            Self::ReadDeck(task) => (READ_DECK, serde_json::to_vec(&task)?),
            Self::DeckRead(reading) => (DECK_READ, serde_json::to_vec(&reading)?),
        })
    }

    fn decode(kind: u8, payload: Vec<u8>) -> io::Result<Self> {
        Ok(match kind {
            FILE => {
                let (hash, bytes) = parted(payload)?;
                Self::File { hash: String::from_utf8(hash).map_err(|_| broken("a hash that is not text"))?, bytes }
            }
            TASK => Self::Task(serde_json::from_slice(&payload)?),
            CHECK => Self::Check(serde_json::from_slice(&payload)?),
            CHECKED => Self::Checked(serde_json::from_slice(&payload)?),
            DRAW => Self::Draw(serde_json::from_slice(&payload)?),
            DRAWN => Self::Drawn(payload),
            READ_DECK => Self::ReadDeck(serde_json::from_slice(&payload)?),
            DECK_READ => Self::DeckRead(serde_json::from_slice(&payload)?),
            RESUME => Self::Resume(payload),
            ASK => Self::Ask(serde_json::from_slice(&payload)?),
            CHECKPOINT => Self::Checkpoint(payload),
            CANCEL => Self::Cancel,
            READY => Self::Ready,
            REPORT => Self::Report(serde_json::from_slice(&payload)?),
            PARTIAL => {
                let (level, bytes) = parted(payload)?;
                let level = level.try_into().map_err(|_| broken("a partial without a level"))?;
                Self::Partial { level: u32::from_le_bytes(level), bytes }
            }
            SURFACE => Self::Surface(payload),
            TENSOR => Self::Tensor(payload),
            VOLUME => Self::Volume(payload),
            DECK => Self::Deck(payload),
            GROWTH => Self::Growth(payload),
            DONE => Self::Done(serde_json::from_slice(&payload)?),
            NO_ANSWER => Self::NoAnswer(serde_json::from_slice(&payload)?),
            _ => return Err(broken(format!("unknown frame {kind}"))),
        })
    }
}

/// `head` with its length in front, then `tail`.
fn prefixed(head: &[u8], tail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + head.len() + tail.len());
    out.extend_from_slice(&(head.len() as u32).to_le_bytes());
    out.extend_from_slice(head);
    out.extend_from_slice(tail);
    out
}

fn parted(mut payload: Vec<u8>) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let length = payload.first_chunk::<4>().map(|b| u32::from_le_bytes(*b) as usize);
    match length {
        Some(n) if n <= payload.len() - 4 => {
            let tail = payload.split_off(4 + n);
            Ok((payload.split_off(4), tail))
        }
        _ => Err(broken("a frame shorter than it says")),
    }
}

fn header(kind: u8, payload: &[u8]) -> io::Result<[u8; HEADER]> {
    let length = u32::try_from(payload.len()).ok().filter(|n| *n <= PAYLOAD_BYTES_MAX);
    let length =
        length.ok_or_else(|| broken(format!("an answer of {} bytes is too large to hand over", payload.len())))?;
    let [a, b, c, d] = length.to_le_bytes();
    Ok([kind, a, b, c, d])
}

fn length([_, a, b, c, d]: [u8; HEADER]) -> io::Result<usize> {
    let n = u32::from_le_bytes([a, b, c, d]);
    if n > PAYLOAD_BYTES_MAX { Err(broken(format!("a frame of {n} bytes"))) } else { Ok(n as usize) }
}

/// Writes one frame and flushes (the child's side).
///
/// # Errors
/// The pipe is gone, or the payload is past [`PAYLOAD_BYTES_MAX`].
pub fn write(out: &mut impl Write, frame: Frame) -> io::Result<()> {
    let (kind, payload) = frame.encode()?;
    out.write_all(&header(kind, &payload)?)?;
    out.write_all(&payload)?;
    out.flush()
}

/// Reads one frame (the child's side); `None` at the end of the pipe.
///
/// # Errors
/// The pipe broke inside a frame, or what came is no frame.
pub fn read(input: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut head = [0; HEADER];
    match input.read_exact(&mut head) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let mut payload = vec![0; length(head)?];
    input.read_exact(&mut payload)?;
    Frame::decode(head[0], payload).map(Some)
}

/// Writes one frame and flushes (the parent's side).
///
/// # Errors
/// As [`write`].
pub async fn send(out: &mut (impl AsyncWrite + Unpin), frame: Frame) -> io::Result<()> {
    let (kind, payload) = frame.encode()?;
    out.write_all(&header(kind, &payload)?).await?;
    out.write_all(&payload).await?;
    out.flush().await
}

/// Reads one frame (the parent's side); `None` at the end of the pipe. Not safe to drop half-way: give it its own task.
///
/// # Errors
/// As [`read`].
pub async fn receive(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let mut head = [0; HEADER];
    match input.read_exact(&mut head).await {
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let n = length(head)?;
    // Grow with what arrives instead of trusting the length.
    let mut payload = Vec::with_capacity(n.min(1 << 20));
    if input.take(n as u64).read_to_end(&mut payload).await? < n {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Frame::decode(head[0], payload).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(frame: Frame) -> String {
        let mut pipe = Vec::new();
        write(&mut pipe, frame).unwrap();
        format!("{:?}", read(&mut pipe.as_slice()).unwrap().unwrap())
    }

    #[test]
    fn frames_survive_the_pipe() {
        let frames = [
            Frame::File { hash: "ab".into(), bytes: vec![1, 2, 3] },
            Frame::Cancel,
            Frame::Resume(vec![1, 2]),
            Frame::Ask(Asked::Finish),
            Frame::Checkpoint(vec![3; 4]),
            Frame::Ready,
            Frame::Partial { level: 7, bytes: vec![9; 5] },
            Frame::Surface(vec![4; 10]),
            Frame::Tensor(vec![6; 6]),
            Frame::Volume(Vec::new()),
            Frame::Deck(vec![5; 3]),
            Frame::ReadDeck(DeckTask { hash: "a".into(), file: "b.inp".into(), units: Default::default(), seed: 3 }),
            Frame::DeckRead(Box::new(Err("line 3".into()))),
            Frame::DeckRead(Box::new(Ok(solver::deck::Reading { n_nodes: 4, ..Default::default() }))),
            Frame::Done(Spent { core_seconds: 1.5, memory_bytes: 8 }),
            Frame::NoAnswer(NoAnswer::Failed { message: "no".into() }),
        ];
        for frame in frames {
            let before = format!("{frame:?}");
            assert_eq!(there_and_back(frame), before);
        }
    }

    #[test]
    fn rubbish_is_refused() {
        assert!(read(&mut [].as_slice()).unwrap().is_none());
        for bytes in [
            &[99, 0, 0, 0, 0][..],
            &[SURFACE, 255, 255, 255, 255],
            &[SURFACE, 4, 0, 0, 0, 1],
            &[PARTIAL, 2, 0, 0, 0, 9, 9],
        ] {
            assert!(read(&mut &bytes[..]).is_err(), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn the_parent_reads_what_the_child_writes() {
        let mut pipe = Vec::new();
        write(&mut pipe, Frame::Surface(vec![5; 3_000_000])).unwrap();
        write(&mut pipe, Frame::Done(Spent::default())).unwrap();
        let mut input = pipe.as_slice();
        assert!(matches!(receive(&mut input).await.unwrap(), Some(Frame::Surface(b)) if b.len() == 3_000_000));
        assert!(matches!(receive(&mut input).await.unwrap(), Some(Frame::Done(_))));
        assert!(receive(&mut input).await.unwrap().is_none());
    }
}
