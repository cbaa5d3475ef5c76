//! Stress limits on designs by density: relaxed, and gathered to a few numbers that can be differentiated.
//!
//! The stress of a cell is that of full material at its centre, times √ρ: the qp-relaxation (Bruggi 2008, Le et al. 2010),
//! which lets void be void although its strain is large. Cells are sorted into clusters of similar stress (Holmberg,
//! Torstenfelt & Klarbring 2013); each is represented by its p-norm mean, scaled to its largest stress by a factor that
//! follows from the design before (Le et al. 2010). The derivative by densities has an explicit part and an adjoint part:
//! forces on nodes, for which the structure is solved once more.

use super::Domain;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Exponent of the relaxation: √ρ.
const RELAXATION: f64 = 0.5;
/// Share of the present ratio of largest stress to p-norm in the scale; the rest is the scale before.
const FOLLOW: f64 = 0.5;

/// P of the norm that gathers a load case's stresses: more follows the largest closer and is harder on the optimiser.
const GATHERED: f64 = 8.0;

/// Many values as one number, and its derivative by each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    pub value: f64,
    pub slope: Vec<f64>,
}

/// What stands for the stresses of every load case, and the largest of them, Pa; `scales` follow.
pub(crate) fn gathered(
    domain: &Domain,
    density: &[f64],
    stresses: &[Vec<f64>],
    scales: &mut Vec<f64>,
) -> (Vec<Norm>, Vec<f64>) {
    let of = |(k, stress): (usize, &Vec<f64>)| {
        let relaxed: Vec<f64> = density.iter().zip(stress).map(|(d, s)| relaxed(*d, *s)).collect();
        let mut clusters = Clusters::new(GATHERED, 1, &relaxed, |c| domain.is_free(c));
        if let (Some(before), Some(scale)) = (scales.get(k), clusters.scale.first_mut()) {
            // As in `Clusters::follow`, whose cells are the same at every step.
            *scale = *before + FOLLOW * (*scale - *before);
        }
        let judged = relaxed.iter().enumerate().filter(|(c, _)| domain.is_free(*c));
        let peak = judged.map(|(_, s)| *s).fold(0.0, f64::max);
        let scale = clusters.scale.first().copied().unwrap_or(1.0);
        let value = clusters.values(&relaxed).first().copied().unwrap_or(0.0);
        (Norm { value, slope: clusters.slope(&relaxed, 0) }, peak, scale)
    };
    let found: Vec<_> = stresses.iter().enumerate().map(of).collect();
    *scales = found.iter().map(|f| f.2).collect();
    found.into_iter().map(|(norm, peak, _)| (norm, peak)).unzip()
}

/// Displacements of a cell's eight corners, m: x fastest, then y, then z.
pub type Corners = [[f64; 3]; 8];

/// Full material, in cells of edge `cell`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Brick {
    /// Pa
    pub young: f64,
    pub poisson: f64,
    /// m
    pub cell: f64,
}

impl Brick {
    fn shear(&self) -> f64 {
        0.5 * self.young / (1.0 + self.poisson)
    }

    /// ∂N/∂x of a corner at the centre of the cell, 1/m.
    fn gradient(&self, corner: usize) -> [f64; 3] {
        std::array::from_fn(|a| if corner >> a & 1 == 1 { 0.25 } else { -0.25 } / self.cell)
    }

    /// Deviatoric stress at the centre of the cell, Pa.
    fn deviator(&self, corners: &Corners) -> [[f64; 3]; 3] {
        let mut g = [[0.0; 3]; 3];
        for (corner, u) in corners.iter().enumerate() {
            let d = self.gradient(corner);
            for i in 0..3 {
                for j in 0..3 {
                    g[i][j] += u[i] * d[j];
                }
            }
        }
        let mean = (g[0][0] + g[1][1] + g[2][2]) / 3.0;
        let mu = self.shear();
        std::array::from_fn(|i| {
            std::array::from_fn(|j| mu * (g[i][j] + g[j][i] - if i == j { 2.0 * mean } else { 0.0 }))
        })
    }

