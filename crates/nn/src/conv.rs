//! Convolutional layers.

use downhill_tensor::{Conv, Float, Params, Tensor};
use rand::Rng;

use crate::Module;
use crate::conv_start::Start;

/// The convolution of images, `[N, in, H, W]` or `[in, H, W]`, with a learned kernel: [`Tensor::conv2d`].
///
/// Names, layout and initialization are PyTorch's: `weight` is `[out, in/groups, kh, kw]`, and both parameters are drawn
/// from `U(-k, k)` with `k = 1/√(in/groups·kh·kw)`. (PyTorch writes this as `kaiming_uniform` with `a = √5`.)
///
/// ```
/// use downhill_nn::{Conv2d, Module};
/// use downhill_tensor::{Conv, Tensor};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let layer: Conv2d = Conv2d::new(3, 16, [5, 5], Conv { stride: [2, 2], padding: 2.into(), ..Conv::default() }, &mut rng);
/// assert_eq!(layer.forward(&Tensor::zeros(&[8, 3, 28, 28])).shape(), [8, 16, 14, 14]);
/// let depthwise: Conv2d = Conv2d::new(16, 16, [3, 3], Conv { groups: 16, ..Conv::default() }, &mut rng);
/// assert_eq!(depthwise.weight.shape(), [16, 1, 3, 3]);
/// ```
///
/// PyTorch's `padding_mode` is not an option: for another padding than zeros, pad the input.
#[derive(Clone, Debug, Params)]
pub struct Conv2d<F: Float = f32> {
    /// `[out, in/groups, kh, kw]`.
    pub weight: Tensor<F>,
    /// `[out]`.
    pub bias: Option<Tensor<F>>,
    /// Stride, padding, dilation, groups.
    pub options: Conv<2>,
}

/// The convolution of sequences, `[N, in, L]` or `[in, L]`, with a learned kernel: [`Tensor::conv1d`].
///
/// As [`Conv2d`], with one axis: `weight` is `[out, in/groups, k]`.
///
/// ```
/// use downhill_nn::{Conv1d, Module};
/// use downhill_tensor::{Conv, ConvPadding, Tensor};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let same = Conv { padding: ConvPadding::Same, dilation: [4], ..Conv::default() };
/// let layer: Conv1d = Conv1d::new(8, 4, 3, same, &mut rng);
/// assert_eq!(layer.forward(&Tensor::zeros(&[2, 8, 100])).shape(), [2, 4, 100]);
/// ```
#[derive(Clone, Debug, Params)]
pub struct Conv1d<F: Float = f32> {
    /// `[out, in/groups, k]`.
    pub weight: Tensor<F>,
    /// `[out]`.
    pub bias: Option<Tensor<F>>,
    /// Stride, padding, dilation, groups.
    pub options: Conv<1>,
}

impl<F: Float> Conv2d<F> {
    /// A layer from `inputs` to `outputs` channels, with random weight and bias.
    ///
    /// # Panics
    /// If `groups` is 0 or does not divide the channels, the weight is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: [usize; 2],
        options: Conv<2>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let start = Start::convolution("Conv2d", [inputs, outputs], options.groups, &kernel);
        Conv2d { weight: start.weight(rng), bias: Some(start.bias(rng)), options }
    }

    /// [`new`](Self::new) without a bias.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn without_bias(
        inputs: usize,
        outputs: usize,
        kernel: [usize; 2],
        options: Conv<2>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let start = Start::convolution("Conv2d", [inputs, outputs], options.groups, &kernel);
        Conv2d { weight: start.weight(rng), bias: None, options }
    }
}

impl<F: Float> Conv1d<F> {
    /// A layer from `inputs` to `outputs` channels, with random weight and bias.
    ///
    /// # Panics
    /// As [`Conv2d::new`].
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, kernel: usize, options: Conv<1>, rng: &mut (impl Rng + ?Sized)) -> Self {
        let start = Start::convolution("Conv1d", [inputs, outputs], options.groups, &[kernel]);
        Conv1d { weight: start.weight(rng), bias: Some(start.bias(rng)), options }
    }

    /// [`new`](Self::new) without a bias.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn without_bias(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        options: Conv<1>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let start = Start::convolution("Conv1d", [inputs, outputs], options.groups, &[kernel]);
        Conv1d { weight: start.weight(rng), bias: None, options }
    }
}

