//! Results of a convolution written straight to their places, for instruction sets that have a kernel for that.
//!
//! The results at consecutive positions of the copy ([`Planes`]) are computed together, in strips of whole vectors; some of
//! these positions are padding, between two lines or two images. Of every vector, the results are one or more pieces, each of
//! which belongs together in memory.

use super::planes::Planes;
use crate::Float;

/// Elements of a vector of 16 positions that are consecutive in the result.
pub(super) struct Piece {
    /// The lanes of the elements, at least one.
    pub(super) lanes: u16,
    /// Where the first one belongs, in the first channel.
    pub(super) to: usize,
}

/// Where the results belong.
pub(super) struct Pieces {
    all: Vec<Piece>,
    /// For each vector, the end of its pieces in `all`.
    ends: Vec<usize>,
    /// The end of the last piece, in the first channel.
    reach: usize,
}

impl Pieces {
    /// For that many images of the planes; the results of an image begin `image` elements after those of the one before.
    pub(super) fn new(planes: &Planes, images: usize, image: usize) -> Self {
        let [down, across] = [planes.axes[0].count, planes.axes[1].count];
        let mut pieces = Pieces { all: Vec::new(), ends: Vec::new(), reach: 0 };
        for (number, line) in (0..images).flat_map(|number| (0..down).map(move |line| (number, line))) {
            let (start, to) = (planes.position(number, line, 0), number * image + line * across);
            for i in 0..across {
                pieces.add(start + i, to + i);
            }
        }
        pieces
    }

    /// The element at `position` belongs at `to`. Positions come in order.
    fn add(&mut self, position: usize, to: usize) {
        let (vector, lane) = (position / 16, 1 << (position % 16));
        let is_new = vector >= self.ends.len();
        self.ends.resize(vector + 1, self.all.len());
        match self.all.last_mut() {
            Some(last) if !is_new && last.to + last.lanes.count_ones() as usize == to => last.lanes |= lane,
            _ => self.all.push(Piece { lanes: lane, to }),
        }
        self.ends[vector] = self.all.len();
        self.reach = self.reach.max(to + 1);
    }

    /// The number of vectors.
    pub(super) fn vectors(&self) -> usize {
        self.ends.len()
    }

    /// Those of a vector; none after the last.
    pub(super) fn of(&self, vector: usize) -> &[Piece] {
        match (vector.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied()), self.ends.get(vector)) {
            (Some(start), Some(&end)) => &self.all[start..end],
            _ => &[],
        }
    }

    /// One more than the largest place in the first channel.
    pub(super) fn reach(&self) -> usize {
        self.reach
    }
}

/// A convolution of one group of channels and a few images.
#[allow(unreachable_pub)] // As `Kernels`, in which it occurs.
pub struct Strips<'a, F: Float> {
    /// The copy.
    pub(super) source: &'a [F],
    /// What the first position reads, for each source channel and kernel position.
    pub(super) offsets: &'a [usize],
    /// For each tile of rows, for each offset: the weights of the rows. (Rows are the channels of the result.)
    pub(super) weights: &'a [F],
    /// What every row starts from.
    pub(super) start: &'a [F],
    pub(super) pieces: &'a Pieces,
    /// The distance in the result from one row to the next.
    pub(super) plane: usize,
}

/// The heights of the tiles, at most `most` and about equal.
pub(super) fn heights(rows: usize, most: usize) -> impl Iterator<Item = usize> {
    let tiles = rows.div_ceil(most);
    (0..tiles).map(move |tile| rows / tiles + usize::from(tile < rows % tiles))
}
