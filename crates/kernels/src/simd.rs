//! Runtime dispatch to the machine's vector instructions.
//!
//! A kernel is a plain loop in a closure. The closure is compiled once per instruction set, and the compiler vectorizes the
//! loop for that set. Which version runs is decided at run time, once per process. No loop uses fused multiply-add unless
//! it says so explicitly, so elementwise results do not depend on the machine.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::sync::OnceLock;

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every machine of this architecture supports.
    Baseline,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F, VL, DQ and BW.
    Avx512,
}

/// The best level that this machine supports.
fn best() -> Level {
    static BEST: OnceLock<Level> = OnceLock::new();
    *BEST.get_or_init(detect)
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Baseline,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Baseline
}

thread_local! {
    static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
}

/// Runs `body` with the kernels of this thread limited to `level`, for testing every code path on one machine.
///
/// ```
/// use downhill_kernels::{Elements, Float, Level, at_most};
/// let x = Elements::from(ndarray::arr1(&[0.1_f32, -2.0, 30.0]).into_dyn());
/// assert!(at_most(Level::Baseline, || x.map(|x| x.exp())) == x.map(|x| x.exp()));
/// ```
pub fn at_most<R>(level: Level, body: impl FnOnce() -> R) -> R {
    let _restored = Restored(FORCED.replace(Some(level.min(best()))));
    body()
}

/// Restores the previous level when dropped, also during a panic.
struct Restored(Option<Level>);

impl Drop for Restored {
    fn drop(&mut self) {
        FORCED.set(self.0);
    }
}

/// The level at which kernels run in this thread.
#[inline(always)]
pub fn level() -> Level {
    FORCED.get().unwrap_or_else(best)
}

/// Runs a loop with the best vector instructions of this machine. The closure and everything it calls must be
/// `#[inline(always)]`, or they are compiled for the baseline.
///
/// ```
/// use downhill_kernels::vectorised;
/// let mut x = [1.0_f32; 1000];
/// vectorised(
///     #[inline(always)]
///     || x.iter_mut().for_each(|x| *x += 0.5),
/// );
/// assert_eq!(x, [1.5; 1000]);
/// ```
#[inline(always)]
pub fn vectorised<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    match level() {
        // SAFETY: `best` has detected these instructions on this machine, and a forced level is never above it.
        Level::Avx512 => unsafe { avx512(body) },
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2(body) },
        Level::Baseline => body(),
    }
    #[cfg(not(target_arch = "x86_64"))]
    body()
}

/// A kernel whose loops are written for vectors of a certain length, compiled for each instruction set. Its methods must be
/// `#[inline(always)]`, as for [`vectorised`].
#[allow(unreachable_pub)] // As `Kernels`, in which it occurs.
pub trait Leveled {
    /// Runs with vectors of `LANES` elements, of which the registers hold about six times `ROWS` and a few more; `FUSED` is
    /// whether there is a fused multiply-add.
    fn run<const LANES: usize, const ROWS: usize, const FUSED: bool>(self);
}

/// Runs a kernel on `f32` at the present level.
#[inline(always)]
pub(crate) fn run_single<K: Leveled>(kernel: K) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        // SAFETY: as in `vectorised`.
        Level::Avx512 => unsafe {
            avx512(
                #[inline(always)]
                || kernel.run::<16, 4, true>(),
            )
        },
        // SAFETY: as in `vectorised`.
        Level::Avx2 => unsafe {
            avx2(
                #[inline(always)]
                || kernel.run::<8, 2, true>(),
            )
        },
        Level::Baseline => kernel.run::<4, 2, false>(),
    }
    #[cfg(not(target_arch = "x86_64"))]
    kernel.run::<4, 2, false>();
}

/// Runs a kernel on `f64` at the present level.
#[inline(always)]
pub(crate) fn run_double<K: Leveled>(kernel: K) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        // SAFETY: as in `vectorised`.
        Level::Avx512 => unsafe {
            avx512(
                #[inline(always)]
                || kernel.run::<8, 4, true>(),
            )
        },
        // SAFETY: as in `vectorised`.
        Level::Avx2 => unsafe {
            avx2(
                #[inline(always)]
                || kernel.run::<4, 2, true>(),
            )
        },
        Level::Baseline => kernel.run::<2, 2, false>(),
    }
    #[cfg(not(target_arch = "x86_64"))]
    kernel.run::<2, 2, false>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
fn avx512<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// [`at_most`] for tests of every instruction set. It checks that it works, or such tests would test nothing: the
/// current level is the requested one or the machine's best, and the previous one is restored afterwards.
#[cfg(test)]
#[track_caller]
pub(crate) fn tested_at<R>(wanted: Level, body: impl FnOnce() -> R) -> R {
    let before = level();
    let result = at_most(wanted, || {
        assert_eq!(level(), wanted.min(best()), "the current level");
        body()
    });
    assert_eq!(level(), before, "the level afterwards");
    result
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn the_level_is_set_and_restored() {
        assert_eq!(level(), best());
        for wanted in [Level::Baseline, Level::Avx2, Level::Avx512] {
            assert_eq!(tested_at(wanted, level), wanted.min(best()));
        }
        at_most(Level::Baseline, || {
            // A nested call may raise the level.
            assert_eq!(at_most(Level::Avx512, level), best());
            assert_eq!(level(), Level::Baseline);
        });
        assert_eq!(level(), best());
    }

    /// The level is never above what the machine supports.
    #[test]
    fn the_level_is_capped_at_the_best() {
        at_most(Level::Avx512, || assert_eq!(level(), best()));
        at_most(Level::Avx512, || assert_eq!(FORCED.get(), Some(best())));
    }

    #[test]
    fn a_panic_restores_the_level() {
        assert!(catch_unwind(|| at_most(Level::Baseline, || panic!("on purpose"))).is_err());
        assert_eq!(level(), best());
        at_most(Level::Baseline, || {
            assert!(catch_unwind(|| at_most(Level::Avx512, || panic!("on purpose"))).is_err());
            assert_eq!(level(), Level::Baseline);
        });
    }
}
