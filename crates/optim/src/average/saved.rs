//! Validating an average loaded from a file.

use std::collections::BTreeSet;

use downhill_tensor::Float;
use serde::Deserialize;

use super::{Entry, WeightAverage};
use crate::number::Number;
use crate::scheduler::LAST;

/// A [`WeightAverage`] as read from a file, not yet validated.
#[derive(Deserialize)]
#[serde(bound = "")]
pub(super) struct Saved<F: Float> {
    decay: Option<Number<f64>>,
    count: u64,
    entries: Vec<Entry<F>>,
}

impl<F: Float> TryFrom<Saved<F>> for WeightAverage<F> {
    type Error = String;

    fn try_from(saved: Saved<F>) -> Result<Self, String> {
        let decay = saved.decay.map(|decay| decay.0);
        if let Some(decay) = decay.filter(|decay| !(0.0..=1.0).contains(decay)) {
            return Err(format!("the saved average is invalid: decay must be in [0, 1], got {decay}"));
        }
        if saved.count > LAST || saved.count == 0 && !saved.entries.is_empty() {
            return Err(format!("the saved average has an invalid number of points: {}", saved.count));
        }
        let mut paths = BTreeSet::new();
        for Entry { path, shape, elements } in &saved.entries {
            // Count an empty axis as 1, so that it does not hide an overflow of the other sizes.
            let room = shape.iter().try_fold(size_of::<F>(), |room, &size| room.checked_mul(size.max(1)));
            let possible = room.is_some_and(|room| isize::try_from(room).is_ok());
            if !possible || elements.len() != shape.iter().product::<usize>() {
                return Err(format!("the saved average of {path} has shape {shape:?} and {} elements", elements.len()));
            }
            if !paths.insert(path) {
                return Err(format!("the saved average has {path} twice"));
            }
        }
        Ok(WeightAverage { decay, count: saved.count, entries: saved.entries })
    }
}
