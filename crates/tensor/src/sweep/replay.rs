//! Recomputing a recorded graph from other values.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Elements, Float, Tensor};

/// Recomputes `y` from its record with other values of the same shapes: each of `leaves` is a parameter, and the tensor
/// whose elements to use instead. All other leaves keep their elements.
///
/// The result is what the same computation gives for those values, unless an operation reads values that did not come
/// in through its inputs, or an input was turned into a constant on the way.
///
/// # Panics
/// If `y` or an intermediate result is shared: replaying overwrites what operations store, so no derivative
/// may be computed afterwards.
#[track_caller]
pub fn replay<F: Float>(y: Tensor<F>, leaves: &[(&Tensor<F>, &Tensor<F>)]) -> Tensor<F> {
    let mut known: BTreeMap<i64, Elements<F>> =
        leaves.iter().map(|(leaf, other)| (leaf.0.id, other.0.elements.clone())).collect();
    let root = y.0.id;
    // Youngest first, so that a result is no longer shared when it is reached.
    let mut pending = BTreeMap::from([(root, y)]);
    let mut steps = Vec::new();
    while let Some((id, mut result)) = pending.pop_last() {
        let Some(operation) = result.operation().filter(|_| !known.contains_key(&id)) else {
            known.entry(id).or_insert_with(|| result.0.elements.clone());
            continue;
        };
        let node = Arc::get_mut(&mut result.0)
            .unwrap_or_else(|| panic!("replay: a result of `{}` is shared; drop its other holders", operation.name));
        node.record.take_inputs(&mut Vec::new());
        let ids: Vec<(i64, Elements<F>)> =
            operation.inputs.iter().map(|input| (input.0.id, input.0.elements.clone())).collect();
        pending.extend(operation.inputs.into_iter().filter(|input| input.0.id > 0).map(|input| (input.0.id, input)));
        steps.push((id, result, ids));
    }
    for (id, mut result, inputs) in steps.into_iter().rev() {
        let inputs: Vec<&Elements<F>> = inputs.iter().map(|(id, own)| known.get(id).unwrap_or(own)).collect();
        let node = Arc::get_mut(&mut result.0).expect("looked at above");
        let elements = node.record.replay(&inputs).unwrap_or_else(|| node.elements.clone());
        known.insert(id, elements);
    }
    Tensor::from(known.remove(&root).expect("computed last"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concat;

    #[test]
    fn what_the_same_computation_gives() {
        let f = |a: &Tensor<f64>, b: &Tensor<f64>| {
            let shared = a.matmul(b).tanh();
            concat(&[&shared, &(&shared * 2.0 + a)], 1).softmax(1).slice(ndarray::s![.., 1..])
        };
        let (a, b) = (Tensor::param([[1.0, 2.0], [3.0, -4.0]]), Tensor::param([[0.5, 0.0], [-1.0, 0.25]]));
        let (c, d) = (Tensor::from([[0.1, -0.2], [0.3, 0.4]]), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
        assert_eq!(replay(f(&a, &b), &[(&a, &c), (&b, &d)]), f(&c, &d));
        assert_eq!(replay(f(&a, &b), &[(&b, &d)]), f(&a, &d));
        assert_eq!(replay(f(&a, &b), &[]), f(&a, &b));
        assert_eq!(replay(a.clone(), &[(&a, &c)]), c);
    }

    #[test]
    fn constants_made_of_an_input_do_not_follow() {
        let (x, other) = (Tensor::param([1.0, 2.0]), Tensor::from([3.0, 4.0]));
        let y = &x * &x.detach();
        assert_eq!(replay(y, &[(&x, &other)]), Tensor::from([3.0, 8.0]));
    }

    #[test]
    #[should_panic(expected = "a result of `exp` is shared")]
    fn what_somebody_else_holds() {
        let x = Tensor::param(1.0);
        let y = x.exp();
        replay(y.square(), &[(&x, &Tensor::from(2.0))]);
    }
}
