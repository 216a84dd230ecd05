//! The differences between downhill and PyTorch, record by record. The tests `parity_*` bound them; the program
//! `parity_table` writes them to `docs/parity.md`.

pub mod attention;
pub mod clip;
pub mod convolutions;
pub mod layers;
pub mod lbfgs;
pub mod ledger;
pub mod losses;
pub mod metrics;
pub mod networks;
pub mod norms;
pub mod operations;
pub mod optimizers;
pub mod parametrizations;
pub mod plateau;
pub mod schedules;
pub mod table;

use std::fmt::Write;

use serde_json::Value;

/// The difference in one record.
#[derive(Clone, Debug)]
pub struct Row {
    /// The rule or schedule, by the name of our type.
    pub name: String,
    /// The options, by PyTorch's names.
    pub options: String,
    /// What was compared, such as `replay` or `function`.
    pub what: String,
    /// The largest relative difference.
    pub difference: f64,
    /// The allowed difference.
    pub tolerance: f64,
}

impl Row {
    /// Whether the difference is allowed.
    pub fn holds(&self) -> bool {
        self.difference <= self.tolerance
    }
}

/// `|ours - theirs| / max(1, |theirs|)`; 0 for equal infinities and if both are NaN, infinite if only one is.
pub fn difference(ours: f64, theirs: f64) -> f64 {
    if ours == theirs || ours.is_nan() && theirs.is_nan() {
        0.0
    } else if ours.is_finite() && theirs.is_finite() {
        (ours - theirs).abs() / theirs.abs().max(1.0)
    } else {
        f64::INFINITY
    }
}

/// `|ours - theirs| / |theirs|`, for values that are usually small, such as learning rates.
pub fn relative(ours: f64, theirs: f64) -> f64 {
    if ours == theirs { 0.0 } else { (ours - theirs).abs() / theirs.abs() }
}

/// The largest difference. NaN counts as the largest.
pub fn largest(differences: impl IntoIterator<Item = f64>) -> f64 {
    differences.into_iter().fold(0.0, |largest, x| if x > largest || x.is_nan() { x } else { largest })
}

/// The options on one line, by PyTorch's names.
pub fn describe(options: &Value) -> String {
    let Some(options) = options.as_object() else { return String::new() };
    let mut text = String::new();
    for (option, value) in options {
        let separator = if text.is_empty() { "" } else { ", " };
        let value = match value {
            Value::String(value) => value.clone(),
            Value::Array(list) if option == "groups" => {
                list.iter().map(|group| format!("{{{}}}", describe(group))).collect::<Vec<_>>().join(" ")
            }
            Value::Array(list) => {
                let items: Vec<String> = list.iter().map(|item| item.to_string().replace('"', "")).collect();
                format!("[{}]", items.join(", "))
            }
            other => other.to_string(),
        };
        write!(text, "{separator}{option} {value}").expect("writing to a string cannot fail");
    }
    text
}
