//! The way of a verified run over its meshes: the next mesh, and the progress that comes with it.

use super::part::{Part, blanks};
use super::resolution::{Refined, Resolution, refusal};
use super::{Case, StudyError};
use crate::design::Object;
use crate::fitted::Mesh;
use crate::fitted::ladder::Ladder;
use crate::mesh::tet::quality::DIHEDRAL_BAD;
use crate::run::{Ctx, Phase};

/// The meshes of a run, one after the other, with its progress.
pub struct Climb<'a> {
    study: &'a Object,
    resolution: Resolution,
    pub ladder: Ladder<'a>,
    /// Share of the run that the meshes so far have taken.
    done: f64,
}

impl<'a> Climb<'a> {
    /// # Errors
    /// [`StudyError`] where a body cannot be read.
    pub fn new(
        case: &Case<'a>,
        resolution: Resolution,
        refined: &Refined,
        parts: &'a [Part],
        ctx: &Ctx,
    ) -> Result<Self, StudyError> {
        let blanks = blanks(parts, case.model, refined);
        let ladder = Ladder::new(&blanks, resolution.fineness(), ctx.cancel_flag())
            .map_err(|e| refusal(case.study, resolution, e))?;
        Ok(Self { study: case.study, resolution, ladder, done: 0.0 })
    }

    /// The next mesh, and how far the run comes with it.
    ///
    /// # Errors
    /// [`StudyError`], naming what to change where the bodies need more elements than are allowed.
    pub fn mesh(&mut self, ctx: &mut Ctx) -> Result<(Mesh, Step), StudyError> {
        let level = self.ladder.n_meshes();
        // Phases never go back: what follows the first mesh is all part of solving.
        let phase = if level == 0 { Phase::Mesh } else { Phase::Solve };
        ctx.progress(phase, 0.05 + 0.9 * self.done, format!("Mesh {}: fitting tetrahedra to the bodies", level + 1));
        let mesh = self
            .ladder
            .mesh(ctx.cancel_flag(), &mut |line| ctx.log(line))
            .map_err(|e| refusal(self.study, self.resolution, e))?;
        ctx.check()?;
        let step = Step { first: level == 0, done: self.done, share: self.ladder.share() };
        self.done = step.at(1.0);
        Ok((mesh, step))
    }
}

/// How far a run has come within one of its meshes.
#[derive(Clone, Copy)]
pub struct Step {
    first: bool,
    done: f64,
    share: f64,
}

impl Step {
    fn at(&self, within: f64) -> f64 {
        (self.done + 0.7 * self.share * within).min(0.97)
    }

    /// Reports a residual from 1 down to `tolerance` while the work on this mesh goes from `from` to `to`, and whether to go
    /// on.
    pub fn falling(
        &self,
        ctx: &mut Ctx,
        [from, to]: [f64; 2],
        residual: f64,
        tolerance: f64,
        note: impl Into<String>,
    ) -> bool {
        let part = if residual > 0.0 { (residual.log10() / tolerance.log10()).clamp(0.0, 1.0) } else { 1.0 };
        self.report(ctx, from + (to - from) * part, note);
        ctx.check().is_ok()
    }

    /// Reports that `within` of the work on this mesh is done.
    pub fn report(&self, ctx: &mut Ctx, within: f64, note: impl Into<String>) {
        let phase = if self.first && within <= 0.3 { Phase::Assemble } else { Phase::Solve };
        ctx.progress(phase, 0.05 + 0.9 * self.at(within), note);
    }
}

/// The warning of an answer on elements that are flatter than they should be: how many, and where the worst is.
pub fn flat(mesh: &Mesh, parts: &[Part]) -> Option<String> {
    let flat = mesh.flat()?;
    let label = parts.get(flat.part).map_or("the body", |p| p.label.as_str());
    let [x, y, z] = flat.at.map(|c| c * 1e3);
    Some(format!(
        "{} of {} elements have a corner below {:.0}°, the worst one of {:.1}° in {label} at ({x:.2}, {y:.2}, {z:.2}) mm: \
         values next to them are less certain. Round off a wedge that runs out thin there, or refine the faces that meet \
         there",
        flat.n,
        mesh.tets.len(),
        DIHEDRAL_BAD.to_degrees(),
        flat.angle.to_degrees()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fitted::Span;
    use crate::mesh::tet::Quality;
    use glam::DVec3;

    #[test]
    fn flat_elements_are_counted_over_all_parts_and_the_worst_has_a_place() {
        let corners = |x: f64, h: f64| {
            [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.2, 0.2, h]]
                .map(|p| DVec3::new(x, 0.0, 0.0) + DVec3::from(p))
        };
        let span = |k: usize, quality: Quality| Span { nodes: 4 * k..4 * k + 4, tets: k..k + 1, facets: 0..0, quality };
        let sound = Quality { dihedral_min: 0.6, dihedral_max: 2.0, ..Quality::default() };
        let sharp =
            |lo: f64, hi: f64| Quality { dihedral_min: lo, dihedral_max: hi, bad: vec![0], ..Quality::default() };
        let mesh = |of: [Quality; 3]| Mesh {
            points: [(0.0, 0.8), (2.0, 0.1), (4.0, 0.02)].into_iter().flat_map(|(x, h)| corners(x, h)).collect(),
            // The middles of sides are not looked at.
            tets: (0..3).map(|k| [4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3, 0, 0, 0, 0, 0, 0]).collect(),
            facets: Vec::new(),
            parts: of.into_iter().enumerate().map(|(k, q)| span(k, q)).collect(),
        };
        assert_eq!(flat(&mesh([sound.clone(), sound.clone(), sound.clone()]), &[]), None);
        // An angle near 180° is as bad as one near none.
        let words = flat(&mesh([sound, sharp(0.12, 2.9), sharp(0.1, 3.12)]), &[]).unwrap();
        assert!(
            words.starts_with("2 of 3 elements have a corner below 8°, the worst one of 1.2° in the body"),
            "{words}"
        );
        assert!(words.contains("(4300.00, 300.00, 5.00) mm"), "{words}");
    }
}
