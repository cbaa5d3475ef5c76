//! The geometry kernels as their users see them: designs in, named closed surfaces out.
//!
//! Needs feature `kernel`. Random parts print their seed; `BRUNEL_SEED=…` replays one.

mod assembly;
mod bolt;
mod coupling;
mod deck;
#[cfg(feature = "solve")]
mod export;
mod feature;
mod field;
mod imported;
mod inp;
mod name;
mod random;
mod refusal;
mod soup;
mod support;
mod template;
