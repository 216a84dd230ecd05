//! Stopping when a metric no longer improves, and going back to the weights with which it was best.

use downhill_tensor::{Float, Params, StateDict};
use serde::{Deserialize, Serialize};

/// Stops training when a metric has not improved for `patience` epochs in a row, and keeps the weights of the best epoch.
///
/// An epoch is better if its metric is below `best - min_delta` (above `best + min_delta` if it is maximized). NaN and the
/// infinities are never better. As in Keras and Lightning, training stops in the `patience`-th epoch in a row that is not
/// better; [`ReduceLrOnPlateau`](crate::ReduceLrOnPlateau) waits for one more.
///
/// ```
/// use downhill_optim::EarlyStopping;
/// use downhill_tensor::Tensor;
///
/// let mut weight = Tensor::param([0.0_f64]);
/// let mut stopping = EarlyStopping { patience: 2, ..EarlyStopping::default() };
/// // What a validation set might say after each epoch.
/// for (epoch, loss) in [1.0, 0.5, 0.75, 0.625, 0.25].into_iter().enumerate() {
///     weight.assign([epoch as f64]);
///     if stopping.observe(loss, &weight) {
///         break;
///     }
/// }
/// assert_eq!((weight.item(), stopping.best, stopping.best_epoch), (3.0, Some(0.5), Some(1)));
/// stopping.restore(&mut weight);
/// assert_eq!(weight.item(), 1.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct EarlyStopping<F: Float = f32> {
    /// In which epoch in a row without improvement training stops; 0 counts as 1.
    pub patience: u64,
    /// By how much a metric must be better than the best to count as an improvement.
    pub min_delta: f64,
    /// Whether the metric is maximized, such as an accuracy, instead of minimized, such as a loss.
    pub maximize: bool,
    /// The best metric so far.
    pub best: Option<f64>,
    /// The epoch of the best metric, counted from 0.
    pub best_epoch: Option<u64>,
    /// The number of epochs observed.
    pub epochs: u64,
    /// The number of epochs in a row without improvement.
    pub bad_epochs: u64,
    /// The weights and buffers of the best epoch; empty before the first.
    pub weights: StateDict<F>,
}

impl<F: Float> Default for EarlyStopping<F> {
    /// With a patience of 10 epochs, for a metric that is minimized.
    fn default() -> Self {
        EarlyStopping {
            patience: 10,
            min_delta: 0.0,
            maximize: false,
            best: None,
            best_epoch: None,
            epochs: 0,
            bad_epochs: 0,
            weights: StateDict::default(),
        }
    }
}

impl<F: Float> EarlyStopping<F> {
    /// Takes the metric of an epoch, and the model's weights if it is the best so far; returns whether to stop.
    ///
    /// # Panics
    /// If `min_delta` is negative or NaN.
    #[must_use = "it says whether to stop"]
    #[track_caller]
    pub fn observe<M: Params<F> + ?Sized>(&mut self, metric: f64, model: &M) -> bool {
        assert!(self.min_delta >= 0.0, "EarlyStopping: min_delta must be non-negative, got {}", self.min_delta);
        let better = metric.is_finite()
            && self.best.is_none_or(|best| {
                if self.maximize { metric > best + self.min_delta } else { metric < best - self.min_delta }
            });
        if better {
            (self.best, self.best_epoch, self.bad_epochs) = (Some(metric), Some(self.epochs), 0);
            self.weights = model.state_dict();
        } else {
            self.bad_epochs = self.bad_epochs.saturating_add(1);
        }
        self.epochs = self.epochs.saturating_add(1);
        self.bad_epochs >= self.patience.max(1)
    }

    /// Gives the model the weights and buffers of the best epoch. Without one, it stays as it is.
    ///
    /// # Panics
    /// If the model's paths or shapes have changed since.
    #[track_caller]
    pub fn restore<M: Params<F> + ?Sized>(&self, model: &mut M) {
        if self.best.is_none() {
            return;
        }
        if let Err(error) = model.load_state_dict(&self.weights) {
            panic!("EarlyStopping::restore: the model has changed since its best epoch: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::Tensor;

    use super::*;

    /// In which epoch it stops, if at all, and the best one.
    fn run(mut stopping: EarlyStopping<f64>, metrics: &[f64]) -> (Option<usize>, Option<u64>) {
        let model = Tensor::param([1.0]);
        let stopped = metrics.iter().position(|&metric| stopping.observe(metric, &model));
        (stopped, stopping.best_epoch)
    }

    #[test]
    fn patience() {
        let with = |patience: u64| EarlyStopping { patience, ..EarlyStopping::default() };
        let metrics = [3.0, 2.0, 2.0, 2.5, 1.0, 1.5, 1.5, 1.5];
        assert_eq!(run(with(0), &metrics), (Some(2), Some(1)));
        assert_eq!(run(with(1), &metrics), (Some(2), Some(1)));
        assert_eq!(run(with(2), &metrics), (Some(3), Some(1)));
        assert_eq!(run(with(3), &metrics), (Some(7), Some(4)));
        assert_eq!(run(with(4), &metrics), (None, Some(4)));
    }

    #[test]
    fn what_is_better() {
        let delta = EarlyStopping { patience: 2, min_delta: 0.5, ..EarlyStopping::default() };
        // Exactly `min_delta` is not enough, small steps from the best add up.
        assert_eq!(run(delta.clone(), &[2.0, 1.5, 1.25, 1.0]), (None, Some(2)));
        assert_eq!(run(EarlyStopping { maximize: true, ..delta }, &[0.0, 0.5, 1.0, 1.25, 1.5]), (Some(4), Some(2)));
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let patient = EarlyStopping { patience: 3, ..EarlyStopping::default() };
        assert_eq!(run(patient.clone(), &[nan, inf, -inf]), (Some(2), None));
        assert_eq!(run(patient, &[1.0, nan, -inf, 0.5, nan]), (None, Some(3)));
    }

    #[test]
    fn the_best_weights_come_back() {
        let mut model = (Tensor::param([1.0]), Tensor::from([10.0]));
        let mut stopping = EarlyStopping::default();
        stopping.restore(&mut model);
        assert!(!stopping.observe(1.0, &model));
        model = (Tensor::param([2.0]), Tensor::from([20.0]));
        assert!(!stopping.observe(2.0, &model));
        stopping.restore(&mut model);
        assert_eq!((model.0.item(), model.1.item()), (1.0, 10.0));
        // And after a break.
        let text = serde_json::to_string(&stopping).unwrap();
        assert_eq!(serde_json::from_str::<EarlyStopping<f64>>(&text).unwrap(), stopping);
    }

    #[test]
    #[should_panic(expected = "EarlyStopping::restore: the model has changed since its best epoch")]
    fn another_model() {
        let mut stopping = EarlyStopping::<f64>::default();
        let _ = stopping.observe(1.0, &Tensor::param([1.0]));
        stopping.restore(&mut (Tensor::param([1.0]), Tensor::param([1.0])));
    }
}
