//! The squared error.

use downhill_tensor::{Attribute, Elements, Elementwise, Float, Formula, Op, Tensor, apply, compiled, elementwise};

use super::Reduction;
use super::targets::assert_same_shape;

/// The squared error `(x - t)²`, with its option. Without options: [`mse`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse {
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

/// The mean squared error between predictions and targets of the same shape.
///
/// ```
/// use downhill_nn::mse;
/// use downhill_tensor::Tensor;
/// let loss = mse(&Tensor::from([1.0, 2.0]), &Tensor::from([0.0, 5.0]));
/// assert_eq!(loss.item(), 5.0);
/// ```
///
/// # Panics
/// If the shapes differ. (PyTorch only warns and broadcasts: `[n]` and `[n, 1]` then give n² errors.)
#[track_caller]
pub fn mse<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    Mse::default().loss(input, target)
}

impl Mse {
    /// The loss.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("mse", input, target);
        let Some(divisor) = self.reduction.divisor(input.shape(), input.len() as f64) else {
            return (input - target).square();
        };
        apply(SquaredDistance { scale: F::from_f64(1.0 / divisor) }, [input, target])
    }
}

/// `s·Σ(x - t)²`, with the derivatives `2s·(x - t)` and `2s·(t - x)`.
///
/// A primitive for speed: composed of a difference, a square, a sum and a division, a training step of a network with
/// 17 parameters takes a quarter longer.
struct SquaredDistance<F> {
    scale: F,
}

impl<F: Float> Op<F, 2> for SquaredDistance<F> {
    fn name(&self) -> &'static str {
        "mse"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("scale·Σ(x - t)²", &[("x", "2·scale·dy·(x - t)"), ("t", "2·scale·dy·(t - x)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("scale", self.scale.as_f64().into())]
    }

    fn forward(&mut self, [x, t]: [&Elements<F>; 2]) -> Elements<F> {
        if let (Some(x), Some(t)) = (x.as_slice(), t.as_slice()) {
            return Elements::scalar(self.of(x, t));
        }
        let (x, t) = (x.view(), t.view());
        let (x, t) = (x.as_standard_layout(), t.as_standard_layout());
        Elements::scalar(self.of(x.as_slice().expect("row-major"), t.as_slice().expect("row-major")))
    }

    fn vjp(&self, wrt: usize, [x, t]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let twice = self.scale * F::from_f64(2.0);
        match wrt {
            0 => elementwise(ScaledDifference { scale: twice }, [x, t]) * dy,
            _ => elementwise(ScaledDifference { scale: twice }, [t, x]) * dy,
        }
    }
}

/// `s·(a - b)`; the derivatives are `s` and `-s`. One operation instead of two.
struct ScaledDifference<F> {
    scale: F,
}

impl<F: Float> Elementwise<F, 2> for ScaledDifference<F> {
    fn name(&self) -> &'static str {
        "scaled_difference"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("scale·(a - b)", &[("a", "scale"), ("b", "-scale")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("scale", self.scale.as_f64().into())]
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        self.scale * (a - b)
    }

    fn vjp(&self, wrt: usize, _: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy * self.scale,
            _ => dy * -self.scale,
        }
    }
}

impl<F: Float> SquaredDistance<F> {
    /// Blocks of 4096 elements are summed in `F`, with eight accumulators each, and the block sums in `f64`: fast, and
    /// the rounding error does not grow with the length.
    fn of(&self, x: &[F], t: &[F]) -> F {
        let blocks = x.chunks(4096).zip(t.chunks(4096));
        let total = blocks.fold(0.0, |total, (x, t)| total + squared_distance(x, t).as_f64());
        F::from_f64(total * self.scale.as_f64())
    }
}

/// `Σ(x - t)²`. Independent accumulators let the compiler vectorize the loop.
fn squared_distance<F: Float>(x: &[F], t: &[F]) -> F {
    const STRANDS: usize = 8;
    let mut sums = [F::zero(); STRANDS];
    let (xs, ts) = (x.chunks_exact(STRANDS), t.chunks_exact(STRANDS));
    let rest = xs.remainder().iter().zip(ts.remainder()).fold(F::zero(), |sum, (&x, &t)| sum + (x - t) * (x - t));
    for (x, t) in xs.zip(ts) {
        for i in 0..STRANDS {
            sums[i] += (x[i] - t[i]) * (x[i] - t[i]);
        }
    }
    sums.into_iter().fold(rest, |total, sum| total + sum)
}

compiled!(Op<2> SquaredDistance<F>);
compiled!(Elementwise<2> ScaledDifference<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        let domain = || Domain::between(-2.0, 2.0);
        let same: [[&[usize]; 2]; 5] = [[&[]; 2], [&[3]; 2], [&[0]; 2], [&[2, 1, 3]; 2], [&[131]; 2]];
        sweep::pairs("mse", &same, domain(), domain(), |x, t| apply(SquaredDistance { scale: 0.25 }, [x, t]));
        let difference = |a: &Tensor<f64>, b: &Tensor<f64>| elementwise(ScaledDifference { scale: 3.0 }, [a, b]);
        sweep::binary("scaled_difference", domain(), domain(), difference);
    }

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[0.5, 1.0], [-3.0, 0.25]]));
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            gradcheck(|[x, t]| Mse { reduction }.loss(x, t), [&x, &t], Check::order(2)).unwrap();
        }
    }

    /// The same as the composed form, for lengths around the block size and in any layout.
    #[test]
    fn equals_the_formula() {
        for len in [0, 1, 7, 8, 9, 4095, 4097, 20_000] {
            let x = Tensor::from((0..2 * len).map(|i| (i as f64 * 0.37).sin()).collect::<Vec<_>>()).reshape(&[len, 2]);
            let t = x.t().cos().reshape(&[len, 2]);
            let squares = (&x - &t).square();
            let close = |a: Tensor<f64>, b: Tensor<f64>| (a.item() - b.item()).abs() <= 1e-14 * (1.0 + b.item());
            let same = |reduction: Reduction| close(Mse { reduction }.loss(&x, &t), reduction.of(squares.clone()));
            assert!(same(Reduction::Sum) && same(Reduction::BatchMean), "{len}");
            assert!(if len == 0 { mse(&x, &t).item().is_nan() } else { same(Reduction::Mean) }, "{len}");
            assert!(close(mse(&x.t(), &t.t()), mse(&x, &t)) || len == 0, "{len}");
        }
    }

    #[test]
    #[should_panic(expected = "mse: shape mismatch: input [3] and targets [3, 1]: the shapes must be equal")]
    fn a_column_against_a_row() {
        mse(&Tensor::<f32>::zeros(&[3]), &Tensor::zeros(&[3, 1]));
    }
}
