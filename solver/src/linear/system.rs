//! A constrained system: elements, the substitution u = T û + g, and K̂ = Tᵀ K T put together element by element.

use super::sparse::{Connectivity, Sparse};
use super::substitution::Transform;
use rayon::prelude::*;

/// Elements per task of the passes over elements.
const TASK: usize = 256;

/// The reduced matrix and what led to it. `N` components per node.
#[derive(Clone, Debug)]
pub struct System<const N: usize> {
    pub transform: Transform<N>,
    /// Nodes of the mesh (and references of couplings) of each element.
    pub elements: Connectivity,
    /// K̂ over the reduced nodes: symmetric, N/m (or W/K).
    pub matrix: Sparse<f64, N, N>,
}

/// Adds Tᵀ K T, element by element, to a matrix over the reduced nodes whose pattern has the `reduced` nodes of each
/// element, [`Transform::reduced_connectivity`].
///
/// # Errors
/// The first error of `matrix`, by element.
pub fn assemble<const N: usize, E: Send>(
    transform: &Transform<N>,
    elements: &Connectivity,
    reduced: &Connectivity,
    matrix: impl Fn(usize, &mut [f64]) -> Result<(), E> + Sync,
    k: &mut Sparse<f64, N, N>,
) -> Result<(), E> {
    k.assemble(reduced, |e, out| {
        let nodes = elements.nodes(e);
        if transform.plain(nodes) {
            return matrix(e, out);
        }
        let mut full = vec![0.0; (N * nodes.len()).pow(2)];
        matrix(e, &mut full)?;
        transform.congruence(nodes, &full, reduced.nodes(e), out);
        Ok(())
    })
}

