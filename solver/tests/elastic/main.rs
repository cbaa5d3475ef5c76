//! Elasticity on cells that differ in stiffness: the element, the operator, its coarse levels, and how fast it converges.

#[path = "../support/simp.rs"]
mod simp;
mod stress;

use simp::{cantilever, edge, iterate, random, random_densities, stiffness};
use solver::density::elastic::{Accuracy, Elastic, ElasticError, Load};
use solver::element::lane::Real;
use solver::linear::operator::Fixed;
use solver::linear::truth::product;
use solver::linear::{Block, Multigrid, Operator, transfer};
use solver::mesh::{Grid, Lattice};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const FINE: Accuracy = Accuracy { tolerance: 1e-10, iterations_max: 300 };

fn on_threads<T: Send>(n: usize, f: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f)
}

/// Cells with holes and ragged rows, of stiffness from 1e-9 to 1, some nodes fixed in part.
fn ragged() -> Operator {
    let grid = Grid { origin: [0.0; 3], cell: 1.0, counts: [45, 9, 11] };
    let cells: Vec<u32> = (0..grid.n_cells())
        .filter(|c| {
            let [x, y, z] = grid.position(*c);
            !(z == 4 && x % 5 == 1 || y == 3 && (3..7).contains(&x) || x > 41 && z > 6)
        })
        .map(|c| c as u32)
        .collect();
    let relative: Vec<f64> = random(3, cells.len()).into_iter().map(|r| 10f64.powf(-9.0 * r)).collect();
    let lattice = Arc::new(Lattice::graded(grid, &cells, 0.3));
    let fixed = (0..lattice.n_nodes as u32)
        .filter(|n| n % 37 == 5 || n % 41 == 3)
        .map(|node| Fixed { node, components: [node % 37 == 5, node % 2 == 0, node % 41 == 3] })
        .collect();
    Operator::graded(lattice, &relative, fixed)
}

fn some<T: Real>(op: &Operator, seed: u64, n_cases: usize) -> Block<T> {
    let mut x = Block::zero(op.lattice.n_nodes, n_cases);
    for (n, part) in x.parts_mut().into_iter().enumerate() {
        solver::linear::vector::random(seed + n as u64, part);
    }
    op.hold(&mut x);
    x
}

/// Largest difference over the largest number.
fn off<T: Real>(a: &Block<T>, b: &Block<f64>) -> f64 {
    let pairs = || (0..b.n_cases).flat_map(|k| a.case(k).iter().zip(b.case(k)));
    let largest = pairs().fold(0.0f64, |m, (_, b)| m.max(b.abs()));
    pairs().map(|(a, b)| (a.double() - b).abs()).fold(0.0, f64::max) / largest
}

/// The stiffness of one cell of unit edge and unit modulus, by two points of Gauss along each axis.
fn textbook(nu: f64) -> [[f64; 24]; 24] {
    let (l, m) = (nu / ((1.0 + nu) * (1.0 - 2.0 * nu)), 0.5 / (1.0 + nu));
    let mut out = [[0.0; 24]; 24];
    let at = 0.5 / 3f64.sqrt();
    for point in 0..8 {
        let p: [f64; 3] = std::array::from_fn(|a| if point >> a & 1 == 1 { 0.5 + at } else { 0.5 - at });
        let gradient = |n: usize, axis: usize| -> f64 {
            (0..3)
                .map(|a| match (n >> a & 1 == 1, a == axis) {
                    (true, true) => 1.0,
                    (false, true) => -1.0,
                    (true, false) => p[a],
                    (false, false) => 1.0 - p[a],
                })
                .product()
        };
        for i in 0..24 {
            for j in 0..24 {
                let (a, b) = (i % 3, j % 3);
                let g = |n: usize, axis: usize| gradient(n / 3, axis);
                let mut value = l * g(i, a) * g(j, b) + m * g(i, b) * g(j, a);
                if a == b {
                    value += m * (0..3).map(|k| g(i, k) * g(j, k)).sum::<f64>();
                }
                out[i][j] += value / 8.0;
            }
        }
    }
    out
}

