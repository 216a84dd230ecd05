//! Trees of tensors: tensors, tuples, arrays, `Vec`, `Box`, `Option`, `Arc` and `BTreeMap`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Params, Path};
use crate::{Float, Tensor};

impl<F: Float> Params<F> for Tensor<F> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        visitor(path, self);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        visitor(path, self);
    }
}

impl<F: Float, T: Params<F>> Params<F> for [T] {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        for (index, item) in self.iter().enumerate() {
            item.visit(&path.index(index), visitor);
        }
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        for (index, item) in self.iter_mut().enumerate() {
            item.visit_mut(&path.index(index), visitor);
        }
    }
}

/// A container that adds no step to the path of its contents.
macro_rules! transparent {
    ($([$($generics:tt)*] $Type:ty, $self:ident => $inside:expr, $inside_mut:expr;)*) => {$(
        impl<F: Float, $($generics)*> Params<F> for $Type {
            fn visit<'a>(&'a $self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
                $inside.into_iter().for_each(|tree| tree.visit(path, visitor));
            }

            fn visit_mut<'a>(&'a mut $self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
                $inside_mut.into_iter().for_each(|tree| tree.visit_mut(path, visitor));
            }
        }
    )*};
}

transparent! {
    [T: Params<F>] Vec<T>, self => [self.as_slice()], [self.as_mut_slice()];
    [T: Params<F>, const N: usize] [T; N], self => [self.as_slice()], [self.as_mut_slice()];
    [T: Params<F>] Option<T>, self => self.as_ref(), self.as_mut();
    [T: Params<F> + ?Sized] Box<T>, self => [&**self], [&mut **self];
}

/// A tree that may be at several places, such as a layer that is used twice; its tensors are tied. If the tree is
/// changed while the `Arc` is also held outside the model, it becomes a copy, as a changed tensor does: places inside
/// the model stay tied, and the outside holder keeps the old elements.
impl<F: Float, T: Params<F> + Clone> Params<F> for Arc<T> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        match Arc::strong_count(self) {
            1 => (**self).visit(path, visitor),
            _ => (**self).visit(&path.inside_shared(), visitor),
        }
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        Arc::make_mut(self).visit_mut(path, visitor);
    }
}

/// Trees by name, in the order of the names. A name is one step of a path, and should not contain a dot.
impl<F: Float, K: AsRef<str>, T: Params<F>> Params<F> for BTreeMap<K, T> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        for (name, tree) in self {
            tree.visit(&path.field(name.as_ref()), visitor);
        }
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        for (name, tree) in self {
            tree.visit_mut(&path.field(name.as_ref()), visitor);
        }
    }
}

macro_rules! tuple {
    ($($T:ident $index:tt),*) => {
        impl<F: Float, $($T: Params<F>),*> Params<F> for ($($T,)*) {
            fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
                $(self.$index.visit(&path.index($index), visitor);)*
            }

            fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
                $(self.$index.visit_mut(&path.index($index), visitor);)*
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, G 5);
tuple!(A 0, B 1, C 2, D 3, E 4, G 5, H 6);
tuple!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_number_their_elements() {
        let one = || Tensor::param(1.0_f64);
        let tree = (vec![one(), one()], [Some(one()), None], Box::new((one(),)));
        let paths: Vec<String> = tree.named_params().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["0.0", "0.1", "1.0", "2.0"]);
    }

    #[test]
    fn visit_mut_reaches_the_same_tensors() {
        let mut tree = (vec![Tensor::param(1.0_f32)], [Some(Tensor::param(2.0))], Box::new((Tensor::param(3.0),)));
        tree.visit_mut(&Path::ROOT, &mut |_, tensor| tensor.data_mut().map_inplace(|x| *x *= 10.0));
        let values: Vec<f32> = tree.named_params().into_iter().map(|(_, tensor)| tensor.item()).collect();
        assert_eq!(values, [10.0, 20.0, 30.0]);
    }

    #[test]
    fn a_map_names_its_trees() {
        let mut heads: BTreeMap<String, (Tensor, Tensor)> = BTreeMap::new();
        for (name, value) in [("value", 1.0), ("policy", 2.0)] {
            heads.insert(name.into(), (Tensor::param(value), Tensor::param(-value)));
        }
        let paths: Vec<String> = heads.named_params().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["policy.0", "policy.1", "value.0", "value.1"]);
        heads.visit_mut(&Path::ROOT.field("heads"), &mut |path, tensor| {
            if *path == *"heads.value.0" {
                tensor.assign(7.0);
            }
        });
        assert_eq!(heads["value"].0.item(), 7.0);
        let by_static_name = BTreeMap::from([("w", Tensor::<f64>::param(1.0))]);
        assert_eq!(by_static_name.state_dict().paths().collect::<Vec<_>>(), ["w"]);
    }

    /// One layer at two places is counted once, changed once, and has one id at both.
    #[test]
    fn a_shared_layer_is_tied() {
        let layer = Arc::new((Tensor::<f64>::param([1.0, 2.0]), Tensor::param([3.0])));
        let mut model = (layer.clone(), Tensor::param([9.0]), layer);
        let id = model.0.0.id();
        assert_eq!(model.num_params(), 4);
        let mut visits = 0;
        for round in [10.0, 100.0] {
            model.visit_once_mut(&mut |_, w| {
                visits += 1;
                w.data_mut().mapv_inplace(|w| w * 10.0);
            });
            assert_eq!((model.0.0.to_vec(), model.2.0.to_vec()), (vec![round, 2.0 * round], vec![round, 2.0 * round]));
            assert!(model.0.0.id() == id && model.2.0.id() == id, "the same parameter");
        }
        assert_eq!((visits, model.num_params()), (6, 4));
    }

    #[test]
    fn who_holds_the_arc_outside_keeps_what_was() {
        let outside = Arc::new(Tensor::<f64>::param([1.0]));
        let mut model = (outside.clone(),);
        model.visit_once_mut(&mut |_, w| w.assign([5.0]));
        assert_eq!((outside.to_vec(), model.0.to_vec()), (vec![1.0], vec![5.0]));
        assert!(outside.id() != model.0.id());
    }

    #[test]
    fn a_shared_layer_is_frozen_and_loaded_as_one() {
        let layer = Arc::new(Tensor::<f64>::param([1.0]));
        let mut model = (layer.clone(), layer);
        let two = (Tensor::from([2.0]), Tensor::from([3.0])).state_dict();
        let error = model.load_state_dict(&two).unwrap_err();
        assert_eq!(error.untied, [("0".to_owned(), "1".to_owned())]);
        assert_eq!(model.freeze("0"), 1);
        assert!(model.0.is_frozen() && model.1.is_frozen() && model.0.id() == model.1.id());
    }
}
