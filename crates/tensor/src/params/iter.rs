//! Iterators over the leaves of a tree.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::vec;

use super::once::visit_once;
use super::{Params, Path};
use crate::{Float, Tensor};

/// The iterator of [`Params::params`] and [`Params::buffers`]: pairs of path and tensor.
#[derive(Debug)]
pub struct Leaves<'a, F: Float>(vec::IntoIter<(String, &'a Tensor<F>)>);

impl<'a, F: Float> Leaves<'a, F> {
    pub(super) fn of<M: Params<F> + ?Sized>(model: &'a M, chosen: impl Fn(&Tensor<F>) -> bool) -> Self {
        let mut list = Vec::new();
        visit_once(model, &mut |path, tensor| {
            if chosen(tensor) {
                list.push((path.to_string(), tensor));
            }
        });
        Leaves(list.into_iter())
    }
}

impl<'a, F: Float> Iterator for Leaves<'a, F> {
    type Item = (String, &'a Tensor<F>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<F: Float> ExactSizeIterator for Leaves<'_, F> {}

/// The iterator of [`Params::params_mut`]: pairs of path and [`TensorMut`].
#[derive(Debug)]
pub struct LeavesMut<'a, F: Float>(vec::IntoIter<(String, Places<'a, F>)>);

/// A tensor at all its places.
#[derive(Debug)]
struct Places<'a, F: Float> {
    first: &'a mut Tensor<F>,
    others: Vec<&'a mut Tensor<F>>,
}

impl<'a, F: Float> LeavesMut<'a, F> {
    pub(super) fn of<M: Params<F> + ?Sized>(model: &'a mut M, chosen: impl Fn(&Tensor<F>) -> bool) -> Self {
        let mut list: Vec<(String, Places<'a, F>)> = Vec::new();
        // Group the places of a tensor under its first path.
        let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
        model.visit_mut(&Path::ROOT, &mut |path, tensor| {
            if chosen(tensor) {
                match numbers.get(&tensor.address()) {
                    Some(&number) => list[number].1.others.push(tensor),
                    None => {
                        numbers.insert(tensor.address(), list.len());
                        list.push((path.to_string(), Places { first: tensor, others: Vec::new() }));
                    }
                }
            }
        });
        LeavesMut(list.into_iter())
    }
}

impl<'a, F: Float> Iterator for LeavesMut<'a, F> {
    type Item = (String, TensorMut<'a, F>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(path, places)| (path, TensorMut(places)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<F: Float> ExactSizeIterator for LeavesMut<'_, F> {}

/// A mutable tensor of a tree: a `&mut Tensor` that updates the tensor's other places (tied weights) when it is
/// dropped.
#[derive(Debug)]
pub struct TensorMut<'a, F: Float>(Places<'a, F>);

impl<F: Float> TensorMut<'_, F> {
    /// [`Tensor::assign`], as a method of this type, so that the new elements may be computed from the old ones in the
    /// call.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let mut model = (Tensor::param([1.0, 2.0]), Tensor::param([3.0]));
    /// let grads = (model.0.square().sum() + model.1.sum()).backward();
    /// for (_, mut w) in model.params_mut() {
    ///     w.assign(&*w - 0.25 * &grads[&*w]);
    /// }
    /// assert_eq!((model.0.to_vec(), model.1.item()), (vec![0.5, 1.0], 2.75));
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, or if this tensor is the result of an operation.
    #[track_caller]
    pub fn assign(&mut self, value: impl Into<Tensor<F>>) {
        self.deref_mut().assign(value);
    }
}

impl<F: Float> Deref for TensorMut<'_, F> {
    type Target = Tensor<F>;

    fn deref(&self) -> &Tensor<F> {
        self.0.first
    }
}

