//! What the comparisons with `data/golden` find, as lines of the table in `docs/parity.md`: one for each layer, loss,
//! operation, metric or network. The tests run the same comparisons without collecting anything.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::largest;

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Line {
    /// The layer, loss or operation.
    pub name: String,
    /// The number of records.
    pub records: usize,
    /// The options that some record gives, by PyTorch's names.
    pub options: BTreeSet<String>,
    /// What was compared, in the order in which it occurs.
    pub quantities: Vec<Quantity>,
}

impl Line {
    /// Whether it follows a network in training.
    pub fn is_of_training(&self) -> bool {
        self.quantities.iter().any(|quantity| quantity.what == "loss")
    }
}

/// The largest difference of a value or a derivative among the records of a line.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// What was compared, such as `value` or `gradient`.
    pub what: &'static str,
    /// The largest difference.
    pub difference: f64,
    /// The allowed difference.
    pub tolerance: f64,
}

thread_local! {
    static LINES: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// Runs the comparisons and returns what they find.
///
/// # Panics
/// If one of them fails.
pub fn lines(checks: &[fn()]) -> Vec<Line> {
    LINES.set(Some(Vec::new()));
    checks.iter().for_each(|check| check());
    LINES.take().unwrap_or_default()
}

/// Begins a record of this name and options.
pub fn record(name: &str, options: &Value) {
    on_line(name, |line| {
        line.records += 1;
        line.options.extend(options.as_object().into_iter().flat_map(|options| options.keys().cloned()));
    });
}

/// Notes a difference in a record of this name.
pub fn note(name: &str, what: &'static str, difference: f64, tolerance: f64) {
    on_line(name, |line| match line.quantities.iter_mut().find(|quantity| quantity.what == what) {
        Some(found) => {
            found.difference = largest([found.difference, difference]);
            found.tolerance = largest([found.tolerance, tolerance]);
        }
        None => line.quantities.push(Quantity { what, difference, tolerance }),
    });
}

fn on_line(name: &str, change: impl FnOnce(&mut Line)) {
    LINES.with_borrow_mut(|lines| {
        let Some(lines) = lines else { return };
        let at = lines.iter().position(|line| line.name == name).unwrap_or_else(|| {
            let (options, quantities) = (BTreeSet::new(), Vec::new());
            lines.push(Line { name: name.to_owned(), records: 0, options, quantities });
            lines.len() - 1
        });
        change(&mut lines[at]);
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn two_records() {
        record("Linear", &json!({ "bias": true }));
        note("Linear", "value", 1e-16, 1e-12);
        note("Linear", "gradient", 2e-16, 1e-12);
        record("Linear", &json!({ "in": 3 }));
        note("Linear", "value", 3e-16, 1e-13);
        note("Linear", "gradient", 1e-16, 1e-12);
    }

    #[test]
    fn the_largest_differences_of_a_name() {
        let lines = lines(&[two_records, || record("Relu", &Value::Null)]);
        assert_eq!(
            lines.iter().map(|line| (&*line.name, line.records)).collect::<Vec<_>>(),
            [("Linear", 2), ("Relu", 1)]
        );
        assert_eq!(lines[0].options.iter().collect::<Vec<_>>(), ["bias", "in"]);
        let found: Vec<_> = lines[0].quantities.iter().map(|q| (q.what, q.difference, q.tolerance)).collect();
        assert_eq!(found, [("value", 3e-16, 1e-12), ("gradient", 2e-16, 1e-12)]);
        // Outside of `lines` nothing is kept.
        two_records();
        assert_eq!(super::lines(&[]).len(), 0);
    }
}
