//! Reading an answer: quantities at points and along lines, over load cases, inside bodies and on their faces.
//!
//! Pure and without a solver, so that the page's section and probe, its line plots, the exports and the report read a number
//! by the same function: [`Quantity::read`] on the components that [`Inside`] or a surface has at a point. A stress is
//! interpolated as a tensor and only then turned, or taken to an invariant.

pub mod flaw;
pub mod frame;
pub mod inside;
pub mod iso;
pub mod linear;
pub mod path;
pub mod pin;
pub mod quality;
pub mod quantity;
pub mod reading;
pub mod tensor;

pub use frame::{Frame, FrameError};
pub use inside::Inside;
pub use quantity::{Measure, Quantity};
pub use reading::{Over, Reading};

/// Id of the field that holds the stress tensor: xx, yy, zz, xy, yz, zx, Pa.
pub const STRESS: &str = "stress";
