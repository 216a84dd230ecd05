//! Standardization over axes: `y = (x - mean)/√(var + ε)` with the mean and the biased variance; the derivative is
//! `s·(dy - mean(dy) - y·mean(dy·y))` with `s = 1/√(var + ε)`. The core of batch, layer, group and instance
//! normalization. Without the mean it is root mean square normalization.
//!
//! A primitive for speed: composed of means, differences and squares, value and gradient take several times as many
//! passes. And for accuracy: what is left of the mean after rounding is subtracted, too.

use std::sync::{Arc, OnceLock};

use crate::axes;
use crate::kernels::{self, AxisSet};
use crate::{Attribute, Axes, Elements, Float, Formula, MAX_AXES, Op, Tensor, apply, compiled, keep};

/// The mean and the biased variance, for a caller that wants them too.
type Moments<F> = Arc<OnceLock<[Tensor<F>; 2]>>;

struct Standardize<F: Float> {
    axes: AxisSet,
    eps: f64,
    centered: bool,
    moments: Option<Moments<F>>,
    /// `s`.
    scale: Option<Tensor<F>>,
}

impl<F: Float> Op<F, 1> for Standardize<F> {
    fn name(&self) -> &'static str {
        "standardize"
    }

    fn formula(&self) -> Option<Formula> {
        Some(match self.centered {
            true => Formula::products(
                "s·(x - mean(x)) with s = 1/√(var(x) + eps)",
                &[("x", "s·(dy - mean(dy) - y·mean(dy·y))")],
            ),
            false => Formula::products("s·x with s = 1/√(mean(x²) + eps)", &[("x", "s·(dy - y·mean(dy·y))")]),
        })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        attributes(self.axes, self.centered).into_iter().chain([("eps", self.eps.into())]).collect()
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let eps = F::from_f64(self.eps);
        let (y, moments) = kernels::standardized(x, self.axes, eps, self.centered);
        let [mean, var] = [moments.mean, moments.var].map(|moment| Tensor::leaf(moment, 0));
        self.scale = Some(Tensor::leaf(var.0.elements.map(|var| F::one() / (var + eps).sqrt()), 0));
        if let Some(moments) = &self.moments {
            // Kept from the first application; another one, to other values, has nobody who asks for them.
            _ = moments.set([mean, var]);
        }
        y
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // If a derivative of this gradient may be taken, s has to be a recorded function of x; otherwise reuse it.
        let scale = self.scale.as_ref().expect("kept by the forward pass").unless_recorded(|| {
            let axes = || keep(listed(self.axes));
            let deviation = if self.centered { x - x.mean_axis(axes()) } else { x.clone() };
            (deviation.square().mean_axis(axes()) + F::from_f64(self.eps)).rsqrt()
        });
        apply(Slope { axes: self.axes, centered: self.centered }, [y, &scale, dy])
    }
}

/// `s·(g - mean(g) - y·mean(g·y))`, linear in `s` and in `g`; without `mean(g)` if it is not centered.
#[derive(Clone, Copy)]
struct Slope {
    axes: AxisSet,
    centered: bool,
}

impl<F: Float> Op<F, 3> for Slope {
    fn name(&self) -> &'static str {
        "standardize_slope"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "s·(g - mean(g) - y·mean(g·y))",
            &[
                ("y", "-s·(dy·mean(g·y) + g·mean(dy·y))"),
                ("s", "Σ dy·(g - mean(g) - y·mean(g·y))"),
                ("g", "s·(dy - mean(dy) - y·mean(dy·y))"),
            ],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        attributes(self.axes, self.centered)
    }

    fn forward(&mut self, [y, scale, g]: [&Elements<F>; 3]) -> Elements<F> {
        kernels::standardized_slope(y, scale, g, self.axes, self.centered)
    }

    fn vjp(&self, wrt: usize, [y, scale, g]: [&Tensor<F>; 3], _z: &Tensor<F>, dz: &Tensor<F>) -> Tensor<F> {
        let axes = || keep(listed(self.axes));
        match wrt {
            // y is in the two factors of one product.
            0 => -(dz * (g * y).mean_axis(axes()) + g * (dz * y).mean_axis(axes())) * scale,
            1 => (dz * apply(*self, [y, &Tensor::ones(scale.shape()), g])).sum_axis(axes()),
            // The matrix that g is multiplied by is symmetric.
            _ => apply(*self, [y, scale, dz]),
        }
    }
}

