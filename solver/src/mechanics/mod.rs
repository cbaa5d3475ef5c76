//! What all mechanics studies share: the set-up read off a design, loads and supports on the true surface.

pub mod bolt;
pub mod carry;
pub mod fit;
pub mod load;
pub mod motion;
pub mod patch;
pub mod setup;
pub mod support;
pub mod symmetry;
