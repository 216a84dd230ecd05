//! The learning-rate range test.

use downhill_tensor::{Float, Params, Path, Tensor};

use crate::Optimizer;

/// The learning-rate range test: trains for a few batches with a rising learning rate, to find the range in which a
/// model learns. Afterwards the model is restored, bitwise identical; the optimizer is only read, and its rules are
/// copied without their state.
///
/// ```
/// use downhill_optim::{LrRangeTest, Optimizer, Sgd};
/// use downhill_tensor::Tensor;
///
/// let x = Tensor::from([[1.0_f64, 0.5], [0.3, -1.0], [-0.7, 0.2]]);
/// let y = x.matmul(&Tensor::from([[2.0], [-3.0]]));
/// let mut w = Tensor::param([[0.0], [0.0]]);
/// let mut opt = Optimizer::new(Sgd { momentum: 0.9, ..Sgd::default() });
///
/// let curve = LrRangeTest::default().run(&mut w, &opt, |w| (x.matmul(w) - &y).square().sum());
/// let lr = curve.suggestion().unwrap();
/// assert!((1e-3..1.0).contains(&lr), "{lr}");
/// assert_eq!(w, Tensor::from([[0.0], [0.0]]));
///
/// for point in curve.points.iter().step_by(20) {
///     println!("{:9.1e} {:8.4}", point.lr, point.smoothed); // what a plot would show
/// }
/// opt.set_lr(lr);
/// ```
///
/// Batches come from any infinite iterator, on which the closure calls `next`; with the data loader,
/// `(0..).flat_map(|_| set.batches(64).shuffled(&mut rng))`. (Lesson 11 in `examples/` does this and plots the curve.)
///
/// Smith, arXiv 1506.01186, section 3.3 (linear increase); exponential increase and stopping at divergence as in
/// fastai, after Gugger, *How do you find a good learning rate*, 2018.
#[derive(Clone, Debug, PartialEq)]
pub struct LrRangeTest {
    /// The first learning rate.
    pub start: f64,
    /// The last learning rate.
    pub end: f64,
    /// The number of batches.
    pub steps: u64,
    /// Whether the learning rate rises linearly instead of exponentially.
    pub linear: bool,
    /// The decay of the running mean of losses: the fraction kept from batch to batch.
    pub smoothing: f64,
    /// Stop when the mean is this many times its lowest value; infinite to stop only at a loss that is not finite.
    pub diverged: f64,
}

impl Default for LrRangeTest {
    fn default() -> Self {
        LrRangeTest { start: 1e-7, end: 10.0, steps: 100, linear: false, smoothing: 0.9, diverged: 4.0 }
    }
}

/// The result of a [`LrRangeTest`]: learning rates and losses, for plotting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LrCurve {
    /// One point per batch, up to divergence.
    pub points: Vec<LrPoint>,
}

/// A point of a [`LrCurve`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LrPoint {
    /// The learning rate of the step.
    pub lr: f64,
    /// The loss of the batch before the step.
    pub loss: f64,
    /// The running mean of losses, with bias correction.
    pub smoothed: f64,
}

