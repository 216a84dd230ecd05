//! The features of a tensor of samples, one after the other, for the scalers.

use downhill_tensor::{Float, Tensor};

/// Samples with all their features, which may have several axes.
pub(crate) struct ColumnsOf<F> {
    /// In row-major order.
    elements: Vec<F>,
    /// The number of features.
    pub(crate) width: usize,
}

/// Panics unless there are samples, none of which is infinite.
#[track_caller]
pub(crate) fn columns_of<F: Float>(scaler: &str, train: &Tensor<F>) -> ColumnsOf<F> {
    let shape = train.shape();
    assert!(!shape.is_empty(), "{scaler}: fit needs samples along the first axis, got a scalar");
    assert!(shape[0] > 0, "{scaler}: fit needs at least one sample, got the shape {shape:?}");
    let columns = ColumnsOf { elements: train.to_vec(), width: shape[1..].iter().product() };
    if let Some(at) = columns.elements.iter().position(|x| x.as_f64().is_infinite()) {
        let (sample, feature) = (at / columns.width, at % columns.width);
        panic!("{scaler}: sample {sample} of the training data is infinite in feature {feature}");
    }
    columns
}

impl<F: Float> ColumnsOf<F> {
    /// All values of a feature.
    pub(crate) fn column(&self, column: usize) -> impl Iterator<Item = f64> + Clone {
        self.elements.iter().skip(column).step_by(self.width).map(|x| x.as_f64())
    }
}

/// Panics unless `x` is samples of the features that `statistics` has.
#[track_caller]
pub(crate) fn check_columns<F: Float>(scaler: &str, x: &Tensor<F>, statistics: &Tensor<F>) {
    let features = statistics.shape();
    assert!(
        x.shape().get(1..) == Some(features),
        "{scaler} of {:?}: the training data had features of shape {features:?}, so the input must be [samples{}]",
        x.shape(),
        features.iter().map(|size| format!(", {size}")).collect::<String>(),
    );
}

/// What holds for every scaler.
#[cfg(test)]
pub(crate) mod testing {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use downhill_tensor::{Check, Params, gradcheck};

    use super::*;

    pub(crate) fn holds<S: Params<f64>>(
        fit: impl Fn(&Tensor<f64>) -> S,
        transform: fn(&S, &Tensor<f64>) -> Tensor<f64>,
        inverse: fn(&S, &Tensor<f64>) -> Tensor<f64>,
    ) {
        let numbers: Vec<f64> = (0..24).map(|i| f64::from(i * i * 37 % 23) - 5.5).collect();
        for shape in [&[24][..], &[6, 4], &[4, 3, 2], &[1, 24], &[24, 1]] {
            let x = Tensor::from(numbers.clone()).reshape(shape);
            let scaler = fit(&x);
            let back = inverse(&scaler, &transform(&scaler, &x));
            assert!((&back - &x).abs().max().item() < 1e-13, "{shape:?}: {back:?}");
            assert_eq!((scaler.num_params(), scaler.buffers().count()), (0, 2));
        }
        // However the samples lie in memory.
        let x = Tensor::from(numbers).reshape(&[4, 6]);
        let copy = Tensor::from(x.t().to_vec()).reshape(&[6, 4]);
        let (scaler, expected) = (fit(&x.t()), fit(&copy));
        assert_eq!(transform(&scaler, &x.t()), transform(&expected, &copy));
        // Without features, and without samples to transform.
        let none = Tensor::zeros(&[3, 0]);
        assert_eq!(transform(&fit(&none), &none), none);
        assert_eq!(transform(&scaler, &Tensor::zeros(&[0, 4])).shape(), [0, 4]);
        // As a layer of a network.
        for function in [transform, inverse] {
            gradcheck(|[x]| function(&scaler, x).square(), [&copy], Check::order(2)).unwrap();
        }
    }

    /// Asserts that `misuse` panics with a message that starts like this.
    #[track_caller]
    pub(crate) fn refuses<T>(message: &str, misuse: impl FnOnce() -> T) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(misuse)) else { panic!("no panic: {message}") };
        let found = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(found.starts_with(message), "{found}");
    }
}
