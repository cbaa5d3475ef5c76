//! Short vectors of [`W`] numbers, one per cell of a chunk, in code the compiler turns into vector instructions.
//!
//! Products and sums stay separate operations (no fused multiply-add), so every machine gives the same bits.

use crate::mesh::lattice::W;
use std::ops::{Add, AddAssign, Mul, Sub};

/// The two precisions that operators run in.
pub trait Real:
    Copy
    + Send
    + Sync
    + Default
    + PartialEq
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + AddAssign
    + std::fmt::Debug
    + 'static
{
    fn of(x: f64) -> Self;
    fn of_single(x: f32) -> Self;
    fn double(self) -> f64;
}

impl Real for f32 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn of_single(x: f32) -> Self {
        x
    }
    #[inline(always)]
    fn double(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn of_single(x: f32) -> Self {
        Self::from(x)
    }
    #[inline(always)]
    fn double(self) -> f64 {
        self
    }
}

/// One number per cell of a chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(32))]
pub struct Lane<T>(pub [T; W]);

impl<T: Real> Lane<T> {
    #[inline(always)]
    pub fn splat(x: T) -> Self {
        Self([x; W])
    }

    #[inline(always)]
    pub fn zero() -> Self {
        Self([T::default(); W])
    }

    #[inline(always)]
    pub fn widen(x: &[f32; W]) -> Self {
        Self(std::array::from_fn(|i| T::of_single(x[i])))
    }

    /// The first [`W`] numbers of `s`, which must be that long.
    #[inline(always)]
    pub fn load(s: &[T]) -> Self {
        let s = &s[..W];
        Self(std::array::from_fn(|i| s[i]))
    }

    #[inline(always)]
    pub fn scale(self, k: T) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * k))
    }

    #[inline(always)]
    pub fn over(self, o: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] / o.0[i]))
    }
}

impl<T: Real> Add for Lane<T> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + o.0[i]))
    }
}

impl<T: Real> Sub for Lane<T> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] - o.0[i]))
    }
}

impl<T: Real> Mul for Lane<T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * o.0[i]))
    }
}

impl<T: Real> AddAssign for Lane<T> {
    #[inline(always)]
    fn add_assign(&mut self, o: Self) {
        for i in 0..W {
            self.0[i] += o.0[i];
        }
    }
}
