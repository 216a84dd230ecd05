//! What a look at a network has found, as a table and in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Histogram;
use crate::number::{self, short};

/// The health of a network at one step; [`Display`](fmt::Display) prints tables and warnings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthReport {
    /// After so many steps.
    pub steps: u64,
    /// One entry for every parameter.
    pub parameters: Vec<ParameterHealth>,
    /// One entry for every activation function.
    pub activations: Vec<ActivationHealth>,
    /// What may be wrong, and what to try.
    pub warnings: Vec<String>,
}

/// A parameter at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterHealth {
    /// Its path.
    pub name: String,
    /// The norm of its gradient, if it has one.
    #[serde(with = "number::optional")]
    pub gradient: Option<f64>,
    /// Its norm before the update.
    #[serde(with = "number::one")]
    pub weight: f64,
    /// The norm of its change, divided by its norm before; about 1e-3 is usual.
    #[serde(with = "number::one")]
    pub update: f64,
}

/// An activation function at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivationHealth {
    /// The layer and the function, such as `fc1 relu`.
    pub name: String,
    /// The part of the units that were 0 for the whole batch.
    pub zero: f64,
    /// The part of the units that have been 0, whenever they were looked at, for as many steps as the patience says.
    pub dead: f64,
    /// The part of the outputs within 0.01 of a bound, of `tanh` and `sigmoid`.
    pub saturated: f64,
    /// The outputs.
    pub histogram: Option<Histogram>,
}

impl HealthReport {
    pub(super) fn new(
        steps: u64,
        parameters: Vec<ParameterHealth>,
        activations: Vec<ActivationHealth>,
        patience: u64,
    ) -> Self {
        let of_activations = activations.iter().filter_map(|activation| activation.warning(patience));
        let warnings = of_activations.chain(parameters.iter().filter_map(ParameterHealth::warning)).collect();
        HealthReport { steps, parameters, activations, warnings }
    }
}

impl ActivationHealth {
    fn warning(&self, patience: u64) -> Option<String> {
        let (name, percent) = (&self.name, |part: f64| (100.0 * part).round());
        match self {
            _ if self.dead >= 0.1 => Some(format!(
                "{name}: {} % of units have been dead for {patience} steps; try a smaller learning rate, or leaky_relu",
                percent(self.dead)
            )),
            _ if self.saturated >= 0.5 => Some(format!(
                "{name}: {} % of the outputs are saturated, where the slope is nearly 0; try smaller initial weights, or \
                 normalize the inputs",
                percent(self.saturated)
            )),
            _ => None,
        }
    }
}

impl ParameterHealth {
    fn warning(&self) -> Option<String> {
        let name = &self.name;
        match self.gradient {
            Some(norm) if !norm.is_finite() => Some(format!(
                "{name}: the norm of the gradient is {norm}; try a smaller learning rate, or clip the gradients"
            )),
            Some(0.0) => {
                Some(format!("{name}: the gradient is 0; is there a path from here to the loss that is not dead?"))
            }
            // Zeros, such as those that a bias starts from, have no size to compare with.
            Some(_) if self.update > 0.1 && self.weight > 0.0 => Some(format!(
                "{name}: the update is {} of the weights in one step; try a smaller learning rate",
                short(self.update)
            )),
            Some(_) if self.update < 1e-6 => Some(format!(
                "{name}: the update is {} of the weights in one step; try a larger learning rate",
                short(self.update)
            )),
            _ => None,
        }
    }
}

impl fmt::Display for HealthReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "step {}", self.steps)?;
        let names = self.parameters.iter().map(|p| &p.name).chain(self.activations.iter().map(|a| &a.name));
        let width = names.map(|name| name.chars().count()).max().unwrap_or(0).max(9);
        writeln!(f, "{:width$}  {:>10} {:>10} {:>14}", "parameter", "gradient", "weight", "update/weight")?;
        for ParameterHealth { name, gradient, weight, update } in &self.parameters {
            let gradient = gradient.map_or("none".into(), short);
            writeln!(f, "{name:width$}  {gradient:>10} {:>10} {:>14}", short(*weight), short(*update))?;
        }
        if !self.activations.is_empty() {
            writeln!(f, "{:width$}  {:>10} {:>10} {:>14}", "activation", "zero", "dead", "saturated")?;
        }
        for ActivationHealth { name, zero, dead, saturated, histogram } in &self.activations {
            let [zero, dead, saturated] = [zero, dead, saturated].map(|part| format!("{:.0} %", 100.0 * part));
            write!(f, "{name:width$}  {zero:>10} {dead:>10} {saturated:>14}")?;
            if let Some(Histogram { from, to, counts }) = histogram {
                write!(f, "  {} {} {}", short(*from), bars(counts), short(*to))?;
            }
            writeln!(f)?;
        }
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))
    }
}

/// A histogram in one line; what is not empty shows.
fn bars(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bar = |&count: &u64| match count {
        0 => ' ',
        count => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][(count as f64 / most * 7.0).round() as usize],
    };
    counts.iter().map(bar).collect()
}
