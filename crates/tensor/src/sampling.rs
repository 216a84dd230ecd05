//! Random samples from distributions that a tensor describes. They are constants, or plain integers: not
//! differentiable.

use ndarray::{ArrayD, Axis};
use rand::Rng;
use rand::distr::{Distribution, StandardUniform};

use crate::kernels::ask;
use crate::{Elements, Float, Tensor, operation};

impl<F: Float> Tensor<F> {
    /// Independent draws of 0 or 1 with the elements of this tensor as the probabilities of 1.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use rand::SeedableRng;
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let flips = Tensor::<f32>::full(&[1000], 0.25).bernoulli(&mut rng);
    /// assert!((200.0..300.0).contains(&flips.sum().item()));
    /// assert_eq!(Tensor::from([0.0, 1.0]).bernoulli(&mut rng), Tensor::from([0.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If an element is not between 0 and 1.
    #[track_caller]
    pub fn bernoulli(&self, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
        operation::begin("bernoulli");
        let probabilities = self.0.elements.row_major();
        let probabilities = probabilities.as_slice().expect("row-major");
        if let Some(place) = probabilities.iter().position(|&p| !(p >= F::zero() && p <= F::one())) {
            let p = probabilities[place];
            panic!("bernoulli of {:?}: element {place} (in row-major order) is {p}, not a probability", self.shape());
        }
        let draw = |&p: &F| if uniform(rng) < p.as_f64() { F::one() } else { F::zero() };
        Tensor::leaf(Elements::appended(self.shape(), |y| y.extend(probabilities.iter().map(draw))), 0)
    }

    /// An index drawn along the last axis, which is removed, from the distribution with these logits: index `i` has the
    /// probability `softmax(logits)ᵢ`, so -inf excludes it. For given probabilities, pass their logarithms; for a
    /// temperature, divide the logits by it.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// use rand::SeedableRng;
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let probabilities = Tensor::from([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0_f64]]);
    /// assert_eq!(probabilities.ln().categorical(&mut rng), array![1, 2].into_dyn());
    /// ```
    ///
    /// # Panics
    /// If there is no axis or the last one has size 0, if a logit is NaN or inf, or if all logits of a distribution are
    /// -inf.
    #[doc(alias("multinomial", "choice"))]
    #[track_caller]
    pub fn categorical(&self, rng: &mut (impl Rng + ?Sized)) -> ArrayD<usize> {
        let shape = self.shape();
        let [outer @ .., classes] = shape else { panic!("categorical of []: needs an axis of logits") };
        assert!(*classes > 0, "categorical of {shape:?}: the last axis has no elements to choose from");
        operation::begin("categorical");
        ask::<usize>(outer);
        let mut chosen = ArrayD::zeros(outer);
        let view = self.view();
        for (number, (chosen, lane)) in chosen.iter_mut().zip(view.lanes(Axis(shape.len() - 1))).enumerate() {
            let largest = lane.iter().fold(F::neg_infinity(), |most, &x| if x > most { x } else { most });
            assert!(
                largest.is_finite() && !lane.iter().any(|x| x.is_nan()),
                "categorical of {shape:?}: distribution {number} has a logit of NaN or inf, or none above -inf"
            );
            // Relative to the largest, whose weight is 1, so that their sum neither overflows nor vanishes.
            let weight = |&x: &F| (x.as_f64() - largest.as_f64()).exp();
            let total: f64 = lane.iter().map(weight).sum();
            let mut rest = uniform(rng) * total;
            for (index, weight) in lane.iter().map(weight).enumerate() {
                // Due to rounding, the rest may stay positive to the end; the last index that has a weight is then
                // taken.
                if weight > 0.0 {
                    *chosen = index;
                    rest -= weight;
                    if rest < 0.0 {
                        break;
                    }
                }
            }
        }
        chosen
    }
}

/// Between 0 (included) and 1 (excluded).
fn uniform(rng: &mut (impl Rng + ?Sized)) -> f64 {
    StandardUniform.sample(rng)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Within five standard deviations of the expected numbers.
    #[test]
    fn frequencies() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let n = 100_000.0_f64;
        for p in [0.03, 0.5, 0.9] {
            let ones = Tensor::full(&[100_000], p).bernoulli(&mut rng).sum().item();
            assert!((ones - n * p).abs() < 5.0 * (n * p * (1.0 - p)).sqrt(), "{p}: {ones}");
        }
        let probabilities = [0.5, 0.0, 0.2, 0.3];
        for shift in [-900.0, 0.0, 900.0] {
            let logits = (Tensor::from(probabilities).ln() + shift).broadcast_to(&[100, 1000, 4]);
            let drawn = logits.categorical(&mut rng);
            assert_eq!(drawn.shape(), [100, 1000]);
            for (class, p) in probabilities.into_iter().enumerate() {
                let count = drawn.iter().filter(|&&index| index == class).count() as f64;
                assert!((count - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt(), "{class}: {count}");
            }
        }
    }

    #[test]
    fn certain_outcomes_of_any_shape() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let p = Tensor::from([[0.0_f32, 1.0], [1.0, 0.0]]);
        assert_eq!(p.t().bernoulli(&mut rng), p.t());
        assert!(!Tensor::param(&p).bernoulli(&mut rng).requires_grad());
        assert_eq!(Tensor::<f32>::zeros(&[2, 0]).bernoulli(&mut rng).shape(), [2, 0]);
        let rows = p.ln().categorical(&mut rng);
        assert_eq!(rows.as_slice(), Some([1, 0].as_slice()));
        assert_eq!(p.ln().t().select(0, 0).categorical(&mut rng)[[]], 1);
        assert_eq!(Tensor::<f32>::zeros(&[0, 3]).categorical(&mut rng).shape(), [0]);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let p = Tensor::<f32>::full(&[64], 0.5);
            (p.bernoulli(&mut rng), Tensor::<f32>::zeros(&[16, 8]).categorical(&mut rng))
        };
        assert_eq!(draw(3), draw(3));
        assert!(draw(3).0 != draw(4).0 && draw(3).1 != draw(4).1);
    }

    #[test]
    #[should_panic(expected = "bernoulli of [2]: element 1 (in row-major order) is 1.5, not a probability")]
    fn not_a_probability() {
        Tensor::from([0.5, 1.5]).bernoulli(&mut ChaCha8Rng::seed_from_u64(0));
    }

    #[test]
    #[should_panic(expected = "categorical of [2, 2]: distribution 1 has a logit of NaN or inf, or none above -inf")]
    fn nothing_to_choose() {
        let none = f64::NEG_INFINITY;
        Tensor::from([[0.0, none], [none, none]]).categorical(&mut ChaCha8Rng::seed_from_u64(0));
    }
}
