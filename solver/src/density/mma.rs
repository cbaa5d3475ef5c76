//! The method of moving asymptotes (Svanberg 1987, in the form of his notes of 2007): many variables, few constraints.
//!
//! min f₀(x) under fᵢ(x) ≤ 0 and bounds. Around the design every function is replaced by the convex, separable
//! Σ p/(U − x) + q/(x − L); the asymptotes L and U close in where a variable swings and recede where it marches. For given
//! multipliers the approximate problem is solved in closed form, variable by variable, so that its dual has as many unknowns
//! as there are constraints: a primal-dual interior point method solves it with a few passes over the variables and no
//! memory of their size. Constraints that cannot be met are bought off at a high price, never an error.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Variables per task; fixed, so that sums have a fixed order.
const TASK: usize = 8192;
/// Price of a violated constraint, cᵢ of the notes, with dᵢ = 1: multipliers stay near below it.
const PRICE: f64 = 1000.0;
/// Curvature given to every function, raa0 of the notes.
const CURVATURE: f64 = 1e-5;
/// The interior point method ends at this complementarity.
const BARRIER_MIN: f64 = 1e-8;

/// How boldly to step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Largest change of a variable, as a share of its range.
    pub move_limit: f64,
    /// First distance of the asymptotes, as a share of the range.
    pub start: f64,
    /// Factor on the distance where a variable marches.
    pub widen: f64,
    /// Factor on the distance where it swings.
    pub narrow: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { move_limit: 0.2, start: 0.5, widen: 1.2, narrow: 0.7 }
    }
}

/// What the method remembers of the designs before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// One and two designs ago; empty before.
    pub before: [Vec<f64>; 2],
    /// Lower and upper asymptotes of the last step.
    pub asymptotes: [Vec<f64>; 2],
}

/// Values and derivatives at the present design. The objective should be of the order of 1 to 100, a constraint of 1.
#[derive(Clone, Copy, Debug)]
pub struct Functions<'a> {
    pub objective: &'a [f64],
    /// fᵢ(x), to become ≤ 0.
    pub constraints: &'a [f64],
    /// ∂fᵢ/∂x, one after another.
    pub gradients: &'a [Vec<f64>],
}

/// One variable of the approximate problem.
#[derive(Clone, Copy, Debug)]
struct Variable {
    x: f64,
    low: f64,
    high: f64,
    /// Bounds of this step.
    least: f64,
    most: f64,
    curvature: f64,
}

impl Variable {
    /// p and q of a function with this derivative.
    #[inline]
    fn split(&self, d: f64) -> (f64, f64) {
        let (up, down) = (d.max(0.0), (-d).max(0.0));
        let (a, b) = (self.high - self.x, self.x - self.low);
        (a * a * (1.001 * up + 0.001 * down + self.curvature), b * b * (0.001 * up + 1.001 * down + self.curvature))
    }
}

