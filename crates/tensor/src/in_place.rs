//! Changing a tensor in place. Only a parameter or a constant can be changed: the elements of a result follow from its
//! inputs.

use std::sync::Arc;

use ndarray::ArrayViewMutD;

use crate::elements::Elements;
use crate::{Float, Tensor, kernels};

impl<F: Float> Tensor<F> {
    /// Replaces the elements and keeps what the tensor is: a parameter stays the same parameter, a constant a
    /// constant. What was recorded with the old elements keeps the old elements.
    ///
    /// # Panics
    /// If the shapes differ, or if this tensor is the result of an operation.
    #[track_caller]
    pub fn assign(&mut self, value: impl Into<Tensor<F>>) {
        let value = value.into();
        assert!(
            self.shape() == value.shape(),
            "assign: a tensor of shape {:?} cannot take elements of shape {:?}",
            self.shape(),
            value.shape(),
        );
        self.panic_unless_leaf("assign");
        *self = Self::leaf(value.0.elements.row_major().aligned(), self.0.id);
    }

    /// The elements, to be changed in place (copied first when they are shared). What was recorded with the old
    /// elements keeps the old elements. Row-major for a parameter.
    ///
    /// # Panics
    /// If this tensor is the result of an operation: its elements follow from its inputs.
    #[track_caller]
    pub fn data_mut(&mut self) -> ArrayViewMutD<'_, F> {
        self.panic_unless_leaf("data_mut");
        self.own_elements().view_mut()
    }

    /// [`data_mut`](Self::data_mut) as a slice in row-major order.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let mut w = Tensor::param([[1.0, 2.0], [3.0, 4.0]]);
    /// w.as_mut_slice()[1] = 5.0;
    /// assert_eq!(w, Tensor::from([[1.0, 5.0], [3.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// If this tensor is the result of an operation: its elements follow from its inputs.
    #[track_caller]
    pub fn as_mut_slice(&mut self) -> &mut [F] {
        self.panic_unless_leaf("as_mut_slice");
        self.own_elements().slice_mut()
    }

    /// The elements of a leaf that nobody else refers to; they may still share their memory.
    fn own_elements(&mut self) -> &mut Elements<F> {
        if Arc::get_mut(&mut self.0).is_none() {
            *self = Self::leaf(self.0.elements.clone(), self.0.id);
        }
        &mut Arc::get_mut(&mut self.0).expect("nobody else holds it").elements
    }

    /// Adds a tensor of the same shape to the elements; false if others hold them, or the shapes or layouts differ.
    pub(crate) fn add_in_place(&mut self, other: &Tensor<F>) -> bool {
        Arc::get_mut(&mut self.0).is_some_and(|node| kernels::add_in_place(&mut node.elements, &other.0.elements))
    }

    #[track_caller]
    fn panic_unless_leaf(&self, what: &str) {
        if let Some(op) = self.op_name() {
            panic!("{what}: this tensor was computed by `{op}`; only a parameter or a constant can be changed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_place_leaves_other_owners_and_the_graph_alone() {
        let mut w = Tensor::param([2.0_f64]);
        let copy = w.clone();
        let loss = w.square().sum();
        w.data_mut()[0] = 5.0;
        assert_eq!(copy.to_vec(), [2.0]);
        assert_eq!(w.to_vec(), [5.0]);
        assert_eq!(loss.backward()[&w].to_vec(), [4.0]);
    }

    #[test]
    fn an_assigned_parameter_begins_a_line_of_the_cache() {
        let mut w = Tensor::param(vec![0.0_f32; 100]);
        // All but the first of elements that begin a line.
        w.assign(Tensor::ones(&[101]).narrow(0, 1, 100));
        assert_eq!(w.as_slice().expect("row-major").as_ptr().addr() % 64, 0);
    }

    #[test]
    #[should_panic(expected = "assign: a tensor of shape [2] cannot take elements of shape [3]")]
    fn assign_checks_the_shape() {
        Tensor::param([1.0_f32, 2.0]).assign([1.0, 2.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "this tensor was computed by `exp`")]
    fn a_result_cannot_be_changed() {
        Tensor::param([1.0_f32, 2.0]).exp().data_mut();
    }
}
