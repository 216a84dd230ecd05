//! The door to the machine's vector instructions: a loop is compiled once for each instruction set, and the machine
//! decides, once, which copy runs. No fused multiply-add is formed, so the results are the same in all of them.
#![allow(unsafe_code)]

use std::sync::OnceLock;

/// A loop; its `run` is `#[inline(always)]`, so that it is compiled for the instruction set of whoever calls it.
pub(super) trait Loop {
    fn run(self);
}

/// An instruction set a loop is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Level {
    /// What every machine of this architecture has.
    Baseline,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The best level this machine has.
#[inline]
pub(super) fn best() -> Level {
    static BEST: OnceLock<Level> = OnceLock::new();
    *BEST.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                return Level::Avx512;
            }
            if avx2 {
                return Level::Avx2;
            }
        }
        Level::Baseline
    })
}

/// Runs a loop with the best vector instructions of this machine.
#[inline]
pub(super) fn vectorised(body: impl Loop) {
    run_at(best(), body);
}

/// Runs a loop with the instructions of one level.
///
/// # Panics
/// If this machine does not have them.
#[inline(always)]
pub(super) fn run_at(level: Level, body: impl Loop) {
    assert!(level <= best(), "this machine has no {level:?}");
    match level {
        // SAFETY: `best` has found these instructions on this machine, and the level is not above it.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512(body) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2(body) },
        Level::Baseline => body.run(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
fn avx512(body: impl Loop) {
    body.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(body: impl Loop) {
    body.run();
}
