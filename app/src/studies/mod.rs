//! What belongs to studies: running them, watching them, reading their answers. Set-up panels are drawn from the schema.

mod aim;
mod announce;
mod axes;
mod bench;
mod compare;
mod curves;
mod figure;
mod growth;
mod head;
mod inner;
mod legend;
mod line;
mod numbers;
mod outcome;
mod pareto;
mod picture;
mod pins;
mod run;
mod twin;
mod wish;

pub use aim::{Aim, AimHint};
pub use bench::{Bench, Live, Shown};
pub(crate) use figure::seen_by;
pub use growth::taken_over;
pub use legend::Legend;
pub use outcome::{OutcomePanel, follow, value_text};
pub use pareto::ParetoDialog;
pub use pins::{PinLabels, flag_style, is_flawed};
pub use run::{RunPanel, RunStrip};
pub use twin::Twin;