/// The next design within `lower..=upper`; variables whose bounds meet stay. Updates `memory`.
pub fn update(
    settings: &Settings,
    memory: &mut Memory,
    x: &[f64],
    lower: &[f64],
    upper: &[f64],
    functions: Functions,
) -> Vec<f64> {
    let variables: Vec<Variable> = (0..x.len())
        .into_par_iter()
        .map(|j| {
            let range = upper[j] - lower[j];
            let (mut low, mut high) = (x[j] - settings.start * range, x[j] + settings.start * range);
            if !memory.before[1].is_empty() {
                let (one, two) = (memory.before[0][j], memory.before[1][j]);
                let march = (x[j] - one) * (one - two);
                let factor = match march {
                    m if m > 0.0 => settings.widen,
                    m if m < 0.0 => settings.narrow,
                    _ => 1.0,
                };
                low = (x[j] - factor * (one - memory.asymptotes[0][j])).clamp(x[j] - 10.0 * range, x[j] - 0.01 * range);
                high =
                    (x[j] + factor * (memory.asymptotes[1][j] - one)).clamp(x[j] + 0.01 * range, x[j] + 10.0 * range);
            }
            let step = settings.move_limit * range;
            Variable {
                x: x[j],
                low,
                high,
                least: lower[j].max(low + 0.1 * (x[j] - low)).max(x[j] - step),
                most: upper[j].min(high - 0.1 * (high - x[j])).min(x[j] + step),
                curvature: CURVATURE / range.max(1e-5),
            }
        })
        .collect();
    let dual = Dual { variables: &variables, functions };
    let multipliers = dual.solve();
    let next = (0..x.len())
        .into_par_iter()
        .map(|j| if upper[j] > lower[j] { dual.minimiser(j, &multipliers).0 } else { x[j] })
        .collect();
    memory.before.swap(0, 1);
    let [one, _] = &mut memory.before;
    one.clear();
    one.extend_from_slice(x);
    let ends: [fn(&Variable) -> f64; 2] = [|v| v.low, |v| v.high];
    for (to, end) in memory.asymptotes.iter_mut().zip(ends) {
        to.clear();
        to.extend(variables.iter().map(end));
    }
    next
}

struct Dual<'a> {
    variables: &'a [Variable],
    functions: Functions<'a>,
}

/// Value of the approximate constraints less what is bought off, and its derivative by the multipliers.
struct Slope {
    value: Vec<f64>,
    matrix: Vec<f64>,
}

