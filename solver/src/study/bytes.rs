//! An outcome as bytes: what the artefact store keeps and the page decodes.
//!
//! Little-endian: magic `BRNO`, version, length of a JSON header (the outcome with empty arrays), then the arrays in the
//! order of the header, each with its length. Field values are quantised to 16 bits per component between the smallest
//! and largest value of that component; surfaces are [`SurfaceMesh::to_bytes`], a grid's cells 8 bytes per run,
//! tetrahedra 12 bytes per node and 40 per element.
//! [`Outcome::surface_part`] is what a person sees first; [`Outcome::tensor_part`], the stress tensors on the skins, is
//! fetched when a component or a direction is asked for, and [`Outcome::volume_part`] on a section or a probe. They cost 2
//! bytes per node and component: inside, 20 per node and load case of a static study, 2.8 MB per case at 120,000 cells.

use super::outcome::{Field, Outcome, OutcomeMesh};
use crate::result::reading::derive;
use crate::surface::SurfaceMesh;

const MAGIC: &[u8; 4] = b"BRNO";
/// Raise when the layout changes; older bytes are then computed anew.
const VERSION: u32 = 2;
/// Components of a field from which on it is a tensor.
const TENSOR: u8 = 6;
/// Longest header accepted, bytes.
const HEADER_MAX: usize = 64 << 20;

/// Why bytes are not an outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutcomeDecodeError {
    #[error("these bytes are not a result")]
    Foreign,
    #[error("this result was written by version {0} of the format; run the study again")]
    Version(u32),
    #[error("the result ends too early")]
    Short,
    #[error("the result contradicts itself: {0}")]
    Inconsistent(&'static str),
}

impl Outcome {
    /// Everything but the volume and the tensors: what is sent first.
    #[must_use]
    pub fn surface_part(&self) -> Self {
        let volumes = self.volumes();
        let mut out = self.clone();
        out.meshes.retain(|m| !volumes.contains(&m.name()));
        out.fields.retain(|f| !volumes.contains(&f.mesh.as_str()));
        let all = out.fields.len();
        out.fields.retain(|f| f.components < TENSOR);
        out.tensors = out.fields.len() < all;
        out
    }

    /// Only the tensors on the skins: fields whose meshes are those of the surface part.
    #[must_use]
    pub fn tensor_part(&self) -> Self {
        let volumes = self.volumes();
        let own = |f: &&Field| f.components >= TENSOR && !volumes.contains(&f.mesh.as_str());
        Self { fields: self.fields.iter().filter(own).cloned().collect(), ..Self::default() }
    }

    /// Only the volume meshes and their fields.
    #[must_use]
    pub fn volume_part(&self) -> Self {
        let volumes = self.volumes();
        Self {
            meshes: self.meshes.iter().filter(|m| volumes.contains(&m.name())).cloned().collect(),
            fields: self.fields.iter().filter(|f| volumes.contains(&f.mesh.as_str())).cloned().collect(),
            ..Self::default()
        }
    }

    /// Bodies as what was solved on where that is here, as surfaces elsewhere; with what follows from stresses.
    #[must_use]
    pub fn inmost(&self) -> Self {
        let inside = self.volume_part();
        if inside.meshes.is_empty() {
            return self.surface_part();
        }
        let mut out = Self { states: self.states.clone(), ..inside };
        derive(&mut out);
        out
    }

    fn volumes(&self) -> Vec<&str> {
        self.meshes.iter().filter(|m| !matches!(m, OutcomeMesh::Surface { .. })).map(OutcomeMesh::name).collect()
    }

