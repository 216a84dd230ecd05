//! Averages of a model's weights over training.

mod saved;

use downhill_tensor::{Float, Params, Path, StateDict, Tensor};
use serde::{Deserialize, Serialize};

use crate::{kernels, number};

/// The average of a model's weights over training, which often generalizes better than the final weights.
///
/// ```text
/// running mean (SWA):   a = a + (p - a) / (n + 1)
/// exponential (EMA):    a = d·a + (1 - d)·p
/// ```
///
/// The first [`update`](Self::update) copies. Buffers are not averaged but copied each time; the running statistics of
/// batch normalization belong to the latest weights, so recompute them for the averaged ones.
///
/// Izmailov et al., arXiv 1803.05407 (SWA, with [`SwaLr`](crate::SwaLr)); Polyak and Juditsky, 1992. Like PyTorch's
/// `AveragedModel`; the exponential average has no bias correction (optax's has).
///
/// ```
/// use downhill_optim::{Optimizer, Sgd, WeightAverage};
/// use downhill_tensor::{Params, Tensor};
///
/// let mut w = Tensor::param([1.0_f64]);
/// let mut opt = Optimizer::new(Sgd { lr: 0.99, ..Sgd::default() }); // oscillates
/// let mut average = WeightAverage::running_mean();
/// for _ in 0..100 {
///     let loss = w.square().sum();
///     opt.step(&mut w, &loss.backward());
///     average.update(&w);
/// }
/// assert!(w.item().abs() > 0.1);
/// w.load_state_dict(&average.state_dict()).unwrap();
/// assert!(w.item().abs() < 0.01);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", try_from = "saved::Saved<F>")]
pub struct WeightAverage<F: Float = f32> {
    /// `None` for the running mean.
    decay: Option<f64>,
    count: u64,
    entries: Vec<Entry<F>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
struct Entry<F: Float> {
    path: String,
    shape: Vec<usize>,
    #[serde(with = "number::list")]
    elements: Vec<F>,
}

impl<F: Float> WeightAverage<F> {
    /// The mean of the weights at all updates, equally weighted.
    pub fn running_mean() -> Self {
        WeightAverage { decay: None, count: 0, entries: Vec::new() }
    }

    /// The exponential moving average, which keeps the fraction `decay` of itself at each update; PyTorch's default is
    /// 0.999.
    ///
    /// # Panics
    /// If `decay` is not in [0, 1].
    #[track_caller]
    pub fn exponential(decay: f64) -> Self {
        assert!((0.0..=1.0).contains(&decay), "exponential: decay must be in [0, 1], got {decay}");
        WeightAverage { decay: Some(decay), count: 0, entries: Vec::new() }
    }

    /// Updates the average with the model's current weights.
    ///
    /// # Panics
    /// If paths or shapes have changed since the first update.
    #[track_caller]
    pub fn update<M: Params<F> + ?Sized>(&mut self, model: &M) {
        let new = match self.decay {
            _ if self.count == 0 => 1.0,
            None => 1.0 / (self.count as f64 + 1.0),
            Some(decay) => 1.0 - decay,
        };
        if self.count == 0 {
            self.entries.clear();
            model.visit(&Path::ROOT, &mut |path, tensor| {
                let (path, shape) = (path.to_string(), tensor.shape().to_vec());
                self.entries.push(Entry { path, shape, elements: tensor.to_vec() });
            });
        } else {
            // Before anything changes: the average of half a model would be of no use.
            if let Some(change) = self.change_in(model) {
                panic!("update: {change}: the model has changed, so start a new average");
            }
            let mut entries = self.entries.iter_mut();
            model.visit(&Path::ROOT, &mut |_, tensor| {
                entries.next().expect("as many as in the model").take(tensor, F::from_f64(new));
            });
        }
        self.count += 1;
    }

    /// What the model has that the average does not, or the other way round.
    fn change_in<M: Params<F> + ?Sized>(&self, model: &M) -> Option<String> {
        let (mut change, mut entries) = (None, self.entries.iter());
        model.visit(&Path::ROOT, &mut |path, tensor| {
            let known = entries.next().is_some_and(|entry| *path == *entry.path && entry.shape == tensor.shape());
            if !known && change.is_none() {
                change = Some(format!("{path} of shape {:?} is not in the average", tensor.shape()));
            }
        });
        change.or_else(|| entries.next().map(|entry| format!("{} is not in the model", entry.path)))
    }

    /// The number of updates so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The averaged weights by path, for `model.load_state_dict`.
    pub fn state_dict(&self) -> StateDict<F> {
        let mut dict = StateDict::default();
        for Entry { path, shape, elements } in &self.entries {
            let array = ndarray::ArrayD::from_shape_vec(shape.as_slice(), elements.clone());
            dict.insert(path.as_str(), &Tensor::from(array.expect("the shape matches the number of elements")));
        }
        dict
    }
}

impl<F: Float> Entry<F> {
    fn take(&mut self, tensor: &Tensor<F>, new: F) {
        match tensor.view().as_slice() {
            Some(elements) if tensor.is_param() => {
                kernels::update(&mut self.elements, elements, [], [], move |a, p, []| (a + new * (p - a), []));
            }
            _ => self.elements.iter_mut().zip(tensor.view()).for_each(|(a, &p)| *a = p),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn means_by_hand() {
        let points = [[1.0_f64, 8.0], [2.0, 4.0], [6.0, 0.0]];
        let averages = |mut average: WeightAverage<f64>| {
            points.map(|point| {
                average.update(&Tensor::param(point));
                average.state_dict().get("").unwrap().to_vec()
            })
        };
        assert_eq!(averages(WeightAverage::running_mean()), [[1.0, 8.0], [1.5, 6.0], [3.0, 4.0]]);
        assert_eq!(averages(WeightAverage::exponential(0.75)), [[1.0, 8.0], [1.25, 7.0], [2.4375, 5.25]]);
    }

    #[test]
    fn constants_are_copied() {
        let mut average = WeightAverage::running_mean();
        for x in [1.0_f32, 3.0] {
            average.update(&(Tensor::param(x), Tensor::from(x)));
        }
        let dict = average.state_dict();
        assert_eq!((dict.get("0").unwrap().item(), dict.get("1").unwrap().item()), (2.0, 3.0));
    }

    #[test]
    fn another_model_is_rejected_and_nothing_changes() {
        let mut average = WeightAverage::<f64>::running_mean();
        average.update(&(Tensor::param([1.0]), Tensor::param([1.0])));
        let before = average.clone();
        let mut rejected = |model: &dyn Params<f64>, message: &str| {
            let panic = catch_unwind(AssertUnwindSafe(|| average.update(model))).unwrap_err();
            assert_eq!(*panic.downcast::<String>().unwrap(), format!("update: {message}, so start a new average"));
            assert_eq!(average, before);
        };
        let (one, two) = (|| Tensor::param([2.0]), || Tensor::param([2.0, 2.0]));
        rejected(&(one(), two()), "1 of shape [2] is not in the average: the model has changed");
        rejected(&(one(), one(), one()), "2 of shape [1] is not in the average: the model has changed");
        rejected(&vec![one()], "1 is not in the model: the model has changed");
    }
}