impl LrRangeTest {
    /// Trains `model` with copies of `opt`'s rules at rising learning rates. `loss` takes the next batch and returns
    /// its loss; the learning rates of groups keep their ratios.
    ///
    /// # Panics
    /// If an option is invalid, and as [`Optimizer::step`].
    #[track_caller]
    pub fn run<F: Float, M: Params<F>>(
        &self,
        model: &mut M,
        opt: &Optimizer<F>,
        mut loss: impl FnMut(&M) -> Tensor<F>,
    ) -> LrCurve {
        let rising = 0.0 < self.start && self.start < self.end && self.end.is_finite();
        assert!(rising, "LrRangeTest: must have 0 < start < end < inf, got start {} and end {}", self.start, self.end);
        assert!(self.diverged > 1.0, "LrRangeTest: diverged must be above 1, got {}", self.diverged);
        assert!(
            (0.0..1.0).contains(&self.smoothing),
            "LrRangeTest: smoothing must be in [0, 1), got {}",
            self.smoothing
        );
        let model = Restored::new(model);
        // Without state, so that momentum from earlier training does not distort the curve.
        let mut probe = opt.without_state();
        // Each group's learning rate relative to the first group's; not finite if that is 0.
        let shares: Vec<f64> = probe.groups.iter().map(|group| group.lr() / opt.lr()).collect();
        let mut curve = LrCurve::default();
        let (mut mean, mut lowest) = (0.0, f64::INFINITY);
        for step in 0..self.steps {
            let lr = self.rate(step);
            // Train one step and record the loss before it.
            for (group, share) in probe.groups.iter_mut().zip(&shares) {
                group.rule.set_lr(if share.is_finite() { lr * share } else { lr });
            }
            let loss = probe.step_with(model.model, &mut loss).as_f64();
            // The mean starts at 0; the division corrects the bias, as in Adam.
            mean = self.smoothing * mean + (1.0 - self.smoothing) * loss;
            let smoothed = mean / (1.0 - self.smoothing.powf(step as f64 + 1.0));
            lowest = smoothed.min(lowest);
            // The point that has diverged is not part of the curve.
            if !smoothed.is_finite() || smoothed > self.diverged * lowest.abs() {
                break;
            }
            curve.points.push(LrPoint { lr, loss, smoothed });
        }
        curve
    }

    fn rate(&self, step: u64) -> f64 {
        let done = step as f64 / (self.steps.max(2) - 1) as f64;
        if self.linear {
            self.start + (self.end - self.start) * done
        } else {
            let rate = match self.end / self.start {
                // The ratio of extreme learning rates overflows: interpolate the logarithms instead.
                f64::INFINITY => (self.start.ln() * (1.0 - done) + self.end.ln() * done).exp(),
                ratio => self.start * ratio.powf(done),
            };
            // Rounding error must not take it beyond `end`.
            rate.min(self.end)
        }
    }
}

/// Restores the model's tensors when dropped: the same parameters with the same elements, even if the loss panics.
struct Restored<'m, F: Float, M: Params<F>> {
    model: &'m mut M,
    /// Every tensor, in the order of the walk.
    before: Vec<Tensor<F>>,
}

impl<'m, F: Float, M: Params<F>> Restored<'m, F, M> {
    fn new(model: &'m mut M) -> Self {
        let mut before = Vec::new();
        model.visit(&Path::ROOT, &mut |_, tensor| before.push(tensor.clone()));
        Restored { model, before }
    }
}

impl<F: Float, M: Params<F>> Drop for Restored<'_, F, M> {
    fn drop(&mut self) {
        let mut before = self.before.drain(..);
        self.model.visit_mut(&Path::ROOT, &mut |_, tensor| {
            if let Some(value) = before.next() {
                *tensor = value;
            }
        });
    }
}

impl LrCurve {
    /// The learning rate at which the smoothed loss falls most steeply, plotted over the logarithm of the learning
    /// rate: a good one to train with. `None` if the loss never falls. Only what comes before the lowest loss counts: after
    /// it the training diverges, and a loss that falls then has first risen.
    pub fn suggestion(&self) -> Option<f64> {
        let slope = |pair: &[LrPoint]| (pair[1].smoothed - pair[0].smoothed) / (pair[1].lr / pair[0].lr).ln();
        let lowest =
            (0..self.points.len()).min_by(|&a, &b| self.points[a].smoothed.total_cmp(&self.points[b].smoothed))?;
        let falling = &self.points[..=lowest];
        let steepest = falling.windows(2).map(|pair| (slope(pair), pair[0].lr)).min_by(|a, b| a.0.total_cmp(&b.0))?;
        (steepest.0 < 0.0).then_some(steepest.1)
    }
}

#[cfg(test)]
mod tests;
