//! The cumulative sum along an axis: `yᵢ = x₀ + … + xᵢ`; the derivative is the cumulative sum of `dy` from the end.

use crate::axes::resolve_axis;
use crate::kernels::RunningSum;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled};

struct Cumsum {
    axis: usize,
    from_the_end: bool,
}

impl<F: Float> Op<F, 1> for Cumsum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn formula(&self) -> Option<Formula> {
        Some(match self.from_the_end {
            false => Formula::products("yᵢ = x₀ + … + xᵢ", &[("x", "Σ dyᵢ over i ≥ k")]),
            true => Formula::products("yᵢ = xᵢ + xᵢ₊₁ + …", &[("x", "Σ dyᵢ over i ≤ k")]),
        })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into()), ("from_the_end", self.from_the_end.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
        let mut y = x.as_standard_layout().into_owned();
        if y.is_empty() {
            // Nothing to add up, and `chunks_exact` panics on a chunk size of 0.
            return y.into();
        }
        let (length, width) = (x.shape()[self.axis], x.shape()[self.axis + 1..].iter().product::<usize>());
        // One sum per position in the trailing axes, so that memory is read sequentially.
        let mut sums = vec![RunningSum::new(F::zero()); width];
        for block in y.as_slice_mut().expect("row-major").chunks_exact_mut(length * width) {
            sums.fill(RunningSum::new(F::zero()));
            for step in 0..length {
                let at = if self.from_the_end { length - 1 - step } else { step };
                for (y, sum) in block[at * width..][..width].iter_mut().zip(&mut sums) {
                    sum.add(*y);
                    *y = sum.total();
                }
            }
        }
        y.into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Cumsum { axis: self.axis, from_the_end: !self.from_the_end }, [dy])
    }
}

impl<F: Float> Tensor<F> {
    /// The cumulative sum along an axis: element `i` is the sum of the elements up to and including `i`. Accurate to
    /// about 2 ulp for any number of elements (unless they cancel).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, 2.0, 3.0]);
    /// assert_eq!(x.cumsum(0), Tensor::from([1.0, 3.0, 6.0]));
    /// assert_eq!(x.cumsum(0).sum().backward()[&x], Tensor::from([3.0, 2.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Tensor<F> {
        apply(Cumsum { axis: resolve_axis("cumsum", axis, self.ndim()), from_the_end: false }, [self])
    }
}

compiled!(Op<1> Cumsum);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 8] = [&[1], &[3], &[0], &[2, 3], &[2, 0], &[0, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("cumsum", &some, domain(), |x| x.cumsum(-1));
        sweep::shapes("cumsum", &[&[2, 3], &[2, 0], &[1, 3], &[3, 2, 2]], domain(), |x| x.cumsum(0));
    }

    #[test]
    fn along_each_axis() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(x.cumsum(0), Tensor::from([[1.0, 2.0, 3.0], [5.0, 7.0, 9.0]]));
        assert_eq!(x.cumsum(-1), Tensor::from([[1.0, 3.0, 6.0], [4.0, 9.0, 15.0]]));
    }

    #[test]
    fn ten_million_terms() {
        let ones = Tensor::param(Tensor::<f32>::ones(&[20_000_000]));
        let y = ones.cumsum(0);
        for n in [1, 16_777_216, 16_777_218, 20_000_000] {
            assert_eq!(y.as_slice().expect("row-major")[n - 1], n as f32);
        }
        let dx = y.sum().backward();
        let (first, last) = (dx[&ones].view()[[0]], dx[&ones].view()[[19_999_999]]);
        assert_eq!((first, last), (2e7, 1.0), "the derivative is a cumulative sum from the end");
        let tenths = Tensor::from(vec![0.1_f32; 10_000_000]).reshape(&[10_000_000, 1]).cumsum(0);
        let exact = 1e7 * f64::from(0.1_f32);
        assert_eq!(tenths.view()[[9_999_999, 0]], exact as f32);
    }

    #[test]
    fn nan_stays_behind() {
        let y = Tensor::from([1.0, f64::NAN, 1.0]).cumsum(0).to_vec();
        assert!(y[0] == 1.0 && y[1].is_nan() && y[2].is_nan());
    }
}
