//! The update loop of elementwise optimizer rules: one pass over parameter, gradient and state.
#![allow(unsafe_code)]

use crate::Float;
use crate::{share, vectorised};

/// Updates every element of `param` and of the state in place: `formula` maps `(param, grad, state)` to the new
/// `(param, state)`.
///
/// Elements of buffer `k` whose absolute value is below `cuts[k]` become zero (`cut` in `downhill-optim` chooses the
/// thresholds): the momentum of a weight whose gradient is always zero (a dead unit, a pixel that is always black)
/// would otherwise decay into the subnormal numbers and stay there, where every multiplication takes a hundred times as
/// long. Measured on an MNIST network: the whole training step is twice as fast, on a small one seven times.
///
/// # Panics
/// If `grad` or a buffer of the state has another length than `param`.
pub fn update<F: Float, const N: usize>(
    param: &mut [F],
    grad: &[F],
    state: [&mut [F]; N],
    cuts: [F; N],
    formula: impl Fn(F, F, [F; N]) -> (F, [F; N]) + Copy + Sync,
) {
    let len = param.len();
    assert!(
        grad.len() == len && state.iter().all(|buffer| buffer.len() == len),
        "update: gradient and state must have as many elements as the parameter"
    );
    if len < SHARED || crate::threads() == 1 {
        return pass(param, grad, state, cuts, formula);
    }
    // Each thread updates its own range of elements.
    let (param, state) = (Lent(param.as_mut_ptr()), state.map(|buffer| Lent(buffer.as_mut_ptr())));
    share(len, SHARED_BLOCK, |range| {
        let grad = &grad[range.clone()];
        // SAFETY: all slices have the same length (asserted above), so the ranges are in bounds, and they are disjoint.
        let lend = |whole: &Lent<F>| unsafe { std::slice::from_raw_parts_mut(whole.0.add(range.start), range.len()) };
        pass(lend(&param), grad, std::array::from_fn(|k| lend(&state[k])), cuts, formula);
    });
}

/// Updates of at least this many elements are split among the threads. This affects only speed: each element's result
/// is bitwise identical.
const SHARED: usize = 1 << 16;
/// They are split at multiples of this, a few cache lines.
const SHARED_BLOCK: usize = 64;

/// A buffer's address; each thread uses a different range of it.
struct Lent<F>(*mut F);

// SAFETY: threads access disjoint ranges.
unsafe impl<F: Send> Sync for Lent<F> {}

fn pass<F: Float, const N: usize>(
    param: &mut [F],
    grad: &[F],
    state: [&mut [F]; N],
    cuts: [F; N],
    formula: impl Fn(F, F, [F; N]) -> (F, [F; N]) + Copy,
) {
    let len = param.len();
    // Slices of one known length need no bounds checks in the loop.
    let (grad, state) = (&grad[..len], state.map(|buffer| &mut buffer[..len]));
    // `move`: the formula's constants behind a reference would keep the loop from being vectorized.
    vectorised(
        #[inline(always)]
        move || {
            for i in 0..len {
                let (p, s) = formula(param[i], grad[i], std::array::from_fn(|k| state[k][i]));
                param[i] = p;
                // The comparison is false for NaN, which therefore stays.
                for k in 0..N {
                    state[k][i] = if s[k].abs() < cuts[k] { F::zero() } else { s[k] };
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use crate::{Level, at_most, level};

    use super::*;
    use crate::team::tests::with_threads;

    fn formula(p: f32, g: f32, [m, v]: [f32; 2]) -> (f32, [f32; 2]) {
        let (m, v) = (0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g);
        (p - 0.3 * m / (v.sqrt() * 1.7 + 1e-3), [m, v])
    }

    /// Bitwise identical with every instruction set, for every length of the remainder loop.
    #[test]
    fn every_level_as_the_plain_loop() {
        let best = level();
        for wanted in [Level::Baseline, Level::Avx2, Level::Avx512] {
            for len in (0..70).chain([1000]) {
                let number = |i: usize, seed: usize| ((i * 37 + seed * 11) % 101) as f32 / 17.0 - 3.0;
                let [mut p, g, mut m, mut v] = [1, 2, 3, 4].map(|seed| {
                    (0..len)
                        .map(|i| if seed == 4 { number(i, seed).abs() } else { number(i, seed) })
                        .collect::<Vec<_>>()
                });
                let expected: Vec<_> = (0..len).map(|i| formula(p[i], g[i], [m[i], v[i]])).collect();
                at_most(wanted, || {
                    assert_eq!(level(), wanted.min(best), "the current level");
                    update(&mut p, &g, [&mut m, &mut v], [0.0; 2], formula);
                });
                assert_eq!(level(), best, "the level afterwards");
                for i in 0..len {
                    let bits = |(p, [m, v]): (f32, [f32; 2])| [p, m, v].map(f32::to_bits);
                    assert_eq!(bits((p[i], [m[i], v[i]])), bits(expected[i]), "{wanted:?}, element {i} of {len}");
                }
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let number = |i: usize, seed: usize| ((i * 37 + seed * 11) % 1009) as f32 / 170.0 - 3.0;
        for len in [SHARED - 1, SHARED, SHARED + 1, 3 * SHARED + 77] {
            let run = move || {
                let [mut p, g, mut m] = [1, 2, 3].map(|seed| (0..len).map(|i| number(i, seed)).collect::<Vec<_>>());
                update(&mut p, &g, [&mut m], [0.0], |p, g, [m]| (p - 0.1 * (0.9 * m + g), [0.9 * m + g]));
                (p, m)
            };
            let one = run();
            for threads in [2, 3, 5] {
                let one = one.clone();
                with_threads(threads, move || assert!(run() == one, "{len}, {threads} threads"));
            }
        }
    }

    #[test]
    fn every_buffer_has_a_cut_of_its_own_and_nan_stays() {
        let mut state = [1e-31_f32, -1e-31, 1e-29, f32::NAN, f32::INFINITY];
        let mut other = state;
        let param = &mut [0.0; 5];
        update(param, &[0.0; 5], [&mut state, &mut other], [1e-30, 0.0], |p, _, s| (p, s));
        assert_eq!(state[..3], [0.0, 0.0, 1e-29]);
        assert!(state[3].is_nan() && state[4] == f32::INFINITY);
        assert_eq!(other[..3], [1e-31, -1e-31, 1e-29]);
    }
}
