//! Changing a tensor in place. Only a parameter or a constant can be changed: the elements of a result are determined
//! by its inputs. Other holders of the tensor, a clone or a record, keep the old elements: the changed tensor becomes a
//! new parameter, because one id means one set of elements.

use std::sync::Arc;

use ndarray::ArrayViewMutD;

use crate::Elements;
use crate::record::next_id;
use crate::{Float, Tensor, kernels};

impl<F: Float> Tensor<F> {
    /// Replaces the elements; a parameter stays a parameter, a constant a constant. A parameter also keeps its
    /// [`id`](Self::id), unless a clone of it or the record of a result is still alive (the record of `value` does not
    /// count): those keep the old elements, and this tensor becomes a new parameter with a new id.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let mut w = Tensor::param([1.0, 2.0]);
    /// let id = w.id();
    /// let grads = w.square().sum().backward();
    /// w.assign(&w - 0.25 * &grads[&w]);
    /// assert!(w == Tensor::from([0.5, 1.0]) && w.id() == id);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, or if this tensor is the result of an operation.
    #[doc(alias("copy_", "set_"))]
    #[track_caller]
    pub fn assign(&mut self, value: impl Into<Tensor<F>>) {
        let value = value.into();
        assert!(
            self.shape() == value.shape(),
            "assign: shape mismatch: the tensor has shape {:?}, the new elements {:?}",
            self.shape(),
            value.shape(),
        );
        self.panic_unless_leaf("assign");
        let elements = value.0.elements.row_major();
        // The record of `value` may hold this very tensor.
        drop(value);
        let elements = elements.aligned();
        match Arc::get_mut(&mut self.0) {
            Some(node) => node.elements = elements,
            None => *self = Self::leaf(elements, self.id_apart()),
        }
    }

    /// The elements as a mutable view, copied first if they are shared. Other holders keep the old elements, as with
    /// [`assign`](Self::assign). The view of a parameter is row-major.
    ///
    /// # Panics
    /// If this tensor is the result of an operation: its elements are determined by its inputs.
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
    /// If this tensor is the result of an operation: its elements are determined by its inputs.
    #[track_caller]
    pub fn as_mut_slice(&mut self) -> &mut [F] {
        self.panic_unless_leaf("as_mut_slice");
        self.own_elements().slice_mut()
    }

    /// The elements of a leaf, whose node is then not shared. (The memory of the elements may be.)
    fn own_elements(&mut self) -> &mut Elements<F> {
        if Arc::get_mut(&mut self.0).is_none() {
            *self = Self::leaf(self.0.elements.clone(), self.id_apart());
        }
        &mut Arc::get_mut(&mut self.0).expect("not shared").elements
    }

    /// The id this leaf gets when it separates from its other holders: still 0 for a constant, else a new one, negative
    /// if frozen.
    fn id_apart(&self) -> i64 {
        match self.0.id.signum() {
            0 => 0,
            sign => sign * next_id(),
        }
    }

    /// Freezes a parameter. If it is shared, this becomes a new, frozen parameter, and the other holders' is not
    /// frozen.
    pub(crate) fn freeze_leaf(&mut self) {
        debug_assert!(self.is_param());
        self.turn_over();
    }

    /// Unfreezes a frozen parameter. If it is shared, this becomes a new parameter, and the other holders' stays
    /// frozen.
    pub(crate) fn unfreeze_leaf(&mut self) {
        debug_assert!(self.is_frozen());
        self.turn_over();
    }

    fn turn_over(&mut self) {
        // A frozen parameter has the negated id.
        match Arc::get_mut(&mut self.0) {
            Some(node) => node.id = -node.id,
            None => *self = Self::leaf(self.0.elements.clone(), -self.id_apart()),
        }
    }

    /// A copy with its own memory: a parameter with a new id, frozen if this one is, or a constant. The result of an
    /// operation cannot be changed, so it is only cloned.
    pub(crate) fn deep_copy_leaf(&self) -> Self {
        if !self.is_leaf() {
            return self.clone();
        }
        let copy = Tensor::constant(self.to_array()).0.elements.row_major().aligned();
        Self::leaf(copy, self.id_apart())
    }

    /// Adds a tensor of the same shape in place; returns false if this tensor is shared, or if the shapes or layouts
    /// differ.
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
        let grads = loss.backward();
        assert_eq!(grads[&copy].to_vec(), [4.0]);
        assert!(grads.get(&w).is_none(), "two sets of elements are two parameters");
    }

    #[test]
    fn a_constant_that_parts_from_its_clones_stays_a_constant() {
        let mut constant = Tensor::from([2.0_f64]);
        let clone = constant.clone();
        constant.data_mut()[0] = 3.0;
        assert_eq!((clone.to_vec(), constant.to_vec()), (vec![2.0], vec![3.0]));
        assert!(!constant.is_param() && !constant.is_frozen());
    }

    #[test]
    fn an_assigned_parameter_begins_a_line_of_the_cache() {
        let mut w = Tensor::param(vec![0.0_f32; 100]);
        // A view that starts one element after the start of a cache line.
        w.assign(Tensor::ones(&[101]).narrow(0, 1, 100));
        assert_eq!(w.as_slice().expect("row-major").as_ptr().addr() % 64, 0);
    }

    #[test]
    #[should_panic(expected = "assign: shape mismatch: the tensor has shape [2], the new elements [3]")]
    fn assign_checks_the_shape() {
        Tensor::param([1.0_f32, 2.0]).assign([1.0, 2.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "this tensor was computed by `exp`")]
    fn a_result_cannot_be_changed() {
        Tensor::param([1.0_f32, 2.0]).exp().data_mut();
    }
}
