//! Heat over time: backward differences of second order with steps as long as the accuracy allows.
//!
//! With steps of length `h` after one of length `h / ω`, `Ṫ ≈ (a₀ T₁ − a₁ T₀ + a₂ T₋₁) / h` with `a₀ = (1 + 2ω)/(1 + ω)`,
//! `a₁ = 1 + ω`, `a₂ = ω²/(1 + ω)`: stable however stiff, for ω below 1 + √2. The difference from the quadratic through the
//! last three moments gives the error of each step (Gresho, Lee & Sani, Recent Advances in Numerical Methods in Fluids 1,
//! 1980). The first steps are backward Euler, which forgets a jump at the start. Source: Hairer & Wanner, Solving Ordinary
//! Differential Equations II.

use super::FittedError;
use super::heat::{Conduction, Moment, Precondition};
use crate::linear::vector::axpby;
use std::sync::atomic::AtomicBool;

/// Residual of each step's solve over that of the extrapolated temperatures. Their distance from the solution is what the
/// error of a step is read off, so this share of it is nothing beside that error.
const TOLERANCE: f64 = 1e-4;
/// Longest step over the one before; below 1 + √2, where the formula stops being stable.
const GROW_MAX: f64 = 2.0;
/// A step shrinks by no more than this; one that would grow by less than the other stays, and its matrix with it.
const SHRINK_MAX: f64 = 0.2;
const GROW_MIN: f64 = 1.25;
/// Safety on the next step's length.
const SAFETY: f64 = 0.85;
/// First try of the first step, as a share of the time to the first stop, and the shortest step as a share of the whole.
const FIRST: f64 = 1e-2;
const STEP_MIN: f64 = 1e-12;

/// Temperatures at a moment that was reached.
pub struct Reached<'a> {
    pub time: f64,
    pub moment: &'a Moment,
    /// At all nodes, K.
    pub temperature: &'a [f64],
    /// K/s
    pub rate: &'a [f64],
    /// Index into the stops, where this is one.
    pub stop: Option<usize>,
    /// Error that the steps so far may have left, K: the sum of the largest error of each.
    pub error: f64,
    pub n_steps: usize,
    /// Of the linear solves so far.
    pub iterations: u32,
}

/// One accepted moment.
struct Past {
    time: f64,
    temperature: Vec<f64>,
}

/// Marches from `initial`, K at all nodes, through the rising times `stops`, s; `at(time)` gives what is given then.
///
/// Each step's error stays below `tolerance` times the range of temperatures, spread over the time to go; `see` gets every
/// moment reached and stops the march by returning `false`.
///
/// # Errors
/// [`FittedError`].
pub fn march(
    problem: &Conduction,
    initial: &[f64],
    stops: &[f64],
    tolerance: f64,
    at: &dyn Fn(f64) -> Moment,
    cancel: &AtomicBool,
    mut see: impl FnMut(&Reached) -> bool,
) -> Result<(), FittedError> {
    let Some(end) = stops.last() else { return Ok(()) };
    let mut stepper = Stepper { problem, at, cancel, precondition: Precondition::default(), iterations: 0 };
    let start = at(0.0);
    let mut past = vec![Past { time: 0.0, temperature: problem.expand(&problem.unknowns(initial), &start) }];
    let mut span = Span::default();
    span.widen(&past[0].temperature);
    let mut range = |moment: &Moment, t: &[f64]| {
        let (low, high) = moment.range(&problem.exchanges);
        span.widen(t);
        if high >= low {
            span.widen(&[low, high]);
        }
        span.size()
    };
    range(&start, &past[0].temperature);

    // One step of backward Euler against two of half its length.
    let mut h = FIRST * stops[0];
    let (mut error, mut n_steps) = (0.0, 0);
    loop {
        if h < STEP_MIN * end {
            return Err(FittedError::Abrupt { time: h });
        }
        let (whole, ..) = stepper.euler(&past[0], h)?;
        let (half, ..) = stepper.euler(&past[0], 0.5 * h)?;
        let middle = Past { time: 0.5 * h, temperature: half };
        let (two, moment, rate) = stepper.euler(&middle, 0.5 * h)?;
        let off = difference(&whole, &two);
        let allowed = tolerance * range(&moment, &two) * (h / end).max(LEAST);
        if off <= allowed {
            error += off;
            n_steps += 2;
            past.push(middle);
            past.push(Past { time: h, temperature: two });
            let reached = Reached {
                time: h,
                moment: &moment,
                temperature: &past[2].temperature,
                rate: &rate,
                stop: None,
                error,
                n_steps,
                iterations: stepper.iterations,
            };
            if !see(&reached) {
                return Err(FittedError::Cancelled);
            }
            break;
        }
        h *= (0.7 * (allowed / off).sqrt()).clamp(0.01, 0.5);
    }
    let mut step = 0.5 * h;
    let mut grow: f64 = GROW_MAX;
    for (index, stop) in stops.iter().enumerate() {
        loop {
            let now = past[2].time;
            let left = stop - now;
            let last = now - past[1].time;
            // Land on the stop without a sliver of a step before it.
            let wanted = if (1.0..GROW_MIN).contains(&grow) { step } else { step * grow };
            let h = if wanted >= 0.999 * left {
                left
            } else if wanted > 0.5 * left {
                0.5 * left
            } else {
                wanted
            };
            if h < STEP_MIN * end {
                return Err(FittedError::Abrupt { time: now });
            }
            let made = stepper.bdf2(&past, h, h / last)?;
            let allowed = tolerance * range(&made.moment, &made.temperature) * (h / end).max(LEAST);
            // The error of a step goes with h³; where its share of the whole tolerance counts by length, with h².
            let order = if h / end > LEAST { 2.0 } else { 3.0 };
            let factor = if made.error > 0.0 { SAFETY * (allowed / made.error).powf(1.0 / order) } else { GROW_MAX };
            if made.error > allowed {
                (step, grow) = (h, factor.clamp(SHRINK_MAX, 0.9));
                continue;
            }
            error += made.error;
            n_steps += 1;
            (step, grow) = (h, factor.min(GROW_MAX));
            past.remove(0);
            let arrived = h == left;
            past.push(Past { time: if arrived { *stop } else { now + h }, temperature: made.temperature });
            let reached = Reached {
                time: past[2].time,
                moment: &made.moment,
                temperature: &past[2].temperature,
                rate: &made.rate,
                stop: arrived.then_some(index),
                error,
                n_steps,
                iterations: stepper.iterations,
            };
            if !see(&reached) {
                return Err(FittedError::Cancelled);
            }
            if arrived {
                break;
            }
        }
    }
    Ok(())
}