    /// Von Mises stress at the centre of the cell, Pa.
    pub fn von_mises(&self, corners: &Corners) -> f64 {
        (1.5 * self.deviator(corners).iter().flatten().map(|s| s * s).sum::<f64>()).sqrt()
    }

    /// Its derivative by the corners' displacements, Pa/m; none where there is no stress.
    pub fn slope(&self, corners: &Corners) -> Corners {
        let s = self.deviator(corners);
        let stress = self.von_mises(corners);
        if stress == 0.0 {
            return [[0.0; 3]; 8];
        }
        // ∂σ/∂ε = 3 μ s / σ, as s has no trace.
        let factor = 3.0 * self.shear() / stress;
        std::array::from_fn(|corner| {
            let d = self.gradient(corner);
            std::array::from_fn(|i| factor * (0..3).map(|j| s[i][j] * d[j]).sum::<f64>())
        })
    }
}

/// Relaxed stress of a cell, Pa.
pub fn relaxed(density: f64, von_mises: f64) -> f64 {
    density.powf(RELAXATION) * von_mises
}

/// Clusters of cells, each with its scale. Stored with a run's state, as the scale follows from the designs before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clusters {
    /// P of the norm.
    pub exponent: f64,
    /// Cluster of each cell; `u32::MAX` where its stress does not count.
    pub of: Vec<u32>,
    pub sizes: Vec<u32>,
    /// Largest stress over p-norm, per cluster.
    pub scale: Vec<f64>,
}

impl Clusters {
    /// Sorts the cells that `count` by stress into `n` clusters of the same size.
    ///
    /// `n` of 1 is one norm over all. Fewer clusters than asked for where there are fewer cells.
    pub fn new(exponent: f64, n: usize, stress: &[f64], count: impl Fn(usize) -> bool) -> Self {
        let mut cells: Vec<usize> = (0..stress.len()).filter(|c| count(*c)).collect();
        cells.sort_by(|a, b| stress[*b].total_cmp(&stress[*a]).then(a.cmp(b)));
        let n = n.clamp(1, cells.len().max(1));
        let mut of = vec![u32::MAX; stress.len()];
        let mut sizes = vec![0; n];
        for (rank, cell) in cells.iter().enumerate() {
            let cluster = rank * n / cells.len();
            of[*cell] = cluster as u32;
            sizes[cluster] += 1;
        }
        let mut clusters = Self { exponent, of, sizes, scale: vec![1.0; n] };
        let norms = clusters.norms(stress);
        let largest = clusters.largest(stress);
        clusters.scale = norms.iter().zip(&largest).map(|(n, l)| if *n > 0.0 { l / n } else { 1.0 }).collect();
        clusters
    }

    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sizes.iter().all(|n| *n == 0)
    }

    fn largest(&self, stress: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0f64; self.len()];
        for (s, k) in stress.iter().zip(&self.of) {
            if let Some(o) = out.get_mut(*k as usize) {
                *o = o.max(*s);
            }
        }
        out
    }

    /// (Σ σᴾ / n)^(1/P) of every cluster, Pa.
    fn norms(&self, stress: &[f64]) -> Vec<f64> {
        // Over the largest, so that powers stay in range.
        let largest = self.largest(stress);
        let mut sums = vec![0.0; self.len()];
        for (s, k) in stress.iter().zip(&self.of) {
            let k = *k as usize;
            if k < sums.len() && largest[k] > 0.0 {
                sums[k] += (s / largest[k]).powf(self.exponent);
            }
        }
        let mean = |k: usize| largest[k] * (sums[k] / f64::from(self.sizes[k].max(1))).powf(1.0 / self.exponent);
        (0..self.len()).map(mean).collect()
    }

    /// Lets the scales follow the present stresses: once per iteration, before [`Self::values`].
    pub fn follow(&mut self, stress: &[f64]) {
        let (norms, largest) = (self.norms(stress), self.largest(stress));
        for ((scale, norm), largest) in self.scale.iter_mut().zip(&norms).zip(largest) {
            if *norm > 0.0 {
                *scale += FOLLOW * (largest / norm - *scale);
            }
        }
    }

    /// The stress that stands for each cluster, Pa: its scaled norm.
    pub fn values(&self, stress: &[f64]) -> Vec<f64> {
        self.norms(stress).iter().zip(&self.scale).map(|(n, s)| n * s).collect()
    }

    /// Derivative of a cluster's value by every cell's relaxed stress, at fixed scale.
    pub fn slope(&self, stress: &[f64], cluster: usize) -> Vec<f64> {
        let norm = self.norms(stress)[cluster];
        let factor = self.scale[cluster] / f64::from(self.sizes[cluster].max(1));
        let one = |(s, k): (&f64, &u32)| {
            if *k as usize == cluster && norm > 0.0 { factor * (s / norm).powf(self.exponent - 1.0) } else { 0.0 }
        };
        stress.iter().zip(&self.of).map(one).collect()
    }
}