impl Dual<'_> {
    /// The variable's best value for these multipliers, the sums of p and q, and whether no bound holds it.
    #[inline]
    fn minimiser(&self, j: usize, multipliers: &[f64]) -> (f64, f64, f64, bool) {
        let v = &self.variables[j];
        let (mut p, mut q) = v.split(self.functions.objective[j]);
        for (gradient, l) in self.functions.gradients.iter().zip(multipliers) {
            let (a, b) = v.split(gradient[j]);
            p += l * a;
            q += l * b;
        }
        let (sp, sq) = (p.sqrt(), q.sqrt());
        let x = (sp * v.low + sq * v.high) / (sp + sq);
        let bound = x.max(v.least).min(v.most);
        (bound, p, q, bound == x)
    }

    fn slope(&self, multipliers: &[f64]) -> Slope {
        let m = multipliers.len();
        let n = self.variables.len();
        let parts: Vec<Vec<f64>> = (0..n.div_ceil(TASK))
            .into_par_iter()
            .map(|task| {
                let mut sums = vec![0.0; m + m * m];
                let mut slopes = vec![0.0; m];
                for j in task * TASK..(task * TASK + TASK).min(n) {
                    let v = &self.variables[j];
                    if !(v.high > v.low) {
                        continue;
                    }
                    let (x, p, q, free) = self.minimiser(j, multipliers);
                    let (a, b) = (v.high - x, x - v.low);
                    for i in 0..m {
                        let (pi, qi) = v.split(self.functions.gradients[i][j]);
                        sums[i] += pi * (1.0 / a - 1.0 / (v.high - v.x)) + qi * (1.0 / b - 1.0 / (v.x - v.low));
                        slopes[i] = pi / (a * a) - qi / (b * b);
                    }
                    if free {
                        let bend = 2.0 * (p / (a * a * a) + q / (b * b * b));
                        for i in 0..m {
                            for k in 0..m {
                                sums[m + i * m + k] -= slopes[i] * slopes[k] / bend;
                            }
                        }
                    }
                }
                sums
            })
            .collect();
        let mut value = self.functions.constraints.to_vec();
        let mut matrix = vec![0.0; m * m];
        for part in parts {
            value.iter_mut().zip(&part).for_each(|(v, p)| *v += p);
            matrix.iter_mut().zip(&part[m..]).for_each(|(v, p)| *v += p);
        }
        for i in 0..m {
            if multipliers[i] > PRICE {
                value[i] -= multipliers[i] - PRICE;
                matrix[i * m + i] -= 1.0;
            }
        }
        Slope { value, matrix }
    }

    /// Multipliers λ ≥ 0 and slacks s ≥ 0 with g(λ) + s = 0 and λ s = 0, along the central path λ s = μ.
    fn solve(&self) -> Vec<f64> {
        let m = self.functions.constraints.len();
        let (mut multipliers, mut slacks) = (vec![1.0f64; m], vec![1.0f64; m]);
        if m == 0 {
            return multipliers;
        }
        let residual = |slope: &Slope, l: &[f64], s: &[f64], barrier: f64| -> f64 {
            (0..m).fold(0.0f64, |r, i| r.max((slope.value[i] + s[i]).abs()).max((l[i] * s[i] - barrier).abs()))
        };
        let mut slope = self.slope(&multipliers);
        let mut barrier = 1.0;
        while barrier > BARRIER_MIN {
            for _ in 0..50 {
                let norm = residual(&slope, &multipliers, &slacks, barrier);
                if norm < 0.9 * barrier {
                    break;
                }
                // (S/Λ − G) dλ = g + μ/λ,  ds = μ/λ − s − (S/Λ) dλ
                let mut matrix: Vec<f64> = slope.matrix.iter().map(|v| -v).collect();
                let mut step: Vec<f64> = (0..m).map(|i| slope.value[i] + barrier / multipliers[i]).collect();
                (0..m).for_each(|i| matrix[i * m + i] += slacks[i] / multipliers[i]);
                let Some(()) = solve_in_place(&mut matrix, &mut step) else { break };
                let turn: Vec<f64> = (0..m)
                    .map(|i| barrier / multipliers[i] - slacks[i] - slacks[i] / multipliers[i] * step[i])
                    .collect();
                // Neither may reach zero.
                let mut length = (0..m).fold(1.0f64, |t, i| {
                    let limit = |v: f64, d: f64| if d < 0.0 { -0.99 * v / d } else { 1.0 };
                    t.min(limit(multipliers[i], step[i])).min(limit(slacks[i], turn[i]))
                });
                for _ in 0..30 {
                    let l: Vec<f64> = multipliers.iter().zip(&step).map(|(l, d)| l + length * d).collect();
                    let s: Vec<f64> = slacks.iter().zip(&turn).map(|(s, d)| s + length * d).collect();
                    let trial = self.slope(&l);
                    let better = residual(&trial, &l, &s, barrier) < norm;
                    (multipliers, slacks, slope) = if better || length < 1e-6 {
                        (l, s, trial)
                    } else {
                        length *= 0.5;
                        continue;
                    };
                    break;
                }
            }
            barrier *= 0.1;
        }
        multipliers
    }
}