impl<const N: usize> System<N> {
    /// Assembles K̂. `matrix(e, out)` fills the first `(N k)²` numbers of `out` for element `e` with `k` nodes; elements may
    /// be of several kinds (solids, the triangles of a foundation).
    ///
    /// # Errors
    /// The first error of `matrix`, by element.
    pub fn new<E: Send>(
        transform: Transform<N>,
        elements: Connectivity,
        matrix: impl Fn(usize, &mut [f64]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let reduced = transform.reduced_connectivity(&elements);
        let mut k = Sparse::pattern(transform.n_reduced(), &reduced);
        assemble(&transform, &elements, &reduced, matrix, &mut k)?;
        for (r, held) in &transform.held {
            if let Some(block) = k.get_mut(*r as usize, *r) {
                let size = (0..N).map(|c| block[c][c]).fold(0.0, f64::max);
                for i in 0..N {
                    for j in 0..N {
                        block[i][j] += size * held[i][j];
                    }
                }
            }
        }
        // A node that no element touches stays where it is.
        for r in 0..k.n_rows() {
            if let Some(block) = k.get_mut(r, r as u32)
                && block.iter().flatten().all(|x| *x == 0.0)
            {
                *block = super::constraint::identity();
            }
        }
        Ok(Self { transform, elements, matrix: k })
    }

    /// Σ K u over the elements that `select` admits, at all nodes; `N` numbers per node. `u` as from [`Transform::expand`].
    ///
    /// # Errors
    /// The first error of `matrix`, by element.
    pub fn forces<E: Send>(
        &self,
        u: &[f64],
        matrix: impl Fn(usize, &mut [f64]) -> Result<(), E> + Sync,
        select: impl Fn(&[u32]) -> bool + Sync,
    ) -> Result<Vec<f64>, E> {
        let n_tasks = self.elements.len().div_ceil(TASK);
        let parts: Vec<Result<Vec<(u32, [f64; N])>, E>> = (0..n_tasks)
            .into_par_iter()
            .map(|task| {
                let mut out = Vec::new();
                let mut k = Vec::new();
                for e in task * TASK..((task + 1) * TASK).min(self.elements.len()) {
                    let nodes = self.elements.nodes(e);
                    if !select(nodes) {
                        continue;
                    }
                    let n = N * nodes.len();
                    k.resize(n * n, 0.0);
                    matrix(e, &mut k)?;
                    for (a, node) in nodes.iter().enumerate() {
                        let f = std::array::from_fn(|i| {
                            (0..n).map(|j| k[(N * a + i) * n + j] * u[N * nodes[j / N] as usize + j % N]).sum()
                        });
                        out.push((*node, f));
                    }
                }
                Ok(out)
            })
            .collect();
        let mut sum = vec![0.0; N * self.transform.n_nodes()];
        for part in parts {
            for (node, f) in part? {
                for i in 0..N {
                    sum[N * node as usize + i] += f[i];
                }
            }
        }
        Ok(sum)
    }

    /// f̂ = Tᵀ (f − K g) for nodal forces `f`, `N` per node.
    ///
    /// # Errors
    /// Those of `matrix`.
    pub fn load<E: Send>(
        &self,
        f: &[f64],
        matrix: impl Fn(usize, &mut [f64]) -> Result<(), E> + Sync,
    ) -> Result<Vec<f64>, E> {
        let g = &self.transform.offset;
        let mut reduced = vec![0.0; N * self.transform.n_reduced()];
        if g.iter().any(|g| *g != 0.0) {
            let moved = |n: &u32| g[N * *n as usize..][..N].iter().any(|g| *g != 0.0);
            let mut f = f.to_vec();
            for (f, k) in f.iter_mut().zip(self.forces(g, matrix, |nodes| nodes.iter().any(moved))?) {
                *f -= k;
            }
            self.transform.reduce(&f, &mut reduced);
        } else {
            self.transform.reduce(f, &mut reduced);
        }
        self.transform.project(&mut reduced);
        Ok(reduced)
    }

    /// Forces that supports, bonds and couplings exert on the nodes, K u − f; zero at free nodes up to the residual.
    ///
    /// # Errors
    /// Those of `matrix`.
    pub fn reactions<E: Send>(
        &self,
        u: &[f64],
        f: &[f64],
        matrix: impl Fn(usize, &mut [f64]) -> Result<(), E> + Sync,
    ) -> Result<Vec<f64>, E> {
        let bound = self.transform.bound();
        let mut r = self.forces(u, matrix, |nodes| nodes.iter().any(|n| bound[*n as usize]))?;
        for (n, bound) in bound.iter().enumerate() {
            for at in N * n..N * (n + 1) {
                r[at] = if *bound { r[at] - f[at] } else { 0.0 };
            }
        }
        Ok(r)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::constraint::Constraints;
    use glam::DVec3;

    /// A spring of stiffness `k` between each pair of an element's nodes, one component a node.
    fn springs(elements: &Connectivity, k: f64) -> impl Fn(usize, &mut [f64]) -> Result<(), ()> + Sync {
        move |e, out| {
            let n = elements.nodes(e).len();
            for i in 0..n {
                for j in 0..n {
                    out[i * n + j] = if i == j { k * (n - 1) as f64 } else { -k };
                }
            }
            Ok(())
        }
    }

    #[test]
    fn two_nodes_of_an_element_may_follow_the_same_one() {
        let mut elements = Connectivity::default();
        elements.push(&[0, 1, 2]);
        elements.push(&[2, 3]);
        let points: Vec<DVec3> = (0..4).map(|k| DVec3::X * f64::from(k)).collect();
        // Once the followed node is of the element itself, once of its neighbour alone.
        for (followers, master) in [([0, 1], 2), ([0, 1], 3)] {
            let mut constraints = Constraints::<1>::new(4);
            followers.iter().for_each(|n| constraints.bond(*n, &[(master, 1.0)]));
            let transform = constraints.build(&points).unwrap();
            let system = System::new(transform, elements.clone(), springs(&elements, 1.0)).unwrap();
            assert_eq!(system.transform.n_reduced(), 2);
            // Energy of a motion, told by the springs themselves.
            for reduced in [[1.0, 0.0], [0.3, -0.7]] {
                let u = system.transform.expand(&reduced);
                let mut energy = 0.0;
                for e in 0..elements.len() {
                    let nodes = elements.nodes(e);
                    for (a, n) in nodes.iter().enumerate() {
                        for m in &nodes[a + 1..] {
                            energy += (u[*n as usize] - u[*m as usize]).powi(2);
                        }
                    }
                }
                let mut force = [0.0; 2];
                system.matrix.apply(1.0, &reduced, 0.0, &mut force);
                let work: f64 = force.iter().zip(reduced).map(|(f, u)| f * u).sum();
                assert!((work - energy).abs() < 1e-12, "{work} for {energy}");
            }
            assert!(followers.iter().all(|n| system.transform.bound()[*n as usize]));
            assert!(system.transform.bound()[master as usize]);
        }
    }
}
