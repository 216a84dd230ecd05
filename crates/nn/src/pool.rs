//! Pooling as layers: the structs of options of the tensor methods of the same names.

pub use downhill_tensor::{
    AdaptiveAvgPool, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
    AvgPool, AvgPool1d, AvgPool2d, MaxPool, MaxPool1d, MaxPool2d,
};
use downhill_tensor::{Float, Tensor};

use crate::Module;

macro_rules! pools {
    ($($Layer:ident => $method:ident;)+) => {$(
        impl<F: Float> Module<F> for $Layer {
            /// # Panics
            /// As the tensor's method of the same name.
            #[track_caller]
            fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
                x.$method(*self)
            }
        }
    )+};
}

pools! {
    MaxPool1d => max_pool1d;
    MaxPool2d => max_pool2d;
    AvgPool1d => avg_pool1d;
    AvgPool2d => avg_pool2d;
    AdaptiveMaxPool1d => adaptive_max_pool1d;
    AdaptiveMaxPool2d => adaptive_max_pool2d;
    AdaptiveAvgPool1d => adaptive_avg_pool1d;
    AdaptiveAvgPool2d => adaptive_avg_pool2d;
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, Params, gradcheck};

    use super::*;
    use crate::{Flatten, Sequential};

    fn image() -> Tensor<f64> {
        Tensor::from([[[1.0, 2.0, 5.0, 0.5], [4.0, 3.0, -1.0, 6.0]]])
    }

    #[test]
    fn each_layer_is_its_method() {
        let (image, row) = (image(), image().flatten(1, -1));
        let layers: [(&dyn Module<f64>, Tensor<f64>); 4] = [
            (&MaxPool2d::new(2), image.max_pool2d(2)),
            (&AvgPool2d::new(2), image.avg_pool2d(2)),
            (&AdaptiveMaxPool2d::new([1, 3]), image.adaptive_max_pool2d([1, 3])),
            (&AdaptiveAvgPool2d::new([1, 3]), image.adaptive_avg_pool2d([1, 3])),
        ];
        for (layer, expected) in layers {
            assert_eq!(layer.forward(&image), expected);
        }
        let layers: [(&dyn Module<f64>, &[f64]); 4] = [
            (&MaxPool1d::new(4), &[5.0, 6.0]),
            (&AvgPool1d::new(4), &[2.125, 3.0]),
            (&AdaptiveMaxPool1d::new(1), &[6.0]),
            (&AdaptiveAvgPool1d::new(1), &[2.5625]),
        ];
        for (layer, expected) in layers {
            assert_eq!(layer.forward(&row).to_vec(), expected);
        }
    }

    #[test]
    fn derivatives() {
        let x = image();
        let options = MaxPool2d { stride: Some([1, 1]), ..MaxPool2d::new(2) };
        gradcheck(|[x]| options.forward(x).exp(), [&x], Check::order(2)).unwrap();
        let options = AvgPool2d { padding: [1, 1], ..AvgPool2d::new(2) };
        gradcheck(|[x]| options.forward(x).exp(), [&x], Check::order(2)).unwrap();
        gradcheck(|[x]| AdaptiveMaxPool2d::new([2, 3]).forward(x).exp(), [&x], Check::order(2)).unwrap();
        gradcheck(|[x]| AdaptiveAvgPool2d::new([2, 3]).forward(x).exp(), [&x], Check::order(2)).unwrap();
    }

    #[test]
    fn in_a_model_they_have_no_parameters() {
        let model =
            Sequential::<f64>::new().then(MaxPool2d::new(2)).then(AdaptiveAvgPool2d::new(1)).then(Flatten::default());
        assert_eq!(model.forward(&image()).shape(), [1, 1]);
        assert_eq!(model.params().count(), 0);
    }

    #[test]
    #[should_panic(expected = "max_pool1d of []: expected an input [.., length]")]
    fn a_scalar() {
        MaxPool1d::new(2).forward(&Tensor::<f32>::zeros(&[]));
    }
}
