//! How far downhill's optimizers, schedules and clipping are from PyTorch's, record by record. The tests
//! `parity_optimizers` and `parity_schedules` bound it; the program `parity_table` writes it down in `docs/parity.md`.

pub mod clip;
pub mod lbfgs;
pub mod optimizers;
pub mod plateau;
pub mod schedules;
pub mod table;

use std::fmt::Write;

use serde_json::Value;

/// How far one record is from ours.
#[derive(Clone, Debug)]
pub struct Row {
    /// The rule or schedule, as our type is called.
    pub name: String,
    /// The options, as PyTorch calls them.
    pub options: String,
    /// What was compared, such as `replay` or `function`.
    pub what: String,
    /// The largest relative difference.
    pub difference: f64,
    /// What is allowed.
    pub tolerance: f64,
}

impl Row {
    /// Whether the difference is allowed.
    pub fn holds(&self) -> bool {
        self.difference <= self.tolerance
    }
}

/// `|ours - theirs| / max(1, |theirs|)`; 0 for the same infinity and for two NaN, infinite for one.
pub fn difference(ours: f64, theirs: f64) -> f64 {
    if ours == theirs || ours.is_nan() && theirs.is_nan() {
        0.0
    } else if ours.is_finite() && theirs.is_finite() {
        (ours - theirs).abs() / theirs.abs().max(1.0)
    } else {
        f64::INFINITY
    }
}

/// `|ours - theirs| / |theirs|`, for numbers that are small by nature, such as rates.
pub fn relative(ours: f64, theirs: f64) -> f64 {
    if ours == theirs { 0.0 } else { (ours - theirs).abs() / theirs.abs() }
}

/// The largest of some differences. NaN counts as the largest.
pub fn largest(differences: impl IntoIterator<Item = f64>) -> f64 {
    differences.into_iter().fold(0.0, |largest, x| if x > largest || x.is_nan() { x } else { largest })
}

/// Options on one line, as PyTorch would be given them.
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
        write!(text, "{separator}{option} {value}").expect("a string takes any text");
    }
    text
}
