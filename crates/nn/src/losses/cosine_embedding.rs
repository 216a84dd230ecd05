//! The cosine loss of pairs of vectors: that of pairs that belong together should be 1, of others at most a margin.

use downhill_tensor::{Float, Tensor, concat, keep, where_};

use super::Reduction;
use super::targets::{assert_same_shape, assert_signs};

/// The loss `1 - cos(x₁, x₂)` of pairs with the label 1 and `max(0, cos(x₁, x₂) - margin)` of pairs with the label -1,
/// with its options. Without options: [`cosine_embedding`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CosineEmbedding {
    /// Up to which cosine, from -1 to 1, a pair with the label -1 costs nothing.
    pub margin: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

/// The mean over pairs of vectors, each `[.., dimensions]`, with labels `[..]`, of `1 - cos(x₁, x₂)` where the label is 1
/// and `max(0, cos(x₁, x₂))` where it is -1. The cosine is `x₁·x₂ / √((x₁·x₁ + ε)(x₂·x₂ + ε))` with `ε = 1e-12`, as in
/// PyTorch, so that it is 0 for a zero vector. The derivative exactly at the margin is 0. [`CosineEmbedding`] has a
/// margin.
///
/// ```
/// use downhill_nn::cosine_embedding;
/// use downhill_tensor::Tensor;
/// let (a, b) = (Tensor::from([[3.0, 4.0], [1.0, 0.0]]), Tensor::from([[4.0, 3.0], [0.0, 2.0]]));
/// let loss: f64 = cosine_embedding(&a, &b, &Tensor::from([1.0, -1.0])).item();
/// assert!((loss - (1.0 - 24.0 / 25.0) / 2.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the vectors differ in shape, the labels do not have their shape without the last axis, or a label is neither 1 nor
/// -1. (In PyTorch, any other label costs 0.)
#[track_caller]
pub fn cosine_embedding<F: Float>(input1: &Tensor<F>, input2: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    CosineEmbedding::default().loss(input1, input2, target)
}

impl CosineEmbedding {
    /// The loss; shapes as in [`cosine_embedding`].
    ///
    /// # Panics
    /// If the vectors differ in shape, the labels do not have their shape without the last axis, or a label is neither 1
    /// nor -1.
    #[track_caller]
    pub fn loss<F: Float>(&self, input1: &Tensor<F>, input2: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("cosine_embedding", input1, input2);
        let shape = input1.shape();
        assert!(
            shape.split_last().is_some_and(|(_, pairs)| pairs == target.shape()),
            "cosine_embedding: shape mismatch: vectors {shape:?} and labels {:?}: the vectors must be [.., dimensions] and \
             the labels have the same shape without the last axis",
            target.shape()
        );
        assert_signs("cosine_embedding", target);
        let cosine = (direction(input1) * direction(input2)).sum_axis(-1);
        let apart = (&cosine - F::from_f64(self.margin)).relu();
        self.reduction.of(where_(&target.gt(F::zero()), -cosine + F::one(), apart))
    }
}

/// `x / √(x·x + ε)` over the last axis, with `ε = 1e-12`: the root is the norm of `x` with one more component, `1e-6`,
/// and the norm of a large vector does not overflow.
#[track_caller]
fn direction<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    let mut shape = x.shape().to_vec();
    *shape.last_mut().expect("checked") = 1;
    let root_of_eps = Tensor::full(&shape, F::from_f64(1e-6));
    x / concat(&[x, &root_of_eps], -1).norm_axis(F::from_f64(2.0), keep(-1))
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (a, b) =
            (Tensor::from([[0.5, -1.0, 0.3], [2.0, 0.0, 1.0]]), Tensor::from([[1.0, 0.5, 0.0], [0.1, 1.0, 1.2]]));
        for t in [[1.0, -1.0], [-1.0, 1.0]].map(Tensor::from) {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                let options = CosineEmbedding { margin: -0.3, reduction };
                gradcheck(|[a, b]| options.loss(a, b, &t), [&a, &b], Check::order(2)).unwrap();
            }
        }
    }

    #[test]
    fn values_by_hand() {
        let a = Tensor::param([[3.0, 4.0], [3.0, 4.0], [1.0, 0.0], [0.0, 0.0]]);
        let b = Tensor::param([[4.0, 3.0], [4.0, 3.0], [0.0, 1.0], [1.0, 0.0]]);
        let t = Tensor::from([1.0, -1.0, -1.0, 1.0]);
        let losses = CosineEmbedding { margin: 0.5, reduction: Reduction::None }.loss(&a, &b, &t);
        let expected = [0.04, 0.46, 0.0, 1.0];
        assert!(losses.all_close(Tensor::from(expected), 0.0, 1e-12), "{losses}");
        let single = CosineEmbedding::default().loss(&a.select(0, 0), &b.select(0, 0), &Tensor::from(1.0));
        assert!((single.item() - 0.04_f64).abs() < 1e-12);
        // Exactly at the margin the derivative is 0.
        let right_angle = CosineEmbedding { margin: 0.0, reduction: Reduction::Sum };
        let loss = right_angle.loss(&a.narrow(0, 2, 1), &b.narrow(0, 2, 1), &Tensor::from([-1.0]));
        assert_eq!((loss.item(), loss.backward()[&a].to_vec()), (0.0, vec![0.0; 8]));
    }

    /// The cosine depends on directions only, even if squares overflow or nearly vanish; a zero vector has a derivative.
    #[test]
    fn ends() {
        let (a, b) = (Tensor::from([3.0_f32, 4.0]), Tensor::from([4.0_f32, 3.0]));
        for scale in [1e30, 1e36] {
            let loss = cosine_embedding(&(&a * scale), &(&b * scale), &Tensor::from(1.0));
            assert!((loss.item() - 0.04).abs() < 1e-6, "{loss}");
        }
        let zero = Tensor::param([0.0, 0.0]);
        let loss = cosine_embedding(&zero, &Tensor::from([0.0, 1.0]), &Tensor::from(1.0));
        let slope = loss.backward()[&zero].to_vec();
        assert!(slope[0] == 0.0 && (slope[1] + 1e6).abs() < 1.0, "{slope:?}");
        let nan = cosine_embedding(&Tensor::from([f64::NAN]), &Tensor::from([1.0]), &Tensor::from(-1.0));
        assert!(nan.item().is_nan());
        let empty = CosineEmbedding { reduction: Reduction::None, ..CosineEmbedding::default() };
        assert_eq!(
            empty.loss(&Tensor::<f32>::zeros(&[0, 3]), &Tensor::zeros(&[0, 3]), &Tensor::zeros(&[0])).shape(),
            [0]
        );
        assert_eq!(
            empty.loss(&Tensor::<f32>::zeros(&[1, 0]), &Tensor::zeros(&[1, 0]), &Tensor::ones(&[1])).to_vec(),
            [1.0]
        );
    }

    #[test]
    #[should_panic(expected = "cosine_embedding: shape mismatch: vectors [2, 3] and labels [3]")]
    fn a_label_for_each_dimension() {
        cosine_embedding(&Tensor::<f32>::zeros(&[2, 3]), &Tensor::zeros(&[2, 3]), &Tensor::ones(&[3]));
    }
}