#[test]
fn the_element_is_that_of_the_textbook() {
    let grid = Grid { origin: [0.0; 3], cell: 1.0, counts: [1, 1, 1] };
    let lattice = Arc::new(Lattice::graded(grid, &[0], 0.3));
    let op = Operator::graded(lattice.clone(), &[1.0], Vec::new());
    let nodes = lattice.cell_nodes([0, 0, 0]).unwrap();
    let corner = |node: u32| nodes.iter().position(|n| *n == node).unwrap();
    let mut found = [[0.0; 24]; 24];
    // Over E h / 2.
    op.for_each_entry(|p, a, q, b, value| found[3 * corner(p) + a][3 * corner(q) + b] += 0.5 * value);
    let truth = textbook(0.3);
    // The fourteen numbers of Liu & Tovar's top3d, over 144 (1 + ν)(1 − 2 ν): constants, and factors of ν.
    let constants = [32.0, 6.0, -8.0, 6.0, -6.0, 4.0, 3.0, -6.0, -10.0, 3.0, -3.0, -3.0, -4.0, -8.0];
    let factors = [-48.0, 0.0, 0.0, -24.0, 24.0, 0.0, 0.0, 0.0, 12.0, -12.0, 0.0, 12.0, 12.0, 12.0];
    let published: Vec<f64> = constants.iter().zip(factors).map(|(c, f)| (c + 0.3 * f) / (144.0 * 1.3 * 0.4)).collect();
    for i in 0..24 {
        for j in 0..24 {
            assert!((found[i][j] - truth[i][j]).abs() < 1e-15, "{i} {j}: {} {}", found[i][j], truth[i][j]);
            assert!(published.iter().any(|k| (k.abs() - found[i][j].abs()).abs() < 1e-12), "{i} {j}: {}", found[i][j]);
        }
        assert!((found[i][i] - published[0]).abs() < 1e-12);
    }
}

#[test]
fn every_level_multiplies_by_the_sum_of_all_its_cells_symmetrically() {
    let mg = Multigrid::galerkin(ragged());
    assert!(mg.levels.len() > 1);
    for level in &mg.levels {
        let op = &level.operator;
        let (x, y) = (some::<f64>(op, 1, 2), some::<f64>(op, 9, 2));
        let (mut ax, mut ay) = (x.clone(), y.clone());
        op.apply(&x, &mut ax);
        op.apply(&y, &mut ay);
        assert!(off(&ax, &product(op, &x)) < 1e-13);
        let mut single = some::<f32>(op, 1, 2);
        op.apply(&some::<f32>(op, 1, 2), &mut single);
        assert!(off(&single, &ax) < 1e-5, "{:e}", off(&single, &ax));
        for ((p, q), e) in ax.dot(&y).iter().zip(x.dot(&ay)).zip(ax.dot(&x)) {
            assert!((p - q).abs() < 1e-12 * e, "{p} {q}");
            assert!(e > 0.0);
        }
        op.subtract(&x, &mut ax);
        assert!(ax.dot(&ax).iter().all(|r| *r < 1e-24 * ay.dot(&ay)[0]));
        // The diagonal is that of the entries.
        let mut truth = vec![[0.0f64; 6]; op.lattice.n_nodes];
        op.for_each_entry(|p, a, q, b, value| {
            let pairs = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)];
            if let (true, Some(n)) = (p == q, pairs.iter().position(|x| *x == (a, b))) {
                truth[p as usize][n] += value;
            }
        });
        for (a, b) in op.diagonal().iter().zip(&truth) {
            let size = b[0] + b[1] + b[2];
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * size), "{a:?} {b:?}");
        }
    }
}

/// `Pᵀ A P`, level by level, where `P` is zero on fixed components.
#[test]
fn coarse_operators_are_those_of_galerkin() {
    let mg = Multigrid::galerkin(ragged());
    for pair in mg.levels.windows(2) {
        let (fine, coarse) = (&pair[0].operator, &pair[1].operator);
        let x = some::<f64>(coarse, 5, 1);
        let mut up = Block::zero(fine.lattice.n_nodes, 1);
        transfer::prolong(&fine.lattice, &coarse.lattice, &x, &mut up);
        fine.hold(&mut up);
        let mut forces = up.clone();
        fine.apply(&up, &mut forces);
        let mut truth = x.clone();
        transfer::restrict(&fine.lattice, &coarse.lattice, &forces, &mut truth, 0.5);
        let mut found = x.clone();
        coarse.apply(&x, &mut found);
        // Coarse stiffness is kept in single precision.
        assert!(off(&found, &truth) < 1e-6, "{:e}", off(&found, &truth));
    }
}

