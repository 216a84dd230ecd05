//! Scaled dot-product attention of several heads, and its derivative, one head of one sample at a time:
//!
//! ```text
//! scores = q·kᵀ·scale + bias        p = softmax of every row        y = (p·kept)·v
//! ```
//!
//! The scores of a block of queries are in scratch memory and computed again for the derivative, so that the memory is
//! linear in the number of positions (Rabe and Staats, "Self-attention does not need O(n²) memory", arXiv 2112.05682).

mod product;
mod rows;

use crate::Float;
use crate::simd::vectorised;
use product::{Left, Sizes, product};
pub(crate) use rows::softmax_or_zero;
pub use rows::store;
use rows::{inner_product, multiply, transpose};

/// At least this many queries are processed together, and as many as have about this many scores.
const QUERIES: usize = 8;
const SCORES: usize = 1 << 14;
/// The softmax of a row is that of a multiple of this many elements: of fewer, each takes as long as a vector.
const WHOLE: usize = 32;

/// What an argument's rows are: those of sample `n` begin at `start + n·sample`, and are `row` elements apart. Head `h`
/// has the `h`-th part of each.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The offset of the first element.
    pub start: usize,
    /// From one sample to the next.
    pub sample: usize,
    /// From one position to the next.
    pub row: usize,
}

/// What is added to the scores: that of sample `n`, head `h`, query `i` and key `j` is at
/// `n·steps[0] + h·steps[1] + i·steps[2] + j`.
#[derive(Clone, Copy)]
pub struct Bias<'a, F> {
    /// All of them.
    pub elements: &'a [F],
    /// 0 along an axis that is broadcast.
    pub steps: [usize; 3],
}

/// The sizes, and what the result depends on besides the arguments.
#[derive(Clone, Copy)]
pub struct Attention<'a, F> {
    /// The number of samples.
    pub samples: usize,
    /// The number of heads.
    pub heads: usize,
    /// The number of positions that ask.
    pub queries: usize,
    /// The number of positions that answer.
    pub keys: usize,
    /// The size of a head's queries and keys.
    pub width: usize,
    /// The size of a head's values.
    pub values: usize,
    /// The factor of the scores.
    pub scale: F,
    /// Whether query `i` sees no key after `i`.
    pub causal: bool,
    /// What is added to the scores.
    pub bias: Option<Bias<'a, F>>,
    /// The factors of the weights, `[samples, heads, queries, keys]`.
    pub kept: Option<&'a [F]>,
}

/// The arguments: queries, keys and values.
pub type Arguments<'a, F> = [(&'a [F], Layout); 3];

/// The scratch memory of a head.
struct Scratch<F> {
    /// The keys and the values, transposed.
    keys: Vec<F>,
    values: Vec<F>,
    /// Of a block of queries: weights, and their gradients.
    weights: Vec<F>,
    slopes: Vec<F>,
}

