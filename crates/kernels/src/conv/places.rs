//! Where the results of a convolution go.

use crate::Float;
use crate::short_copy::copy;

/// Every row of results consists of runs of consecutive positions, as many for each image. The first result of a run goes to
/// a place of its own, the others follow at equal distances.
pub(super) struct Places<'a, F> {
    /// From the place of the first result on.
    results: &'a mut [F],
    /// The distances between the places of neighboring images, rows, runs and results of a run.
    strides: [usize; 4],
    /// The distances between the positions of neighboring images and runs.
    pitches: [usize; 2],
    images: usize,
    /// The number of runs of an image, and of results in a run.
    runs: [usize; 2],
    /// The image and the run that come next, and the position of that run.
    next: [usize; 2],
    start: usize,
}

impl<'a, F: Float> Places<'a, F> {
    /// See the fields of the same names.
    pub(super) fn new(
        results: &'a mut [F],
        strides: [usize; 4],
        pitches: [usize; 2],
        images: usize,
        runs: [usize; 2],
    ) -> Self {
        Places { results, strides, pitches, images, runs, next: [0, 0], start: 0 }
    }

    /// Whether there is anything to come before a position.
    #[inline(always)]
    pub(super) fn wants(&self, end: usize) -> bool {
        self.next[0] < self.images && self.start < end
    }

    /// The places of all results up to a position, if they are consecutive and all come: those of the first row, and the
    /// distance to the next.
    #[inline(always)]
    pub(super) fn whole(&mut self, left: usize, end: usize) -> Option<(&mut [F], usize)> {
        let [to_image, to_row, to_run, step] = self.strides;
        if step != 1 || self.start > left || self.start + self.runs[1] < end {
            return None;
        }
        let first = self.next[0] * to_image + self.next[1] * to_run + left - self.start;
        if self.start + self.runs[1] == end {
            self.advance();
        }
        Some((&mut self.results[first..], to_row))
    }

    #[inline(always)]
    fn advance(&mut self) {
        let [image, run] = self.next;
        self.next = if run + 1 < self.runs[0] { [image, run + 1] } else { [image + 1, 0] };
        self.start = self.next[0] * self.pitches[0] + self.next[1] * self.pitches[1];
    }

    /// Takes the results of `2·LANES` positions from `left` on, side by side for every row. They come in order.
    #[inline(always)]
    pub(super) fn put<const LANES: usize>(&mut self, left: usize, strip: &[F]) {
        let end = left + 2 * LANES;
        let ([to_image, to_row, to_run, step], length) = (self.strides, self.runs[1]);
        while self.wants(end) {
            let (from, to) = (self.start.max(left), (self.start + length).min(end));
            let first = self.next[0] * to_image + self.next[1] * to_run + (from - self.start) * step;
            for (row, values) in strip.chunks_exact(2 * LANES).enumerate() {
                let (values, places) = (&values[from - left..to - left], &mut self.results[first + row * to_row..]);
                match step {
                    1 => copy(values, &mut places[..values.len()]),
                    _ => places.iter_mut().step_by(step).zip(values).for_each(|(place, &x)| *place = x),
                }
            }
            if to < self.start + length {
                break;
            }
            self.advance();
        }
    }
}
