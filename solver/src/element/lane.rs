//! Registers of numbers, one per cell: kernels written once run with the widest vector instructions there are.
//!
//! A kernel is generic over the instruction set `S`. Its token proves that the machine has it, and is found at run time by
//! [`pulp::Arch`]; all that is inlined into code dispatched to is compiled for it. A register holds as many cells as it
//! has room for, so a block of sixteen takes one step with 512 bits and sixteen without vectors. Products are fused into
//! sums where the machine can, so bits differ between instruction sets, and only between those.

use crate::mesh::lattice::W;
use pulp::{Simd, WithSimd};
use std::ops::{Add, AddAssign, Mul, Sub};

/// The two precisions that operators run in, and a register of each.
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
    type Register<S: Simd>: Copy;

    fn of(x: f64) -> Self;
    fn double(self) -> f64;
    /// The one of two copies that is in this precision.
    fn pick<'a>(double: &'a [f64], single: &'a [f32]) -> &'a [Self];

    /// Numbers in a register, a divisor of [`W`].
    fn width<S: Simd>() -> usize;
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Register<S>;
    /// The first numbers of `x`, which has enough.
    fn load<S: Simd>(simd: S, x: &[Self]) -> Self::Register<S>;
    /// Over the first numbers of `x`, which has enough.
    fn store<S: Simd>(simd: S, x: &mut [Self], value: Self::Register<S>);
    /// The first numbers of `x`, which has enough, from single precision.
    fn widen<S: Simd>(simd: S, x: &[f32]) -> Self::Register<S>;
    fn sum<S: Simd>(simd: S, a: Self::Register<S>, b: Self::Register<S>) -> Self::Register<S>;
    fn difference<S: Simd>(simd: S, a: Self::Register<S>, b: Self::Register<S>) -> Self::Register<S>;
    fn product<S: Simd>(simd: S, a: Self::Register<S>, b: Self::Register<S>) -> Self::Register<S>;
    fn quotient<S: Simd>(simd: S, a: Self::Register<S>, b: Self::Register<S>) -> Self::Register<S>;
    /// Every number one lane up, the last one in the first.
    fn turn<S: Simd>(simd: S, a: Self::Register<S>) -> Self::Register<S>;
    /// `a b + c`.
    fn mul_add<S: Simd>(simd: S, a: Self::Register<S>, b: Self::Register<S>, c: Self::Register<S>)
    -> Self::Register<S>;
}

