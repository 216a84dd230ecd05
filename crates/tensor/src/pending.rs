//! The results that the backward walk has reached but not processed yet.

use std::collections::BTreeMap;

use crate::{Float, Tensor};

/// A priority queue of results by id, each with the gradient accumulated so far; the youngest comes out first.
///
/// While there is only one, it is kept outside the map: a chain of operations never has another, and a tree would cost as much as a
/// small operation.
pub(crate) struct Pending<F: Float> {
    one: Option<(Tensor<F>, Tensor<F>)>,
    others: BTreeMap<i64, (Tensor<F>, Tensor<F>)>,
}

impl<F: Float> Default for Pending<F> {
    fn default() -> Self {
        Pending { one: None, others: BTreeMap::new() }
    }
}

impl<F: Float> Pending<F> {
    pub(crate) fn new(root: Tensor<F>, seed: Tensor<F>) -> Self {
        Pending { one: Some((root, seed)), others: BTreeMap::new() }
    }

    /// Removes the youngest result and its gradient, which is now complete.
    pub(crate) fn pop(&mut self) -> Option<(Tensor<F>, Tensor<F>)> {
        let one = self.one.as_ref().map(|(x, _)| x.0.id);
        let youngest_other = self.others.last_key_value().map(|(&id, _)| id);
        // `None` is less than any id.
        if one > youngest_other { self.one.take() } else { self.others.pop_last().map(|(_, pair)| pair) }
    }

    /// Adds `dx` to the gradient with respect to `x`.
    pub(crate) fn add(&mut self, x: &Tensor<F>, dx: Tensor<F>) {
        match &mut self.one {
            Some((one, sum)) if one.0.id == x.0.id => sum.accumulate(dx),
            one @ None if self.others.is_empty() => *one = Some((x.clone(), dx)),
            _ => match self.others.get_mut(&x.0.id) {
                Some((_, sum)) => sum.accumulate(dx),
                None => drop(self.others.insert(x.0.id, (x.clone(), dx))),
            },
        }
    }
}

impl<F: Float> Tensor<F> {
    /// Adds `other`; in place if nothing is recorded and the elements are not shared, so that no other holder sees it.
    pub(crate) fn accumulate(&mut self, other: Tensor<F>) {
        let in_place = !self.requires_grad() && !other.requires_grad();
        if !(in_place && self.add_in_place(&other)) {
            *self = &*self + other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In whatever order results arrive, the youngest comes out first, with everything added to it.
    #[test]
    fn youngest_first_in_any_order() {
        let tensors: Vec<Tensor<f64>> = (0..4).map(|i| Tensor::param(f64::from(i))).collect();
        for order in 0..4_usize.pow(5) {
            let arrivals: Vec<usize> = (0..5).map(|place| order / 4_usize.pow(place) % 4).collect();
            let mut pending = Pending::new(tensors[arrivals[0]].clone(), Tensor::from(1.0));
            for &i in &arrivals[1..] {
                pending.add(&tensors[i], Tensor::from(1.0));
            }
            for i in (0..4).rev() {
                let count = arrivals.iter().filter(|&&arrival| arrival == i).count();
                if count > 0 {
                    let (x, sum) = pending.pop().expect("one is left");
                    assert_eq!((x.id(), sum.item()), (tensors[i].id(), count as f64), "{arrivals:?}");
                }
            }
            assert!(pending.pop().is_none());
        }
    }

    #[test]
    fn nobody_sees_a_gradient_change() {
        for len in [3, 100] {
            let mut sum = Tensor::<f64>::ones(&[len]);
            let witness = sum.clone();
            sum.accumulate(Tensor::ones(&[len]));
            assert_eq!((sum, witness), (Tensor::full(&[len], 2.0), Tensor::ones(&[len])));
        }
        let (mut sum, other) = (Tensor::<f64>::ones(&[3]), Tensor::param([1.0, 2.0, 3.0]));
        sum.accumulate(other.square());
        assert_eq!(sum.sum().backward()[&other], Tensor::from([2.0, 4.0, 6.0]), "recorded");
    }
}
