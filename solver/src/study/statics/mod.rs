//! Linear static study.

use super::form::StudyForm;
use crate::design::{Design, Issue, Object};

/// What the page knows of this study.
pub const FORM: StudyForm = StudyForm {
    id: "static",
    label: "Static",
    version: 1,
    help: "Displacement, stress and safety under steady loads.",
    check,
};

fn check(_design: &Design, _study: &Object) -> Vec<Issue> {
    Vec::new()
}

#[cfg(feature = "solve")]
pub use solve::Static;

#[cfg(feature = "solve")]
mod solve {
    use crate::design::Issue;
    use crate::run::Ctx;
    use crate::study::outcome::Outcome;
    use crate::study::{Case, Cost, Study, StudyError};

    /// The linear static study.
    pub struct Static;

    impl Study for Static {
        fn id(&self) -> &'static str {
            super::FORM.id
        }
        fn check(&self, _case: &Case) -> Vec<Issue> {
            Vec::new()
        }
        fn cost(&self, _case: &Case) -> Cost {
            Cost::default()
        }
        fn run(&self, _case: &Case, _ctx: &mut Ctx) -> Result<Outcome, StudyError> {
            Err(StudyError::Solver("not built".into()))
        }
    }
}
