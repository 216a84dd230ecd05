//! The door to the machine's vector instructions: a loop is compiled once for each instruction set, and the machine
//! decides, once, which copy runs. No fused multiply-add is formed, so the results are the same in all of them.
#![allow(unsafe_code)]

use std::sync::OnceLock;

/// A loop; its `run` is `#[inline(always)]`, so that it is compiled for the instruction set of whoever calls it.
pub(super) trait Loop {
    fn run(self);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

#[inline]
fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                return Level::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Level::Avx2;
            }
        }
        Level::Baseline
    })
}

/// Runs a loop with the best vector instructions of this machine.
#[inline]
pub(super) fn vectorised(body: impl Loop) {
    match level() {
        // SAFETY: `level` has found these instructions on this machine.
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
