//! A wide number for each state of a text, in two arrays: loops over them are vectorized.

use downhill_kernels::vectorised;

use super::wide::Wide;

/// How many zeros are before the first state and after the last: as many as a path may come from or go to.
const EDGE: usize = 2;

/// A number for each state.
pub(super) struct Row {
    m: Vec<f64>,
    e: Vec<f64>,
}

impl Row {
    pub(super) fn zeros(states: usize) -> Row {
        Row { m: vec![Wide::ZERO.m; states + 2 * EDGE], e: vec![Wide::ZERO.e; states + 2 * EDGE] }
    }

    pub(super) fn get(&self, state: usize) -> Wide {
        Wide { m: self.m[state + EDGE], e: self.e[state + EDGE] }
    }

    pub(super) fn set(&mut self, state: usize, Wide { m, e }: Wide) {
        (self.m[state + EDGE], self.e[state + EDGE]) = (m, e);
    }

    /// The `m` and the `e` of all states.
    pub(super) fn parts(&self) -> [&[f64]; 2] {
        [&self.m, &self.e].map(|part| &part[EDGE..part.len() - EDGE])
    }

    fn parts_mut(&mut self) -> [&mut [f64]; 2] {
        [&mut self.m, &mut self.e].map(|part| {
            let end = part.len() - EDGE;
            &mut part[EDGE..end]
        })
    }

    /// The probability of every state's class, given the logarithms of those of the blank and of each symbol.
    pub(super) fn emit(&mut self, logarithms: &[f64], exponentials: &mut [Wide]) {
        vectorised(
            #[inline(always)]
            || {
                for (wide, &x) in exponentials.iter_mut().zip(logarithms) {
                    *wide = Wide::exp(x);
                }
            },
        );
        for state in (0..self.m.len() - 2 * EDGE).step_by(2) {
            self.set(state, exponentials[0]);
        }
        for (number, &wide) in exponentials[1..].iter().enumerate() {
            self.set(2 * number + 1, wide);
        }
    }

    /// For every state, the sum of `before` over the states that a path may come from, times `p`. `skips` is 0 where a path
    /// may come from two states before, and -∞ elsewhere and twice after the last state.
    pub(super) fn advance(&mut self, before: &Row, skips: &[f64], p: &Row) {
        let [m, e] = self.parts_mut();
        let (n, [pm, pe]) = (m.len(), p.parts());
        let (e, skips, pm, pe) = (&mut e[..n], &skips[..n], &pm[..n], &pe[..n]);
        let [m0, m1, m2] = [2, 1, 0].map(|from| &before.m[from..][..n]);
        let [e0, e1, e2] = [2, 1, 0].map(|from| &before.e[from..][..n]);
        vectorised(
            #[inline(always)]
            || {
                for at in 0..n {
                    let from = [
                        Wide { m: m0[at], e: e0[at] },
                        Wide { m: m1[at], e: e1[at] },
                        Wide { m: m2[at], e: e2[at] + skips[at] },
                    ];
                    let after = Wide::sum_of_3(from).times(Wide { m: pm[at], e: pe[at] });
                    (m[at], e[at]) = (after.m, after.e);
                }
            },
        );
    }

    /// For every state, the sum over the states that a path may go to of `to_come` times `p`; `from_here` is scratch space.
    pub(super) fn go_back(&mut self, skips: &[f64], p: &Row, from_here: &mut Row) {
        let [m, e] = self.parts_mut();
        let (n, [pm, pe]) = (m.len(), p.parts());
        let (e, skips, pm, pe) = (&mut e[..n], &skips[EDGE..][..n], &pm[..n], &pe[..n]);
        let [fm, fe] = from_here.parts_mut();
        let (fm, fe) = (&mut fm[..n], &mut fe[..n]);
        vectorised(
            #[inline(always)]
            || {
                for at in 0..n {
                    let here = Wide { m: m[at], e: e[at] }.times(Wide { m: pm[at], e: pe[at] });
                    (fm[at], fe[at]) = (here.m, here.e);
                }
            },
        );
        let [m0, m1, m2] = [2, 3, 4].map(|to| &from_here.m[to..][..n]);
        let [e0, e1, e2] = [2, 3, 4].map(|to| &from_here.e[to..][..n]);
        vectorised(
            #[inline(always)]
            || {
                for at in 0..n {
                    let to = [
                        Wide { m: m0[at], e: e0[at] },
                        Wide { m: m1[at], e: e1[at] },
                        Wide { m: m2[at], e: e2[at] + skips[at] },
                    ];
                    let sum = Wide::sum_of_3(to);
                    (m[at], e[at]) = (sum.m, sum.e);
                }
            },
        );
    }

    /// The products with `reached`, given as the `m` and the `e` of all states, as shares of the whole.
    pub(super) fn shares(&self, reached: [&[f64]; 2], whole: Wide, shares: &mut [f64]) {
        let n = shares.len();
        let [[rm, re], [m, e]] = [reached, self.parts()].map(|parts| parts.map(|part| &part[..n]));
        vectorised(
            #[inline(always)]
            || {
                for at in 0..n {
                    shares[at] = Wide { m: rm[at] * m[at], e: re[at] + e[at] }.share_of(whole);
                }
            },
        );
    }
}