#[test]
fn rigid_motions_are_free_of_force_on_every_level() {
    let held = ragged();
    let op = Operator::graded(held.lattice.clone(), held.relatives().unwrap(), Vec::new());
    let mg = Multigrid::galerkin(op);
    for level in &mg.levels {
        let op = &level.operator;
        let [nx, ny, nz] = op.lattice.grid.counts;
        let mut x = Block::<f64>::zero(op.lattice.n_nodes, 1);
        let mut strained = x.clone();
        for z in 0..=nz {
            for y in 0..=ny {
                for i in 0..=nx {
                    let Some(n) = op.lattice.node(i, y, z) else { continue };
                    let [px, py, pz] = [i, y, z].map(|c| c as f64);
                    x.add(0, n, [1.0 + 0.3 * pz - 0.2 * py, 2.0 + 0.2 * px - 0.1 * pz, 3.0 + 0.1 * py - 0.3 * px]);
                    strained.add(0, n, [0.3 * pz - 0.2 * py, -0.2 * px - 0.1 * pz, 0.1 * py - 0.3 * px]);
                }
            }
        }
        let mut f = x.clone();
        op.apply(&x, &mut f);
        let mut g = x.clone();
        op.apply(&strained, &mut g);
        assert!(f.dot(&f)[0] < 1e-26 * g.dot(&g)[0], "{:e} {:e}", f.dot(&f)[0], g.dot(&g)[0]);
    }
}

/// The number is that of SciPy's `eigh` for the same two matrices.
#[test]
fn no_cell_exceeds_what_the_smoother_counts_on() {
    let found = solver::linear::galerkin::largest(solver::element::brick::lame(0.3));
    assert!((found - 3.162_162_16).abs() < 1e-8, "{found}");
}

/// A design on its way, where stiffness jumps at a few nodes: an estimate of the largest eigenvalue from a random vector is
/// too low there by a sixth, and with it the smoother amplified what it should damp.
#[test]
fn the_cantilever_of_60_by_20_by_20_goes_on_past_its_third_step() {
    let space = cantilever([60, 20, 20]);
    let loads = vec![edge([60, 20, 20])];
    let accuracy = Accuracy { tolerance: 1e-3, iterations_max: 25 };
    let mut taken = Vec::new();
    iterate(&space, &loads, 0.3, 8, accuracy, |_, iterations, compliance| taken.push((iterations, compliance)));
    assert!(taken.iter().all(|t| t.0 <= 12), "{taken:?}");
    assert!(taken.windows(2).all(|t| t[1].1 < t[0].1), "{taken:?}");
}

/// Liu & Tovar's cantilever, whose first compliance is known.
#[test]
fn the_published_cantilever_of_60_by_20_by_4() {
    let counts = [60, 20, 4];
    let space = cantilever(counts);
    let relative = stiffness(&vec![0.3; space.cells.len()], 1e-9);
    let mut elastic = Elastic::new(space, &relative).unwrap();
    let loads = vec![edge(counts)];
    let (u, _) = elastic.solve(&loads, None, FINE, &AtomicBool::new(false), |_, _| true).unwrap();
    let found = elastic.compliances(&loads, &u).unwrap()[0];
    assert!((found / 28354.780 - 1.0).abs() < 1e-6, "{found}");
    let sum: f64 = elastic.energies(&u)[0].iter().zip(&relative).map(|(e, r)| e * r).sum();
    assert!((sum / found - 1.0).abs() < 1e-9, "{sum}");
}

/// What SIMP meets: densities at random, a young design and an older one, each against three contrasts; void is not
/// skipped.
#[test]
fn contrast_does_not_stop_convergence() {
    let counts = [24, 24, 24];
    let space = cantilever(counts);
    let loads = vec![edge(counts)];
    let loose = Accuracy { tolerance: 1e-3, iterations_max: 100 };
    let designs = [
        ("random", random_densities(7, space.cells.len()), 60),
        ("young", iterate(&space, &loads, 0.3, 5, loose, |_, _, _| {}), 20),
        ("older", iterate(&space, &loads, 0.3, 20, loose, |_, _, _| {}), 20),
    ];
    for (name, density, most) in &designs {
        let volume = density.iter().sum::<f64>() / density.len() as f64;
        assert!((volume - 0.3).abs() < 0.01, "{volume}");
        for least in [1e-3, 1e-6, 1e-9] {
            let mut elastic = Elastic::new(space.clone(), &stiffness(density, least)).unwrap();
            let accuracy = Accuracy { tolerance: 1e-6, iterations_max: 100 };
            let mut history = Vec::new();
            let done = elastic.solve(&loads, None, accuracy, &AtomicBool::new(false), |_, r| {
                history.push(r);
                true
            });
            let (_, done) = done.unwrap_or_else(|e| panic!("{name}, {least:e}: {e}: {history:?}"));
            assert!(done.residual <= 1e-6 && history.len() == done.iterations as usize + 1);
            println!("{name}, {least:e}: {}", done.iterations);
            assert!(done.iterations <= *most, "{name}, {least:e}: {}", done.iterations);
        }
    }
}

