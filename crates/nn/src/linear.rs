//! The fully connected layer.

use downhill_tensor::{Float, Params, Tensor, checked_size, compiled};
use rand::Rng;

use crate::{Module, init};

/// The fully connected layer `y = x·Wᵀ + b`, applied to the last axis: `[.., in]` to `[.., out]`.
///
/// Names, layout and initialization are PyTorch's: `weight` is `[out, in]`, and both parameters are drawn from
/// `U(-k, k)` with `k = 1/√in`. (PyTorch writes this as `kaiming_uniform` with `a = √5`.)
///
/// ```
/// use downhill_nn::{Linear, Module};
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let layer = Linear::new(3, 2, &mut rng);
/// let x = Tensor::from([[1.0_f32, 2.0, 3.0]]);
/// assert_eq!(layer.forward(&x), x.matmul(&layer.weight.t()) + layer.bias.as_ref().unwrap());
/// ```
#[derive(Clone, Debug, Params)]
pub struct Linear<F: Float = f32> {
    /// `[out, in]`.
    pub weight: Tensor<F>,
    /// `[out]`.
    pub bias: Option<Tensor<F>>,
}

impl<F: Float> Linear<F> {
    /// A layer from `inputs` to `outputs` features, with random weight and bias.
    ///
    /// # Panics
    /// If the shape `[outputs, inputs]` is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let weight = Self::parameter(&[outputs, inputs], inputs, rng);
        let bias = Self::parameter(&[outputs], inputs, rng);
        Linear { weight, bias: Some(bias) }
    }

    /// [`new`](Self::new) without a bias: `y = x·Wᵀ`.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn without_bias(inputs: usize, outputs: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Linear { weight: Self::parameter(&[outputs, inputs], inputs, rng), bias: None }
    }

    #[track_caller]
    fn parameter(shape: &[usize], inputs: usize, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
        checked_size::<F>("Linear", shape);
        let bound = if inputs == 0 { 0.0 } else { 1.0 / (inputs as f64).sqrt() };
        Tensor::param(init::uniform(shape, -bound..=bound, rng))
    }
}

impl<F: Float> Module<F> for Linear<F> {
    /// # Panics
    /// If the size of the last axis of `x` is not the layer's number of inputs.
    #[track_caller]
    #[inline(never)]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        if x.shape().last() != self.weight.shape().last() {
            misfit(x.shape(), self.weight.shape());
        }
        x.linear(&self.weight, self.bias.as_ref())
    }
}

/// Panics with the explanation of a shape mismatch.
#[cold]
#[track_caller]
fn misfit(x: &[usize], weight: &[usize]) -> ! {
    let &[_, inputs] = weight else {
        panic!("linear: the weight has shape {weight:?}, but must be a matrix [out, in]");
    };
    let reason = match x {
        [] => format!("a scalar has no features; the last axis of the input must have size {inputs}"),
        [batch @ .., features] => {
            // The typical beginner's mistakes: an image that was not flattened, a transposed batch.
            let way_out = match batch {
                [n, rest @ ..] if rest.iter().product::<usize>() * features == inputs => {
                    format!("; flatten it with `.reshape(&[{n}, {inputs}])` or a `Flatten` layer")
                }
                [inner] if *inner == inputs => "; transpose it with `.t()`".into(),
                _ => String::new(),
            };
            format!("the last axis of the input has {features} features, but the weight expects {inputs}{way_out}")
        }
    };
    panic!("linear of {x:?} with a weight [out, in] of shape {weight:?}: {reason}");
}

