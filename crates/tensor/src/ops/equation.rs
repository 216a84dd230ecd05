//! Reading the equation of an [`einsum`](super::einsum()).

use std::collections::BTreeMap;

use super::contraction::Label;

/// The labels of every operand and of the result.
#[derive(Debug, PartialEq)]
pub(super) struct Equation {
    pub(super) operands: Vec<Vec<Label>>,
    pub(super) result: Vec<Label>,
}

/// The labels of the axes that an ellipsis stands for, counted from the last one; those of letters are smaller.
const ELLIPSIS: Label = 256;

impl Equation {
    /// Reads an equation for operands with these numbers of axes.
    pub(super) fn parse(text: &str, ndims: &[usize]) -> Result<Self, String> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (text.as_str(), None),
        };
        let terms: Vec<&str> = left.split(',').collect();
        if terms.len() != ndims.len() {
            return Err(format!("it has {} terms, but there are {} operands", terms.len(), ndims.len()));
        }
        let mut operands = Vec::new();
        let mut widest = 0;
        for (term, &ndim) in terms.iter().zip(ndims) {
            let Term { before, ellipsis, after } = Term::parse(term)?;
            let named = before.len() + after.len();
            if named > ndim || !ellipsis && named < ndim {
                return Err(format!("the term `{term}` names {named} axes, but its operand has {ndim}"));
            }
            let hidden = ndim - named;
            widest = widest.max(hidden);
            operands.push([before, hidden_axes(hidden), after].concat());
        }
        let result = match right {
            Some(term) => {
                let Term { before, ellipsis, after } = Term::parse(term)?;
                let labels = [before, if ellipsis { hidden_axes(widest) } else { Vec::new() }, after].concat();
                for (i, &label) in labels.iter().enumerate() {
                    if labels[..i].contains(&label) {
                        return Err(format!("the result names `{}` twice", named(label)));
                    }
                    if !operands.iter().any(|operand| operand.contains(&label)) {
                        return Err(format!("the result names `{}`, which no operand has", named(label)));
                    }
                }
                labels
            }
            // As in NumPy: the axes of the ellipsis, then the letters that occur once, in alphabetical order.
            None => {
                let all: Vec<Label> = operands.concat();
                let once = |&label: &Label| all.iter().filter(|&&other| other == label).count() == 1;
                hidden_axes(widest).into_iter().chain((0..ELLIPSIS).filter(once)).collect()
            }
        };
        Ok(Equation { operands, result })
    }

    /// The size of every label. Axes of size 1 broadcast.
    pub(super) fn sizes(&self, shapes: &[&[usize]]) -> Result<BTreeMap<Label, usize>, String> {
        let mut sizes = BTreeMap::new();
        for (labels, shape) in self.operands.iter().zip(shapes) {
            for (axis, (&label, &size)) in labels.iter().zip(*shape).enumerate() {
                let twin = labels[..axis].iter().position(|&other| other == label).map(|other| shape[other]);
                let known = sizes.entry(label).or_insert(size);
                let fits = *known == size || *known == 1 || size == 1;
                if let Some(other) = twin.filter(|&other| other != size).or((!fits).then_some(*known)) {
                    return Err(format!("the axes named `{}` have the sizes {other} and {size}", named(label)));
                }
                if *known == 1 {
                    *known = size;
                }
            }
        }
        Ok(sizes)
    }
}

/// A part of an equation: letters, and perhaps an ellipsis among them.
struct Term {
    before: Vec<Label>,
    ellipsis: bool,
    after: Vec<Label>,
}

impl Term {
    fn parse(text: &str) -> Result<Self, String> {
        let letters = |part: &str| match part.chars().find(|c| !c.is_ascii_alphabetic()) {
            None => Ok(part.bytes().map(Label::from).collect()),
            Some(c) => Err(format!(
                "`{c}` in the term `{text}` is not a letter; a term consists of letters and at most one `...`"
            )),
        };
        match text.split_once("...") {
            Some((before, after)) => Ok(Term { before: letters(before)?, ellipsis: true, after: letters(after)? }),
            None => Ok(Term { before: letters(text)?, ellipsis: false, after: Vec::new() }),
        }
    }
}

/// The labels of the last `count` axes that an ellipsis stands for.
fn hidden_axes(count: usize) -> Vec<Label> {
    (0..count).rev().map(|from_the_end| ELLIPSIS + from_the_end).collect()
}

/// A label as the user wrote it.
fn named(label: Label) -> String {
    u8::try_from(label).map_or("...".to_owned(), |letter| char::from(letter).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tensor, einsum};

    #[test]
    fn labels() {
        let [i, j, a] = *b"ijA";
        let [i, j, a] = [i, j, a].map(Label::from);
        let parse = |text, ndims: &[usize]| Equation::parse(text, ndims).expect("valid");
        let both = |operands: &[&[Label]], result: &[Label]| Equation {
            operands: operands.iter().map(|labels| labels.to_vec()).collect(),
            result: result.to_vec(),
        };
        assert_eq!(parse("ij, jA -> iA", &[2, 2]), both(&[&[i, j], &[j, a]], &[i, a]));
        assert_eq!(parse("ij,jA", &[2, 2]), both(&[&[i, j], &[j, a]], &[a, i]));
        assert_eq!(parse("i...,...j->...", &[2, 3]), both(&[&[i, 256], &[257, 256, j]], &[257, 256]));
        assert_eq!(parse("", &[0]), both(&[&[]], &[]));
        let sizes = parse("ij,jA", &[2, 2]).sizes(&[&[1, 3], &[3, 2]]).expect("they fit");
        assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [(a, 2), (i, 1), (j, 3)]);
    }

    #[track_caller]
    fn refused(equation: &str, shapes: &[&[usize]], expected: &str) {
        let tensors: Vec<Tensor<f32>> = shapes.iter().map(|shape| Tensor::zeros(shape)).collect();
        let panic = std::panic::catch_unwind(|| einsum(equation, &tensors)).expect_err("refused");
        let message = panic.downcast::<String>().expect("a message");
        assert!(message.starts_with(&format!("einsum `{equation}` of ")) && message.contains(expected), "{message}");
    }

    #[test]
    fn equations_that_do_not_fit() {
        refused("ij,jk->ik", &[&[2, 3]], "it has 2 terms, but there are 1 operands");
        refused("ij->i", &[], "it has 1 terms, but there are 0 operands");
        refused("ij->i", &[&[2, 3, 4]], "the term `ij` names 2 axes, but its operand has 3");
        refused("ijk...->i", &[&[2, 3]], "the term `ijk...` names 3 axes, but its operand has 2");
        refused("ij,jk->ik", &[&[2, 3], &[4, 2]], "the axes named `j` have the sizes 3 and 4");
        refused("...i,...i->i", &[&[2, 3], &[4, 3]], "the axes named `...` have the sizes 2 and 4");
        refused("ii->i", &[&[2, 3]], "the axes named `i` have the sizes 2 and 3");
        refused("ii->i", &[&[1, 3]], "the axes named `i` have the sizes 1 and 3");
        refused("ij->ii", &[&[2, 3]], "the result names `i` twice");
        refused("ij->ik", &[&[2, 3]], "the result names `k`, which no operand has");
        refused("i1->i", &[&[2, 3]], "`1` in the term `i1` is not a letter");
        refused("i.j->i", &[&[2, 3]], "`.` in the term `i.j` is not a letter");
        refused("i......->i", &[&[2, 3]], "is not a letter");
        refused("ij->i->j", &[&[2, 3]], "`-` in the term `i->j` is not a letter");
        refused("iß->i", &[&[2, 3]], "`ß`");
    }
}
