//! The distances between all pairs of points of two sets: `‖aᵢ - bⱼ‖` in the p-norm.

use crate::kernels::broadcast_shape;
use crate::{Float, Tensor, shape};

impl<F: Float> Tensor<F> {
    /// The distance in the p-[`norm`](Self::norm) of every row of this tensor from every row of the other: `[.., n, d]`
    /// and `[.., m, d]` give `[.., n, m]`; the axes in front broadcast. `p` is 2 for the Euclidean distance, 1 for the
    /// sum and inf for the maximum of the absolute differences, 0 for the number of differences.
    ///
    /// The gradient of a distance of 0 is 0, as in PyTorch. With `p = inf`, ties share the gradient equally.
    ///
    /// Takes the differences of all pairs first, `[.., n, m, d]`, so that points that are close to each other lose no
    /// digits.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (a, b) = (Tensor::from([[0.0, 0.0], [3.0, 4.0]]), Tensor::from([[3.0, 4.0]]));
    /// assert_eq!(a.cdist(&b, 2.0), Tensor::from([[5.0], [0.0]]));
    /// assert_eq!(a.cdist(&b, 1.0), Tensor::from([[7.0], [0.0]]));
    /// ```
    ///
    /// # Panics
    /// If a tensor has fewer than two axes, the last axes differ in size, the axes in front do not broadcast, `p` is
    /// negative or NaN, or no tensor can have the shape of the differences.
    #[doc(alias("pairwise_distance", "pdist"))]
    #[track_caller]
    pub fn cdist(&self, other: &Tensor<F>, p: F) -> Tensor<F> {
        let name = format!("cdist of {:?} and {:?}", self.shape(), other.shape());
        let ([batch @ .., n, d], [others @ .., m, e]) = (self.shape(), other.shape()) else {
            panic!("{name}: both must have at least two axes, those of the points and of their coordinates")
        };
        assert!(d == e, "{name}: the points have {d} and {e} coordinates, and must have as many");
        assert!(p >= F::zero(), "{name}: p must not be negative, got {p}");
        let differences = broadcast_shape(batch, others).and_then(|batch| {
            let shape = [batch.as_slice(), &[*n, *m, *d]].concat();
            shape::check::<F>(&shape).map(drop)
        });
        if let Err(reason) = differences {
            panic!("{name}: {reason}");
        }
        (self.unsqueeze(-2) - other.unsqueeze(-3)).norm_axis(p, -1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        // Disjoint, so that no difference is near a kink.
        let (a, b) = (|| Domain::between(-2.0, -0.5), || Domain::between(0.5, 2.0));
        let pairs: [[&[usize]; 2]; 6] = [
            [&[2, 3], &[4, 3]],
            [&[1, 1], &[2, 1]],
            [&[0, 2], &[3, 2]],
            [&[2, 0], &[1, 0]],
            [&[2, 2, 3], &[2, 3]],
            [&[2, 1, 2, 1], &[3, 2, 1]],
        ];
        for (name, p) in [("norm", 2.0), ("abs", 1.0), ("norm", 3.0), ("norm", 1.5)] {
            sweep::pairs(name, &pairs[..3], a(), b(), |x, y| x.cdist(y, p));
            sweep::pairs(name, &pairs[4..], a(), b(), |x, y| x.cdist(y, p));
        }
        sweep::pairs("max", &pairs[..3], a(), b(), |x, y| x.cdist(y, f64::INFINITY));
        sweep::pairs("sum", &pairs[3..4], a(), b(), |x, y| x.cdist(y, 2.0));
    }

    #[test]
    fn of_every_order() {
        let (a, b) = (Tensor::from([[1.0, 2.0], [0.0, 0.0]]), Tensor::from([[1.0, 2.0], [4.0, -2.0], [1.0, 0.0]]));
        assert_eq!(a.cdist(&b, 0.0), Tensor::from([[0.0, 2.0, 1.0], [2.0, 2.0, 1.0]]));
        assert_eq!(a.cdist(&b, 1.0), Tensor::from([[0.0, 7.0, 2.0], [3.0, 6.0, 1.0]]));
        assert_eq!(a.cdist(&b, 2.0), Tensor::from([[0.0, 5.0, 2.0], [5.0_f64.sqrt(), 20.0_f64.sqrt(), 1.0]]));
        assert_eq!(a.cdist(&b, f64::INFINITY), Tensor::from([[0.0, 4.0, 2.0], [2.0, 4.0, 1.0]]));
        assert_eq!(Tensor::<f32>::zeros(&[2, 0]).cdist(&Tensor::zeros(&[3, 0]), 2.0), Tensor::zeros(&[2, 3]));
    }

    #[test]
    fn at_distance_zero_the_gradient_is_zero() {
        for p in [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, f64::INFINITY] {
            let (a, b) = (Tensor::param([[1.0, 2.0]]), Tensor::param([[1.0, 2.0]]));
            let [by_a, by_b] = grad(&a.cdist(&b, p).sum(), [&a, &b]);
            assert_eq!((by_a.to_vec(), by_b.to_vec()), (vec![0.0; 2], vec![0.0; 2]), "p = {p}");
        }
    }

    /// The composed form `a² - 2ab + b²` would give 0 here.
    #[test]
    fn of_points_that_are_close() {
        let (a, b) = (Tensor::from([[1000.0_f32, 2000.0]]), Tensor::from([[1000.0_f32, 2000.001]]));
        assert_eq!(a.cdist(&b, 2.0).item(), 2000.001_f32 - 2000.0);
    }

    #[test]
    #[should_panic(expected = "cdist of [2, 3] and [2, 4]: the points have 3 and 4 coordinates")]
    fn other_coordinates() {
        Tensor::<f32>::zeros(&[2, 3]).cdist(&Tensor::zeros(&[2, 4]), 2.0);
    }

    #[test]
    #[should_panic(expected = "cdist of [3] and [2, 3]: both must have at least two axes")]
    fn a_single_point() {
        Tensor::<f32>::zeros(&[3]).cdist(&Tensor::zeros(&[2, 3]), 2.0);
    }
}
