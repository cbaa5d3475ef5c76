//! A body that a generative study found, as a file: what a feature of kind `generated` grows within its design space.

use crate::design::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MAGIC: &[u8] = b"brunel growth 1\n";
const HASH: usize = 32;

/// The fact of an answer that tells the hash of its body's file.
pub const FACT: &str = "body for the design";

/// Samples of a body, and what it takes to make it of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    pub head: Head,
    /// Densities at the points of the box, x fastest; the largest number is full material.
    pub samples: Vec<u16>,
}

/// All but the samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Properties of the feature that makes the body where the study found it.
    pub values: BTreeMap<String, Value>,
    /// The body is where samples, as shares of full material, exceed this.
    pub level: f64,
    /// Cells of its surface along the diagonal of the design space.
    pub n_cells: f64,
    /// Volume that the study found, m³.
    pub volume: f64,
    /// Of the first sample, m, and from sample to sample along every axis, m.
    pub origin: [f64; 3],
    pub spacing: f64,
    /// Samples along x, y, z.
    pub counts: [usize; 3],
}

impl Growth {
    /// Name that files of this kind end with.
    pub const EXTENSION: &'static str = "growth";
    /// Cells of the surface along a diagonal, at least and at most.
    pub const CELLS: (f64, f64) = (40.0, 400.0);

    /// A line that names the format, the length of the head, the head as JSON, samples in little endian, and the BLAKE3
    /// hash of all before it.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain numbers and strings always serialise.
        let head = serde_json::to_vec(&self.head).unwrap_or_default();
        let mut out = Vec::with_capacity(MAGIC.len() + 8 + head.len() + 2 * self.samples.len() + HASH);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&(head.len() as u64).to_le_bytes());
        out.extend_from_slice(&head);
        out.extend(self.samples.iter().flat_map(|s| s.to_le_bytes()));
        let hash = blake3::hash(&out);
        out.extend_from_slice(hash.as_bytes());
        out
    }

    /// `None` for bytes that are not of [`Self::to_bytes`], not whole, or of no possible body.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, hash) = bytes.split_last_chunk::<HASH>()?;
        if !body.starts_with(MAGIC) || blake3::hash(body).as_bytes() != hash {
            return None;
        }
        let (length, rest) = body[MAGIC.len()..].split_first_chunk::<8>()?;
        let (head, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let (samples, left) = rest.as_chunks::<2>();
        let n = head.counts.iter().try_fold(1usize, |n, c| n.checked_mul(*c))?;
        let (least, most) = Self::CELLS;
        let sane = left.is_empty()
            && samples.len() == n
            && head.spacing > 0.0
            && head.volume > 0.0
            && (0.0..=1.0).contains(&head.level)
            && (least..=most).contains(&head.n_cells)
            && head.origin.iter().chain([&head.spacing, &head.volume]).all(|x| x.is_finite());
        sane.then(|| Self { head, samples: samples.iter().map(|s| u16::from_le_bytes(*s)).collect() })
    }

    /// The sample that stands for a density between 0 and 1.
    pub fn sample(density: f64) -> u16 {
        (density.clamp(0.0, 1.0) * f64::from(u16::MAX)).round() as u16
    }

    /// The density, between 0 and 1, that a sample stands for.
    pub fn density(sample: u16) -> f32 {
        f32::from(sample) / f32::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth() -> Growth {
        let values = BTreeMap::from([("layer".to_owned(), Value::Expr("3 mm".into()))]);
        let head = Head {
            values,
            level: 0.43,
            n_cells: 60.0,
            volume: 1e-6,
            origin: [-0.1, 0.0, 0.3],
            spacing: 1e-3,
            counts: [2, 3, 4],
        };
        Growth { head, samples: (0..24).map(|i| 2700 * i).collect() }
    }

    #[test]
    fn what_was_written_is_read_and_what_was_changed_is_not() {
        let bytes = growth().to_bytes();
        assert_eq!(Growth::from_bytes(&bytes), Some(growth()));
        for at in [0, 20, bytes.len() / 2, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(Growth::from_bytes(&other), None, "byte {at}");
            assert_eq!(Growth::from_bytes(&bytes[..at]), None, "the first {at} bytes");
        }
    }

    #[test]
    fn what_no_body_can_be_is_refused() {
        let refused = |change: &dyn Fn(&mut Growth)| {
            let mut one = growth();
            change(&mut one);
            assert_eq!(Growth::from_bytes(&one.to_bytes()), None, "{:?}", one.head);
        };
        refused(&|g| g.head.counts = [2, 3, 5]);
        refused(&|g| g.head.counts = [usize::MAX, 3, 4]);
        refused(&|g| g.head.spacing = 0.0);
        refused(&|g| g.head.n_cells = 1e9);
        refused(&|g| g.head.level = 1.5);
        refused(&|g| g.samples.truncate(23));
    }

    #[test]
    fn samples_are_as_near_as_sixteen_bits_come() {
        for density in [0.0, 0.123_456, 0.5, 1.0] {
            let sample = Growth::sample(density);
            assert!((f64::from(Growth::density(sample)) - density).abs() < 1e-5);
            assert_eq!(Growth::sample(f64::from(Growth::density(sample))), sample);
        }
    }
}
