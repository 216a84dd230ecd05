//! The door to the machine's vector instructions.
//!
//! A kernel is a plain loop in a closure; here the closure is compiled once for each instruction set, and the compiler
//! turns the loop into vector instructions of that set. Which one runs is decided by the machine, once. No loop uses
//! fused multiply-add unless it says so, so elementwise results do not depend on the machine.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::sync::OnceLock;

/// An instruction set a kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every machine of this architecture has.
    Baseline,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F, VL, DQ and BW.
    Avx512,
}

/// The best level this machine has.
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

/// Runs `body` with kernels at most at `level`, in this thread: for testing every path on one machine.
///
/// ```
/// use downhill_tensor::{Tensor, machine::{Level, at_most}};
/// let x = Tensor::from([0.1_f32, -2.0, 30.0]);
/// assert_eq!(at_most(Level::Baseline, || x.exp()), x.exp());
/// ```
pub fn at_most<R>(level: Level, body: impl FnOnce() -> R) -> R {
    /// Puts back what was in force, also when a panic passes by.
    struct Restore(Option<Level>);
    impl Drop for Restore {
        fn drop(&mut self) {
            FORCED.set(self.0);
        }
    }
    let _restore = Restore(FORCED.replace(Some(granted(level, best()))));
    body()
}

/// What is in force when `asked` is asked for on a machine that has `best`: running anything above would be undefined
/// behaviour.
fn granted(asked: Level, best: Level) -> Level {
    asked.min(best)
}

/// The level that kernels run at in this thread.
#[inline(always)]
pub fn level() -> Level {
    FORCED.get().unwrap_or_else(best)
}

/// Runs a loop with the best vector instructions of this machine. The closure, and those it calls, must be
/// `#[inline(always)]`, or they are compiled for the baseline.
///
/// ```
/// use downhill_tensor::machine::vectorised;
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
        // SAFETY: `best` has found these instructions on this machine, and a forced level is never above it.
        Level::Avx512 => unsafe { avx512(body) },
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2(body) },
        Level::Baseline => body(),
    }
    #[cfg(not(target_arch = "x86_64"))]
    body()
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

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

    #[test]
    fn never_above_the_machine() {
        for (asked, best) in LEVELS.into_iter().flat_map(|asked| LEVELS.map(|best| (asked, best))) {
            let granted = granted(asked, best);
            assert!(granted <= asked && granted <= best && (granted == asked || granted == best));
        }
    }

    /// The tests of other kernels at every level rest on this.
    #[test]
    fn the_level_asked_for_is_in_force_and_then_what_was_before() {
        let machine = level();
        for outer in LEVELS {
            at_most(outer, || {
                assert_eq!(level(), outer.min(machine));
                for inner in LEVELS {
                    assert_eq!(at_most(inner, level), inner.min(machine), "an inner level replaces the outer one");
                    assert_eq!(level(), outer.min(machine));
                }
            });
            assert_eq!(level(), machine);
        }
    }

    #[test]
    fn a_panic_leaves_the_level_as_it_was() {
        let machine = level();
        assert!(std::panic::catch_unwind(|| at_most(Level::Baseline, || panic!("on purpose"))).is_err());
        assert_eq!(level(), machine);
    }
}
