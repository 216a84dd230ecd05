//! Transposed convolutional layers.

use downhill_tensor::{ConvTranspose, Float, Params, Tensor};
use rand::Rng;

use crate::Module;
use crate::conv_start::Start;

/// The transposed convolution of images, `[N, in, H, W]` or `[in, H, W]`, with a learned kernel:
/// [`Tensor::conv_transpose2d`].
///
/// Names, layout and initialization are PyTorch's: `weight` is `[in, out/groups, kh, kw]`, and both parameters are drawn
/// from `U(-k, k)` with `k = 1/√(out/groups·kh·kw)`.
///
/// ```
/// use downhill_nn::{ConvTranspose2d, Module};
/// use downhill_tensor::{ConvTranspose, Tensor};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let double = ConvTranspose { stride: [2, 2], padding: [1, 1], output_padding: [1, 1], ..ConvTranspose::default() };
/// let layer: ConvTranspose2d = ConvTranspose2d::new(16, 3, [3, 3], double, &mut rng);
/// assert_eq!(layer.forward(&Tensor::zeros(&[8, 16, 7, 7])).shape(), [8, 3, 14, 14]);
/// ```
#[derive(Clone, Debug, Params)]
pub struct ConvTranspose2d<F: Float = f32> {
    /// `[in, out/groups, kh, kw]`.
    pub weight: Tensor<F>,
    /// `[out]`.
    pub bias: Option<Tensor<F>>,
    /// Stride, padding, output padding, groups, dilation.
    pub options: ConvTranspose<2>,
}

/// The transposed convolution of sequences, `[N, in, L]` or `[in, L]`, with a learned kernel:
/// [`Tensor::conv_transpose1d`].
///
/// As [`ConvTranspose2d`], with one axis: `weight` is `[in, out/groups, k]`.
///
/// ```
/// use downhill_nn::{ConvTranspose1d, Module};
/// use downhill_tensor::{ConvTranspose, Tensor};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let options = ConvTranspose { stride: [2], ..ConvTranspose::default() };
/// let layer: ConvTranspose1d = ConvTranspose1d::new(8, 4, 2, options, &mut rng);
/// assert_eq!(layer.forward(&Tensor::zeros(&[2, 8, 50])).shape(), [2, 4, 100]);
/// ```
#[derive(Clone, Debug, Params)]
pub struct ConvTranspose1d<F: Float = f32> {
    /// `[in, out/groups, k]`.
    pub weight: Tensor<F>,
    /// `[out]`.
    pub bias: Option<Tensor<F>>,
    /// Stride, padding, output padding, groups, dilation.
    pub options: ConvTranspose<1>,
}

impl<F: Float> ConvTranspose2d<F> {
    /// A layer from `inputs` to `outputs` channels, with random weight and bias.
    ///
    /// # Panics
    /// If `groups` is 0 or does not divide the channels, the weight is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: [usize; 2],
        options: ConvTranspose<2>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let start = Start::transposed("ConvTranspose2d", [inputs, outputs], options.groups, &kernel);
        ConvTranspose2d { weight: start.weight(rng), bias: Some(start.bias(rng)), options }
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
        options: ConvTranspose<2>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let start = Start::transposed("ConvTranspose2d", [inputs, outputs], options.groups, &kernel);
        ConvTranspose2d { weight: start.weight(rng), bias: None, options }
    }
}

impl<F: Float> ConvTranspose1d<F> {
    /// A layer from `inputs` to `outputs` channels, with random weight and bias.
    ///
    /// # Panics
    /// As [`ConvTranspose2d::new`].
    #[track_caller]
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        options: ConvTranspose<1>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let start = Start::transposed("ConvTranspose1d", [inputs, outputs], options.groups, &[kernel]);
        ConvTranspose1d { weight: start.weight(rng), bias: Some(start.bias(rng)), options }
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
        options: ConvTranspose<1>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let start = Start::transposed("ConvTranspose1d", [inputs, outputs], options.groups, &[kernel]);
        ConvTranspose1d { weight: start.weight(rng), bias: None, options }
    }
}

