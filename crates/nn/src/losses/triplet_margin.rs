//! The triplet loss: an anchor should be nearer to a positive example than to a negative one, by a margin.
//!
//! Balntas et al., "Learning shallow convolutional feature descriptors with triplet losses", BMVC 2016.

use downhill_tensor::{Float, Tensor};

use super::Reduction;
use super::targets::assert_same_shape;

/// The loss `max(0, d(a, p) - d(a, n) + margin)` of an anchor `a`, a positive example `p` and a negative one `n`, with
/// its options. The distance is `d(x, y) = ‖x - y + ε‖` over the last axis. Without options: [`triplet_margin`].
#[derive(Clone, Copy, Debug)]
pub struct TripletMargin {
    /// By how much the negative example must be further away than the positive one to cost nothing; above 0.
    pub margin: f64,
    /// The order of the norm.
    pub p: f64,
    /// `ε`, added to every component, so that the distance of equal points has a derivative.
    pub eps: f64,
    /// Whether the negative example is compared with the anchor or the positive example, whichever is nearer to it.
    pub swap: bool,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl Default for TripletMargin {
    fn default() -> Self {
        TripletMargin { margin: 1.0, p: 2.0, eps: 1e-6, swap: false, reduction: Reduction::Mean }
    }
}

/// The mean of `max(0, d(a, p) - d(a, n) + 1)` over triplets of points, each `[.., dimensions]`, with the Euclidean
/// distance `d(x, y) = ‖x - y + 1e-6‖`. The derivative exactly at the margin is 0. [`TripletMargin`] has options.
///
/// ```
/// use downhill_nn::{TripletMargin, triplet_margin};
/// use downhill_tensor::Tensor;
/// let (anchor, positive) = (Tensor::from([[0.0, 0.0]]), Tensor::from([[3.0, 4.0]]));
/// let negative = Tensor::from([[0.0, 2.0]]);
/// let loss = TripletMargin { eps: 0.0, ..TripletMargin::default() }.loss(&anchor, &positive, &negative);
/// assert_eq!(loss.item(), 5.0 - 2.0 + 1.0);
/// let with_eps: f64 = triplet_margin(&anchor, &positive, &negative).item();
/// assert!((with_eps - 4.0).abs() < 1e-5);
/// ```
///
/// # Panics
/// If the shapes differ, or are `[]`.
#[track_caller]
pub fn triplet_margin<F: Float>(anchor: &Tensor<F>, positive: &Tensor<F>, negative: &Tensor<F>) -> Tensor<F> {
    TripletMargin::default().loss(anchor, positive, negative)
}

impl TripletMargin {
    /// The loss; shapes as in [`triplet_margin`].
    ///
    /// # Panics
    /// If the shapes differ, or are `[]`, `margin` is not above 0, or `p` is NaN.
    #[track_caller]
    pub fn loss<F: Float>(&self, anchor: &Tensor<F>, positive: &Tensor<F>, negative: &Tensor<F>) -> Tensor<F> {
        assert!(self.margin > 0.0, "triplet_margin: margin must be above 0, got {}", self.margin);
        assert!(!self.p.is_nan(), "triplet_margin: p must not be NaN");
        assert_same_shape("triplet_margin", anchor, positive);
        assert_same_shape("triplet_margin", anchor, negative);
        assert!(anchor.ndim() > 0, "triplet_margin of []: a point must be [dimensions] or [.., dimensions]");
        let near = self.distance(anchor, positive);
        let mut far = self.distance(anchor, negative);
        if self.swap {
            far = far.minimum(self.distance(positive, negative));
        }
        self.reduction.of((near - far + F::from_f64(self.margin)).relu())
    }

    #[track_caller]
    fn distance<F: Float>(&self, x: &Tensor<F>, y: &Tensor<F>) -> Tensor<F> {
        (x - y + F::from_f64(self.eps)).norm_axis(F::from_f64(self.p), -1)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    fn points() -> [Tensor<f64>; 3] {
        [
            Tensor::from([[0.5, -1.0, 0.3], [2.0, 0.0, 1.0]]),
            Tensor::from([[1.0, 0.5, 0.0], [0.0, 1.0, 1.2]]),
            Tensor::from([[0.7, 0.1, -0.4], [1.5, -0.6, 0.2]]),
        ]
    }

    #[test]
    fn derivatives() {
        let [a, p, n] = points();
        for norm in [1.0, 2.0, 3.0] {
            for swap in [false, true] {
                for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                    let options = TripletMargin { margin: 1.5, p: norm, swap, reduction, ..TripletMargin::default() };
                    gradcheck(|[a, p, n]| options.loss(a, p, n), [&a, &p, &n], Check::order(2)).unwrap();
                }
            }
        }
    }

    /// In a 3-4-5 triangle; the positive example is nearer to the negative one than the anchor is.
    #[test]
    fn values_by_hand() {
        let (a, p, n) = (Tensor::param([0.0, 0.0]), Tensor::param([3.0, 0.0]), Tensor::param([3.0, 4.0]));
        let options = TripletMargin { margin: 3.0, eps: 0.0, ..TripletMargin::default() };
        let loss = options.loss(&a, &p, &n);
        assert_eq!(loss.item(), 3.0 - 5.0 + 3.0);
        let slopes = loss.backward();
        assert_eq!(slopes[&p].to_vec(), [1.0, 0.0]);
        assert_eq!(slopes[&n].to_vec(), [-0.6, -0.8]);
        assert_eq!(TripletMargin { swap: true, ..options }.loss(&a, &p, &n).item(), 3.0 - 4.0 + 3.0);
        assert_eq!(TripletMargin { p: 1.0, ..options }.loss(&a, &p, &n).item(), 0.0);
        assert_eq!(TripletMargin { p: f64::INFINITY, ..options }.loss(&a, &p, &n).item(), 3.0 - 4.0 + 3.0);
        // Exactly at the margin the derivative is 0.
        let loss = TripletMargin { margin: 2.0, ..options }.loss(&a, &p, &n);
        assert_eq!((loss.item(), loss.backward()[&p].to_vec()), (0.0, vec![0.0, 0.0]));
    }

    /// `d(a, p) = ε·√3`; far out, squares overflow, distances do not.
    #[test]
    fn ends() {
        let [a, _, n] = points();
        let (a, n) = (Tensor::param(a), n);
        assert!(triplet_margin(&a, &a, &n).backward()[&a].all_finite());
        let far = Tensor::<f32>::from([3e30, 0.0]);
        let loss = triplet_margin(&Tensor::zeros(&[2]), &far, &Tensor::from([0.0, 1e30]));
        assert!((loss.item() / 2e30 - 1.0).abs() < 1e-6, "{loss}");
        assert_eq!(
            triplet_margin(&Tensor::<f32>::zeros(&[2, 0]), &Tensor::zeros(&[2, 0]), &Tensor::zeros(&[2, 0])).item(),
            1.0
        );
        assert!(triplet_margin(&Tensor::from([f64::NAN]), &Tensor::from([0.0]), &Tensor::from([1.0])).item().is_nan());
    }

    #[test]
    #[should_panic(expected = "triplet_margin: margin must be above 0, got 0")]
    fn a_margin_of_zero() {
        let [a, p, n] = points();
        TripletMargin { margin: 0.0, ..TripletMargin::default() }.loss(&a, &p, &n);
    }
}
