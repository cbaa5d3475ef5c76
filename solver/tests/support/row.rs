//! What a verification case says: our value beside the reference.

/// How well a reference is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// A closed form.
    Form,
    /// Published, and read there.
    Published,
    /// Computed to convergence by an independent program.
    Computed,
    /// Published, as far as we know; not confirmed from a second source.
    Unconfirmed,
}

/// One compared value.
#[derive(Clone, Debug)]
pub struct Row {
    /// Number of the case in our list of validation cases; 0 for one that is not in it.
    pub case: u32,
    pub name: &'static str,
    /// What was solved on.
    pub mesh: String,
    pub quantity: &'static str,
    pub unit: &'static str,
    pub reference: f64,
    pub basis: Basis,
    pub found: f64,
    /// Allowed relative difference; of the value itself where the reference is zero.
    pub tolerance: f64,
}

impl Row {
    /// Relative difference; the value itself where the reference is zero.
    pub fn error(&self) -> f64 {
        if self.reference == 0.0 { self.found } else { self.found / self.reference - 1.0 }
    }

    pub fn passes(&self) -> bool {
        self.error().abs() <= self.tolerance
    }
}