/// What a function of the relaxed stresses pulls at.
pub struct Pull {
    /// Explicit derivative by densities.
    pub density: Vec<f64>,
    /// Derivative by the displacement of every node of the box, x fastest: the adjoint's forces.
    pub nodes: Vec<[f64; 3]>,
}

/// Derivatives of a function whose derivative by the relaxed stresses is `slope`.
///
/// With λ the displacements under the forces [`Pull::nodes`], the whole derivative by densities is [`Pull::density`] less
/// ∂E/∂ρ λᵀ K₀ u.
pub fn pull(
    domain: &Domain,
    brick: &Brick,
    density: &[f64],
    corners: impl Fn(usize) -> Corners + Sync,
    slope: &[f64],
) -> Pull {
    let [nx, ny, nz] = domain.counts();
    let of = |cell: usize| -> (f64, Corners) {
        if slope[cell] == 0.0 || density[cell] <= 0.0 {
            return (0.0, [[0.0; 3]; 8]);
        }
        let u = corners(cell);
        let root = density[cell].powf(RELAXATION);
        let explicit = slope[cell] * RELAXATION * root / density[cell] * brick.von_mises(&u);
        (explicit, brick.slope(&u).map(|d| d.map(|d| slope[cell] * root * d)))
    };
    let mut by_density = Vec::with_capacity(slope.len());
    let mut nodes = vec![[0.0; 3]; (nx + 1) * (ny + 1) * (nz + 1)];
    // A layer at a time: forces on the corners of all cells would be the most that a run holds.
    for z in 0..nz {
        let layer = z * nx * ny..(z + 1) * nx * ny;
        let found: Vec<(f64, Corners)> = layer.clone().into_par_iter().map(of).collect();
        for (cell, (explicit, forces)) in layer.zip(found) {
            by_density.push(explicit);
            let at = [cell % nx, cell / nx % ny, z];
            for (corner, force) in forces.iter().enumerate() {
                let [x, y, z] = std::array::from_fn(|a| at[a] + (corner >> a & 1));
                let node = &mut nodes[x + (nx + 1) * (y + (ny + 1) * z)];
                (0..3).for_each(|c| node[c] += force[c]);
            }
        }
    }
    Pull { density: by_density, nodes }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::scattered;
    use super::*;

    const BRICK: Brick = Brick { young: 210e9, poisson: 0.3, cell: 2e-3 };

    /// Displacements of all corners of a cell from those of the box's nodes.
    fn corners(nodes: &[f64], counts: [usize; 3], cell: usize) -> Corners {
        let [nx, ny, _] = counts;
        let at = [cell % nx, cell / nx % ny, cell / (nx * ny)];
        std::array::from_fn(|corner| {
            let [x, y, z] = std::array::from_fn(|a| at[a] + (corner >> a & 1));
            let node = x + (nx + 1) * (y + (ny + 1) * z);
            [nodes[3 * node], nodes[3 * node + 1], nodes[3 * node + 2]]
        })
    }

    #[test]
    fn a_pull_and_a_shear_have_their_stress() {
        let at = |corner: usize| [0, 1, 2].map(|a| if corner >> a & 1 == 1 { BRICK.cell } else { 0.0 });
        let strain = 1e-3;
        let pulled: Corners = std::array::from_fn(|c| {
            let [x, y, z] = at(c);
            [strain * x, -0.3 * strain * y, -0.3 * strain * z]
        });
        assert!((BRICK.von_mises(&pulled) / (210e9 * strain) - 1.0).abs() < 1e-12);
        let sheared: Corners = std::array::from_fn(|c| [strain * at(c)[1], 0.0, 0.0]);
        let exact = 3.0f64.sqrt() * 210e9 / 2.6 * strain;
        assert!((BRICK.von_mises(&sheared) / exact - 1.0).abs() < 1e-12);
        let swollen: Corners = std::array::from_fn(|c| at(c).map(|x| strain * x));
        assert!(BRICK.von_mises(&swollen) < 1e-3);
    }

    #[test]
    fn clusters_stand_for_their_largest_stress() {
        let stress: Vec<f64> = scattered(1000, 3).iter().map(|x| 1e8 * x).collect();
        let mut clusters = Clusters::new(10.0, 8, &stress, |c| c != 17);
        assert_eq!((clusters.len(), clusters.of[17]), (8, u32::MAX));
        assert!(clusters.sizes.iter().all(|n| (124..=126).contains(n)));
        let (values, largest) = (clusters.values(&stress), clusters.largest(&stress));
        for (v, l) in values.iter().zip(&largest) {
            assert!((v / l - 1.0).abs() < 1e-12);
        }
        assert!(largest.windows(2).all(|w| w[0] >= w[1]), "sorted by stress");
        // The scale follows the stresses that come.
        let peaked: Vec<f64> = stress.iter().enumerate().map(|(i, s)| if i % 97 == 0 { 1.5 * s } else { *s }).collect();
        let off = |c: &Clusters| {
            c.values(&peaked).iter().zip(c.largest(&peaked)).fold(0.0f64, |m, (v, l)| m.max((v / l - 1.0).abs()))
        };
        let before = off(&clusters);
        (0..20).for_each(|_| clusters.follow(&peaked));
        assert!(before > 0.01 && off(&clusters) < 1e-5, "{before} {}", off(&clusters));
    }

    #[test]
    fn derivatives_are_those_of_differences() {
        let domain = Domain::full([3, 4, 2]).unwrap();
        let density = scattered(24, 8);
        let nodes: Vec<f64> = scattered(3 * 4 * 5 * 3, 9).iter().map(|x| 1e-6 * (x - 0.5)).collect();
        let stress = |density: &[f64], nodes: &[f64]| -> Vec<f64> {
            (0..24).map(|c| relaxed(density[c], BRICK.von_mises(&corners(nodes, [3, 4, 2], c)))).collect()
        };
        let clusters = Clusters::new(9.0, 3, &stress(&density, &nodes), |_| true);
        for cluster in 0..3 {
            let value = |density: &[f64], nodes: &[f64]| clusters.values(&stress(density, nodes))[cluster];
            let slope = clusters.slope(&stress(&density, &nodes), cluster);
            let found = pull(&domain, &BRICK, &density, |c| corners(&nodes, [3, 4, 2], c), &slope);
            let compare = |exact: f64, above: f64, below: f64, step: f64, scale: f64| {
                let difference = (above - below) / (2.0 * step);
                assert!((difference - exact).abs() < 1e-5 * scale, "{difference} {exact}");
            };
            let scale = found.density.iter().fold(0.0f64, |m, d| m.max(d.abs()));
            for cell in 0..24 {
                let moved = |by: f64| {
                    let mut d = density.clone();
                    d[cell] += by;
                    value(&d, &nodes)
                };
                compare(found.density[cell], moved(1e-6), moved(-1e-6), 1e-6, scale);
            }
            let scale = found.nodes.iter().flatten().fold(0.0f64, |m, d| m.max(d.abs()));
            for unknown in (0..nodes.len()).step_by(5) {
                let moved = |by: f64| {
                    let mut u = nodes.clone();
                    u[unknown] += by;
                    value(&density, &u)
                };
                compare(found.nodes[unknown / 3][unknown % 3], moved(1e-12), moved(-1e-12), 1e-12, scale);
            }
        }
    }
}
