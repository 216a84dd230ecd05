//! Schedules from text.

use std::str::FromStr;

use super::{ChainedLr, SequentialLr, by_name, schedule_names};
use crate::Schedule;
use crate::text::{TextError, take_apart};

/// `cosine:t_max=10`: a name, and the options that are not the defaults. `A * B` chains schedules, so that their factors
/// multiply; `A; 5: B; 20: C` follows A from epoch 5 on by B and from epoch 20 on by C.
///
/// ```
/// use downhill_optim::Schedule;
/// let schedule: Box<dyn Schedule> = "linear:start_factor=0.5,total_iters=2; 2: exponential:gamma=0.1".parse()?;
/// let rates: Vec<f64> = (0..5).filter_map(|t| schedule.lr_at(1.0, t)).collect();
/// assert_eq!(rates, [0.5, 0.75, 1.0, 0.1, 0.010000000000000002]);
/// # Ok::<(), downhill_optim::TextError>(())
/// ```
impl FromStr for Box<dyn Schedule> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let mut pieces = text.split(';');
        let first = chain(pieces.next().unwrap_or_default())?;
        let mut rest = pieces.peekable();
        if rest.peek().is_none() {
            return Ok(first);
        }
        let mut sequence = SequentialLr { schedules: vec![first], milestones: Vec::new() };
        for piece in rest {
            let parts = piece.split_once(':').and_then(|(epoch, then)| Some((epoch.trim().parse().ok()?, then)));
            let (epoch, then) = parts.ok_or_else(|| {
                TextError::Form(format!("`{}` does not start with an epoch, as in `5: cosine:t_max=10`", piece.trim()))
            })?;
            sequence.schedules.push(chain(then)?);
            sequence.milestones.push(epoch);
        }
        sequence.check()?;
        Ok(Box::new(sequence))
    }
}

fn chain(text: &str) -> Result<Box<dyn Schedule>, TextError> {
    let mut schedules = text.split('*').map(single).collect::<Result<Vec<_>, _>>()?;
    if schedules.len() == 1 {
        return Ok(schedules.remove(0));
    }
    let chained = ChainedLr { schedules };
    chained.check()?;
    Ok(Box::new(chained))
}

fn single(text: &str) -> Result<Box<dyn Schedule>, TextError> {
    let (name, options) = take_apart(text);
    let unknown =
        || TextError::UnknownName { what: "schedule", name: name.to_owned(), known: schedule_names().to_vec() };
    let mut schedule = by_name(name).ok_or_else(unknown)?;
    options.into_iter().try_for_each(|(option, value)| schedule.set_option(option, value))?;
    schedule.check()?;
    Ok(schedule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Box<dyn Schedule>>().unwrap_err().to_string()
    }

    #[test]
    fn short_names_and_type_names() {
        for text in ["cosine:t_max=5", "CosineAnnealingLR:t_max=5", "cosine_annealing_lr:t_max=5"] {
            let schedule: Box<dyn Schedule> = text.parse().unwrap();
            assert_eq!(schedule.to_string(), "CosineAnnealingLr:t_max=5,eta_min=0.0,hold=false");
        }
    }

    #[test]
    fn chains_and_sequences() {
        let schedule: Box<dyn Schedule> =
            "constant:factor=0.5,total_iters=2 * exponential:gamma=0.5; 3: step:step_size=1".parse().unwrap();
        let rates: Vec<f64> = (0..6).filter_map(|t| schedule.lr_at(8.0, t)).collect();
        let expected = [4.0, 2.0, 2.0, 8.0, 0.8, 0.08];
        assert!(rates.iter().zip(expected).all(|(rate, expected)| (rate - expected).abs() < 1e-12), "{rates:?}");
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(error("cosin").starts_with("there is no schedule `cosin`; there are constant, cosine, cyclic, "));
        assert_eq!(error("step:gamma=0.1"), "StepLr: step_size must be above 0, got 0");
        assert_eq!(error("step:size=1"), "StepLr: there is no option `size`; there are step_size, gamma");
        assert_eq!(error("step:step_size=1.5"), "StepLr: step_size must be a whole number, got `1.5`");
        let message = "`cosine` does not start with an epoch, as in `5: cosine:t_max=10`";
        assert_eq!(error("step:step_size=3; cosine"), message);
        assert!(error("linear; 3: plateau").starts_with("SequentialLr: schedules must be "));
    }
}
