//! The axes that a reduction runs over.

use ndarray::IxDyn;

use crate::MAX_AXES;

/// The set of axes that a reduction runs over, and whether the result keeps them with size 1.
#[derive(Clone, Copy, Debug)]
pub struct AxisSet {
    /// One bit per axis; a tensor has at most 64.
    pub bits: u64,
    /// Whether the result keeps the reduced axes, with size 1.
    pub keep: bool,
}

impl AxisSet {
    /// The set of the first `count` axes.
    pub fn first(count: usize) -> Self {
        const { assert!(MAX_AXES == 64, "one bit per axis") };
        assert!(count <= MAX_AXES, "a tensor has at most {MAX_AXES} axes, not {count}");
        AxisSet { bits: if count == MAX_AXES { u64::MAX } else { (1 << count) - 1 }, keep: false }
    }

    /// The same axes, kept in the result with size 1.
    pub fn kept(self) -> Self {
        AxisSet { keep: true, ..self }
    }

    /// Whether a reduction runs over this axis, counted from the front.
    pub fn contains(self, axis: usize) -> bool {
        self.bits >> axis & 1 == 1
    }

    /// `shape` with the reduced axes at size 1.
    pub fn kept_shape(self, shape: &[usize]) -> IxDyn {
        let mut kept = IxDyn(shape);
        for axis in 0..shape.len() {
            if self.contains(axis) {
                kept[axis] = 1;
            }
        }
        kept
    }

    /// The shape of the reduction's result.
    pub fn reduced_shape(self, shape: &[usize]) -> IxDyn {
        if self.keep {
            return self.kept_shape(shape);
        }
        let mut reduced = IxDyn::zeros(shape.len() - self.bits.count_ones() as usize);
        let kept = (0..shape.len()).filter(|&axis| !self.contains(axis));
        for (to, axis) in kept.enumerate() {
            reduced[to] = shape[axis];
        }
        reduced
    }

    /// How many elements are reduced to each element of the result.
    pub fn count(self, shape: &[usize]) -> usize {
        shape.iter().enumerate().filter(|&(axis, _)| self.contains(axis)).map(|(_, &n)| n).product()
    }
}