/// Solves a small dense system by elimination with pivots; `None` where it is singular.
fn solve_in_place(a: &mut [f64], b: &mut [f64]) -> Option<()> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs()))?;
        if !(a[pivot * n + k].abs() > f64::MIN_POSITIVE) {
            return None;
        }
        (0..n).for_each(|c| a.swap(k * n + c, pivot * n + c));
        b.swap(k, pivot);
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            (k..n).for_each(|c| a[i * n + c] -= factor * a[k * n + c]);
            b[i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        let rest: f64 = (k + 1..n).map(|c| a[k * n + c] * b[c]).sum();
        b[k] = (b[k] - rest) / a[k * n + k];
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the method from `x` on `f`: objective and constraints with their derivatives.
    fn run(
        x: &[f64],
        bounds: [f64; 2],
        n: usize,
        f: impl Fn(&[f64]) -> (Vec<f64>, Vec<f64>, Vec<Vec<f64>>),
    ) -> Vec<f64> {
        let (lower, upper) = (vec![bounds[0]; x.len()], vec![bounds[1]; x.len()]);
        let settings = Settings { move_limit: 1.0, ..Settings::default() };
        let mut memory = Memory::default();
        let mut x = x.to_vec();
        for _ in 0..n {
            let (objective, constraints, gradients) = f(&x);
            let functions = Functions { objective: &objective, constraints: &constraints, gradients: &gradients };
            x = update(&settings, &mut memory, &x, &lower, &upper, functions);
        }
        x
    }

    /// Svanberg (1987), §5.1: five hollow segments of a cantilever, lightest at a given deflection.
    #[test]
    fn svanbergs_cantilever_weighs_what_he_found() {
        let a = [61.0, 37.0, 19.0, 7.0, 1.0];
        let x = run(&[5.0; 5], [1.0, 10.0], 20, |x| {
            let value = a.iter().zip(x).map(|(a, x)| a / x.powi(3)).sum::<f64>() - 1.0;
            (vec![0.0624; 5], vec![value], vec![a.iter().zip(x).map(|(a, x)| -3.0 * a / x.powi(4)).collect()])
        });
        let weight = 0.0624 * x.iter().sum::<f64>();
        assert!((weight - 1.340).abs() < 5e-4, "{weight}");
        // The closed form: x ∝ (a)^(1/4).
        let scale = a.iter().map(|a: &f64| a.powf(0.25)).sum::<f64>().cbrt();
        for (a, x) in a.iter().zip(&x) {
            assert!((x - scale * a.powf(0.25)).abs() < 1e-4, "{x}");
        }
    }

    /// The problem of Svanberg's notes (2007): least square in two balls; both constraints bind.
    #[test]
    fn two_balls_share_the_point_nearest_to_the_origin() {
        let centres = [[5.0, 2.0, 1.0], [3.0, 4.0, 3.0]];
        let x = run(&[4.0, 3.0, 2.0], [0.0, 5.0], 30, |x| {
            let off = |c: &[f64; 3]| x.iter().zip(c).map(|(x, c)| (x - c).powi(2)).sum::<f64>() - 9.0;
            (
                x.iter().map(|x| 2.0 * x).collect(),
                centres.iter().map(off).collect(),
                centres.iter().map(|c| x.iter().zip(c).map(|(x, c)| 2.0 * (x - c)).collect()).collect(),
            )
        });
        // The optimum lies in the plane between the balls' centres and the origin: stationarity with two multipliers.
        for (x, known) in x.iter().zip([2.0175, 1.7800, 1.2375]) {
            assert!((x - known).abs() < 2e-4, "{x}");
        }
        for c in &centres {
            let off: f64 = x.iter().zip(c).map(|(x, c)| (x - c).powi(2)).sum::<f64>() - 9.0;
            assert!(off.abs() < 1e-5, "{off}");
        }
    }

    #[test]
    fn a_limit_that_cannot_be_met_is_approached() {
        // x ≥ 2 within 0..=1.
        let x = run(&[0.3], [0.0, 1.0], 25, |x| (vec![1.0], vec![2.0 - x[0]], vec![vec![-1.0]]));
        assert!(x[0] > 0.999, "{}", x[0]);
    }

    #[test]
    fn many_variables_under_one_limit_are_solved_in_few_steps() {
        // Σ aᵢ/xᵢ is least under mean(x) = 0.4 at xᵢ ∝ √aᵢ.
        let n = 20_000;
        let a: Vec<f64> = (0..n).map(|i| 1.0 + 0.3 * (i % 10) as f64).collect();
        let c: f64 = a.iter().map(|a| a / 0.4).sum();
        let x = run(&vec![0.4; n], [1e-3, 1.0], 30, |x| {
            let mean = x.iter().sum::<f64>() / n as f64;
            let objective = a.iter().zip(x).map(|(a, x)| -10.0 * a / (x * x) / c).collect();
            (objective, vec![mean / 0.4 - 1.0], vec![vec![1.0 / (0.4 * n as f64); n]])
        });
        let total: f64 = a.iter().map(|a| a.sqrt()).sum();
        for (a, x) in a.iter().zip(&x) {
            assert!((x - 0.4 * n as f64 * a.sqrt() / total).abs() < 1e-4, "{x}");
        }
    }
}