impl<F: Float> Module<F> for ConvTranspose2d<F> {
    /// # Panics
    /// As [`Tensor::conv_transpose2d`].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.conv_transpose2d(&self.weight, self.bias.as_ref(), self.options)
    }
}

impl<F: Float> Module<F> for ConvTranspose1d<F> {
    /// # Panics
    /// As [`Tensor::conv_transpose1d`].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.conv_transpose1d(&self.weight, self.bias.as_ref(), self.options)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::init::testing::assert_moments;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    #[test]
    fn names_shapes_and_start_are_pytorchs() {
        let groups = ConvTranspose { groups: 2, ..ConvTranspose::default() };
        let layer = ConvTranspose2d::<f64>::new(400, 50, [2, 2], groups, &mut rng());
        let tree: Vec<_> = layer.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        assert_eq!(tree, [("weight".to_owned(), vec![400, 25, 2, 2]), ("bias".to_owned(), vec![50])]);
        let sequence = ConvTranspose1d::<f64>::new(400, 25, 4, ConvTranspose::default(), &mut rng());
        assert_eq!(sequence.weight.shape(), [400, 25, 4]);
        // fan_in, which PyTorch takes from the second axis, is 100 in both.
        for (_, w) in layer.params().chain(sequence.params()) {
            assert_moments(w, 0.0, 0.1 / 3.0_f64.sqrt(), 1.8);
            assert!(w.abs().max().item() <= 0.1);
        }
        let kernel = ConvTranspose1d::<f32>::without_bias(4, 6, 3, ConvTranspose::default(), &mut rng());
        assert_eq!((kernel.num_params(), kernel.bias.is_none()), (4 * 6 * 3, true));
    }

    #[test]
    fn derivatives() {
        let options = ConvTranspose { stride: [2, 1], padding: [1, 0], output_padding: [1, 0], ..Default::default() };
        let layer = ConvTranspose2d::<f64>::new(2, 2, [2, 3], options, &mut rng());
        for shape in [&[2, 2, 2, 2][..], &[1, 2, 1, 2], &[2, 3, 3], &[0, 2, 2, 2]] {
            let x = Tensor::randn(shape, &mut rng());
            let forward = |[x, w, b]: [&Tensor<f64>; 3]| {
                ConvTranspose2d { weight: w.clone(), bias: Some(b.clone()), options }.forward(x).square()
            };
            gradcheck(forward, [&x, &layer.weight, layer.bias.as_ref().unwrap()], Check::order(2)).unwrap();
        }
        let options = ConvTranspose { stride: [3], groups: 2, ..ConvTranspose::default() };
        let layer = ConvTranspose1d::<f64>::without_bias(2, 4, 2, options, &mut rng());
        let x = Tensor::randn(&[2, 2, 3], &mut rng());
        let forward =
            |[x, w]: [&Tensor<f64>; 2]| ConvTranspose1d { weight: w.clone(), bias: None, options }.forward(x).square();
        gradcheck(forward, [&x, &layer.weight], Check::order(2)).unwrap();
    }

    /// With a kernel of ones and a stride of its size, every element becomes a block.
    #[test]
    fn values_by_hand() {
        let options = ConvTranspose { stride: [2, 2], ..ConvTranspose::default() };
        let layer = ConvTranspose2d { weight: Tensor::ones(&[1, 1, 2, 2]), bias: Some(Tensor::from([0.5])), options };
        let y = layer.forward(&Tensor::from([[[1.0, 2.0]]]));
        assert_eq!(y, Tensor::from([[[1.5, 1.5, 2.5, 2.5], [1.5, 1.5, 2.5, 2.5]]]));
    }

    #[test]
    #[should_panic(expected = "ConvTranspose1d: 4 input and 6 output channels cannot be divided into 0 groups")]
    fn no_groups() {
        ConvTranspose1d::<f32>::new(4, 6, 3, ConvTranspose { groups: 0, ..ConvTranspose::default() }, &mut rng());
    }
}
