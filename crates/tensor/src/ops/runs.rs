//! Weighted sums of runs of neighbours along an axis; the derivative is the transpose, which adds every term to its run.
//!
//! The linear maps along an axis that averages over windows, padding and resizing consist of; a map of planes is one along
//! each axis. A primitive for speed: composed of slices and sums it would be one pass per offset.

use std::sync::Arc;

use ndarray::IxDyn;

use crate::kernels::{self, Run, shape};
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled};

/// The runs along an axis of this size.
#[derive(Clone)]
struct Along<F> {
    axis: usize,
    size: usize,
    runs: Arc<Vec<Run<F>>>,
}

impl<F: Float> Along<F> {
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let [firsts, counts]: [Vec<usize>; 2] =
            [self.runs.iter().map(|run| run.first).collect(), self.runs.iter().map(|run| run.count).collect()];
        let weights = self.runs.iter().flat_map(|run| run.weights.unwrap_or([F::one(); 2]));
        vec![
            ("axis", self.axis.into()),
            ("size", self.size.into()),
            ("firsts", firsts.as_slice().into()),
            ("counts", counts.as_slice().into()),
            ("weights", weights.map(F::as_f64).collect::<Vec<f64>>().into()),
        ]
    }

    /// `shape` with another size along the axis, and the number of elements behind one position of the axis.
    fn resized(&self, shape: &[usize], size: usize) -> (Vec<usize>, usize) {
        let mut resized = shape.to_vec();
        resized[self.axis] = size;
        (resized, shape[self.axis + 1..].iter().product())
    }
}

struct SumRuns<F>(Along<F>);

impl<F: Float> Op<F, 1> for SumRuns<F> {
    fn name(&self) -> &'static str {
        "sum_runs"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "weighted sums of neighbours in x",
            &[("x", "dy, spread over these neighbours with their weights")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        shape::check::<F>(&self.0.resized(x, self.0.runs.len()).0).map(drop)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let (shape, width) = self.0.resized(x.shape(), self.0.runs.len());
        let x = x.row_major();
        let mut y = Elements::full(IxDyn(&shape), F::zero());
        kernels::sum_runs(x.as_slice().expect("row-major"), [self.0.size, width], &self.0.runs, y.slice_mut());
        y
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(SpreadRuns(self.0.clone()), [dy])
    }
}

/// The transpose of [`SumRuns`].
struct SpreadRuns<F>(Along<F>);

impl<F: Float> Op<F, 1> for SpreadRuns<F> {
    fn name(&self) -> &'static str {
        "spread_runs"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "x, spread over neighbours with their weights",
            &[("x", "weighted sums of these neighbours in dy")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn forward(&mut self, [y]: [&Elements<F>; 1]) -> Elements<F> {
        let (shape, width) = self.0.resized(y.shape(), self.0.size);
        let y = y.row_major();
        let mut x = Elements::full(IxDyn(&shape), F::zero());
        kernels::spread_runs(y.as_slice().expect("row-major"), [self.0.size, width], &self.0.runs, x.slice_mut());
        x
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(SumRuns(self.0.clone()), [dy])
    }
}

/// One result for each run along an axis: the weighted sum of what the run holds.
#[track_caller]
pub(super) fn sum_runs<F: Float>(x: &Tensor<F>, axis: usize, runs: Vec<Run<F>>) -> Tensor<F> {
    apply(SumRuns(Along { axis, size: x.shape()[axis], runs: Arc::new(runs) }), [x])
}

compiled!(Op<1> SumRuns<F>);
compiled!(Op<1> SpreadRuns<F>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    fn runs() -> Vec<Run<f64>> {
        let plain = |first, count| Run { first, count, weights: None };
        let weighted = |first, a, b| Run { first, count: 2, weights: Some([a, b]) };
        vec![plain(0, 3), plain(2, 1), weighted(1, 0.25, -0.75), plain(0, 0), weighted(0, 0.0, 1.5)]
    }

    #[test]
    fn derivatives() {
        let some: [&[usize]; 6] = [&[3], &[3, 2], &[3, 0], &[3, 1, 2], &[3, 2, 2], &[3, 67]];
        sweep::shapes("sum_runs", &some, Domain::between(-2.0, 2.0), |x| sum_runs(x, 0, runs()));
        let last: [&[usize]; 4] = [&[2, 3], &[0, 3], &[1, 3], &[2, 2, 3]];
        sweep::shapes("sum_runs", &last, Domain::between(-2.0, 2.0), |x| sum_runs(x, x.ndim() - 1, runs()));
        let spread = |x: &Tensor<f64>| apply(SpreadRuns(Along { axis: 1, size: 4, runs: Arc::new(runs()) }), [x]);
        let some: [&[usize]; 4] = [&[2, 5], &[0, 5], &[2, 5, 0], &[2, 5, 3]];
        sweep::shapes("spread_runs", &some, Domain::between(-2.0, 2.0), spread);
    }

    #[test]
    fn values_by_hand() {
        let x = Tensor::param([[1.0, 2.0, 4.0], [10.0, 20.0, 40.0]]);
        let y = sum_runs(&x, 1, runs());
        assert_eq!(y, Tensor::from([[7.0, 4.0, -2.5, 0.0, 3.0], [70.0, 40.0, -25.0, 0.0, 30.0]]));
        assert_eq!(y.sum().backward()[&x], Tensor::from([[1.0, 2.75, 1.25], [1.0, 2.75, 1.25]]));
    }
}
