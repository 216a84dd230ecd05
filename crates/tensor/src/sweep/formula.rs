//! The formulas of elementwise operations, evaluated as text: what a reader is told is what is computed.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use crate::{Attribute, Float, Formula, Tensor};

/// Compares the formula of the operation that computed `y`, if it is an elementwise one, with `y` and with the derivatives
/// that the operation's rule returns.
///
/// # Panics
/// If they differ, or if the formula cannot be read.
#[track_caller]
pub(super) fn check(y: &Tensor<f64>) {
    let Some(operation) = y.operation() else { return };
    let Some(formula @ Formula { elementwise: true, .. }) = operation.formula else { return };
    assert!(
        formula.derivatives.len() == operation.inputs.len(),
        "{}: the formula names {} arguments of {}",
        operation.name,
        formula.derivatives.len(),
        operation.inputs.len()
    );
    let slopes = y.pull_back(&Tensor::ones(y.shape()));
    let of_each = |x: &Tensor<f64>| x.broadcast_to(y.shape()).to_vec();
    let columns: Vec<Vec<f64>> = operation.inputs.iter().map(of_each).collect();
    let slopes: Vec<Option<Vec<f64>>> = slopes.iter().map(|slope| slope.as_ref().map(of_each)).collect();
    for (place, y) in y.to_vec().into_iter().enumerate() {
        let mut names: BTreeMap<&str, f64> = BTreeMap::from([("y", y), ("π", std::f64::consts::PI)]);
        names.extend(operation.attributes.iter().filter_map(|(name, value)| Some((*name, number(value)?))));
        names.extend(formula.derivatives.iter().zip(&columns).map(|(&(name, _), column)| (name, column[place])));
        let compare = |what: &str, text: &str, expected: f64| {
            let value = evaluate(text, &names);
            let close = (value - expected).abs() <= 1e-9 * expected.abs().max(1.0);
            let name = operation.name;
            assert!(close, "{name}: {what}, {text}, is {value} with {names:?}, but the operation says {expected}");
        };
        compare("the formula", formula.value, y);
        for (&(name, text), slope) in formula.derivatives.iter().zip(&slopes) {
            if let Some(slope) = slope {
                compare(&format!("the derivative by {name}"), text, slope[place]);
            }
        }
    }
}

fn number(attribute: &Attribute) -> Option<f64> {
    match attribute {
        Attribute::Int(value) => Some(*value as f64),
        Attribute::Float(value) => Some(*value),
        _ => None,
    }
}

/// The value of a formula, in the grammar that [`Formula::elementwise`] describes.
#[track_caller]
fn evaluate(text: &str, names: &BTreeMap<&str, f64>) -> f64 {
    let mut reader = Reader { text, rest: text.chars().peekable(), names };
    let value = reader.choice();
    assert!(reader.next().is_none(), "cannot read the rest of the formula {text}");
    value
}

struct Reader<'t> {
    text: &'t str,
    rest: Peekable<Chars<'t>>,
    names: &'t BTreeMap<&'t str, f64>,
}