impl<F: Float> Module<F> for Conv2d<F> {
    /// # Panics
    /// As [`Tensor::conv2d`].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.conv2d(&self.weight, self.bias.as_ref(), self.options)
    }
}

impl<F: Float> Module<F> for Conv1d<F> {
    /// # Panics
    /// As [`Tensor::conv1d`].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.conv1d(&self.weight, self.bias.as_ref(), self.options)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, ConvPadding, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::init::testing::assert_moments;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    #[test]
    fn names_shapes_and_start_are_pytorchs() {
        let groups = Conv { groups: 2, ..Conv::default() };
        let layer = Conv2d::<f64>::new(50, 400, [2, 2], groups, &mut rng());
        let tree: Vec<_> = layer.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        assert_eq!(tree, [("weight".to_owned(), vec![400, 25, 2, 2]), ("bias".to_owned(), vec![400])]);
        let sequence = Conv1d::<f64>::new(25, 400, 4, Conv::default(), &mut rng());
        assert_eq!(sequence.weight.shape(), [400, 25, 4]);
        assert_eq!(sequence.num_params(), 400 * 101);
        // fan_in is 100 in both.
        for (_, w) in layer.params().chain(sequence.params()) {
            assert_moments(w, 0.0, 0.1 / 3.0_f64.sqrt(), 1.8);
            assert!(w.abs().max().item() <= 0.1);
        }
        assert_eq!(Conv2d::<f32>::without_bias(4, 6, [3, 1], groups, &mut rng()).num_params(), 6 * 2 * 3);
        assert_eq!(Conv1d::<f32>::without_bias(4, 6, 3, Conv::default(), &mut rng()).num_params(), 6 * 4 * 3);
        assert_eq!(Conv1d::<f32>::new(0, 2, 3, Conv::default(), &mut rng()).bias.unwrap().to_vec(), [0.0, 0.0]);
    }

    #[test]
    fn derivatives() {
        let options = Conv { stride: [2, 1], padding: 1.into(), groups: 2, ..Conv::default() };
        let layer = Conv2d::<f64>::new(2, 4, [2, 3], options, &mut rng());
        for shape in [&[2, 2, 3, 3][..], &[1, 2, 1, 2], &[2, 3, 3], &[0, 2, 3, 3]] {
            let x = Tensor::randn(shape, &mut rng());
            let forward = |[x, w, b]: [&Tensor<f64>; 3]| {
                Conv2d { weight: w.clone(), bias: Some(b.clone()), options }.forward(x).square()
            };
            gradcheck(forward, [&x, &layer.weight, layer.bias.as_ref().unwrap()], Check::order(2)).unwrap();
        }
        let options = Conv { padding: ConvPadding::Same, ..Conv::default() };
        let layer = Conv1d::<f64>::without_bias(2, 3, 2, options, &mut rng());
        let x = Tensor::randn(&[2, 2, 4], &mut rng());
        let forward = |[x, w]: [&Tensor<f64>; 2]| Conv1d { weight: w.clone(), bias: None, options }.forward(x).square();
        gradcheck(forward, [&x, &layer.weight], Check::order(2)).unwrap();
    }

    /// A kernel of ones sums the patches, and the bias comes once.
    #[test]
    fn values_by_hand() {
        let (weight, bias) = (Tensor::ones(&[1, 1, 2, 2]), Some(Tensor::from([0.5])));
        let layer = Conv2d { weight, bias, options: Conv::default() };
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(&[1, 2, 3]);
        assert_eq!(layer.forward(&x), Tensor::from([[[12.5, 16.5]]]));
        let layer = Conv1d { weight: Tensor::ones(&[1, 2, 1]), bias: None, options: Conv::default() };
        assert_eq!(layer.forward(&x.squeeze_axis(0)), Tensor::from([[5.0, 7.0, 9.0]]));
    }

    #[test]
    #[should_panic(expected = "Conv2d: 4 input and 6 output channels cannot be divided into 4 groups")]
    fn groups_that_do_not_divide() {
        Conv2d::<f32>::new(4, 6, [3, 3], Conv { groups: 4, ..Conv::default() }, &mut rng());
    }

    #[test]
    #[should_panic(expected = "conv1d of [1, 3, 9] and [2, 4, 3] and [2]: the input has 3 channels in 1 group(s)")]
    fn other_channels() {
        Conv1d::<f32>::new(4, 2, 3, Conv::default(), &mut rng()).forward(&Tensor::zeros(&[1, 3, 9]));
    }
}