#[test]
fn the_same_bits_on_one_thread_and_on_two() {
    let solve = |threads: usize| {
        on_threads(threads, || {
            let counts = [24, 10, 12];
            let space = cantilever(counts);
            let density = random(11, space.cells.len());
            let mut elastic = Elastic::new(space, &stiffness(&density, 1e-9)).unwrap();
            elastic.update(&stiffness(&density, 1e-6)).unwrap();
            let loads = vec![edge(counts), vec![Load { at: [24, 10, 6], force: [0.3, 0.1, 1.0] }]];
            let (u, done) = elastic.solve(&loads, None, FINE, &AtomicBool::new(false), |_, _| true).unwrap();
            let bits = |x: Vec<Vec<f64>>| x.into_iter().flatten().map(f64::to_bits).collect::<Vec<_>>();
            (bits(elastic.energies(&u)), done.iterations)
        })
    };
    assert_eq!(solve(1), solve(2));
}

/// Filled anew is the same as made anew, and a warm start has less to do.
#[test]
fn an_update_is_a_new_design() {
    let counts = [24, 12, 10];
    let space = cantilever(counts);
    let loads = vec![edge(counts)];
    let density = random(5, space.cells.len());
    let changed: Vec<f64> = density.iter().zip(random(6, density.len())).map(|(d, r)| 0.98 * d + 0.02 * r).collect();
    let go = |elastic: &mut Elastic, start| {
        elastic.solve(&loads, start, FINE, &AtomicBool::new(false), |_, _| true).unwrap()
    };
    let mut elastic = Elastic::new(space.clone(), &stiffness(&density, 1e-6)).unwrap();
    let (first, cold) = go(&mut elastic, None);
    elastic.update(&stiffness(&changed, 1e-6)).unwrap();
    let (_, warm) = go(&mut elastic, Some(first));
    let (second, _) = go(&mut elastic, None);
    let mut anew = Elastic::new(space, &stiffness(&changed, 1e-6)).unwrap();
    let (third, _) = go(&mut anew, None);
    assert_eq!(elastic.energies(&second), anew.energies(&third));
    assert!(warm.iterations < cold.iterations, "{} {}", warm.iterations, cold.iterations);
}

/// Compliance falls by the energy of a cell for a rise of its stiffness.
#[test]
fn energies_are_what_compliance_falls_by() {
    let counts = [8, 5, 6];
    let space = cantilever(counts);
    let loads = vec![edge(counts)];
    let relative = stiffness(&random(5, space.cells.len()), 1e-3);
    let compliance = |relative: &[f64]| {
        let mut elastic = Elastic::new(space.clone(), relative).unwrap();
        let (u, _) = elastic.solve(&loads, None, FINE, &AtomicBool::new(false), |_, _| true).unwrap();
        (elastic.compliances(&loads, &u).unwrap()[0], elastic.energies(&u).remove(0))
    };
    let (_, energies) = compliance(&relative);
    for cell in [0, 77, 239] {
        let step = 1e-4 * relative[cell];
        let moved = |by: f64| {
            let mut relative = relative.clone();
            relative[cell] += by;
            compliance(&relative).0
        };
        let falls = (moved(-step) - moved(step)) / (2.0 * step);
        assert!((falls / energies[cell] - 1.0).abs() < 1e-4, "{falls} {}", energies[cell]);
    }
}