    /// The outcome as bytes; equal outcomes give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut header = self.clone();
        let mut body = Vec::new();
        for (mesh, bare) in self.meshes.iter().zip(&mut header.meshes) {
            match (mesh, bare) {
                (OutcomeMesh::Surface { surface, .. }, OutcomeMesh::Surface { surface: bare, .. }) => {
                    put_bytes(&mut body, &surface.to_bytes());
                    *bare = SurfaceMesh::default();
                }
                (OutcomeMesh::Grid { runs, .. }, OutcomeMesh::Grid { runs: bare, .. }) => {
                    put_len(&mut body, runs.len());
                    runs.iter().flatten().for_each(|w| body.extend(w.to_le_bytes()));
                    *bare = Vec::new();
                }
                (
                    OutcomeMesh::Solid { points, tets, .. },
                    OutcomeMesh::Solid { points: bare_points, tets: bare_tets, .. },
                ) => {
                    put_len(&mut body, points.len());
                    points.iter().flatten().for_each(|x| body.extend((*x as f32).to_le_bytes()));
                    put_len(&mut body, tets.len());
                    tets.iter().flatten().for_each(|n| body.extend(n.to_le_bytes()));
                    (*bare_points, *bare_tets) = (Vec::new(), Vec::new());
                }
                _ => {}
            }
        }
        for (field, bare) in self.fields.iter().zip(&mut header.fields) {
            put_field(&mut body, &field.values, usize::from(field.components).max(1));
            bare.values = Vec::new();
        }
        // Plain data with string keys and no maps of other keys: cannot fail.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let mut out = Vec::with_capacity(12 + header.len() + body.len());
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        put_bytes(&mut out, &header);
        out.extend(body);
        out
    }

    /// Reads [`Outcome::to_bytes`] back; field values lose precision to 16 bits of their range.
    ///
    /// # Errors
    /// [`OutcomeDecodeError`]; never panics, whatever the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OutcomeDecodeError> {
        let mut rest = bytes;
        if take(&mut rest, 4)? != MAGIC {
            return Err(OutcomeDecodeError::Foreign);
        }
        let version = take_u32(&mut rest)?;
        if version != VERSION {
            return Err(OutcomeDecodeError::Version(version));
        }
        let header = take_block(&mut rest)?;
        if header.len() > HEADER_MAX {
            return Err(OutcomeDecodeError::Inconsistent("its header is too long"));
        }
        let mut out: Self = serde_json::from_slice(header)
            .map_err(|_| OutcomeDecodeError::Inconsistent("its header does not parse"))?;
        for mesh in &mut out.meshes {
            match mesh {
                OutcomeMesh::Surface { surface, .. } => {
                    *surface = SurfaceMesh::from_bytes(take_block(&mut rest)?)
                        .map_err(|_| OutcomeDecodeError::Inconsistent("its surface does not decode"))?;
                }
                OutcomeMesh::Grid { counts, runs, .. } => {
                    let n = take_u32(&mut rest)? as usize;
                    let raw = take(&mut rest, n.checked_mul(8).ok_or(OutcomeDecodeError::Short)?)?;
                    *runs = words(raw).collect::<Vec<_>>().as_chunks::<2>().0.to_vec();
                    check_runs(*counts, runs)?;
                }
                OutcomeMesh::Solid { points, tets, .. } => {
                    let n = take_u32(&mut rest)? as usize;
                    let raw = take(&mut rest, n.checked_mul(12).ok_or(OutcomeDecodeError::Short)?)?;
                    let numbers: Vec<f64> = words(raw).map(|w| f64::from(f32::from_bits(w))).collect();
                    *points = numbers.as_chunks::<3>().0.to_vec();
                    let n = take_u32(&mut rest)? as usize;
                    let raw = take(&mut rest, n.checked_mul(40).ok_or(OutcomeDecodeError::Short)?)?;
                    *tets = words(raw).collect::<Vec<_>>().as_chunks::<10>().0.to_vec();
                    if tets.iter().flatten().any(|n| *n as usize >= points.len()) {
                        return Err(OutcomeDecodeError::Inconsistent("an element has a node that is not there"));
                    }
                }
            }
        }
        for field in &mut out.fields {
            field.values = take_field(&mut rest, usize::from(field.components).max(1))?;
        }
        if rest.is_empty() { Ok(out) } else { Err(OutcomeDecodeError::Inconsistent("it has bytes left over")) }
    }
}

/// Runs ascend, do not overlap, and each lies within one row of the grid.
fn check_runs(counts: [u32; 3], runs: &[[u32; 2]]) -> Result<(), OutcomeDecodeError> {
    let limit = counts.iter().fold(1u64, |n, c| n.saturating_mul(u64::from(*c)));
    let row = u64::from(counts[0]);
    let mut end = 0u64;
    for [first, n] in runs.iter().map(|r| r.map(u64::from)) {
        if n == 0 || first < end || first + n > limit || first % row + n > row {
            return Err(OutcomeDecodeError::Inconsistent("a cell lies outside its grid"));
        }
        end = first + n;
    }
    Ok(())
}

fn put_len(out: &mut Vec<u8>, n: usize) {
    out.extend((n as u32).to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend(bytes);
}

/// Length, then smallest and step per component, then 16-bit codes, component after component.
fn put_field(out: &mut Vec<u8>, values: &[f32], components: usize) {
    put_len(out, values.len());
    for c in 0..components {
        let of = || values.iter().skip(c).step_by(components).copied().filter(|v| v.is_finite());
        let low = of().fold(f32::INFINITY, f32::min);
        let high = of().fold(f32::NEG_INFINITY, f32::max);
        let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
        let step = (f64::from(high) - f64::from(low)) / 65535.0;
        out.extend(low.to_le_bytes());
        out.extend((step as f32).to_le_bytes());
        for v in values.iter().skip(c).step_by(components) {
            let code = if step > 0.0 && v.is_finite() {
                ((f64::from(*v) - f64::from(low)) / step).round().clamp(0.0, 65535.0) as u16
            } else {
                0
            };
            out.extend(code.to_le_bytes());
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> Result<&'a [u8], OutcomeDecodeError> {
    let (head, tail) = rest.split_at_checked(n).ok_or(OutcomeDecodeError::Short)?;
    *rest = tail;
    Ok(head)
}

fn take_u32(rest: &mut &[u8]) -> Result<u32, OutcomeDecodeError> {
    let raw = take(rest, 4)?;
    words(raw).next().ok_or(OutcomeDecodeError::Short)
}

fn take_block<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], OutcomeDecodeError> {
    let n = take_u32(rest)? as usize;
    take(rest, n)
}

fn words(raw: &[u8]) -> impl Iterator<Item = u32> + '_ {
    raw.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b))
}

