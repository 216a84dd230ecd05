//! Trees without tensors: numbers, strings, ranges and functions, so that a layer's settings need no `#[params(skip)]`.

use std::marker::PhantomData;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};
use std::path::PathBuf;

use super::{Params, Path};
use crate::{Conv, ConvPadding, ConvTranspose, Float, Tensor};

macro_rules! empty {
    ($([$($generics:tt)*] $Type:ty;)*) => {$(
        impl<F: Float, $($generics)*> Params<F> for $Type {
            fn visit<'a>(&'a self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {}
            fn visit_mut<'a>(&'a mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {}
        }
    )*};
}

empty! {
    [] u8; [] u16; [] u32; [] u64; [] u128; [] usize;
    [] i8; [] i16; [] i32; [] i64; [] i128; [] isize;
    [] f32; [] f64; [] bool; [] char; [] ();
    [] String; [] &str; [] PathBuf;
    [T: ?Sized] PhantomData<T>;
    [T] Range<T>; [T] RangeInclusive<T>; [T] RangeFrom<T>; [T] RangeTo<T>; [T] RangeToInclusive<T>; [] RangeFull;
    [const N: usize] Conv<N>; [const N: usize] ConvPadding<N>; [const N: usize] ConvTranspose<N>;
    [R] fn() -> R;
    // Activations take references; the compiler needs separate implementations for those.
    [A: ?Sized, R] fn(&A) -> R;
    [A: ?Sized, B: ?Sized, R] fn(&A, &B) -> R;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the fields of a layer.
    #[test]
    fn settings_hold_no_tensors() {
        fn act(x: &Tensor) -> Tensor {
            x.relu()
        }
        let numbers = (3_usize, 0.1_f64, true, 0..2);
        let others = (String::from("name"), "text", act as fn(&Tensor) -> Tensor, PhantomData::<str>);
        let mut model = (numbers, Tensor::<f32>::param(1.0), [1_u8, 2], Some('c'), others);
        assert_eq!(model.named_params().into_iter().map(|(path, _)| path).collect::<Vec<_>>(), ["1"]);
        let mut count = 0;
        model.visit_mut(&Path::ROOT, &mut |_, _| count += 1);
        assert_eq!((count, model.num_params()), (1, 1));
    }
}
