//! The check of one order: numeric against analytic Jacobian, and the other conditions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::direction::{Direction, Move, probes};
use super::function::{Function, gradients};
use super::report::{Entry, InputReport, Report};
use super::{Directions, Problem, Settings, SplitMix, diagnosis};
use crate::{Float, Tensor};

/// A direction in the space of one result, and the gradient of every input along it.
struct Row {
    output: usize,
    direction: Direction,
    gradients: Vec<Vec<f64>>,
}

/// Checks one order. Adds a line for every input to `report`.
pub(super) fn compare<F: Float>(
    function: &Function<'_, F>,
    settings: &Settings,
    random: &mut SplitMix,
    report: &mut Report,
) -> Result<(), Problem> {
    let ys = function.at(&function.inputs);
    if !same_values(&ys, &function.at(&function.inputs)) {
        return Err(Problem::ValueNotRepeatable);
    }
    // Rows of the Jacobian come from backward passes, columns from central differences.
    let rows = caught(|| analytic_rows(function, &ys, settings, random))??;
    let mut wrong: Option<(Entry, f64)> = None;
    let mut located = None;
    for (input, x) in function.inputs.iter().enumerate() {
        let mut line = InputReport::new(report.order, input, &function.input_names[input], x.shape());
        let moves = match settings.directions {
            Directions::Every => x.len(),
            Directions::Random(count) => count * usize::from(!x.is_empty()),
        };
        for number in 0..moves {
            let step = match settings.directions {
                Directions::Every => Move::along_entry(x, number, settings.step),
                Directions::Random(_) => Move::at_random(x, settings.step, random),
            };
            let differences = differences(function, input, &step);
            // Every entry: each row meets each column. Random: the first row meets the first column, and so on.
            let meets = |i: usize| settings.directions == Directions::Every || i % moves == number;
            for (_, row) in rows.iter().enumerate().filter(|(i, _)| meets(*i)) {
                let numeric = row.direction.dot(&differences[row.output]) / step.span;
                let analytic = step.direction.dot(&row.gradients[input]);
                // Along a random direction entries add up, and so do their absolute tolerances.
                let scale = row.direction.norm1() * step.direction.norm1();
                // With an infinite numeric derivative, a relative tolerance would allow anything.
                let relative = if numeric.is_finite() { settings.rtol * numeric.abs() } else { 0.0 };
                let allowed = settings.atol * scale + relative;
                let score = line.count(numeric, analytic, allowed, settings.atol * scale);
                let entry = || Entry {
                    order: report.order,
                    output: function.output_names[row.output].clone(),
                    output_index: row.direction.index(ys[row.output].shape()),
                    input,
                    input_name: function.input_names[input].clone(),
                    input_index: step.direction.index(x.shape()),
                    numeric,
                    analytic,
                    allowed,
                };
                if line.is_worst(score) {
                    line.worst = Some(entry());
                }
                if score > 1.0 && wrong.as_ref().is_none_or(|(_, worst)| score > *worst) {
                    wrong = Some((entry(), score));
                    located = Some((row.output, number, row_element(&row.direction)));
                }
            }
        }
        report.inputs.push(line);
    }
    let Some((entry, _)) = wrong else { return Ok(()) };
    let suggestion = match located {
        Some((output, column, Some(element))) => diagnosis::entry(function, settings, &entry, output, element, column),
        _ => diagnosis::direction::<F>(&entry),
    };
    Err(Problem::Wrong { entry: Box::new(entry), suggestion })
}

fn row_element(direction: &Direction) -> Option<usize> {
    match direction {
        Direction::Entry(k) => Some(*k),
        Direction::Random(_) => None,
    }
}

/// `f(x + h) - f(x - h)` for every result, in `f64`.
fn differences<F: Float>(function: &Function<'_, F>, input: usize, step: &Move<F>) -> Vec<Vec<f64>> {
    let mut inputs = function.inputs.clone();
    inputs[input] = step.plus.clone();
    let plus = function.at(&inputs);
    inputs[input] = step.minus.clone();
    let minus = function.at(&inputs);
    let difference = |(plus, minus): (&Tensor<F>, &Tensor<F>)| {
        plus.view().iter().zip(minus.view()).map(|(p, m)| p.as_f64() - m.as_f64()).collect()
    };
    plus.iter().zip(&minus).map(difference).collect()
}

/// The backward passes: along zero, along a random vector, along it again, and along -2 times it; then along every
/// probe.
fn analytic_rows<F: Float>(
    function: &Function<'_, F>,
    ys: &[Tensor<F>],
    settings: &Settings,
    random: &mut SplitMix,
) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    for (output, y) in ys.iter().enumerate() {
        let zero = gradients(y, &function.inputs, &Tensor::zeros(y.shape()));
        for (input, gradient) in zero.iter().enumerate() {
            if let Some(value) = gradient.view().iter().find(|g| **g != F::zero()) {
                let input = function.input_names[input].clone();
                return Err(Problem::ZeroNotKept { input, value: value.as_f64() });
            }
        }
        check_linear(function, y, random)?;
        for direction in probes::<F>(y.shape(), settings, random) {
            let v = direction.to_tensor(y.shape());
            let flat = |g: &Tensor<F>| g.view().iter().map(|g| g.as_f64()).collect();
            rows.push(Row {
                output,
                direction,
                gradients: gradients(y, &function.inputs, &v).iter().map(flat).collect(),
            });
        }
    }
    Ok(rows)
}

/// Probes with a single 1 would not catch a rule that uses `dy²` or `|dy|`.
fn check_linear<F: Float>(function: &Function<'_, F>, y: &Tensor<F>, random: &mut SplitMix) -> Result<(), Problem> {
    let v = Direction::random::<F>(y.len(), random).to_tensor(y.shape());
    let once = gradients(y, &function.inputs, &v);
    if !same_values(&once, &gradients(y, &function.inputs, &v)) {
        return Err(Problem::GradientNotRepeatable);
    }
    // Scaling by a power of two commutes with rounding, so a linear rule gives bitwise identical results.
    let scale = |x: &Tensor<F>| x * F::from_f64(-2.0);
    let scaled = gradients(y, &function.inputs, &scale(&v));
    for (input, (once, scaled)) in once.iter().zip(scaled).enumerate() {
        if !same_values(&[scale(once)], &[scaled]) {
            return Err(Problem::NotLinear { input: function.input_names[input].clone() });
        }
    }
    Ok(())
}

/// NaN equals NaN here; that there is a NaN is another problem.
fn same_values<F: Float>(a: &[Tensor<F>], b: &[Tensor<F>]) -> bool {
    let same = |(a, b): (&F, &F)| a == b || (a.is_nan() && b.is_nan());
    a.iter().zip(b).all(|(a, b)| a.shape() == b.shape() && a.view().iter().zip(b.view().iter()).all(same))
}

/// A panic inside a derivative rule, as a [`Problem`].
fn caught<T>(body: impl FnOnce() -> T) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Problem::Panicked { message: text.unwrap_or("(a panic without a message)").to_owned() }
    })
}