fn take_field(rest: &mut &[u8], components: usize) -> Result<Vec<f32>, OutcomeDecodeError> {
    let n = take_u32(rest)? as usize;
    if !n.is_multiple_of(components) {
        return Err(OutcomeDecodeError::Inconsistent("a field has a broken row"));
    }
    let rows = n / components;
    let size = rows.checked_mul(2).and_then(|b| b.checked_add(8)).and_then(|b| b.checked_mul(components));
    // Checked against what is there before anything is allocated.
    if size.is_none_or(|size| size > rest.len()) {
        return Err(OutcomeDecodeError::Short);
    }
    let mut values = vec![0.0f32; n];
    for c in 0..components {
        let low = f32::from_bits(take_u32(rest)?);
        let step = f32::from_bits(take_u32(rest)?);
        if !low.is_finite() || !step.is_finite() {
            return Err(OutcomeDecodeError::Inconsistent("a field has no finite range"));
        }
        let codes = take(rest, 2 * rows)?.as_chunks::<2>().0;
        for (row, code) in codes.iter().enumerate() {
            values[row * components + c] = low + step * f32::from(u16::from_le_bytes(*code));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Dimension;
    use crate::study::outcome::{Grade, Location, State, StateKind};

    fn sample() -> Outcome {
        let field = |mesh: &str, components: u8, values: Vec<f32>| Field {
            id: "f".into(),
            label: "F".into(),
            mesh: mesh.into(),
            location: Location::Point,
            components,
            dimension: Dimension::LENGTH,
            case: None,
            grade: Grade::Instant,
            values,
        };
        Outcome {
            meshes: vec![
                OutcomeMesh::Surface {
                    name: "skin".into(),
                    body: "b".into(),
                    surface: SurfaceMesh {
                        points: vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
                        triangles: vec![[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]],
                        face_of: vec![0; 4],
                        normals: vec![[[0.0, 0.0, 1.0]; 3]; 4],
                        faces: vec![crate::surface::Face {
                            name: crate::surface::FaceName("b.all".into()),
                            shape: crate::surface::Shape::Freeform,
                            area: 2.0,
                        }],
                        edges: Vec::new(),
                    },
                },
                OutcomeMesh::Grid {
                    name: "cells".into(),
                    origin: [0.0; 3],
                    cell: 0.1,
                    body: "b".into(),
                    counts: [4, 4, 4],
                    runs: vec![[0, 1], [5, 1], [63, 1]],
                },
                OutcomeMesh::Solid {
                    name: "solid".into(),
                    body: "b".into(),
                    points: (0..10).map(|i| [f64::from(i) * 0.25, 1.0, -0.5]).collect(),
                    tets: vec![[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
                },
            ],
            fields: vec![
                field("skin", 3, (0..12).map(|i| i as f32 * 0.3 - 1.0).collect()),
                field("cells", 1, (0..24).map(|i| 1e8 + 1e6 * i as f32).collect()),
            ],
            states: vec![State {
                id: "mode_1".into(),
                label: "Mode 1".into(),
                kind: StateKind::Mode,
                value: Some(8.25),
                dimension: Dimension::FREQUENCY,
            }],
            warnings: vec!["so so".into()],
            ..Outcome::default()
        }
    }

    #[test]
    fn an_outcome_survives_within_its_quantisation() {
        let out = sample();
        let back = Outcome::from_bytes(&out.to_bytes()).unwrap();
        for (a, b) in out.fields.iter().zip(&back.fields) {
            let range = a.values.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            assert_eq!(a.values.len(), b.values.len());
            for (x, y) in a.values.iter().zip(&b.values) {
                assert!((x - y).abs() <= range / 30_000.0, "{x} {y}");
            }
        }
        assert_eq!(back.meshes[1..], out.meshes[1..]);
        assert_eq!((&back.warnings, &back.states), (&out.warnings, &out.states));
        assert_eq!(out.surface_part().meshes.len() + out.volume_part().meshes.len(), 3);
        let mut tensor = out.clone();
        tensor.fields.push(Field { components: 6, values: vec![1.0; 24], ..out.fields[0].clone() });
        let [first, beside] = [tensor.surface_part(), tensor.tensor_part()];
        assert!(first.tensors && !out.surface_part().tensors);
        assert_eq!((first.fields.len(), beside.fields.len(), beside.meshes.len()), (1, 1, 0));
        assert_eq!(Outcome::from_bytes(&beside.to_bytes()).unwrap().fields[0].values, vec![1.0; 24]);
        assert_eq!(out.volume_part().fields.len(), 1);
    }

    #[test]
    fn damaged_bytes_are_refused_and_never_panic() {
        let bytes = sample().to_bytes();
        assert_eq!(Outcome::from_bytes(b"nonsense"), Err(OutcomeDecodeError::Foreign));
        for n in 0..bytes.len() {
            assert!(Outcome::from_bytes(&bytes[..n]).is_err(), "cut at {n}");
        }
        for n in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[n] ^= 0x5a;
            let _ = Outcome::from_bytes(&damaged);
        }
    }
}
