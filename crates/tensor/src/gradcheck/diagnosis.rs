//! The likely cause of a wrong entry.

use super::Settings;
use super::direction::Move;
use super::function::Function;
use super::report::Entry;
use crate::{Float, Tensor};

/// Computes the numeric derivative again, with other step sizes and from either side: is it reliable, and if so, how
/// does the analytic one differ?
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
    let near = Neighbourhood { function, input: wrong.input, column, output, element };
    let h = settings.step;
    let (small, large) = (h / 16.0, h * 16.0);
    let off = (wrong.analytic - wrong.numeric).abs();

    let rounding = near.rounding(h);
    if off <= rounding {
        return format!(
            "the function's rounding error alone changes the numeric derivative by up to {rounding:.1e}: check a \
             smaller sum, or use a larger step{}",
            precision::<F>()
        );
    }
    // The difference of the two one-sided slopes shrinks in proportion to the step where a function is smooth, but not
    // at a kink.
    let (bend, finer_bend) = (near.bend(h), near.bend(small));
    if bend >= 0.5 * off && finer_bend > 0.5 * bend && finer_bend > 2.0 * near.rounding(small) {
        return format!(
            "the slopes on the two sides of {}{} differ by {bend:.3e} however small the step: the function has a kink \
             or a jump here, where finite differences cannot tell which value is right; check at another point",
            wrong.input_name,
            show(&wrong.input_index),
        );
    }
    let (fine, coarse) = (near.slope(small), near.slope(large));
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

/// What can be said without knowing the entry.
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
        (false, true) => {
            "the function is not finite around this point; check where it is defined, or take a smaller step"
        }
        (false, false) => "neither the function nor its derivative is finite here; check where it is defined",
    };
    Some(text.to_owned())
}

/// How the analytic value differs from the numeric one.
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

/// One element of one result, as a function of one element of one input.
struct Neighbourhood<'a, 'f, F: Float> {
    function: &'a Function<'f, F>,
    input: usize,
    column: usize,
    output: usize,
    element: usize,
}

impl<F: Float> Neighbourhood<'_, '_, F> {
    /// The values below, at and above the point, and the distance between the outer two points.
    fn values(&self, step: f64) -> ([f64; 3], f64) {
        let x = &self.function.inputs[self.input];
        let Move { plus, minus, span, .. } = Move::along_entry(x, self.column, step);
        let value = |x: &Tensor<F>| {
            let mut inputs = self.function.inputs.clone();
            inputs[self.input] = x.clone();
            self.function.at(&inputs)[self.output].to_vec()[self.element].as_f64()
        };
        ([value(&minus), value(x), value(&plus)], span)
    }

    /// The central difference.
    fn slope(&self, step: f64) -> f64 {
        let ([low, _, high], span) = self.values(step);
        (high - low) / span
    }

    /// The difference between the slopes on the two sides.
    fn bend(&self, step: f64) -> f64 {
        let ([low, middle, high], span) = self.values(step);
        ((high - 2.0 * middle + low) / (0.5 * span)).abs()
    }

    /// How much a slope changes if the values change by a few ulps.
    fn rounding(&self, step: f64) -> f64 {
        let (values, span) = self.values(step);
        let largest = values.into_iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        4.0 * F::epsilon().as_f64() * largest / (0.5 * span)
    }
}

fn precision<F: Float>() -> &'static str {
    if F::NAME == "f32" { "; in f32 a difference has only three or four digits: check in f64" } else { "" }
}

pub(super) fn show(index: &Option<Vec<usize>>) -> String {
    match index {
        Some(index) if index.is_empty() => String::new(),
        Some(index) => format!("{index:?}"),
        None => "·u".to_owned(),
    }
}
