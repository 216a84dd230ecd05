//! The bilinear map of two inputs.

use downhill_tensor::{Float, Params, Tensor, checked_size};
use rand::Rng;

use crate::init;

/// The bilinear map `yₒ = Σᵢⱼ x1ᵢ·W[o, i, j]·x2ⱼ + bₒ`, applied to the last axes: `[.., in1]` and `[.., in2]`, with the
/// same leading axes, to `[.., out]`.
///
/// Because it takes two tensors, it is not a [`Module`](crate::Module) and `forward` is an inherent method. Names,
/// layout and initialization are PyTorch's: `weight` is `[out, in1, in2]`, and both parameters are drawn from `U(-k, k)`
/// with `k = 1/√in1`.
///
/// ```
/// use downhill_nn::Bilinear;
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let layer: Bilinear = Bilinear::new(20, 30, 40, &mut rng);
/// let (a, b) = (Tensor::randn(&[128, 20], &mut rng), Tensor::randn(&[128, 30], &mut rng));
/// assert_eq!(layer.forward(&a, &b).shape(), [128, 40]);
/// ```
#[derive(Clone, Debug, Params)]
pub struct Bilinear<F: Float = f32> {
    /// `[out, in1, in2]`.
    pub weight: Tensor<F>,
    /// `[out]`.
    pub bias: Option<Tensor<F>>,
}

impl<F: Float> Bilinear<F> {
    /// A layer from `inputs1` and `inputs2` to `outputs` features, with random weight and bias.
    ///
    /// # Panics
    /// If `inputs1` is 0, a shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(inputs1: usize, inputs2: usize, outputs: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let layer = Self::without_bias(inputs1, inputs2, outputs, rng);
        Bilinear { bias: Some(Self::parameter(&[outputs], inputs1, rng)), ..layer }
    }

    /// [`new`](Self::new) without a bias.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn without_bias(inputs1: usize, inputs2: usize, outputs: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(inputs1 > 0, "Bilinear: the first input must have at least 1 feature, got 0");
        Bilinear { weight: Self::parameter(&[outputs, inputs1, inputs2], inputs1, rng), bias: None }
    }

    #[track_caller]
    fn parameter(shape: &[usize], inputs1: usize, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
        checked_size::<F>("Bilinear", shape);
        let bound = 1.0 / (inputs1 as f64).sqrt();
        Tensor::param(init::uniform(shape, -bound..=bound, rng))
    }

    /// The output for both inputs.
    ///
    /// # Panics
    /// If the last axes do not have the sizes that the weight expects, or the other axes differ.
    #[track_caller]
    pub fn forward(&self, x1: &Tensor<F>, x2: &Tensor<F>) -> Tensor<F> {
        let &[out, in1, in2] = self.weight.shape() else {
            panic!("Bilinear: the weight has shape {:?}, but must be [out, in1, in2]", self.weight.shape())
        };
        let fits = match (x1.shape(), x2.shape()) {
            ([leading1 @ .., size1], [leading2 @ .., size2]) => leading1 == leading2 && *size1 == in1 && *size2 == in2,
            _ => false,
        };
        assert!(
            fits,
            "Bilinear of {:?} and {:?}: the inputs must be [.., {in1}] and [.., {in2}] with the same leading axes",
            x1.shape(),
            x2.shape()
        );
        let leading = &x1.shape()[..x1.ndim() - 1];
        let rows = leading.iter().product::<usize>();
        // Every output's matrix times the first input, all in one product; then an inner product with the second.
        let stacked = self.weight.permute(&[0, 2, 1]).reshape(&[out * in2, in1]);
        let products = x1.reshape(&[rows, in1]).linear(&stacked, None).reshape(&[rows, out, in2]);
        let y = products.matmul(&x2.reshape(&[rows, in2, 1])).reshape(&[leading, &[out]].concat());
        match &self.bias {
            Some(bias) => y + bias,
            None => y,
        }
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
        let layer = Bilinear::<f64>::new(25, 40, 100, &mut rng());
        let tree: Vec<_> = layer.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        assert_eq!(tree, [("weight".to_owned(), vec![100, 25, 40]), ("bias".to_owned(), vec![100])]);
        assert_moments(&layer.weight, 0.0, 0.2 / 3.0_f64.sqrt(), 1.8);
        assert!(layer.params().all(|(_, w)| w.abs().max().item() <= 0.2));
        assert_eq!(Bilinear::<f64>::without_bias(2, 3, 4, &mut rng()).num_params(), 24);
    }

    /// The dot product and the determinant of two vectors, plus a bias.
    #[test]
    fn by_hand() {
        let weight = Tensor::param([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [-1.0, 0.0]]]);
        let layer = Bilinear { weight, bias: Some(Tensor::param([0.0, 100.0])) };
        let (a, b) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([[5.0, 6.0], [7.0, 8.0]]));
        let expected = Tensor::from([[17.0, 96.0], [53.0, 96.0]]);
        assert_eq!(layer.forward(&a, &b), expected);
        assert_eq!(layer.forward(&a.select(0, 1), &b.select(0, 1)), expected.select(0, 1));
        let deep = layer.forward(&a.reshape(&[2, 1, 1, 2]), &b.reshape(&[2, 1, 1, 2]));
        assert_eq!(deep, expected.reshape(&[2, 1, 1, 2]));
    }

    #[test]
    fn derivatives() {
        let layer = |w: &Tensor<f64>, b: Option<&Tensor<f64>>| Bilinear { weight: w.clone(), bias: b.cloned() };
        for (leading, [out, in1, in2]) in
            [(&[2][..], [2, 2, 3]), (&[], [3, 1, 2]), (&[0], [2, 2, 1]), (&[2, 1], [1, 2, 0])]
        {
            let x1 = init::uniform(&[leading, &[in1]].concat(), -1.0..=1.0, &mut rng());
            let x2 = init::uniform(&[leading, &[in2]].concat(), -1.0..=1.0, &mut rng());
            let weight = init::uniform(&[out, in1, in2], -1.0..=1.0, &mut rng());
            let bias = init::uniform(&[out], -1.0..=1.0, &mut rng());
            let biased = |[a, b, w, bias]: [&Tensor<f64>; 4]| layer(w, Some(bias)).forward(a, b);
            gradcheck(biased, [&x1, &x2, &weight, &bias], Check::order(2)).unwrap();
            gradcheck(|[a, b, w]| layer(w, None).forward(a, b), [&x1, &x2, &weight], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "Bilinear of [4, 2] and [5, 3]: the inputs must be [.., 2] and [.., 3] with the same")]
    fn other_batches() {
        Bilinear::<f32>::new(2, 3, 1, &mut rng()).forward(&Tensor::zeros(&[4, 2]), &Tensor::zeros(&[5, 3]));
    }

    #[test]
    #[should_panic(expected = "Bilinear: the first input must have at least 1 feature, got 0")]
    fn no_features() {
        Bilinear::<f32>::new(0, 3, 1, &mut rng());
    }
}
