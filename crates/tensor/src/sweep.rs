//! Tests for each operation's own file (the library's, or yours with the feature `sweep`): [`gradcheck`] to second
//! order over many shapes and memory layouts, and a [`replay`] of the recorded graph with other values.
//!
//! Most wrong gradients that reached users of other frameworks were right for the one contiguous matrix that their test
//! tried. So every operation is tried on scalars, empty axes, axes of size 1, up to four axes, broadcast partners, and
//! arrays that are column-major, have gaps between their elements, or are views of larger memory; the incoming gradient
//! has such a layout too. The value must not depend on the layout either. The [formulas](crate::Formula) of elementwise
//! operations are evaluated as they are written, and must give the same values and derivatives.

mod domain;
mod formula;
pub mod guard;
mod layout;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

pub use domain::Domain;
pub use replay::replay;

use crate::{Check, Directions, Tensor, gradcheck};

/// The shapes for operations that take any.
const SHAPES: [&[usize]; 12] =
    [&[], &[1], &[0], &[5], &[2, 3], &[1, 3], &[3, 1], &[2, 0], &[0, 3], &[2, 1, 3], &[2, 2, 2], &[2, 1, 2, 2]];

/// Pairs that broadcast, in both directions, over every kind of axis.
const PAIRS: [[&[usize]; 2]; 16] = [
    [&[], &[]],
    [&[3], &[3]],
    [&[2, 3], &[2, 3]],
    [&[2, 3], &[3]],
    [&[3], &[2, 3]],
    [&[2, 3], &[]],
    [&[], &[3]],
    [&[2, 3], &[2, 1]],
    [&[1, 3], &[2, 3]],
    [&[2, 1], &[1, 3]],
    [&[1], &[3]],
    [&[2, 0], &[0]],
    [&[2, 0], &[2, 1]],
    [&[1], &[0, 3]],
    [&[2, 1, 2], &[3, 1]],
    [&[2, 1, 1, 2], &[1, 2, 2, 1]],
];

/// Large enough for the vectorized loops of kernels and their remainders; checked along random directions.
const LARGE: [&[usize]; 2] = [&[131], &[3, 67]];
const LARGE_PAIRS: [[&[usize]; 2]; 3] = [[&[131], &[131]], [&[3, 67], &[67]], [&[3, 1], &[67]]];

/// An operation on one tensor of any shape.
#[track_caller]
pub fn unary(name: &str, domain: Domain, f: impl Fn(&Tensor<f64>) -> Tensor<f64>) {
    let shapes: Vec<[&[usize]; 1]> = SHAPES.iter().chain(&LARGE).map(|&shape| [shape]).collect();
    inputs(name, &shapes, [domain], |[x]| f(x));
}

/// An operation on two tensors that broadcast.
#[track_caller]
pub fn binary(name: &str, a: Domain, b: Domain, f: impl Fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64>) {
    let pairs: Vec<[&[usize]; 2]> = PAIRS.iter().chain(&LARGE_PAIRS).copied().collect();
    inputs(name, &pairs, [a, b], |[a, b]| f(a, b));
}

/// An operation on one tensor that takes certain shapes only.
#[track_caller]
pub fn shapes(name: &str, shapes: &[&[usize]], domain: Domain, f: impl Fn(&Tensor<f64>) -> Tensor<f64>) {
    let shapes: Vec<[&[usize]; 1]> = shapes.iter().map(|&shape| [shape]).collect();
    inputs(name, &shapes, [domain], |[x]| f(x));
}

/// An operation on two tensors that takes certain pairs of shapes only.
#[track_caller]
pub fn pairs(
    name: &str,
    pairs: &[[&[usize]; 2]],
    a: Domain,
    b: Domain,
    f: impl Fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64>,
) {
    inputs(name, pairs, [a, b], |[a, b]| f(a, b));
}