fn attributes(axes: AxisSet, centered: bool) -> Vec<(&'static str, Attribute)> {
    // Whether the moments keep their axes makes no difference to the result.
    let axes = axes::attributes(axes).into_iter().filter(|(name, _)| *name == "axes");
    axes.chain([("centered", centered.into())]).collect()
}

fn listed(axes: AxisSet) -> Vec<isize> {
    (0..MAX_AXES).filter(|&axis| axes.contains(axis)).map(|axis| axis as isize).collect()
}

impl<F: Float> Tensor<F> {
    /// `(x - mean)/√(var + ε)` over some [`Axes`], with the biased variance: mean 0 and variance 1, up to `ε`. This is
    /// layer normalization over the last axes, and batch normalization over all axes but that of the channels, without
    /// scale and shift. NaN where `ε` and the variance are 0, and where an element is NaN or infinite.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [20.0, 10.0]]);
    /// assert_eq!(x.standardize(-1, 0.0), Tensor::from([[-1.0, 1.0], [1.0, -1.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[doc(alias("layer_norm", "batch_norm", "normalize"))]
    #[track_caller]
    pub fn standardize(&self, axes: impl Into<Axes>, eps: f64) -> Tensor<F> {
        let axes = axes.into().resolve("standardize", self.ndim()).kept();
        apply(Standardize { axes, eps, centered: true, moments: None, scale: None }, [self])
    }

    /// [`standardize`](Self::standardize), and the mean and the biased variance, which keep the axes with size 1. These
    /// two are constants.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [20.0, 10.0]]);
    /// let (y, [mean, var]) = x.standardize_with_moments(1, 0.0);
    /// assert_eq!(y, Tensor::from([[-1.0, 1.0], [1.0, -1.0]]));
    /// assert_eq!((mean, var), (Tensor::from([[2.0], [15.0]]), Tensor::from([[1.0], [25.0]])));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn standardize_with_moments(&self, axes: impl Into<Axes>, eps: f64) -> (Tensor<F>, [Tensor<F>; 2]) {
        let axes = axes.into().resolve("standardize", self.ndim()).kept();
        let moments = Moments::default();
        let op = Standardize { axes, eps, centered: true, moments: Some(moments.clone()), scale: None };
        let y = apply(op, [self]);
        let [mean, var] = moments.get().expect("kept by the forward pass");
        (y, [mean.clone(), var.clone()])
    }

    /// `x/√(mean(x²) + ε)` over some [`Axes`]: root mean square normalization without a scale (arXiv:1910.07467). NaN
    /// where `ε` and all elements are 0, and where an element is NaN or infinite.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[2.0, -2.0], [4.0, 4.0]]);
    /// assert_eq!(x.rms_normalize(-1, 0.0), Tensor::from([[1.0, -1.0], [1.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[doc(alias = "rms_norm")]
    #[track_caller]
    pub fn rms_normalize(&self, axes: impl Into<Axes>, eps: f64) -> Tensor<F> {
        let axes = axes.into().resolve("rms_normalize", self.ndim()).kept();
        apply(Standardize { axes, eps, centered: false, moments: None, scale: None }, [self])
    }
}

