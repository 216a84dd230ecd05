//! Parsing schedules from text.

use std::str::FromStr;

use super::{ChainedLr, SequentialLr, by_name, schedule_names};
use crate::Schedule;
use crate::options::{OptionError, require};
use crate::text::{TextError, split_outside_brackets, take_apart};

/// How deep schedules may be nested in text: a bound for the recursion, far beyond any sensible use.
const DEEPEST: i32 = 32;

/// Parses text such as `cosine:t_max=10`: a name, and the options that differ from the defaults. The option `schedules`
/// of [`SequentialLr`] and [`ChainedLr`] is a list in brackets, separated by semicolons. These two have short forms:
/// `A * B` chains schedules, so that their factors multiply; `A; 5: B; 20: C` switches from A to B at epoch 5 and to C
/// at epoch 20.
///
/// ```
/// use downhill_optim::Schedule;
/// let schedule: Box<dyn Schedule> = "linear:start_factor=0.5,total_iters=2; 2: exponential:gamma=0.1".parse()?;
/// let rates: Vec<f64> = (0..5).filter_map(|t| schedule.lr_at(1.0, t)).collect();
/// assert_eq!(rates, [0.5, 0.75, 1.0, 0.1, 0.010000000000000002]);
///
/// let text = "sequential:schedules=[linear:start_factor=0.5,total_iters=2; exponential:gamma=0.1],milestones=[2]";
/// assert_eq!(text.parse::<Box<dyn Schedule>>()?.to_string(), schedule.to_string());
/// # Ok::<(), downhill_optim::TextError>(())
/// ```
impl FromStr for Box<dyn Schedule> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let mut pieces = split_outside_brackets(text, ';');
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
    let mut schedules = split_outside_brackets(text, '*').map(single).collect::<Result<Vec<_>, _>>()?;
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

/// Parses a list such as `[warmup:steps=5; cosine:t_max=95]`, an option of the schedule `of`.
pub(super) fn list(of: &'static str, text: &str) -> Result<Vec<Box<dyn Schedule>>, TextError> {
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).ok_or_else(|| OptionError {
        of,
        option: "schedules",
        must: "a list in brackets, as in [warmup:steps=5; cosine:t_max=95]".to_owned(),
        got: format!("`{text}`"),
    })?;
    // Check the depth of the nesting before recursing into the parts.
    let mut depth = 0;
    let depths = text.bytes().map(|byte| {
        depth += i32::from(byte == b'[') - i32::from(byte == b']');
        depth
    });
    let deepest = depths.max().unwrap_or(0);
    require(deepest <= DEEPEST, of, "schedules", format!("nested at most {DEEPEST} levels deep"), deepest)?;
    split_outside_brackets(inside, ';').filter(|piece| !piece.trim().is_empty()).map(chain).collect()
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

    /// Every schedule, one text per name.
    const EVERY: [&str; 17] = [
        "chained:schedules=[constant:factor=0.5,total_iters=2; exponential:gamma=0.9]",
        "constant:factor=0.25,total_iters=3",
        "cosine:t_max=5,eta_min=0.01,hold",
        "cyclic:base_lr=0.01,max_lr=0.1,step_size_up=2,mode=exp_range,gamma=0.9",
        "exponential:gamma=0.9",
        "lambda:factors=[1,0.5,0.1]",
        "linear:start_factor=0.5,total_iters=4",
        "multi_step:milestones=[1,3],gamma=0.5",
        "multiplicative:factors=[0.9,0.5]",
        "one_cycle:max_lr=0.1,total_steps=12,anneal=linear,three_phase",
        "plateau:patience=1,mode=max",
        "polynomial:total_iters=4,power=2",
        "sequential:schedules=[warmup:steps=2; chained:schedules=[linear; multi_step:milestones=[1,2]]],milestones=[2]",
        "step:step_size=2",
        "swa:swa_lr=0.05,anneal=linear",
        "warm_restarts:t_0=2,t_mult=2",
        "warmup:steps=3",
    ];

    #[test]
    fn what_is_written_reads_as_the_same_schedule() {
        let names: Vec<&str> = EVERY.iter().map(|text| text.split(':').next().unwrap()).collect();
        assert_eq!(names, schedule_names());
        for text in EVERY {
            let schedule: Box<dyn Schedule> = text.parse().unwrap();
            let written = schedule.to_string();
            let again: Box<dyn Schedule> = written.parse().unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(again.to_string(), written);
            let rates = |schedule: &dyn Schedule| (0..12).map(|t| schedule.lr_at(0.1, t)).collect::<Vec<_>>();
            assert_eq!(rates(&*again), rates(&*schedule), "{text}");
        }
    }

    #[test]
    fn the_short_forms_and_the_long_ones() {
        let written = |text: &str| text.parse::<Box<dyn Schedule>>().unwrap().to_string();
        let pairs = [
            (
                "warmup:steps=2; 2: step:step_size=3",
                "sequential:schedules=[warmup:steps=2; step:step_size=3],milestones=[2]",
            ),
            ("linear * exponential:gamma=0.5", "chained:schedules=[linear;exponential:gamma=0.5]"),
            (
                "linear * exponential:gamma=0.5; 7: constant",
                "sequential:milestones=[7],schedules=[chained:schedules=[linear; exponential:gamma=0.5]; constant]",
            ),
            ("linear; 3: constant * linear", "sequential:schedules=[linear; constant * linear],milestones=[3]"),
        ];
        for (short, long) in pairs {
            assert_eq!(written(short), written(long));
        }
        let expected = "SequentialLr:schedules=[WarmupLr:steps=2; StepLr:step_size=3,gamma=0.1],milestones=[2]";
        assert_eq!(written(pairs[0].0), expected);
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(
            error("cosin").starts_with("there is no schedule `cosin`; the schedules are chained, constant, cosine, ")
        );
        assert_eq!(error("step:gamma=0.1"), "StepLr: step_size must be above 0, got 0");
        assert_eq!(error("step:size=1"), "StepLr: there is no option `size`; the options are step_size, gamma");
        assert_eq!(error("step:step_size=1.5"), "StepLr: step_size must be a non-negative integer, got `1.5`");
        let message = "`cosine` does not start with an epoch, as in `5: cosine:t_max=10`";
        assert_eq!(error("step:step_size=3; cosine"), message);
        let message = "SequentialLr: schedules must be a list in brackets, as in [warmup:steps=5; cosine:t_max=95]";
        for list in ["linear", "[linear", "linear]", ""] {
            let error = error(&format!("sequential:schedules={list}"));
            assert_eq!(error, format!("{message}, got `{list}`"));
        }
        assert_eq!(error("chained:schedules=[linear; sine]").split(';').next(), Some("there is no schedule `sine`"));
        assert_eq!(error("chained:schedules=[step]"), "StepLr: step_size must be above 0, got 0");
        assert_eq!(error("chained:parts=[step]"), "ChainedLr: there is no option `parts`; the options are schedules");
        assert_eq!(error("sequential"), "SequentialLr: schedules must be at least one, got 0");
        let message = "SequentialLr: schedules must be one more than the 0 milestones, got 2";
        assert_eq!(error("sequential:schedules=[linear; linear]"), message);
        let nested = format!("{}linear{}", "chained:schedules=[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(error(&nested), "ChainedLr: schedules must be nested at most 32 levels deep, got 100000");
        assert!(error("lambda").contains("use LambdaLr::new in code"));
        assert!(error("linear; 3: plateau").starts_with("SequentialLr: schedules must be "));
    }
}
