//! Padding as layers, under PyTorch's names: [`Tensor::pad`] of the last one or two axes.

use downhill_tensor::{Float, PadMode, Params, Tensor};

use crate::Module;

/// Defines a layer for each entry of the list: how many axes it pads, and how.
macro_rules! pads {
    ($($(#[$doc:meta])* $Layer:ident $axes:literal $({ $(#[$value_doc:meta])* $value:ident })? => $mode:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Params)]
        pub struct $Layer {
            /// How many elements are added before and after, for each of the last axes in their order. PyTorch's list is flat
            /// and begins with the last axis.
            #[params(skip)]
            pub padding: [(usize, usize); $axes],
            $($(#[$value_doc])* #[params(skip)] pub $value: f64,)?
        }

        impl $Layer {
            /// The same padding on all sides.
            pub fn new(padding: usize $(, $value: f64)?) -> Self {
                $Layer { padding: [(padding, padding); $axes], $($value)? }
            }
        }

        impl<F: Float> Module<F> for $Layer {
            /// # Panics
            /// As [`Tensor::pad`].
            #[track_caller]
            fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
                $(let $value = self.$value;)?
                x.pad(&self.padding, $mode)
            }
        }
    )+};
}

pads! {
    /// Adds a value at the ends of the last axis: `[.., length]`.
    ///
    /// ```
    /// use downhill_nn::{ConstantPad1d, Module};
    /// use downhill_tensor::Tensor;
    /// let layer = ConstantPad1d { padding: [(2, 1)], value: 0.5 };
    /// assert_eq!(layer.forward(&Tensor::from([1.0])), Tensor::from([0.5, 0.5, 1.0, 0.5]));
    /// ```
    ConstantPad1d 1 {
        /// The value.
        value
    } => PadMode::Constant(value);
    /// Adds a value around the last two axes: `[.., height, width]`.
    ///
    /// ```
    /// use downhill_nn::{ConstantPad2d, Module};
    /// use downhill_tensor::Tensor;
    /// let below = ConstantPad2d { padding: [(0, 1), (0, 0)], value: 0.5 };
    /// assert_eq!(below.forward(&Tensor::from([[1.0, 2.0]])), Tensor::from([[1.0, 2.0], [0.5, 0.5]]));
    /// ```
    ConstantPad2d 2 {
        /// The value.
        value
    } => PadMode::Constant(value);
    /// Adds zeros at the ends of the last axis: `[.., length]`.
    ///
    /// ```
    /// use downhill_nn::{Module, ZeroPad1d};
    /// use downhill_tensor::Tensor;
    /// assert_eq!(ZeroPad1d::new(1).forward(&Tensor::from([1.0, 2.0])), Tensor::from([0.0, 1.0, 2.0, 0.0]));
    /// ```
    ZeroPad1d 1 => PadMode::Constant(0.0);
    /// Adds zeros around the last two axes: `[.., height, width]`.
    ///
    /// ```
    /// use downhill_nn::{Module, ZeroPad2d};
    /// use downhill_tensor::Tensor;
    /// assert_eq!(ZeroPad2d::new(1).forward(&Tensor::<f32>::zeros(&[8, 3, 28, 28])).shape(), [8, 3, 30, 30]);
    /// ```
    ZeroPad2d 2 => PadMode::Constant(0.0);
    /// Mirrors the last axis at its first and last element, which are not repeated: `[.., length]`.
    ///
    /// ```
    /// use downhill_nn::{Module, ReflectionPad1d};
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(ReflectionPad1d::new(2).forward(&x), Tensor::from([3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]));
    /// ```
    ReflectionPad1d 1 => PadMode::Reflect;
    /// Mirrors the last two axes at their first and last elements, which are not repeated: `[.., height, width]`.
    ///
    /// ```
    /// use downhill_nn::{Module, ReflectionPad2d};
    /// use downhill_tensor::Tensor;
    /// assert_eq!(ReflectionPad2d::new(3).forward(&Tensor::<f32>::zeros(&[8, 3, 4, 9])).shape(), [8, 3, 10, 15]);
    /// ```
    ReflectionPad2d 2 => PadMode::Reflect;
    /// Repeats the first and last element of the last axis: `[.., length]`.
    ///
    /// ```
    /// use downhill_nn::{Module, ReplicationPad1d};
    /// use downhill_tensor::Tensor;
    /// assert_eq!(ReplicationPad1d::new(1).forward(&Tensor::from([1.0, 2.0])), Tensor::from([1.0, 1.0, 2.0, 2.0]));
    /// ```
    ReplicationPad1d 1 => PadMode::Replicate;
    /// Repeats the elements at the edges of the last two axes: `[.., height, width]`.
    ///
    /// ```
    /// use downhill_nn::{Module, ReplicationPad2d};
    /// use downhill_tensor::Tensor;
    /// assert_eq!(ReplicationPad2d::new(1).forward(&Tensor::from([[1.0]])), Tensor::<f64>::ones(&[3, 3]));
    /// ```
    ReplicationPad2d 2 => PadMode::Replicate;
    /// Continues the last axis at its other end, as a circle: `[.., length]`.
    ///
    /// ```
    /// use downhill_nn::{CircularPad1d, Module};
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(CircularPad1d::new(1).forward(&x), Tensor::from([3.0, 1.0, 2.0, 3.0, 1.0]));
    /// ```
    CircularPad1d 1 => PadMode::Circular;
    /// Continues the last two axes at their other ends, as a torus: `[.., height, width]`.
    ///
    /// ```
    /// use downhill_nn::{CircularPad2d, Module};
    /// use downhill_tensor::Tensor;
    /// let left = CircularPad2d { padding: [(0, 0), (1, 0)] };
    /// assert_eq!(left.forward(&Tensor::from([[1.0, 2.0]])), Tensor::from([[2.0, 1.0, 2.0]]));
    /// ```
    CircularPad2d 2 => PadMode::Circular;
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    /// The corners, where both axes are padded.
    #[test]
    fn values_by_hand() {
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        let padding = [(1, 0), (0, 1)];
        let corner = |layer: &dyn Module<f64>| layer.forward(&x).slice(ndarray::s![0, ..]).to_vec();
        assert_eq!(corner(&ConstantPad2d { padding, value: -1.0 }), [-1.0, -1.0, -1.0]);
        assert_eq!(corner(&ZeroPad2d { padding }), [0.0, 0.0, 0.0]);
        assert_eq!(corner(&ReflectionPad2d { padding }), [3.0, 4.0, 3.0]);
        assert_eq!(corner(&ReplicationPad2d { padding }), [1.0, 2.0, 2.0]);
        assert_eq!(corner(&CircularPad2d { padding }), [3.0, 4.0, 3.0]);
        assert_eq!(ConstantPad1d::new(1, 9.0).forward(&x).shape(), [2, 4]);
        assert_eq!(ConstantPad2d::new(2, 9.0).forward(&x).shape(), [6, 6]);
    }

    #[test]
    fn derivatives() {
        let x = Tensor::from([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]);
        let layers: [&dyn Module<f64>; 8] = [
            &ConstantPad1d::new(2, 0.5),
            &ZeroPad1d::new(1),
            &ZeroPad2d::new(1),
            &ReflectionPad1d::new(2),
            &ReflectionPad2d::new(1),
            &ReplicationPad2d::new(2),
            &CircularPad1d::new(3),
            &CircularPad2d::new(2),
        ];
        for layer in layers {
            gradcheck(|[x]| layer.forward(x).exp(), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "pad of [3]: 2 pairs (before, after) for 1 axes")]
    fn too_few_axes() {
        ZeroPad2d::new(1).forward(&Tensor::<f32>::zeros(&[3]));
    }
}
