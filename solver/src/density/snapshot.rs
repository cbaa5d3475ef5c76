//! A run's state as bytes, to the bit: what a killed worker goes on from.
//!
//! A line that names the format, the length of a head, the head as JSON, the design and the optimiser's memory as doubles in
//! little endian, and the BLAKE3 hash of all before it, so that half a file is known for what it is.

use super::mma::Memory;
use super::optimization::{Entry, State, Stop};
use serde::{Deserialize, Serialize};

const MAGIC: &[u8] = b"brunel density state 1\n";
const HASH: usize = 32;

/// Bytes that are no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    #[error("this is no state of a topology optimisation")]
    Format,
    #[error("the state is incomplete or altered; go on from an older one")]
    Content,
}

/// All but the arrays. Numbers that steer the run are kept as their bits: text need not give every double back.
#[derive(Serialize, Deserialize)]
struct Head {
    iteration: u32,
    penalty: u64,
    beta: u64,
    stage_iteration: u32,
    dilated_max: u64,
    #[serde(default)]
    stress_scale: Vec<u64>,
    history: Vec<Entry>,
    stopped: Option<Stop>,
    #[serde(default)]
    first_stop: Option<u32>,
    /// Lengths of the design, the designs before, the asymptotes.
    lengths: [u64; 5],
}

pub fn write(state: &State) -> Vec<u8> {
    let Memory { before, asymptotes } = &state.memory;
    let arrays = [&state.x, &before[0], &before[1], &asymptotes[0], &asymptotes[1]];
    let head = Head {
        iteration: state.iteration,
        penalty: state.penalty.to_bits(),
        beta: state.beta.to_bits(),
        stage_iteration: state.stage_iteration,
        dilated_max: state.dilated_max.to_bits(),
        stress_scale: state.stress_scale.iter().map(|s| s.to_bits()).collect(),
        history: state.history.clone(),
        stopped: state.stopped,
        first_stop: state.first_stop,
        lengths: arrays.map(|a| a.len() as u64),
    };
    let head = serde_json::to_vec(&head).expect("numbers and lists are JSON");
    let numbers: usize = arrays.iter().map(|a| a.len()).sum();
    let mut out = Vec::with_capacity(MAGIC.len() + 8 + head.len() + 8 * numbers + HASH);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(head.len() as u64).to_le_bytes());
    out.extend_from_slice(&head);
    for array in arrays {
        out.extend(array.iter().flat_map(|x| x.to_le_bytes()));
    }
    let hash = blake3::hash(&out);
    out.extend_from_slice(hash.as_bytes());
    out
}

/// # Errors
/// [`Damaged`].
pub fn read(bytes: &[u8]) -> Result<State, Damaged> {
    if !bytes.starts_with(MAGIC) {
        return Err(Damaged::Format);
    }
    let (body, hash) = bytes.split_last_chunk::<HASH>().ok_or(Damaged::Content)?;
    if blake3::hash(body).as_bytes() != hash {
        return Err(Damaged::Content);
    }
    let (length, rest) = body[MAGIC.len()..].split_first_chunk::<8>().ok_or(Damaged::Content)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| Damaged::Content)?;
    let (head, mut rest) = rest.split_at_checked(length).ok_or(Damaged::Content)?;
    let head: Head = serde_json::from_slice(head).map_err(|_| Damaged::Content)?;
    let mut array = |length: u64| -> Result<Vec<f64>, Damaged> {
        let n = usize::try_from(length).ok().and_then(|n| n.checked_mul(8)).ok_or(Damaged::Content)?;
        let (own, after) = rest.split_at_checked(n).ok_or(Damaged::Content)?;
        rest = after;
        Ok(own.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect())
    };
    let [x, one, two, low, high] = head.lengths;
    let state = State {
        iteration: head.iteration,
        x: array(x)?,
        memory: Memory { before: [array(one)?, array(two)?], asymptotes: [array(low)?, array(high)?] },
        penalty: f64::from_bits(head.penalty),
        beta: f64::from_bits(head.beta),
        stage_iteration: head.stage_iteration,
        dilated_max: f64::from_bits(head.dilated_max),
        stress_scale: head.stress_scale.into_iter().map(f64::from_bits).collect(),
        history: head.history,
        stopped: head.stopped,
        first_stop: head.first_stop,
    };
    if rest.is_empty() { Ok(state) } else { Err(Damaged::Content) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_to_the_bit_and_damage_is_found() {
        let thirds: Vec<f64> = (0..50).map(|i| f64::from(i) / 3.0).collect();
        let entry = Entry {
            iteration: 7,
            objective: 0.1,
            compliance: vec![1.0, 2.0],
            volume: 0.5,
            discreteness: 0.25,
            excess: -0.5,
            change: 0.125,
            penalty: 3.0,
            beta: 2.0,
        };
        let state = State {
            iteration: 7,
            memory: Memory {
                before: [thirds.clone(), vec![]],
                asymptotes: [thirds.iter().map(|x| x.sin()).collect(), vec![f64::MIN_POSITIVE]],
            },
            x: thirds,
            penalty: 1.0 / 3.0,
            beta: 0.1 + 0.2,
            stage_iteration: 3,
            dilated_max: 2.0f64.sqrt(),
            stress_scale: vec![1.0 / 7.0, 3.0],
            history: vec![entry],
            stopped: Some(Stop::Settled),
            first_stop: Some(5),
        };
        let bytes = write(&state);
        assert_eq!(read(&bytes), Ok(state));
        assert_eq!(read(b"solid cube"), Err(Damaged::Format));
        assert_eq!(read(&bytes[..bytes.len() - 1]), Err(Damaged::Content));
        for at in [30, bytes.len() / 2, bytes.len() - 3] {
            let mut altered = bytes.clone();
            altered[at] ^= 4;
            assert_eq!(read(&altered), Err(Damaged::Content));
        }
    }
}
