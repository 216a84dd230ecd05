//! Tensors, tuples, arrays, `Vec`, `Box` and `Option` are trees.

use super::{Params, Path};
use crate::{Float, Tensor};

impl<F: Float> Params<F> for Tensor<F> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        visitor(path, self);
    }

    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {
        visitor(path, self);
    }
}

impl<F: Float, T: Params<F>> Params<F> for [T] {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        for (index, item) in self.iter().enumerate() {
            item.visit(&path.index(index), visitor);
        }
    }

    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {
        for (index, item) in self.iter_mut().enumerate() {
            item.visit_mut(&path.index(index), visitor);
        }
    }
}

/// A tree that hangs where its contents do.
macro_rules! transparent {
    ($([$($generics:tt)*] $Type:ty, $self:ident => $inside:expr, $inside_mut:expr;)*) => {$(
        impl<F: Float, $($generics)*> Params<F> for $Type {
            fn visit<'a>(&'a $self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
                $inside.into_iter().for_each(|tree| tree.visit(path, visitor));
            }

            fn visit_mut(&mut $self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {
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

macro_rules! tuple {
    ($($T:ident $index:tt),*) => {
        impl<F: Float, $($T: Params<F>),*> Params<F> for ($($T,)*) {
            fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
                $(self.$index.visit(&path.index($index), visitor);)*
            }

            fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {
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
}
