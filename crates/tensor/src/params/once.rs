//! Tied tensors: one node at several places of a tree. To change a tree, change each of them once and update all its
//! places; place by place, the first change would untie it from the others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Params, Path};
use crate::{Float, Tensor, compiled};

/// Calls `visitor` once for every tensor, at its first place.
pub(super) fn visit_once<'a, F: Float, M: Params<F> + ?Sized>(
    model: &'a M,
    visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>),
) {
    let mut places = Places::default();
    model.visit(&Path::ROOT, &mut |path, tensor| {
        // A tensor that is not shared has no other place.
        if !may_be_tied(path, tensor) || places.add(tensor.address()) {
            visitor(path, tensor);
        }
    });
}

/// Whether a tensor may be at other places too.
#[inline]
pub(super) fn may_be_tied<F: Float>(path: &Path<'_>, tensor: &Tensor<F>) -> bool {
    tensor.is_shared() || path.in_shared
}

/// [`visit_once`] with mutable tensors.
pub(super) fn visit_once_mut<F: Float, M: Params<F> + ?Sized>(
    model: &mut M,
    visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>),
) {
    let ties = Ties::of(model);
    if ties.is_empty() {
        return model.visit_mut(&Path::ROOT, &mut |path, tensor| visitor(path, tensor));
    }
    let mut model = Erased(model);
    visit_tied(&mut model, ties, visitor);
}

#[inline(never)]
fn visit_tied<F: Float>(model: &mut dyn Params<F>, ties: Ties<F>, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {
    ties.loosen(model);
    let mut tied_again = TiedAgain { model, ties };
    tied_again.visit(visitor);
}

compiled!(fn(&mut dyn Params<F>, Ties<F>, &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) = visit_tied::<F>);

/// Wraps a model that may be unsized in a sized type that coerces to `dyn Params`, so that the code behind it is
/// compiled once.
struct Erased<'m, M: ?Sized>(&'m mut M);

impl<F: Float, M: Params<F> + ?Sized> Params<F> for Erased<'_, M> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        self.0.visit(path, visitor);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        self.0.visit_mut(path, visitor);
    }

    // The default method would instantiate `Erased<Erased<..>>` without end.
    fn visit_once_mut(&mut self, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {
        self.0.visit_once_mut(visitor);
    }
}

/// The nodes met in a walk, by address.
#[derive(Default)]
struct Places {
    counts: BTreeMap<usize, usize>,
    /// The nodes met more than once.
    several: Vec<usize>,
}

impl Places {
    /// Returns whether this is the first time.
    fn add(&mut self, address: usize) -> bool {
        let count = self.counts.entry(address).or_insert(0);
        *count += 1;
        if *count == 2 {
            self.several.push(address);
        }
        *count == 1
    }
}

/// The tensors that are at several places.
struct Ties<F: Float>(Vec<Tie<F>>);

struct Tie<F: Float> {
    /// The address of the node before the change, which identifies its first place.
    before: usize,
    /// What is at the other places meanwhile, so that the first place is the only holder.
    placeholder: Tensor<F>,
    /// What all places get afterwards.
    result: Option<Tensor<F>>,
}

impl<F: Float> Ties<F> {
    fn of<M: Params<F> + ?Sized>(model: &M) -> Self {
        let mut places = Places::default();
        model.visit(&Path::ROOT, &mut |path, tensor| {
            if may_be_tied(path, tensor) {
                places.add(tensor.address());
            }
        });
        let tie = |before| Tie { before, placeholder: Tensor::default(), result: None };
        Ties(places.several.into_iter().map(tie).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Replaces every tied tensor by its placeholder at all but its first place.
    fn loosen(&self, model: &mut dyn Params<F>) {
        let ties: BTreeMap<usize, &Tensor<F>> = self.0.iter().map(|tie| (tie.before, &tie.placeholder)).collect();
        let mut seen = BTreeSet::new();
        model.visit_mut(&Path::ROOT, &mut |_, tensor| {
            if let Some(&placeholder) = ties.get(&tensor.address())
                && !seen.insert(tensor.address())
            {
                *tensor = placeholder.clone();
            }
        });
    }
}

/// A model whose tied tensors are tied again on drop, even if the visitor panics.
struct TiedAgain<'m, F: Float> {
    model: &'m mut dyn Params<F>,
    ties: Ties<F>,
}

impl<F: Float> TiedAgain<'_, F> {
    fn visit(&mut self, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {
        let (mut firsts, mut placeholders) = (BTreeMap::new(), BTreeSet::new());
        for tie in &mut self.ties.0 {
            firsts.insert(tie.before, &mut tie.result);
            placeholders.insert(tie.placeholder.address());
        }
        self.model.visit_mut(&Path::ROOT, &mut |path, tensor| {
            // Not a first place: updated on drop.
            if placeholders.contains(&tensor.address()) {
                return;
            }
            match firsts.remove(&tensor.address()) {
                Some(result) => {
                    let publish = Publish { tensor, result };
                    visitor(path, publish.tensor);
                }
                None => visitor(path, tensor),
            }
        });
    }
}

/// Stores the new value of a tied tensor, even if the visitor panics.
struct Publish<'a, F: Float> {
    tensor: &'a mut Tensor<F>,
    result: &'a mut Option<Tensor<F>>,
}

impl<F: Float> Drop for Publish<'_, F> {
    fn drop(&mut self) {
        *self.result = Some(self.tensor.clone());
    }
}

impl<F: Float> Drop for TiedAgain<'_, F> {
    fn drop(&mut self) {
        // After a panic, the first place of some ties has not been reached, and is unchanged.
        if self.ties.0.iter().any(|tie| tie.result.is_none()) {
            let mut unreached: BTreeMap<usize, &mut Option<Tensor<F>>> = BTreeMap::new();
            for tie in self.ties.0.iter_mut().filter(|tie| tie.result.is_none()) {
                unreached.insert(tie.before, &mut tie.result);
            }
            self.model.visit(&Path::ROOT, &mut |_, tensor| {
                if let Some(result) = unreached.remove(&tensor.address()) {
                    *result = Some(tensor.clone());
                }
            });
        }
        // Replace the placeholders by the results.
        let results: BTreeMap<usize, Option<&Tensor<F>>> =
            self.ties.0.iter().map(|tie| (tie.placeholder.address(), tie.result.as_ref())).collect();
        self.model.visit_mut(&Path::ROOT, &mut |_, tensor| {
            if let Some(Some(result)) = results.get(&tensor.address()) {
                *tensor = Tensor::clone(result);
            }
        });
    }
}
