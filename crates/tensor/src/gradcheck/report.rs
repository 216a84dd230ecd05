//! The outcome of a gradient check, for reading and printing.

use std::fmt;

use super::diagnosis::show;

/// The result of [`gradcheck`](crate::gradcheck) and [`gradcheck_model`](crate::gradcheck_model): a line for every
/// input at every order. Prints as a table.
#[derive(Clone, Debug)]
pub struct Report {
    /// The operation that computed the result.
    pub op: &'static str,
    /// The highest order that was checked.
    pub order: usize,
    /// The absolute tolerance: derivatives smaller than this have not been verified.
    pub atol: f64,
    /// One line for every order and input.
    pub inputs: Vec<InputReport>,
}

/// The derivatives with respect to one input, at one order.
#[derive(Clone, Debug)]
pub struct InputReport {
    /// The order of the derivatives.
    pub order: usize,
    /// The index of the input; at orders above the first, those after yours are random gradients `dy`.
    pub input: usize,
    /// `x0`, `x1` and so on, or the path of a parameter.
    pub name: String,
    /// The shape of the input.
    pub shape: Vec<usize>,
    /// How many derivatives were compared.
    pub compared: usize,
    /// How many of them differ by more than was allowed.
    pub wrong: usize,
    /// The largest derivative in absolute value: a check of zeros verifies little.
    pub largest: f64,
    /// The largest absolute difference.
    pub abs_difference: f64,
    /// The largest relative difference among derivatives above the absolute tolerance.
    pub rel_difference: f64,
    /// The entry closest to its tolerance, or furthest beyond it. `None` if nothing was compared.
    pub worst: Option<Entry>,
    worst_score: f64,
}

/// One derivative, computed both ways.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The order of the derivative.
    pub order: usize,
    /// The name of the result: `y`, or `dx0` for the gradient of input 0.
    pub output: String,
    /// Which element of the result; `None` in a check along random directions.
    pub output_index: Option<Vec<usize>>,
    /// The number of the input.
    pub input: usize,
    /// The name of the input: `x0`, or the path of a parameter.
    pub input_name: String,
    /// Which element of the input; `None` in a check along random directions.
    pub input_index: Option<Vec<usize>>,
    /// From central differences.
    pub numeric: f64,
    /// From the derivative rules.
    pub analytic: f64,
    /// The tolerance: how far apart the two may be.
    pub allowed: f64,
}

impl Report {
    pub(super) fn new(op: &'static str, atol: f64) -> Self {
        Report { op, order: 0, atol, inputs: Vec::new() }
    }

    /// The entry closest to its tolerance, or furthest beyond it.
    pub fn worst(&self) -> Option<&Entry> {
        let by_score = |a: &&InputReport, b: &&InputReport| a.worst_score.total_cmp(&b.worst_score);
        self.inputs.iter().max_by(by_score)?.worst.as_ref()
    }

    /// How many derivatives were compared, at all orders.
    pub fn compared(&self) -> usize {
        self.inputs.iter().map(|line| line.compared).sum()
    }

    /// How many of them differ by more than was allowed.
    pub fn wrong(&self) -> usize {
        self.inputs.iter().map(|line| line.wrong).sum()
    }
}

impl InputReport {
    pub(super) fn new(order: usize, input: usize, name: &str, shape: &[usize]) -> Self {
        InputReport {
            order,
            input,
            name: name.to_owned(),
            shape: shape.to_vec(),
            compared: 0,
            wrong: 0,
            largest: 0.0,
            abs_difference: 0.0,
            rel_difference: 0.0,
            worst: None,
            worst_score: -1.0,
        }
    }

    /// Counts an entry. Returns its difference as a fraction of the tolerance: above 1 if the entry is wrong.
    pub(super) fn count(&mut self, numeric: f64, analytic: f64, allowed: f64, negligible: f64) -> f64 {
        let difference = (numeric - analytic).abs();
        let size = numeric.abs().max(analytic.abs());
        // Infinity minus infinity, or NaN on either side, is never right.
        let score = match difference <= allowed {
            true if difference == 0.0 => 0.0,
            true => difference / allowed,
            false if difference.is_nan() => f64::INFINITY,
            false => (difference / allowed).max(1.0 + f64::EPSILON),
        };
        self.compared += 1;
        self.wrong += usize::from(score > 1.0);
        self.largest = larger(self.largest, size);
        self.abs_difference = larger(self.abs_difference, difference);
        if size > negligible || size.is_nan() {
            self.rel_difference = larger(self.rel_difference, difference / size);
        }
        score
    }

    pub(super) fn is_worst(&mut self, score: f64) -> bool {
        let worse = score > self.worst_score;
        if worse {
            self.worst_score = score;
        }
        worse
    }
}

/// The maximum; NaN wins.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { order, output, input_name, numeric, analytic, allowed, .. } = self;
        let (of, by) = (show(&self.output_index), show(&self.input_index));
        let difference = (analytic - numeric).abs();
        write!(
            f,
            "∂{output}{of}/∂{input_name}{by} at order {order}: numeric {numeric:.8e}, analytic {analytic:.8e}, \
             difference {difference:.1e} (allowed {allowed:.1e})"
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_counts(f)?;
        if let Some(worst) = self.worst() {
            write!(f, "\nworst: {worst}")?;
        }
        self.write_table(f)
    }
}

impl Report {
    pub(super) fn write_counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (compared, wrong) = (self.compared(), self.wrong());
        write!(f, "{}: {compared} derivatives up to order {} compared, {wrong} wrong", self.op, self.order)
    }

    pub(super) fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inputs.is_empty() {
            return Ok(());
        }
        let width = self.inputs.iter().map(|line| line.name.chars().count()).max().unwrap_or(0).max(5);
        write!(
            f,
            "\n{:>5}  {:<width$}  {:<14} {:>8} {:>6} {:>10} {:>10} {:>10}  worst at",
            "order", "input", "shape", "compared", "wrong", "largest", "abs diff", "rel diff"
        )?;
        for line in &self.inputs {
            write!(
                f,
                "\n{:>5}  {:<width$}  {:<14} {:>8} {:>6} {:>10.2e} {:>10.1e} {:>10.1e}  ",
                line.order,
                line.name,
                format!("{:?}", line.shape),
                line.compared,
                line.wrong,
                line.largest,
                line.abs_difference,
                line.rel_difference,
            )?;
            match &line.worst {
                Some(worst) => write!(f, "{}", show(&worst.input_index))?,
                None => f.write_str("-")?,
            }
            if line.compared > 0 && line.largest <= self.atol {
                f.write_str("  (all below the absolute tolerance: not verified)")?;
            }
        }
        Ok(())
    }
}