compiled!(fn(&Linear<F>, &Tensor<F>) -> Tensor<F> = <Linear<F> as Module<F>>::forward);

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, Params, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_tree_has_pytorchs_names() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let layer = Linear::<f64>::new(3, 2, &mut rng);
        let tree: Vec<_> = layer.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        assert_eq!(tree, [("weight".to_owned(), vec![2, 3]), ("bias".to_owned(), vec![2])]);
        assert_eq!(layer.num_params(), 8, "both are trainable");
        let layer = Linear::<f64>::without_bias(3, 2, &mut rng);
        assert_eq!(layer.num_params(), 6);
        assert_eq!(layer.forward(&Tensor::ones(&[3])), layer.weight.sum_axis(1));
    }

    #[test]
    fn starts_uniform_within_one_over_the_root_of_the_inputs() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let layer = Linear::<f32>::new(100, 10_000, &mut rng);
        for (_, tensor) in layer.params() {
            let (n, k) = (tensor.len() as f64, 0.1);
            let values: Vec<f64> = tensor.to_vec().into_iter().map(f64::from).collect();
            assert!(values.iter().all(|x| x.abs() <= f64::from(0.1_f32)));
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|x| x * x).sum::<f64>() / n;
            // Five standard deviations of the mean, k/√(3n), and of the mean square, k²·√(4/(45n)).
            assert!(mean.abs() < 5.0 * k / (3.0 * n).sqrt(), "{mean}");
            assert!((variance - k * k / 3.0).abs() < 5.0 * k * k * (4.0 / 45.0 / n).sqrt(), "{variance}");
        }
    }

    #[test]
    fn no_inputs_leave_the_bias() {
        let layer = Linear::<f32>::new(0, 2, &mut ChaCha8Rng::seed_from_u64(3));
        assert_eq!(layer.forward(&Tensor::zeros(&[4, 0])), Tensor::zeros(&[4, 2]));
    }

    #[test]
    fn derivatives() {
        let weight = Tensor::from([[1.0, 2.0], [-0.5, 0.25], [0.0, 1.5]]);
        let bias = Tensor::from([0.5, -1.0, 2.0]);
        for shape in [&[2][..], &[4, 2], &[1, 2], &[0, 2], &[2, 3, 2]] {
            let x = init::uniform(shape, -1.0..=1.0, &mut ChaCha8Rng::seed_from_u64(1));
            let layer = |w: &Tensor<f64>, b: Option<&Tensor<f64>>| Linear { weight: w.clone(), bias: b.cloned() };
            let biased = |[x, w, b]: [&Tensor<f64>; 3]| layer(w, Some(b)).forward(x);
            gradcheck(biased, [&x, &weight, &bias], Check::order(2)).unwrap();
            gradcheck(|[x, w]| layer(w, None).forward(x), [&x, &weight], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn any_number_of_leading_axes() {
        let layer = Linear { weight: Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), bias: None };
        let rows = Tensor::from([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, -1.0]]);
        let expected = Tensor::from([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0], [3.0, 7.0, 11.0], [0.0, 2.0, 4.0]]);
        assert_eq!(layer.forward(&rows), expected);
        assert_eq!(layer.forward(&rows.narrow(0, 3, 1).reshape(&[2])).to_vec(), [0.0, 2.0, 4.0]);
        assert_eq!(layer.forward(&rows.reshape(&[2, 1, 2, 2])), expected.reshape(&[2, 1, 2, 3]));
        assert_eq!(layer.forward(&Tensor::zeros(&[5, 0, 2])).shape(), [5, 0, 3]);
    }

    fn forward(x: &[usize]) {
        Linear::<f32>::new(784, 10, &mut ChaCha8Rng::seed_from_u64(4)).forward(&Tensor::zeros(x));
    }

    #[test]
    #[should_panic(
        expected = "linear of [64, 28, 28] with a weight [out, in] of shape [10, 784]: the last axis of the input \
                               has 28 features, but the weight expects 784; flatten it with `.reshape(&[64, 784])`"
    )]
    fn an_image_that_was_not_flattened() {
        forward(&[64, 28, 28]);
    }

    #[test]
    #[should_panic(expected = "has 64 features, but the weight expects 784; transpose it with `.t()`")]
    fn the_batch_behind() {
        forward(&[784, 64]);
    }

    #[test]
    #[should_panic(expected = "a scalar has no features; the last axis of the input must have size 784")]
    fn a_scalar() {
        forward(&[]);
    }
}