/// A bar whose void is skipped is the bar alone; what comes back is solved with it.
#[test]
fn cells_below_the_threshold_do_not_exist() {
    let counts = [20, 10, 8];
    let mut space = cantilever(counts);
    space.skip_below = Some(1e-4);
    let bar = |y: usize| {
        (0..space.cells.len()).map(|c| if space.grid.position(c)[1] < y { 1.0 } else { 1e-6 }).collect::<Vec<f64>>()
    };
    let loads = vec![edge(counts)];
    let cancel = AtomicBool::new(false);
    let mut elastic = Elastic::new(space.clone(), &bar(5)).unwrap();
    assert_eq!(elastic.n_nodes(), 21 * 6 * 9);
    let (u, _) = elastic.solve(&loads, None, FINE, &cancel, |_, _| true).unwrap();
    let mut alone = Elastic::new(cantilever([20, 5, 8]), &[1.0; 800]).unwrap();
    let (v, _) = alone.solve(&loads, None, FINE, &cancel, |_, _| true).unwrap();
    let [a, b] = [elastic.compliances(&loads, &u).unwrap()[0], alone.compliances(&loads, &v).unwrap()[0]];
    assert!((a / b - 1.0).abs() < 1e-9);
    assert!(u.at(0, [20, 6, 3]).is_none() && u.at(0, [20, 5, 3]).is_some());
    // Two rows more, from the displacements of before.
    elastic.update(&bar(7)).unwrap();
    assert_eq!(elastic.n_nodes(), 21 * 8 * 9);
    let (w, warm) = elastic.solve(&loads, Some(u), FINE, &cancel, |_, _| true).unwrap();
    assert!(elastic.compliances(&loads, &w).unwrap()[0] < a);
    assert!(warm.iterations > 0);
    let energies = elastic.energies(&w).remove(0);
    assert!(energies.iter().enumerate().all(|(c, e)| (*e > 0.0) == (space.grid.position(c)[1] < 7)));
    // The load hangs on nothing once its cells are gone.
    let gone: Vec<f64> =
        (0..space.cells.len()).map(|c| if space.grid.position(c)[1] < 5 { 1e-6 } else { 1.0 }).collect();
    elastic.update(&gone).unwrap();
    let refused = elastic.solve(&loads, None, FINE, &cancel, |_, _| true).unwrap_err();
    assert_eq!(refused, ElasticError::Load { at: [20, 0, 0] });
}

#[test]
fn bad_input_is_refused_with_its_reason() {
    let counts = [4, 3, 2];
    let good = vec![1.0; 24];
    let refused = |change: &dyn Fn(&mut solver::density::elastic::Space), relative: &[f64]| {
        let mut space = cantilever(counts);
        change(&mut space);
        Elastic::new(space, relative).err().unwrap()
    };
    assert_eq!(refused(&|s| s.supports.truncate(1), &good), ElasticError::Loose);
    assert_eq!(refused(&|s| s.supports.clear(), &good), ElasticError::Loose);
    // All nodes on one line leave the turn about it.
    assert_eq!(refused(&|s| s.supports.retain(|s| s.at[1] == 0), &good), ElasticError::Loose);
    assert_eq!(refused(&|s| s.poisson = 0.5, &good), ElasticError::Material { young: 1.0, poisson: 0.5 });
    assert_eq!(refused(&|s| s.cells[3] = 2, &good), ElasticError::Cells(2));
    assert_eq!(refused(&|s| s.cells[23] = 24, &good), ElasticError::Cells(24));
    assert_eq!(refused(&|_| (), &good[1..]), ElasticError::Count { cells: 24, given: 23 });
    let mut bad = good.clone();
    bad[7] = 0.0;
    assert_eq!(refused(&|_| (), &bad), ElasticError::Stiffness { cell: 7, value: 0.0 });
    assert_eq!(refused(&|s| s.skip_below = Some(2.0), &good), ElasticError::Empty);
}

#[test]
fn a_solve_can_be_stopped_and_says_when_it_stagnates() {
    let counts = [24, 12, 12];
    let space = cantilever(counts);
    let loads = vec![edge(counts)];
    let mut elastic = Elastic::new(space.clone(), &vec![1.0; space.cells.len()]).unwrap();
    let stop = elastic.solve(&loads, None, FINE, &AtomicBool::new(false), |i, _| i < 3).unwrap_err();
    assert_eq!(stop, ElasticError::Solve(solver::linear::cg::CgError::Cancelled));
    let short = Accuracy { tolerance: 1e-10, iterations_max: 2 };
    let few = elastic.solve(&loads, None, short, &AtomicBool::new(false), |_, _| true).unwrap_err();
    assert!(matches!(few, ElasticError::Solve(solver::linear::cg::CgError::Stagnated { iterations: 2, .. })));
}

#[test]
fn the_memory_expected_is_that_taken() {
    let counts = [64, 40, 40];
    let space = cantilever(counts);
    let n_cells = space.cells.len();
    let loads = vec![edge(counts)];
    let mut elastic = Elastic::new(space, &vec![1.0; n_cells]).unwrap();
    let one = Accuracy { tolerance: 0.5, iterations_max: 50 };
    elastic.solve(&loads, None, one, &AtomicBool::new(false), |_, _| true).unwrap();
    // The iteration's own five vectors come and go with a solve.
    let taken = elastic.bytes() + elastic.n_nodes() * 5 * 24;
    let expected = Elastic::bytes_expected(n_cells, 1);
    assert!(taken < expected && expected < taken * 5 / 4, "{taken} {expected}");
}
