//! What a run depends on, but the physics.

use super::mma;
use super::oc::Criteria;
use super::pattern::Plane;
use super::pipeline::{Filter, Process, Sharpening};
use super::{Domain, Invalid, Role};
use serde::{Deserialize, Serialize};

/// What is sought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Goal {
    /// Least weighted compliance with no more than this share of the design space filled.
    Stiffness { volume_max: f64 },
    /// Least volume at which no load case's compliance, J, exceeds its limit. Where a load case is one force, its
    /// compliance is the force times the displacement of its point along it.
    Volume { compliance_max: Vec<f64> },
    /// Least volume at which the relaxed von Mises stress of no judged cell exceeds this, Pa, in any load case; judged are the
    /// free cells.
    Strength { stress_max: f64 },
}

/// How the next design is found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Optimiser {
    Criteria(Criteria),
    Asymptotes(mma::Settings),
}

/// Penalty on intermediate densities, raised from `start` by `step` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Penalty {
    pub start: f64,
    pub step: f64,
    pub end: f64,
}

/// Everything that a run depends on, but the physics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    pub goal: Goal,
    /// Weight of each load case in the objective.
    pub weights: Vec<f64>,
    pub filter: Filter,
    pub symmetry: Vec<Plane>,
    pub process: Process,
    pub sharpening: Option<Sharpening>,
    /// How far densities to begin with are scattered about their mean, as a share of it: where loads and supports leave an
    /// even design in balance, nothing else decides what grows.
    pub scatter: f64,
    /// Width, in cells, that no ball full of material may have.
    pub size_max: Option<f64>,
    pub penalty: Penalty,
    /// Young's modulus of the void as a share of the material's.
    pub void_stiffness: f64,
    pub optimiser: Optimiser,
    /// Iterations after which penalty and projection grow even if the design still changes.
    pub stage_iterations: u32,
    /// A design is settled when no density changes by more.
    pub change_min: f64,
    pub iterations_max: u32,
}

impl Setup {
    /// Densities of penalty 3 filtered over `radius` cells, improved by the method of moving asymptotes.
    pub fn new(goal: Goal, n_cases: usize, radius: f64) -> Self {
        Self {
            goal,
            weights: vec![1.0; n_cases],
            filter: Filter::Density { radius },
            symmetry: Vec::new(),
            process: Process::Any,
            sharpening: None,
            scatter: 0.0,
            size_max: None,
            penalty: Penalty { start: 3.0, step: 0.5, end: 3.0 },
            void_stiffness: 1e-9,
            optimiser: Optimiser::Asymptotes(mma::Settings::default()),
            stage_iterations: 50,
            change_min: 0.01,
            iterations_max: 500,
        }
    }

    /// Members and gaps at least `size` cells wide, at the border of the design space too: the robust formulation with
    /// thresholds ¼ and ¾, for which the least width is the filter's radius. Beyond the `open` sides of the box lies the mirror
    /// image.
    #[must_use]
    pub fn with_size_min(mut self, size: f64, open: [[bool; 2]; 3]) -> Self {
        self.filter = Filter::Framed { radius: size, open };
        self.sharpening = Some(Sharpening { beta_start: 1.0, beta_end: 64.0, robust: Some(0.25) });
        self
    }
}

/// Numbers in range, and nothing that does not go together.
pub(crate) fn check(setup: &Setup) -> Result<(), Invalid> {
    let range =
        |name, value: f64, ok: bool, wanted| if ok { Ok(()) } else { Err(Invalid::Range { name, value, wanted }) };
    match &setup.goal {
        Goal::Stiffness { volume_max: v } => {
            range("the volume limit", *v, *v > 0.0 && *v <= 1.0, "above 0 and at most 1")?;
        }
        Goal::Volume { compliance_max } => {
            for c in compliance_max {
                range("a limit on compliance", *c, *c > 0.0 && c.is_finite(), "above 0")?;
            }
            if matches!(setup.optimiser, Optimiser::Criteria(_)) {
                return Err(Invalid::Criteria { with: "limits on compliance" });
            }
        }
        Goal::Strength { stress_max: s } => {
            range("the limit on stress", *s, *s > 0.0 && s.is_finite(), "above 0")?;
            if matches!(setup.optimiser, Optimiser::Criteria(_)) {
                return Err(Invalid::Criteria { with: "limits on stress" });
            }
        }
    }
    range("the scatter of the start", setup.scatter, (0.0..=0.5).contains(&setup.scatter), "0 to ½")?;
    if let Some(size) = setup.size_max {
        range("the largest member", size, (2.0..=1e3).contains(&size), "2 to 1000 cells")?;
        if matches!(setup.optimiser, Optimiser::Criteria(_)) {
            return Err(Invalid::Criteria { with: "a largest member" });
        }
        if matches!(setup.filter, Filter::Sensitivity { .. }) {
            return Err(Invalid::Sensitivity { with: "a largest member" });
        }
    }
    for w in &setup.weights {
        range("the weight of a load case", *w, *w >= 0.0 && w.is_finite(), "0 or more")?;
    }
    let p = setup.penalty;
    range("the penalty", p.start, (1.0..=10.0).contains(&p.start), "1 to 10")?;
    range("the last penalty", p.end, (p.start..=10.0).contains(&p.end), "from the first penalty to 10")?;
    range("the penalty's step", p.step, p.step > 0.0, "above 0")?;
    let void = setup.void_stiffness;
    range("the stiffness of the void", void, void > 0.0 && void < 1.0, "above 0 and below 1")?;
    range("the least change", setup.change_min, setup.change_min >= 0.0, "0 or more")?;
    if let Some(s) = setup.sharpening {
        range("the first steepness", s.beta_start, (0.1..=1e3).contains(&s.beta_start), "0.1 to 1000")?;
        range("the last steepness", s.beta_end, (s.beta_start..=1e3).contains(&s.beta_end), "from the first to 1000")?;
        let d = s.robust.unwrap_or(0.1);
        range("the robust threshold's distance from ½", d, d > 0.0 && d < 0.5, "above 0 and below ½")?;
        if matches!(setup.filter, Filter::Sensitivity { .. }) {
            return Err(Invalid::Sensitivity { with: "a projection" });
        }
    }
    Ok(())
}

/// Density of the free cells to begin with: what the volume limit leaves, else half.
pub(crate) fn start_volume(domain: &Domain, goal: &Goal) -> Result<f64, Invalid> {
    let count = |role: Role| domain.roles().iter().filter(|r| **r == role).count() as f64;
    let (free, solid, inside) = (count(Role::Free), count(Role::Solid), domain.n_inside() as f64);
    match goal {
        Goal::Stiffness { volume_max } => {
            if volume_max * inside <= solid {
                return Err(Invalid::Volume { limit: *volume_max, least: solid / inside });
            }
            Ok(((volume_max * inside - solid) / free).min(1.0))
        }
        Goal::Volume { .. } | Goal::Strength { .. } => Ok(0.5),
    }
}
