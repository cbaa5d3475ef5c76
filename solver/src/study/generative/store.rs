//! Where a run stands, as bytes: the optimiser's state, and the displacements or temperatures that the next solve starts
//! from.

use crate::density::optimization::State;
use crate::density::snapshot;

const MAGIC: &[u8] = b"brunel generative run 1\n";
const HASH: usize = 32;

/// What a run goes on from.
pub struct Stored {
    pub state: State,
    /// [`super::solver::Solver::values`]; empty where the next solve starts anew.
    pub nodal: Vec<f64>,
}

/// A line that names the format, the length of the state, the state, values at nodes as doubles in little endian, and the
/// BLAKE3 hash of all before it.
pub fn write(state: &State, nodal: &[f64]) -> Vec<u8> {
    let state = snapshot::write(state);
    let mut out = Vec::with_capacity(MAGIC.len() + 8 + state.len() + 8 * nodal.len() + HASH);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(state.len() as u64).to_le_bytes());
    out.extend_from_slice(&state);
    out.extend(nodal.iter().flat_map(|x| x.to_le_bytes()));
    let hash = blake3::hash(&out);
    out.extend_from_slice(hash.as_bytes());
    out
}

/// `None` for bytes that are not of [`write`], or no longer whole.
pub fn read(bytes: &[u8]) -> Option<Stored> {
    let (body, hash) = bytes.split_last_chunk::<HASH>()?;
    if !body.starts_with(MAGIC) || blake3::hash(body).as_bytes() != hash {
        return None;
    }
    let (length, rest) = body[MAGIC.len()..].split_first_chunk::<8>()?;
    let (state, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let (numbers, left) = rest.as_chunks::<8>();
    let nodal = numbers.iter().map(|b| f64::from_le_bytes(*b)).collect();
    left.is_empty().then_some(())?;
    Some(Stored { state: snapshot::read(state).ok()?, nodal })
}