compiled!(Op<1> Standardize<F>);
compiled!(Op<3> Slope);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 7] = [&[3], &[1], &[0], &[2, 3], &[2, 0], &[0, 3], &[2, 1, 3]];
        sweep::shapes("standardize", &some, domain(), |x| x.standardize(-1, 0.5));
        sweep::shapes("standardize", &[&[4, 3], &[3, 67], &[0, 3], &[1, 1]], domain(), |x| x.standardize(0, 0.5));
        let blocks: [&[usize]; 4] = [&[2, 3, 2], &[2, 1, 3], &[2, 2, 1, 2], &[3, 2, 33]];
        sweep::shapes("standardize", &blocks, domain(), |x| x.standardize([0, -1], 0.5));
        sweep::shapes("standardize", &blocks, domain(), |x| x.standardize(1, 0.5));
        sweep::shapes("standardize", &[&[], &[2, 3]], domain(), |x| x.standardize(.., 0.5));
        // Axes 0 and 2 are kept.
        sweep::shapes("standardize", &[&[2, 3, 2, 2]], domain(), |x| x.standardize([1, 3], 0.5));
        sweep::shapes("standardize", &[&[2, 3], &[3, 1, 2]], domain(), |x| x.standardize_with_moments(0, 0.5).0);
        sweep::shapes("rms_normalize", &some, domain(), |x| x.rms_normalize(-1, 0.5));
        sweep::shapes("rms_normalize", &blocks, domain(), |x| x.rms_normalize([0, -1], 0.5));
    }

    #[test]
    fn derivatives_of_the_slope() {
        for centered in [true, false] {
            for (axes, shapes) in [
                (AxisSet { bits: 2, keep: true }, [[2, 3], [2, 1], [2, 3]]),
                (AxisSet { bits: 1, keep: true }, [[3, 2], [1, 2], [3, 2]]),
                (AxisSet { bits: 2, keep: true }, [[2, 0], [2, 1], [2, 0]]),
            ] {
                let shapes: [&[usize]; 3] = shapes.each_ref().map(|shape| &shape[..]);
                let domains = [(); 3].map(|()| Domain::between(-2.0, 2.0));
                sweep::inputs("standardize_slope", &[shapes], domains, |inputs| {
                    apply(Slope { axes, centered }, inputs)
                });
            }
        }
    }

    /// Deviations of 1 and 3 times the unit, so that the root is 5 units: the results are a fifth of them, times the
    /// root of 5.
    #[test]
    fn values_by_hand() {
        let root = 5.0_f64.sqrt();
        let expected = [-3.0, -1.0, 1.0, 3.0].map(|x| x / root);
        for (unit, mean) in [(1.0, 0.0), (0.25, 1e6), (1e-100, 0.0), (-2.0, 1e15)] {
            let x = Tensor::param([-3.0, -1.0, 1.0, 3.0].map(|x| mean + x * unit));
            let y = x.standardize(0, 0.0);
            let expected = Tensor::from(expected.map(|y| y * unit.signum()));
            assert!((&y - expected).abs().max().item() < 1e-15, "{unit} {mean}: {y}");
        }
        // The gradient of the first result of (0, 1, 2): to the other two in proportion, so that mean and spread stay.
        let x = Tensor::param([0.0, 1.0, 2.0]);
        let slope = x.standardize(0, 0.0).narrow(0, 0, 1).sum().backward()[&x].clone();
        let unit = 1.5_f64.sqrt() / 6.0;
        assert!((slope - Tensor::from([unit, -2.0 * unit, unit])).abs().max().item() < 1e-15);
    }

    /// Of a constant, and of one element: 0 over the root of ε.
    #[test]
    fn no_spread() {
        for row in [[0.1; 3], [1e100; 3], [0.0; 3]] {
            let x = Tensor::param(row);
            let y = x.standardize(0, 1e-5);
            assert_eq!(y.to_vec(), [0.0; 3]);
            assert_eq!(y.sum().backward()[&x].to_vec(), [0.0; 3]);
        }
        assert_eq!(Tensor::from([7.0]).standardize(0, 1e-5).to_vec(), [0.0]);
        assert!(Tensor::from([7.0, 7.0]).standardize(0, 0.0).to_vec().iter().all(|y| y.is_nan()));
        assert_eq!(Tensor::from([2.0_f32]).rms_normalize(0, 0.0).to_vec(), [1.0]);
    }

    /// A NaN or an infinity shows in its whole group, and in no other.
    #[test]
    fn nan_and_infinity() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let x = Tensor::from([[bad, 1.0, 2.0], [1.0, 2.0, 3.0]]);
            for y in [x.standardize(1, 1e-5), x.t().standardize(0, 1e-5).t()] {
                let y = y.to_vec();
                assert!(y[..3].iter().all(|y| y.is_nan()) && y[3..].iter().all(|y| y.is_finite()), "{bad}: {y:?}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "standardize: axis 2 is out of range for a tensor with 2 axes")]
    fn an_axis_out_of_range() {
        Tensor::<f32>::zeros(&[2, 3]).standardize(2, 1e-5);
    }
}
