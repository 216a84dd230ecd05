//! The domain of a sweep's inputs.

use ndarray::ArrayD;

use crate::Tensor;
use crate::gradcheck::SplitMix;

/// An interval, and points in it to stay away from.
#[derive(Clone, Debug)]
pub struct Domain {
    low: f64,
    high: f64,
    avoided: Vec<f64>,
}

/// The number of grid points in an interval. No two elements share one, within a tensor or between tensors of the same
/// domain, so maxima and sorted orders have no ties, and no two elements are closer than a grid step.
const POINTS: usize = 2003;

impl Domain {
    /// An interval in which the function is smooth and of order 1.
    pub fn between(low: f64, high: f64) -> Self {
        Domain { low, high, avoided: Vec::new() }
    }

    /// Stays a hundredth of the interval away from these points: kinks and poles.
    pub fn avoiding(mut self, points: &[f64]) -> Self {
        self.avoided.extend(points);
        self
    }

    fn point(&self, k: usize) -> f64 {
        self.low + (self.high - self.low) * (k as f64 + 0.5) / POINTS as f64
    }

    fn allows(&self, value: f64) -> bool {
        self.avoided.iter().all(|point| (value - point).abs() >= 0.01 * (self.high - self.low))
    }
}

/// Parameters of these shapes; the same seed gives the same elements.
pub(super) fn sample<const N: usize>(shapes: &[&[usize]; N], domains: &[Domain; N], seed: u64) -> [Tensor<f64>; N] {
    let mut random = SplitMix::new(seed);
    let mut taken = [false; POINTS];
    std::array::from_fn(|i| {
        let domain = &domains[i];
        ArrayD::from_shape_simple_fn(shapes[i], || {
            loop {
                let k = (random.next() % POINTS as u64) as usize;
                if !taken[k] && domain.allows(domain.point(k)) {
                    taken[k] = true;
                    return domain.point(k);
                }
            }
        })
    })
    .map(Tensor::param)
}