impl<F: Float> DerefMut for TensorMut<'_, F> {
    fn deref_mut(&mut self) -> &mut Tensor<F> {
        // Make the first place the only holder, so that the tensor changes in place and stays the same parameter.
        if self.0.others.first().is_some_and(|other| other.address() == self.0.first.address()) {
            let placeholder = Tensor::default();
            self.0.others.iter_mut().for_each(|other| **other = placeholder.clone());
        }
        self.0.first
    }
}

impl<F: Float> Drop for TensorMut<'_, F> {
    fn drop(&mut self) {
        for other in &mut self.0.others {
            **other = self.0.first.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    use super::*;

    type Tied = (Tensor<f64>, Tensor<f64>, Tensor<f64>, Tensor<f64>);

    /// Tied at the first and the third place, frozen at the second; the fourth is a buffer.
    fn tied() -> Tied {
        let shared = Tensor::param([1.0]);
        let mut model = (shared.clone(), Tensor::param([2.0]), shared, Tensor::from([3.0]));
        assert_eq!(model.freeze("1"), 1);
        model
    }

    #[test]
    fn each_leaf_once() {
        let model = tied();
        let paths = |leaves: Leaves<'_, f64>| leaves.map(|(path, _)| path).collect::<Vec<_>>();
        assert_eq!((paths(model.params()), paths(model.buffers())), (vec!["0".into(), "1".into()], vec!["3".into()]));
        assert_eq!((model.params().len(), model.clone().params_mut().len(), model.buffers().len()), (2, 2, 1));
    }

    #[test]
    fn a_change_keeps_ties_and_identity() {
        let mut model = tied();
        let ids = [model.0.id(), model.1.id()];
        for (path, mut w) in model.params_mut() {
            assert_eq!(w.id(), ids[path.parse::<usize>().unwrap()]);
            w.data_mut()[0] *= 10.0;
            w.as_mut_slice()[0] += 1.0;
        }
        assert_eq!((model.0.item(), model.1.item(), model.2.item(), model.3.item()), (11.0, 21.0, 11.0, 3.0));
        assert_eq!([model.0.id(), model.1.id()], ids);
        assert_eq!((model.2.id(), model.1.is_frozen()), (ids[0], true));
    }

    /// All items at once, in any order, some of them changed.
    #[test]
    fn items_outlive_the_iterator() {
        let mut model = tied();
        let mut items: Vec<_> = model.params_mut().collect();
        items.reverse();
        items[1].1.assign([7.0]);
        drop(items);
        assert_eq!((model.0.item(), model.1.item(), model.2.item()), (7.0, 2.0, 7.0));
        assert_eq!(model.0.id(), model.2.id());
    }

    #[test]
    fn a_panic_half_way_keeps_ties() {
        let mut model = tied();
        let id = model.0.id();
        let panics = AssertUnwindSafe(|| {
            let mut params = model.params_mut();
            let (_, mut w) = params.next().expect("a parameter");
            w.assign([5.0]);
            panic!("half-way");
        });
        assert!(catch_unwind(panics).is_err());
        assert_eq!((model.0.item(), model.2.item(), model.1.item()), (5.0, 5.0, 2.0));
        assert_eq!((model.0.id(), model.2.id()), (id, id));
    }

    #[test]
    fn a_clone_outside_keeps_what_was() {
        let mut model = tied();
        let best = model.clone();
        for (_, mut w) in model.params_mut() {
            w.assign([5.0]);
        }
        assert_eq!((best.0.item(), model.0.item(), model.2.item()), (1.0, 5.0, 5.0));
        assert!(best.0.id() != model.0.id() && model.0.id() == model.2.id());
    }

    #[test]
    fn a_layer_in_an_arc() {
        let layer = Arc::new(Tensor::<f64>::param([1.0]));
        let mut model = (layer.clone(), layer);
        let id = model.0.id();
        assert_eq!((model.params().len(), model.params_mut().len()), (1, 1));
        for (_, mut w) in model.params_mut() {
            w.assign([5.0]);
        }
        assert_eq!((model.0.item(), model.1.item(), model.0.id(), model.1.id()), (5.0, 5.0, id, id));
    }
}
