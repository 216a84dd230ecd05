//! Einstein summation: products of tensors summed over named axes.
//!
//! The operands are contracted two at a time. Of all pairs, the one is taken whose result is the smallest compared with
//! the two operands (the greedy rule of NumPy's and opt_einsum's path finders).

use std::collections::BTreeMap;

use super::contraction::{Label, Labelled, contract};
use super::equation::Equation;
use crate::{Float, Tensor};

/// Products of tensors, summed over named axes, as in NumPy and PyTorch. Every operand has a term with a letter for
/// each axis; axes with the same letter are one axis, and what the result does not name is summed.
///
/// - A letter that occurs twice in one term stands for the diagonal.
/// - `...` stands for any number of axes, which broadcast. If the result does not have it, they are summed, as in
///   PyTorch.
/// - Without `->`, the result has the axes of the ellipsis, then the letters that occur exactly once, in alphabetical
///   order.
/// - Axes of size 1 broadcast, as in PyTorch.
///
/// More than two operands are contracted two at a time, in a good order.
///
/// ```
/// use downhill_tensor::{Tensor, einsum};
/// let (a, b) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([[5.0, 6.0], [7.0, 8.0]]));
/// assert_eq!(einsum("ij,jk->ik", &[&a, &b]), a.matmul(&b));
/// assert_eq!(einsum("ij->j", &[&a]), a.sum_axis(0));
/// assert_eq!(einsum("ii", &[&a]).item(), 5.0); // the trace
/// assert_eq!(einsum("ij,ij->i", &[&a, &b]), Tensor::from([17.0, 53.0]));
///
/// // Attention scores: batch, head, query, key.
/// let (q, k) = (Tensor::<f32>::zeros(&[8, 4, 10, 16]), Tensor::zeros(&[8, 4, 12, 16]));
/// assert_eq!(einsum("...qc,...kc->...qk", &[&q, &k]).shape(), [8, 4, 10, 12]);
/// ```
///
/// # Panics
/// If the equation is not valid or does not fit the operands, if axes with the same letter differ in size, or if no
/// tensor can have the shape of a result.
#[track_caller]
pub fn einsum<F: Float, T: AsRef<Tensor<F>>>(equation: &str, operands: &[T]) -> Tensor<F> {
    let operands: Vec<&Tensor<F>> = operands.iter().map(AsRef::as_ref).collect();
    let shapes: Vec<&[usize]> = operands.iter().map(|x| x.shape()).collect();
    let ndims: Vec<usize> = shapes.iter().map(|shape| shape.len()).collect();
    let parsed = Equation::parse(equation, &ndims).and_then(|parsed| {
        let sizes = parsed.sizes(&shapes)?;
        Ok((parsed, sizes))
    });
    let (Equation { operands: labels, result }, sizes) = match parsed {
        Ok(parsed) => parsed,
        Err(reason) => {
            let shapes: Vec<String> = shapes.iter().map(|shape| format!("{shape:?}")).collect();
            panic!("einsum `{equation}` of {}: {reason}", shapes.join(" and "))
        }
    };
    let mut pending: Vec<Labelled<F>> = Vec::with_capacity(operands.len());
    for (tensor, labels) in operands.iter().zip(labels) {
        pending.push(prepared(tensor, labels, &sizes));
    }
    contract_all(pending, &result)
}

/// An operand in which no label occurs twice, without the axes that broadcast.
#[track_caller]
fn prepared<F: Float>(tensor: &Tensor<F>, mut labels: Vec<Label>, sizes: &BTreeMap<Label, usize>) -> Labelled<F> {
    let mut tensor = tensor.clone();
    while let Some(second) = (0..labels.len()).find(|&axis| labels[..axis].contains(&labels[axis])) {
        let first = labels.iter().position(|&label| label == labels[second]).expect("one before it");
        tensor = tensor.diagonal(0, first as isize, second as isize);
        let label = labels.remove(second);
        labels.remove(first);
        labels.push(label);
    }
    let broadcasts = |axis: &usize| tensor.shape()[*axis] == 1 && sizes[&labels[*axis]] != 1;
    let dropped: Vec<isize> = (0..labels.len()).filter(broadcasts).map(|axis| axis as isize).collect();
    if !dropped.is_empty() {
        labels =
            (0..labels.len()).filter(|&axis| !dropped.contains(&(axis as isize))).map(|axis| labels[axis]).collect();
        tensor = tensor.squeeze_axis(dropped);
    }
    Labelled { tensor, labels }
}

