//! The axes that a reduction runs over.

use ndarray::IxDyn;

use crate::MAX_AXES;

/// Axes of a tensor with a known number of them: a set, and whether a reduction keeps them with size 1.
#[derive(Clone, Copy, Debug)]
pub struct AxisSet {
    /// One bit for each of as many axes as a tensor can have.
    pub bits: u64,
    /// Whether they stay, with size 1.
    pub keep: bool,
}

impl AxisSet {
    /// The set of the first `count` axes.
    pub fn first(count: usize) -> Self {
        const { assert!(MAX_AXES == 64, "a bit for every axis") };
        assert!(count <= MAX_AXES, "no tensor has {count} axes");
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

    /// How many elements each element of the result is made from.
    pub fn count(self, shape: &[usize]) -> usize {
        shape.iter().enumerate().filter(|&(axis, _)| self.contains(axis)).map(|(_, &n)| n).product()
    }
}