macro_rules! real {
    ($t:ty, $register:ident, $lanes:ident, $splat:ident, $parts:ident, $parts_mut:ident,
     $add:ident, $sub:ident, $mul:ident, $div:ident, $turn:ident, $mul_add:ident, $pick:item, $widen:item) => {
        impl Real for $t {
            type Register<S: Simd> = S::$register;

            #[inline(always)]
            fn of(x: f64) -> Self {
                x as Self
            }
            #[inline(always)]
            fn double(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn width<S: Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$register {
                simd.$splat(x)
            }
            #[inline(always)]
            fn load<S: Simd>(_: S, x: &[Self]) -> S::$register {
                S::$parts(x).0[0]
            }
            #[inline(always)]
            fn store<S: Simd>(_: S, x: &mut [Self], value: S::$register) {
                S::$parts_mut(x).0[0] = value;
            }
            $pick
            $widen
            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: S::$register, b: S::$register) -> S::$register {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn difference<S: Simd>(simd: S, a: S::$register, b: S::$register) -> S::$register {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn product<S: Simd>(simd: S, a: S::$register, b: S::$register) -> S::$register {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn quotient<S: Simd>(simd: S, a: S::$register, b: S::$register) -> S::$register {
                simd.$div(a, b)
            }
            #[inline(always)]
            fn turn<S: Simd>(simd: S, a: S::$register) -> S::$register {
                simd.$turn(a, 1)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, a: S::$register, b: S::$register, c: S::$register) -> S::$register {
                simd.$mul_add(a, b, c)
            }
        }
    };
}

real!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    div_f32s,
    rotate_right_f32s,
    mul_add_e_f32s,
    fn pick<'a>(_: &'a [f64], single: &'a [f32]) -> &'a [f32] {
        single
    },
    #[inline(always)]
    fn widen<S: Simd>(simd: S, x: &[f32]) -> S::f32s {
        Self::load(simd, x)
    }
);
real!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    div_f64s,
    rotate_right_f64s,
    mul_add_e_f64s,
    fn pick<'a>(double: &'a [f64], _: &'a [f32]) -> &'a [f64] {
        double
    },
    #[inline(always)]
    fn widen<S: Simd>(simd: S, x: &[f32]) -> S::f64s {
        let mut wide = [0.0; W];
        let wide = &mut wide[..S::F64_LANES];
        for (w, x) in wide.iter_mut().zip(x) {
            *w = f64::from(*x);
        }
        Self::load(simd, wide)
    }
);

/// A register with the token of its instructions, so that formulas read as formulas.
#[derive(Clone, Copy)]
pub struct Lane<S: Simd, T: Real> {
    simd: S,
    value: T::Register<S>,
}

impl<S: Simd, T: Real> Lane<S, T> {
    #[inline(always)]
    pub fn splat(simd: S, x: T) -> Self {
        Self { simd, value: T::splat(simd, x) }
    }

    #[inline(always)]
    pub fn zero(simd: S) -> Self {
        Self::splat(simd, T::default())
    }

    /// The first numbers of `x`, which has enough.
    #[inline(always)]
    pub fn load(simd: S, x: &[T]) -> Self {
        Self { simd, value: T::load(simd, x) }
    }

    /// The first numbers of `x`, which has enough, from single precision.
    #[inline(always)]
    pub fn widen(simd: S, x: &[f32]) -> Self {
        Self { simd, value: T::widen(simd, x) }
    }

    /// Over the first numbers of `x`, which has enough.
    #[inline(always)]
    pub fn store(self, x: &mut [T]) {
        T::store(self.simd, x, self.value);
    }

    /// The token of its instructions.
    #[inline(always)]
    pub fn simd(self) -> S {
        self.simd
    }

    /// The number of the first cell.
    #[inline(always)]
    pub fn first(self) -> T {
        let mut out = [T::default(); W];
        self.store(&mut out);
        out[0]
    }

    /// `self · b + c`.
    #[inline(always)]
    pub fn mul_add(self, b: Self, c: Self) -> Self {
        Self { simd: self.simd, value: T::mul_add(self.simd, self.value, b.value, c.value) }
    }

    /// Every number one lane up, the last one in the first.
    #[inline(always)]
    pub fn turn(self) -> Self {
        Self { simd: self.simd, value: T::turn(self.simd, self.value) }
    }

    #[inline(always)]
    pub fn over(self, o: Self) -> Self {
        Self { simd: self.simd, value: T::quotient(self.simd, self.value, o.value) }
    }
}

impl<S: Simd, T: Real> Add for Lane<S, T> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self { simd: self.simd, value: T::sum(self.simd, self.value, o.value) }
    }
}

impl<S: Simd, T: Real> Sub for Lane<S, T> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self { simd: self.simd, value: T::difference(self.simd, self.value, o.value) }
    }
}

impl<S: Simd, T: Real> Mul for Lane<S, T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Self { simd: self.simd, value: T::product(self.simd, self.value, o.value) }
    }
}

/// Tells the machine that the line of `x[at]` will be wanted soon, where it can be told.
#[inline(always)]
pub fn prefetch<T>(x: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let (Some(sse), Some(x)) = (pulp::core_arch::x86::Sse::try_new(), x.get(at)) {
        sse._mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(x).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, at);
}

/// Runs `f` with the best instructions of this machine: loops in a closure marked `#[inline(always)]` are compiled for
/// each of them.
pub fn dispatch(f: impl FnMut()) {
    // A closure handed over itself would be called through a shim that is not inlined, and run with the baseline.
    struct Run<F>(F);
    impl<F: FnMut()> WithSimd for Run<F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) {
            (self.0)();
        }
    }
    pulp::Arch::new().dispatch(Run(f));
}