/// Contracts the operands, two at a time, until one is left with the labels of the result.
#[track_caller]
fn contract_all<F: Float>(mut pending: Vec<Labelled<F>>, result: &[Label]) -> Tensor<F> {
    while pending.len() > 1 {
        let (first, second) = cheapest(&pending, result);
        // The second comes later, so that removing it does not move the first.
        let (b, a) = (pending.remove(second), pending.remove(first));
        let product =
            contract(a, b, |label| result.contains(&label) || pending.iter().any(|x| x.labels.contains(&label)));
        pending.push(product);
    }
    let last = pending.pop().expect("at least one operand");
    last.summed(|label| result.contains(&label)).arranged(result)
}

/// The pair whose product adds the least to the memory in use; among equal ones, the one with the least work.
fn cheapest<F: Float>(pending: &[Labelled<F>], result: &[Label]) -> (usize, usize) {
    let mut best = ((f64::INFINITY, f64::INFINITY), (0, 1));
    for second in 1..pending.len() {
        for first in 0..second {
            let (a, b) = (&pending[first], &pending[second]);
            let needed = |label: &Label| {
                let others = pending.iter().enumerate().filter(|&(i, _)| i != first && i != second);
                result.contains(label) || others.into_iter().any(|(_, x)| x.labels.contains(label))
            };
            let size = |label: &Label| a.size(*label).or(b.size(*label)).expect("one of the two has the label") as f64;
            let of_b = b.labels.iter().filter(|label| !a.labels.contains(label));
            let all: Vec<Label> = a.labels.iter().chain(of_b).copied().collect();
            let product: f64 = all.iter().filter(|label| needed(label)).map(size).product();
            let cost = (product - (a.tensor.len() + b.tensor.len()) as f64, all.iter().map(size).product());
            if cost < best.0 {
                best = (cost, (first, second));
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-1.0, 1.0);
        let pair = |name: &str, equation: &str, shapes: [&[usize]; 2]| {
            sweep::pairs(name, &[shapes], domain(), domain(), |a, b| einsum(equation, &[a, b]));
        };
        pair("matmul", "ij,jk->ik", [&[2, 3], &[3, 2]]);
        pair("matmul", "bij,bkj->kbi", [&[2, 3, 2], &[2, 2, 2]]);
        pair("matmul", "ij,kj->", [&[2, 3], &[2, 3]]);
        pair("mul", "bi,bi->b", [&[3, 2], &[3, 2]]);
        pair("mul", "i,j", [&[2], &[3]]);
        pair("diagonal", "iij,jk->ki", [&[2, 2, 3], &[3, 2]]);
        pair("matmul", "...i,i...->...", [&[2, 1, 3], &[3, 2]]);
        pair("matmul", "ij,jk", [&[2, 0], &[0, 3]]);
        pair("matmul", "ij,jk", [&[0, 2], &[2, 3]]);
        pair("mul", "ij,ij->ij", [&[1, 3], &[2, 3]]);
        let one = |name: &str, equation: &str, shapes: &[&[usize]]| {
            sweep::shapes(name, shapes, domain(), |x| einsum(equation, &[x]).square());
        };
        one("sum", "ij->j", &[&[2, 3], &[0, 3], &[2, 0]]);
        one("permute", "ijk->kij", &[&[2, 1, 3], &[2, 0, 1]]);
        one("diagonal", "ii->i", &[&[3, 3], &[1, 1], &[0, 0]]);
        let three: [[&[usize]; 3]; 1] = [[&[2, 3], &[3, 2], &[2, 4]]];
        sweep::inputs("matmul", &three, [domain(), domain(), domain()], |xs| einsum("ij,jk,kl->li", &xs));
    }

    fn counting(shape: &[usize]) -> Tensor<f64> {
        Tensor::arange(1.0, 1.0 + shape.iter().product::<usize>() as f64, 1.0).reshape(shape)
    }

    #[test]
    fn values_by_hand() {
        let (a, v) = (counting(&[2, 2]), Tensor::from([1.0, 10.0]));
        assert_eq!(einsum("ij,j->i", &[&a, &v]), Tensor::from([21.0, 43.0]));
        assert_eq!(einsum("ij,j", &[&a, &v]), Tensor::from([21.0, 43.0]));
        assert_eq!(einsum("ij,i", &[&a, &v]), Tensor::from([31.0, 42.0]));
        assert_eq!(einsum("ii->i", &[&a]), Tensor::from([1.0, 4.0]));
        assert_eq!(einsum("ii", &[&a]).item(), 5.0);
        assert_eq!(einsum("i,i->", &[&v, &v]).item(), 101.0);
        assert_eq!(einsum("i,j->ij", &[&v, &v]), Tensor::from([[1.0, 10.0], [10.0, 100.0]]));
        assert_eq!(einsum("i,i,i->i", &[&v, &v, &v]), Tensor::from([1.0, 1000.0]));
        // vᵀ·a·v = 1 + 20 + 30 + 400.
        assert_eq!(einsum("i,ij,j->", &[&v, &a, &v]).item(), 451.0);
        assert_eq!(einsum(",i", &[&Tensor::from(3.0), &v]), Tensor::from([3.0, 30.0]));
        assert_eq!(einsum("", &[&Tensor::from(3.0)]).item(), 3.0);
        // An axis that only one operand has, and that is summed.
        assert_eq!(einsum("ij,k->k", &[&a, &v]), Tensor::from([10.0, 100.0]));
        // Three times the same letter.
        assert_eq!(einsum("iii->i", &[&counting(&[2, 2, 2])]), Tensor::from([1.0, 8.0]));
        assert_eq!(einsum("iijj->ij", &[&counting(&[2, 2, 2, 2])]), Tensor::from([[1.0, 4.0], [13.0, 16.0]]));
    }

    /// As in NumPy: uppercase letters come first.
    #[test]
    fn the_implicit_result_is_alphabetical() {
        assert_eq!(einsum("ba", &[&counting(&[2, 3])]), counting(&[2, 3]).t());
        assert_eq!(einsum("aB", &[&counting(&[2, 3])]).shape(), [3, 2]);
        let y = einsum("c...a,ab", &[&counting(&[2, 5, 3]), &counting(&[3, 4])]);
        assert_eq!(y.shape(), [5, 4, 2]);
    }

    #[test]
    fn an_ellipsis() {
        let (x, y) = (counting(&[2, 1, 2, 3]), counting(&[4, 3, 2]));
        let product = einsum("...ij,...jk->...ik", &[&x, &y]);
        assert_eq!(product, x.matmul(&y));
        assert_eq!(einsum("...ij , ...jk", &[&x, &y]), product);
        assert_eq!(einsum("...ij,...jk->ik", &[&x, &y]), product.sum_axis([0, 1]));
        assert_eq!(einsum("...->...", &[&x]), x);
        assert_eq!(einsum("...i->i...", &[&x]), x.movedim(-1, 0));
        assert_eq!(einsum("i...->...", &[&x]), x.sum_axis(0));
        assert_eq!(einsum("...,...", &[&x, &y.t()]), &x * y.t());
        assert_eq!(einsum("ij...->ij", &[&counting(&[2, 3])]), counting(&[2, 3]));
    }

    #[test]
    fn axes_of_size_1_broadcast() {
        let (x, row) = (counting(&[2, 3]), counting(&[1, 3]));
        assert_eq!(einsum("ij,ij->ij", &[&x, &row]), &x * &row);
        assert_eq!(einsum("ij,ij->ij", &[&row, &x]), &x * &row);
        assert_eq!(einsum("ij,ij->", &[&row, &x]), (&x * &row).sum());
        assert_eq!(einsum("ij,ij->i", &[&counting(&[1, 1]), &counting(&[1, 1])]), Tensor::from([1.0]));
        assert_eq!(einsum("ij,ij->j", &[&row, &Tensor::zeros(&[0, 3])]), Tensor::zeros(&[3]));
    }

    /// 1000 × 1 × 1000 × 1: from left to right it would take a billion multiplications.
    #[test]
    fn a_good_order() {
        let (column, row) = (Tensor::<f32>::ones(&[20_000, 1]), Tensor::<f32>::ones(&[1, 20_000]));
        let y = einsum("ij,jk,kl,lm->im", &[&row, &column, &row, &column]);
        assert_eq!(y, Tensor::from([[4e8]]));
        let y = einsum("ij,jk,kl,l->i", &[&column, &row, &column, &Tensor::from([2.0])]);
        assert_eq!(y, Tensor::full(&[20_000], 40_000.0));
        let pending = |shapes: &[(&[usize], &[Label])]| -> Vec<Labelled<f32>> {
            let of = |&(shape, labels): &(&[usize], &[Label])| Labelled {
                tensor: Tensor::zeros(shape),
                labels: labels.to_vec(),
            };
            shapes.iter().map(of).collect()
        };
        let chain = pending(&[(&[9, 2], &[0, 1]), (&[2, 9], &[1, 2]), (&[9, 1], &[2, 3])]);
        assert_eq!(cheapest(&chain, &[0, 3]), (1, 2));
    }
}
