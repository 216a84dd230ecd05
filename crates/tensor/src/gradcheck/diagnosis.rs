//! What is likely the matter with a wrong entry.

use super::Settings;
use super::compare::differences;
use super::direction::Move;
use super::function::Function;
use super::report::Entry;
use crate::{Float, Tensor};

/// The numeric derivative again, with other steps and from either side: does it hold, and if so, how is the analytic
/// one off?
pub(super) fn entry<F: Float>(
    function: &Function<'_, F>,
    settings: &Settings,
    wrong: &Entry,
    output: usize,
    element: usize,
    column: usize,
) -> String {
    if let Some(text) = not_finite(wrong) {
        return text;
    }
    let x = &function.inputs[wrong.input];
    let with_step = |step: f64| {
        let step = Move::along_entry(x, column, step);
        differences(function, wrong.input, &step)[output][element] / step.span
    };
    let h = settings.step;
    let (small, large) = (h / 16.0, h * 16.0);
    let off = (wrong.analytic - wrong.numeric).abs();

    let bend = |step: f64| one_sided_gap(function, wrong.input, column, output, element, step).abs();
    // A smooth function's two slopes draw together in proportion to the step, those at a kink do not.
    if bend(h) >= 0.5 * off && bend(small) > 0.5 * bend(h) {
        return format!(
            "the slopes on the two sides of {}{} differ by {:.3e} however small the step: the function has a kink \
             or a jump here, where no difference can tell which value is right; check at another point",
            wrong.input_name,
            show(&wrong.input_index),
            bend(h)
        );
    }
    let (fine, coarse) = (with_step(small), with_step(large));
    for (step, numeric) in [(small, fine), (large, coarse)] {
        if (wrong.analytic - numeric).abs() <= wrong.allowed {
            return format!(
                "with a step of {step:.1e} the numeric derivative is {numeric:.8e}, which agrees with the analytic \
                 one: the step {h:.1e} is {} here (set `Check::step`){}",
                if step < h { "too large, or a kink is nearer than it" } else { "too small" },
                precision::<F>()
            );
        }
    }
    let spread = (fine - wrong.numeric).abs().max((coarse - wrong.numeric).abs());
    if spread >= 0.5 * off {
        return format!(
            "the numeric derivative is not reliable here: {fine:.6e}, {:.6e} and {coarse:.6e} with steps {small:.1e}, \
             {h:.1e} and {large:.1e}; check at another point or set `Check::step`{}",
            wrong.numeric,
            precision::<F>()
        );
    }
    format!("the numeric derivative hardly changes with the step, so the rule is wrong: {}", relation(wrong))
}

/// What can be said without an entry to look at.
pub(super) fn direction<F: Float>(wrong: &Entry) -> String {
    not_finite(wrong).unwrap_or_else(|| {
        format!(
            "along a random direction {}; `Directions::Every` shows which entry it is{}",
            relation(wrong),
            precision::<F>()
        )
    })
}

fn not_finite(wrong: &Entry) -> Option<String> {
    let text = match (wrong.numeric.is_finite(), wrong.analytic.is_finite()) {
        (true, true) => return None,
        (true, false) => "the function is finite around this point, its derivative rule is not",
        (false, true) => "the function is not finite around this point; check where it is defined",
        (false, false) => "neither the function nor its derivative is finite here; check where it is defined",
    };
    Some(text.to_owned())
}

/// How the analytic value is off.
fn relation(wrong: &Entry) -> String {
    let ratio = wrong.analytic / wrong.numeric;
    if wrong.analytic == 0.0 {
        "no gradient arrives (a missing term, or a `detach` too many?)".to_owned()
    } else if wrong.numeric.abs() <= wrong.allowed {
        "there is a gradient where the function does not change".to_owned()
    } else if (ratio + 1.0).abs() < 1e-3 {
        "its sign is reversed".to_owned()
    } else {
        format!("the analytic value is {ratio:.6} times the numeric one")
    }
}

/// The slope to the right minus the slope to the left.
fn one_sided_gap<F: Float>(
    function: &Function<'_, F>,
    input: usize,
    column: usize,
    output: usize,
    element: usize,
    step: f64,
) -> f64 {
    let x = &function.inputs[input];
    let Move { plus, minus, span, .. } = Move::along_entry(x, column, step);
    let at = |x: &Tensor<F>| {
        let mut inputs = function.inputs.clone();
        inputs[input] = x.clone();
        function.at(&inputs)[output].to_vec()[element].as_f64()
    };
    (at(&plus) - 2.0 * at(x) + at(&minus)) / (0.5 * span)
}

fn precision<F: Float>() -> &'static str {
    if F::NAME == "f32" { "; f32 leaves a difference three or four digits: check in f64" } else { "" }
}

pub(super) fn show(index: &Option<Vec<usize>>) -> String {
    match index {
        Some(index) if index.is_empty() => String::new(),
        Some(index) => format!("{index:?}"),
        None => "·u".to_owned(),
    }
}
