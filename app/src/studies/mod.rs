//! What belongs to studies: running them, watching them, reading their answers. Set-up panels are drawn from the schema.

mod bench;
mod compare;
mod legend;
mod outcome;
mod run;

pub use bench::{Bench, Live, Shown};
pub use legend::Legend;
pub use outcome::OutcomePanel;
pub use run::{RunPanel, RunStrip};