impl<F: Float> Attention<'_, F> {
    /// The result, row-major `[samples, queries, heads·values]`, into `y`.
    ///
    /// # Panics
    /// If an array is smaller than the sizes say.
    pub fn forward(&self, [q, k, v]: Arguments<'_, F>, y: &mut [F]) {
        // Of nothing there may be any number: no loop over it.
        if y.is_empty() {
            return;
        }
        let (queries, row) = (self.block(), self.heads * self.values);
        let mut scratch = self.scratch();
        let mut part = vec![F::zero(); queries * self.values];
        for (n, h) in self.all_heads() {
            let [(q, q_row), (k, k_row), (v, v_row)] = self.of([q, k, v], n, h);
            transpose(k, k_row, [self.keys, self.width], &mut scratch.keys);
            for first in (0..self.queries).step_by(queries) {
                let count = queries.min(self.queries - first);
                self.weigh(&q[first * q_row..], q_row, [n, h, first, count], &mut scratch);
                let weights = &mut scratch.weights[..count * self.keys];
                if let Some(kept) = self.kept_of([n, h, first, count]) {
                    multiply(weights, kept);
                }
                let sizes = Sizes { rows: count, inner: self.keys, columns: self.values };
                let part = &mut part[..count * self.values];
                product(sizes, Left::Rows { elements: weights, step: self.keys }, v, v_row, part, false);
                let start = (n * self.queries + first) * row + h * self.values;
                store(part, self.values, &mut y[start..], row);
            }
        }
    }

    /// The gradients with respect to queries, keys and values, given `dy`, that of the result, and its layout. `put` is
    /// called with them, for each head of each sample: which argument, sample, head, and its rows next to each other.
    ///
    /// # Panics
    /// If an array is smaller than the sizes say.
    pub fn backward(&self, [q, k, v]: Arguments<'_, F>, dy: &[F], mut put: impl FnMut(usize, [usize; 2], &[F])) {
        if [q, k, v].iter().all(|(elements, _)| elements.is_empty()) {
            return;
        }
        let (queries, row) = (self.block(), self.heads * self.values);
        let mut scratch = self.scratch();
        let room = |positions: usize, width: usize| vec![F::zero(); positions * width];
        let (mut dq, mut dk) = (room(self.queries, self.width), room(self.keys, self.width));
        let (mut dv, mut dropped) = (room(self.keys, self.values), Vec::new());
        for (n, h) in self.all_heads() {
            let [(q, q_row), (k, k_row), (v, v_row)] = self.of([q, k, v], n, h);
            transpose(k, k_row, [self.keys, self.width], &mut scratch.keys);
            transpose(v, v_row, [self.keys, self.values], &mut scratch.values);
            for first in (0..self.queries).step_by(queries) {
                let count = queries.min(self.queries - first);
                let q = &q[first * q_row..];
                let dy = &dy[(n * self.queries + first) * row + h * self.values..];
                self.weigh(q, q_row, [n, h, first, count], &mut scratch);
                let Scratch { values, weights, slopes, .. } = &mut scratch;
                let (weights, slopes) = (&mut weights[..count * self.keys], &mut slopes[..count * self.keys]);
                // By the weights: dy·vᵀ.
                let sizes = Sizes { rows: count, inner: self.values, columns: self.keys };
                product(sizes, Left::Rows { elements: dy, step: row }, values, self.keys, slopes, false);
                let add = first > 0;
                // By the values: the weights, transposed, times dy.
                let sizes = Sizes { rows: self.keys, inner: count, columns: self.values };
                let kept = self.kept_of([n, h, first, count]);
                if let Some(kept) = kept {
                    multiply(slopes, kept);
                    dropped.clear();
                    dropped.extend_from_slice(weights);
                    multiply(&mut dropped, kept);
                }
                let used = if kept.is_some() { &dropped } else { &*weights };
                product(sizes, Left::Columns { elements: used, step: self.keys }, dy, row, &mut dv, add);
                // By the scores, through the softmax.
                self.through_softmax(weights, slopes);
                // By the queries and the keys.
                let sizes = Sizes { rows: count, inner: self.keys, columns: self.width };
                let dq = &mut dq[first * self.width..][..count * self.width];
                product(sizes, Left::Rows { elements: slopes, step: self.keys }, k, k_row, dq, false);
                let sizes = Sizes { rows: self.keys, inner: count, columns: self.width };
                product(sizes, Left::Columns { elements: slopes, step: self.keys }, q, q_row, &mut dk, add);
            }
            for (number, gradient) in [&dq, &dk, &dv].into_iter().enumerate() {
                if !gradient.is_empty() {
                    put(number, [n, h], gradient);
                }
            }
        }
    }

    fn all_heads(&self) -> impl Iterator<Item = (usize, usize)> + use<F> {
        let (samples, heads) = (self.samples, self.heads);
        (0..samples).flat_map(move |n| (0..heads).map(move |h| (n, h)))
    }

    /// How many queries are processed together.
    fn block(&self) -> usize {
        (SCORES / self.keys.max(1)).max(QUERIES).min(self.queries.max(1))
    }

    fn scratch(&self) -> Scratch<F> {
        let (room, block) = (|count: usize| vec![F::zero(); count], self.block() * self.keys);
        Scratch {
            keys: room(self.keys * self.width),
            values: room(self.keys * self.values),
            weights: room(block),
            slopes: room(block),
        }
    }

    /// The elements of a head from its first on, with the distance of the rows.
    fn of<'b>(&self, arguments: Arguments<'b, F>, n: usize, h: usize) -> [(&'b [F], usize); 3] {
        let widths = [self.width, self.width, self.values];
        std::array::from_fn(|i| {
            let (elements, layout) = arguments[i];
            // Without positions there may be nothing to point to.
            let start = (layout.start + n * layout.sample + h * widths[i]).min(elements.len());
            (&elements[start..], layout.row)
        })
    }

    fn kept_of(&self, [n, h, first, count]: [usize; 4]) -> Option<&[F]> {
        let start = ((n * self.heads + h) * self.queries + first) * self.keys;
        Some(&self.kept?[start..][..count * self.keys])
    }

    /// The weights of a block of `count` queries from `first` on, into the scratch memory.
    fn weigh(&self, q: &[F], row: usize, [n, h, first, count]: [usize; 4], scratch: &mut Scratch<F>) {
        let Scratch { keys, weights, .. } = scratch;
        let weights = &mut weights[..count * self.keys];
        let sizes = Sizes { rows: count, inner: self.width, columns: self.keys };
        product(sizes, Left::Rows { elements: q, step: row }, keys, self.keys, weights, false);
        if weights.is_empty() {
            return;
        }
        vectorised(
            #[inline(always)]
            || {
                for (i, row) in weights.chunks_exact_mut(self.keys).enumerate() {
                    let seen = if self.causal { (first + i + 1).min(self.keys) } else { self.keys };
                    let whole = seen.next_multiple_of(WHOLE).min(self.keys);
                    row[seen..whole].fill(F::neg_infinity());
                    let visible = &mut row[..seen];
                    match self.bias {
                        Some(Bias { elements, steps: [samples, heads, queries] }) => {
                            let bias = &elements[n * samples + h * heads + (first + i) * queries..][..seen];
                            for (x, &bias) in visible.iter_mut().zip(bias) {
                                *x = *x * self.scale + bias;
                            }
                        }
                        None => {
                            for x in visible.iter_mut() {
                                *x *= self.scale;
                            }
                        }
                    }
                    softmax_or_zero(&mut row[..whole]);
                    row[seen..].fill(F::zero());
                }
            },
        );
    }

    /// From the gradients by the weights to those by the products of queries and keys, in place.
    fn through_softmax(&self, weights: &[F], slopes: &mut [F]) {
        if slopes.is_empty() {
            return;
        }
        vectorised(
            #[inline(always)]
            || {
                for (p, d) in weights.chunks_exact(self.keys).zip(slopes.chunks_exact_mut(self.keys)) {
                    let mean = inner_product(p, d);
                    for (d, &p) in d.iter_mut().zip(p) {
                        *d = p * (*d - mean) * self.scale;
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests;