/// An operation on any number of tensors; the functions above call this one.
///
/// # Panics
/// If a derivative is wrong, if a value depends on the memory layout, if the recorded graph is wrong for other values, or if
/// an elementwise formula says something else. Also if a file of the crate declares an operation `name` and `f` does not apply it: the test would check
/// something other than it says.
#[track_caller]
pub fn inputs<const N: usize>(
    name: &str,
    cases: &[[&[usize]; N]],
    domains: [Domain; N],
    f: impl Fn([&Tensor<f64>; N]) -> Tensor<f64>,
) {
    // Type-erased: this code is compiled with optimization, and there are hundreds of closures.
    sweep(name, cases, domains, &f);
}

#[track_caller]
fn sweep<const N: usize>(
    name: &str,
    cases: &[[&[usize]; N]],
    domains: [Domain; N],
    f: &dyn Fn([&Tensor<f64>; N]) -> Tensor<f64>,
) {
    assert!(!cases.is_empty(), "the sweep of {name} has no cases");
    let mut applied = false;
    for (number, shapes) in cases.iter().enumerate() {
        let xs = domain::sample(shapes, &domains, number as u64);
        let plain = f(xs.each_ref());
        for result in results_of(name, &plain) {
            applied = true;
            formula::check(&result);
        }
        let others = domain::sample(shapes, &domains, !(number as u64));
        // The record must give the right result for other values of the same shapes.
        let leaves: [_; N] = std::array::from_fn(|i| (&xs[i], &others[i]));
        let case = || format!("{name} of shapes {shapes:?}, replayed with other values");
        assert_same(&f(others.each_ref()), &replay(plain, &leaves), case);
        let plain = f(xs.each_ref());
        // Value and derivatives, in every layout.
        for (layouts, above) in layout::combinations(shapes) {
            let with_layouts = |xs: [&Tensor<f64>; N]| {
                let xs: [Tensor<f64>; N] = std::array::from_fn(|i| layouts[i].of(xs[i]));
                above.of(&f(xs.each_ref()))
            };
            let case = || format!("{name} of shapes {shapes:?} with layouts {layouts:?}, gradient {above:?}");
            assert_same(&plain, &with_layouts(xs.each_ref()), case);
            if let Err(error) = gradcheck(with_layouts, xs.each_ref(), check(&xs)) {
                panic!("{}\n{error}", case());
            }
        }
    }
    // Set where Cargo runs the test. A function composed of operations is swept under its own name.
    let declared = std::env::var_os("CARGO_MANIFEST_DIR").map(|folder| guard::declared_ops(Path::new(&folder)));
    if declared.is_some_and(|ops| ops.iter().any(|op| op.name == name)) {
        assert!(applied, "the sweep of {name} does not apply the operation {name}");
    }
}

/// Much stricter than the default: the values are of order 1 and the functions smooth.
fn check(xs: &[Tensor<f64>]) -> Check {
    let elements: usize = xs.iter().map(Tensor::len).sum();
    let directions = if elements > 60 { Directions::Random(3) } else { Directions::Every };
    Check { atol: Some(1e-7), rtol: Some(1e-6), directions, ..Check::order(2) }
}

/// Equal up to the order in which a kernel adds, and the vector width it uses.
#[track_caller]
fn assert_same(a: &Tensor<f64>, b: &Tensor<f64>, case: impl Fn() -> String) {
    assert!(a.shape() == b.shape(), "{}: shape {:?}, not {:?}", case(), b.shape(), a.shape());
    for (a, b) in a.view().iter().zip(b.view()) {
        assert!((a - b).abs() <= 1e-13 * a.abs().max(1.0), "{}: the value is {b}, not {a}", case());
    }
}

/// The results in the graph of `y` that an operation of this name has computed.
fn results_of(name: &str, y: &Tensor<f64>) -> Vec<Tensor<f64>> {
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    let mut pending = vec![y.clone()];
    while let Some(tensor) = pending.pop() {
        if tensor.id().is_some_and(|id| seen.insert(id)) {
            pending.extend(tensor.operation().into_iter().flat_map(|operation| operation.inputs));
            found.extend((tensor.op_name() == Some(name)).then_some(tensor));
        }
    }
    found
}