impl Reader<'_> {
    /// The next character that is no blank.
    fn next(&mut self) -> Option<char> {
        while self.rest.next_if_eq(&' ').is_some() {}
        self.rest.peek().copied()
    }

    fn takes(&mut self, expected: char) -> bool {
        self.next() == Some(expected) && self.rest.next().is_some()
    }

    #[track_caller]
    fn must(&mut self, expected: char) {
        assert!(self.takes(expected), "no `{expected}` where one is needed in the formula {}", self.text);
    }

    /// A word is taken whole, or not at all.
    fn takes_word(&mut self, word: &str) -> bool {
        self.next();
        let mut ahead = self.rest.clone();
        let found = word.chars().all(|letter| ahead.next_if_eq(&letter).is_some());
        if found && ahead.peek().is_none_or(|letter| !letter.is_alphabetic()) {
            self.rest = ahead;
            return true;
        }
        false
    }

    /// `p if condition else q`
    fn choice(&mut self) -> f64 {
        let value = self.sum();
        if !self.takes_word("if") {
            return value;
        }
        let mut holds = self.comparison();
        while self.takes_word("and") {
            holds &= self.comparison();
        }
        assert!(self.takes_word("else"), "an `if` without `else` in the formula {}", self.text);
        let other = self.choice();
        if holds { value } else { other }
    }

    fn comparison(&mut self) -> bool {
        let left = self.sum();
        let Some(sign @ ('<' | '>' | '=' | '≤' | '≥')) = self.next() else { return left != 0.0 };
        self.rest.next();
        let right = self.sum();
        match sign {
            '<' => left < right,
            '>' => left > right,
            '=' => left == right,
            '≤' => left <= right,
            _ => left >= right,
        }
    }

    fn sum(&mut self) -> f64 {
        let mut sum = self.product();
        loop {
            if self.takes('+') {
                sum += self.product();
            } else if self.takes('-') {
                sum -= self.product();
            } else {
                return sum;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut product = self.signed();
        loop {
            if self.takes('·') {
                product *= self.signed();
            } else if self.takes('/') {
                product /= self.signed();
            } else {
                return product;
            }
        }
    }

    fn signed(&mut self) -> f64 {
        if self.takes('-') { -self.signed() } else { self.power() }
    }

    fn power(&mut self) -> f64 {
        let mut base = if self.takes('√') { self.atom().sqrt() } else { self.atom() };
        while self.takes('²') {
            base *= base;
        }
        if self.takes('^') { base.powf(self.power()) } else { base }
    }

    fn atom(&mut self) -> f64 {
        if self.takes('(') {
            let value = self.choice();
            self.must(')');
            return value;
        }
        if self.takes('|') {
            let value = self.choice();
            self.must('|');
            return value.abs();
        }
        let mut word = String::new();
        self.next();
        while let Some(letter) = self.rest.next_if(|c| c.is_alphanumeric() && *c != '²' || matches!(c, '_' | '.')) {
            word.push(letter);
        }
        if let Ok(number) = word.parse::<f64>() {
            // `nan` is an attribute of one operation.
            if word.starts_with(|c: char| c.is_ascii_digit()) {
                return number;
            }
        }
        if self.takes('(') {
            let mut arguments = vec![self.choice()];
            while self.takes(',') {
                arguments.push(self.choice());
            }
            self.must(')');
            return self.call(&word, &arguments);
        }
        let value = self.names.get(word.as_str());
        *value.unwrap_or_else(|| panic!("`{word}` in the formula {} is no argument and no attribute", self.text))
    }

    /// A function of the formula, by the standard library.
    #[track_caller]
    fn call(&self, name: &str, arguments: &[f64]) -> f64 {
        match (name, arguments) {
            ("exp", &[x]) => x.exp(),
            ("ln", &[x]) => x.ln(),
            ("sin", &[x]) => x.sin(),
            ("cos", &[x]) => x.cos(),
            ("tan", &[x]) => x.tan(),
            ("asin", &[x]) => x.asin(),
            ("acos", &[x]) => x.acos(),
            ("atan", &[x]) => x.atan(),
            ("sinh", &[x]) => x.sinh(),
            ("cosh", &[x]) => x.cosh(),
            ("tanh", &[x]) => x.tanh(),
            // The standard library has neither.
            ("erf", &[x]) => Float::erf(x),
            ("Φ", &[x]) => Float::normal_cdf(x),
            ("σ", &[x]) => 1.0 / (1.0 + (-x).exp()),
            ("sign", &[0.0]) => 0.0,
            ("sign", &[x]) => x.signum(),
            ("isfinite", &[x]) => f64::from(x.is_finite()),
            ("isnan", &[x]) => f64::from(x.is_nan()),
            ("atan2", &[a, b]) => a.atan2(b),
            ("min", &[a, b]) => a.min(b),
            ("max", &[a, b]) => a.max(b),
            _ => panic!("`{name}` of {} arguments in the formula {} is no function", arguments.len(), self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Elementwise, elementwise};

    #[test]
    fn the_reader_reads() {
        let names = BTreeMap::from([("x", 3.0), ("alpha", 0.5), ("π", std::f64::consts::PI)]);
        let table = [
            ("2·x²/9 - 1", 1.0),
            ("-x²", -9.0),
            ("1/x·3", 1.0),
            ("|1 - x| + 1", 3.0),
            ("2^(x - 1)", 4.0),
            ("√(x + 1)·alpha", 1.0),
            ("1 if x > 4 else 2 if x = 3 else 5", 2.0),
            ("1 if x > 2 and x < 3 else 2", 2.0),
            ("min(max(x, 1), 2)", 2.0),
            ("1/(1 + |x|)²", 0.0625),
            ("√π·√π/π", 1.0),
            ("10 - 2 - 3", 5.0),
            ("2^3²", 512.0),
            ("1.5·x", 4.5),
        ];
        for (text, expected) in table {
            assert!((evaluate(text, &names) - expected).abs() < 1e-12, "{text} is {}", evaluate(text, &names));
        }
    }

    /// Twice `x`; says something else.
    struct Liar(Formula);

    impl Elementwise<f64, 1> for Liar {
        fn name(&self) -> &'static str {
            "liar"
        }

        fn formula(&self) -> Option<Formula> {
            Some(self.0)
        }

        fn element(&self, [x]: [f64; 1]) -> f64 {
            x + x
        }

        fn vjp(&self, _: usize, _: [&Tensor<f64>; 1], _: &Tensor<f64>, dy: &Tensor<f64>) -> Tensor<f64> {
            dy + dy
        }
    }

    #[test]
    fn a_lie_is_found() {
        let x = Tensor::param([1.0, 2.0]);
        let told = |formula| {
            let y = elementwise(Liar(formula), [&x]);
            std::panic::catch_unwind(|| check(&y)).map_err(|panic| *panic.downcast::<String>().expect("a message"))
        };
        assert_eq!(told(Formula::elementwise("2·x", &[("x", "2")])), Ok(()));
        assert_eq!(told(Formula::products("x and x", &[("x", "dy twice")])), Ok(()), "not evaluated");
        for (formula, message) in [
            (Formula::elementwise("x²", &[("x", "2")]), "liar: the formula, x², is 1 "),
            (Formula::elementwise("2·x", &[("x", "x")]), "liar: the derivative by x, x, is 1 "),
            (Formula::elementwise("2·z", &[("x", "2")]), "`z` in the formula 2·z is no argument"),
            (Formula::elementwise("2·x 3", &[("x", "2")]), "cannot read the rest"),
            (Formula::elementwise("2·x", &[]), "liar: the formula names 0 arguments of 1"),
        ] {
            let error = told(formula).expect_err(message);
            assert!(error.starts_with(message), "{error}");
        }
    }
}
