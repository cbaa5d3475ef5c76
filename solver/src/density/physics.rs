//! What an optimisation asks of whatever answers for the structure.

/// What answers for the structure.
pub trait Physics {
    type Error;

    fn n_cases(&self) -> usize;

    /// Solves every load case. `stiffness`: Young's modulus of every cell as a share of the material's; 0 outside the
    /// design space.
    ///
    /// # Errors
    /// As the physics has it.
    fn solve(&mut self, stiffness: &[f64]) -> Result<Response, Self::Error>;

    /// Von Mises stress of full material at the centre of every cell, Pa, `[case][cell]`, as last solved; empty where the
    /// physics knows no stress.
    fn stresses(&self) -> Vec<Vec<f64>> {
        Vec::new()
    }

    /// Of one function of every load case's relaxed stresses (`slopes`: its derivative by them, `[case][cell]`), what its
    /// derivative by densities is made of.
    ///
    /// # Errors
    /// As the physics has it.
    fn pulls(&mut self, _density: &[f64], _slopes: &[Vec<f64>]) -> Result<Vec<Pulled>, Self::Error> {
        Ok(Vec::new())
    }
}

/// Derivatives of a function of stresses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulled {
    /// By densities at fixed displacements.
    pub explicit: Vec<f64>,
    /// λᵀ K₀ u of every cell with the stiffness matrix of full material, λ the displacements under the derivative by u.
    pub mutual: Vec<f64>,
}

/// One entry per load case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// Work of the loads, F·u, J.
    pub compliance: Vec<f64>,
    /// uᵀ K₀ u of every cell with the stiffness matrix of full material, J.
    pub energies: Vec<Vec<f64>>,
}
