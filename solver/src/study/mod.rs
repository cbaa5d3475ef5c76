//! Studies: one folder per physics, two explicit lists.
//!
//! [`FORMS`] is what the page knows; `STUDIES` (feature `solve`) is what a worker can run. A test compares them.

pub mod assumption;
#[cfg(feature = "solve")]
pub mod bond;
pub mod buckling;
pub mod bytes;
#[cfg(feature = "solve")]
pub mod climb;
pub mod form;
pub mod generative;
pub mod heat;
#[cfg(feature = "solve")]
pub mod isotropic;
#[cfg(feature = "solve")]
pub mod matter;
pub mod modal;
#[cfg(feature = "solve")]
pub mod modes;
#[cfg(feature = "solve")]
pub mod orthotropic;
pub mod outcome;
#[cfg(feature = "solve")]
pub mod part;
pub mod question;
#[cfg(feature = "solve")]
pub mod resolution;
pub mod statics;
#[cfg(feature = "solve")]
pub mod suite;
#[cfg(feature = "solve")]
pub mod thermal;

use form::StudyForm;

/// Every physics the page can set up.
pub const FORMS: &[StudyForm] = &[statics::FORM, modal::FORM, buckling::FORM, heat::FORM, generative::FORM];

/// The form of a study kind.
pub fn form(id: &str) -> Option<&'static StudyForm> {
    FORMS.iter().find(|f| f.id == id)
}

#[cfg(feature = "solve")]
mod solve {
    use super::outcome::Outcome;
    use crate::design::{Design, Issue, Object};
    use crate::geometry::Model;
    use crate::run::{Cancelled, Ctx};

    /// Everything a run may look at.
    pub struct Case<'a> {
        pub design: &'a Design,
        /// The study object: its properties are the set-up.
        pub study: &'a Object,
        /// Bodies and names of exactly this design.
        pub model: &'a Model,
        pub upstream: &'a [Outcome],
    }

    /// What a run will take.
    #[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    pub struct Cost {
        /// Upper bound, bytes.
        pub memory_bytes: u64,
        /// Estimate, seconds of one core.
        pub core_seconds: f64,
        pub dofs: u64,
    }

    #[derive(Debug, thiserror::Error)]
    pub enum StudyError {
        #[error("cancelled")]
        Cancelled,
        /// Asked to pause, after a checkpoint was kept.
        #[error("paused")]
        Paused,
        /// The set-up cannot be solved; each issue names the object and what to do.
        #[error("{}", .0.first().map_or("the set-up cannot be solved", |i| i.message.as_str()))]
        Setup(Vec<Issue>),
        /// The solver stagnated or met a state it refuses to call an answer.
        #[error("{0}")]
        Solver(String),
    }

    impl From<Cancelled> for StudyError {
        fn from(_: Cancelled) -> Self {
            Self::Cancelled
        }
    }

    /// One physics, as a worker sees it.
    pub trait Study: Sync {
        /// Equal to its form's id.
        fn id(&self) -> &'static str;
        /// Pre-flight with geometry: unconstrained motion, lost faces, unloaded cases.
        fn check(&self, case: &Case) -> Vec<Issue>;
        fn cost(&self, case: &Case) -> Cost;
        /// # Errors
        /// [`StudyError`]; bad input never panics.
        fn run(&self, case: &Case, ctx: &mut Ctx) -> Result<Outcome, StudyError>;
    }
}

#[cfg(feature = "solve")]
pub use solve::{Case, Cost, Study, StudyError};

/// Every physics a worker can run.
#[cfg(feature = "solve")]
pub const STUDIES: &[&dyn Study] =
    &[&statics::Static, &modal::Modal, &buckling::Buckling, &heat::Heat, &generative::Generative];

/// The runner of a study kind.
#[cfg(feature = "solve")]
pub fn study(id: &str) -> Option<&'static dyn Study> {
    STUDIES.iter().copied().find(|s| s.id() == id)
}

#[cfg(all(test, feature = "solve"))]
mod tests {
    #[test]
    fn forms_and_studies_are_the_same_list() {
        let forms: Vec<_> = super::FORMS.iter().map(|f| f.id).collect();
        let studies: Vec<_> = super::STUDIES.iter().map(|s| s.id()).collect();
        assert_eq!(forms, studies);
    }
}
