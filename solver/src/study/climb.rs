//! The way of a verified run over its meshes: the next mesh, and the progress that comes with it.

use super::part::{Part, blanks};
use super::resolution::{Refined, Resolution, refusal};
use super::{Case, StudyError};
use crate::design::Object;
use crate::fitted::Mesh;
use crate::fitted::ladder::Ladder;
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
