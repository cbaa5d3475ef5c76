//! The geometry kernels as their users see them: designs in, named closed surfaces out.
//!
//! Needs feature `kernel`. Random parts print their seed; `BRUNEL_SEED=…` replays one.

mod feature;
mod field;
mod imported;
mod name;
mod random;
mod refusal;
mod support;
mod template;