/// However short a step, it may take this share of the whole tolerance: what happens quickly is forgotten as quickly.
const LEAST: f64 = 0.01;

struct Stepper<'p, 'a> {
    problem: &'p Conduction<'a>,
    at: &'p dyn Fn(f64) -> Moment,
    cancel: &'p AtomicBool,
    precondition: Precondition,
    iterations: u32,
}

/// A step that was made.
struct Step {
    moment: Moment,
    temperature: Vec<f64>,
    rate: Vec<f64>,
    /// Largest estimated error, K.
    error: f64,
}

impl Stepper<'_, '_> {
    /// Temperature, what is given and rate after a step of backward Euler.
    fn euler(&mut self, from: &Past, h: f64) -> Result<(Vec<f64>, Moment, Vec<f64>), FittedError> {
        let moment = (self.at)(from.time + h);
        let history: Vec<f64> = from.temperature.iter().map(|t| t / h).collect();
        let t = self.implicit(&moment, 1.0 / h, &history, &from.temperature)?;
        let rate = t.iter().zip(&from.temperature).map(|(a, b)| (a - b) / h).collect();
        Ok((t, moment, rate))
    }

    /// A step of length `h`, `ratio` times the last, from three moments.
    fn bdf2(&mut self, past: &[Past], h: f64, ratio: f64) -> Result<Step, FittedError> {
        let [c, b, a] = past else { unreachable!("three moments are kept") };
        let w = ratio;
        let (a0, a1, a2) = ((1.0 + 2.0 * w) / (1.0 + w), 1.0 + w, w * w / (1.0 + w));
        let time = a.time + h;
        let moment = (self.at)(time);
        // Newton's form of the quadratic through the three.
        let (s1, s2, s3) = (h, time - b.time, time - c.time);
        let mut guess = a.temperature.clone();
        for (n, g) in guess.iter_mut().enumerate() {
            let (x, y, z) = (a.temperature[n], b.temperature[n], c.temperature[n]);
            let first = (x - y) / (a.time - b.time);
            let second = (first - (y - z) / (b.time - c.time)) / (a.time - c.time);
            *g += s1 * (first + s2 * second);
        }
        let mut history = a.temperature.clone();
        axpby(-a2 / h, &b.temperature, a1 / h, &mut history);
        let temperature = self.implicit(&moment, a0 / h, &history, &guess)?;
        let mut rate = temperature.clone();
        axpby(-1.0, &history, a0 / h, &mut rate);
        // Error over difference from the guess, both in terms of the third derivative.
        let share = (h / a0) / (s3 + h / a0);
        Ok(Step { error: share * difference(&temperature, &guess), moment, temperature, rate })
    }

    /// `s T − p = Ṫ` at the moment, from a guess.
    fn implicit(&mut self, moment: &Moment, s: f64, p: &[f64], guess: &[f64]) -> Result<Vec<f64>, FittedError> {
        let mut x = self.problem.unknowns(guess);
        let stored = Some((s, p));
        self.iterations +=
            self.problem.solve(moment, stored, &mut x, TOLERANCE, &mut self.precondition, self.cancel, |_, _| true)?;
        Ok(self.problem.expand(&x, moment))
    }
}

/// Running range of temperatures.
#[derive(Clone, Copy)]
struct Span(f64, f64);

impl Default for Span {
    fn default() -> Self {
        Self(f64::INFINITY, f64::NEG_INFINITY)
    }
}

impl Span {
    fn widen(&mut self, t: &[f64]) {
        *self = t.iter().fold(*self, |s, t| Self(s.0.min(*t), s.1.max(*t)));
    }

    /// K; never so small that rounding would count.
    fn size(self) -> f64 {
        (self.1 - self.0).max(1e-9 * self.1.abs())
    }
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |m, (a, b)| m.max((a - b).abs()))
}
