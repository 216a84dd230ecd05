//! Class labels: which spellings are the same class.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::decimal::Decimal;

/// The distinct spellings of labels so far, numbered in order of appearance.
#[derive(Default)]
pub(crate) struct Labels<'a> {
    numbers: BTreeMap<Cow<'a, str>, usize>,
}

impl<'a> Labels<'a> {
    /// The number of this spelling, a new one if it is the first of its kind.
    pub(crate) fn number(&mut self, spelling: Cow<'a, str>) -> usize {
        if let Some(&number) = self.numbers.get(&*spelling) {
            return number;
        }
        let number = self.numbers.len();
        self.numbers.insert(spelling, number);
        number
    }

    /// The names of the classes, and the class of every spelling by its number.
    ///
    /// The spellings of a number are one class, named by the shortest of them (the lexicographically first in case of a
    /// tie). Classes are sorted numerically if all are numbers, else lexicographically.
    pub(crate) fn classes(self) -> (Vec<String>, Vec<usize>) {
        // Sort, so that the spellings of a class are adjacent. In place: there may be as many labels as samples.
        let mut labels = Vec::with_capacity(self.numbers.len());
        labels.extend(self.numbers);
        labels.sort_unstable_by(|(a, _), (b, _)| order(a, b));
        let same = |a: usize, b: usize| match (Decimal::parse(&labels[a].0), Decimal::parse(&labels[b].0)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        };
        // The index of the first spelling of each class.
        let mut starts = Vec::with_capacity(labels.len());
        starts.extend((0..labels.len()).filter(|&i| i == 0 || !same(i - 1, i)));
        if labels.last().is_some_and(|(last, _)| Decimal::parse(last).is_none()) {
            starts.sort_unstable_by_key(|&start| &labels[start].0);
        }

        // Name each class by its first spelling, and map all its spellings to it.
        let mut class_of = vec![0; labels.len()];
        let mut names = Vec::with_capacity(starts.len());
        for (class, start) in starts.into_iter().enumerate() {
            names.push(labels[start].0.to_string());
            for (_, (_, number)) in (start..).zip(&labels[start..]).take_while(|&(i, _)| same(start, i)) {
                class_of[*number] = class;
            }
        }
        (names, class_of)
    }
}

/// Numbers first, the shortest spelling of each before the others, then texts.
fn order(a: &str, b: &str) -> Ordering {
    match (Decimal::parse(a), Decimal::parse(b)) {
        (Some(x), Some(y)) => x.cmp(&y).then(a.len().cmp(&b.len())).then(a.cmp(b)),
        (x, y) => x.is_none().cmp(&y.is_none()).then(a.cmp(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the classes, and the class of each label.
    fn classes(labels: &[&'static str]) -> (Vec<String>, Vec<usize>) {
        let mut all = Labels::default();
        let numbers: Vec<usize> = labels.iter().map(|&label| all.number(Cow::Borrowed(label))).collect();
        let (names, class_of) = all.classes();
        (names, numbers.into_iter().map(|number| class_of[number]).collect())
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert_eq!(
            classes(&["2.0", "+2", "10", "2", "2e0", "-0", "0"]),
            (names(&["0", "2", "10"]), vec![1, 1, 2, 1, 1, 0, 0])
        );
        // Two classes, although they round to the same `f64`.
        let large = classes(&["9007199254740993", "9007199254740992", "9007199254740992.0"]);
        assert_eq!(large, (names(&["9007199254740992", "9007199254740993"]), vec![1, 0, 0]));
        // The name does not depend on the order of the samples.
        assert_eq!(classes(&["2.00", "2.0"]), (names(&["2.0"]), vec![0, 0]));
        assert_eq!(classes(&["2.0", "2.00"]), (names(&["2.0"]), vec![0, 0]));
    }

    #[test]
    fn texts_are_compared_as_texts() {
        assert_eq!(classes(&["b", "B", "a", "b"]), (names(&["B", "a", "b"]), vec![2, 0, 1, 2]));
        assert_eq!(classes(&["nan", "inf", "NaN"]), (names(&["NaN", "inf", "nan"]), vec![2, 1, 0]));
    }

    #[test]
    fn a_text_among_numbers_changes_their_order_and_not_which_are_equal() {
        assert_eq!(classes(&["2.0", "x", "10", "2", "+2"]), (names(&["10", "2", "x"]), vec![1, 2, 0, 1, 1]));
    }
}
