use std::collections::BTreeMap;

use downhill_nn::{Linear, Module, Relu, Sequential, cross_entropy, mse};
use downhill_tensor::{concat, grad};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;

fn everything() -> Tracer {
    Tracer { full: 10_000, ..Tracer::default() }
}

/// What must hold in any trace with gradients.
fn check(trace: &Trace) {
    let mut sums: BTreeMap<usize, &Array> = BTreeMap::new();
    let mut youngest = usize::MAX;
    for step in &trace.steps {
        assert!(step.result <= youngest, "the youngest result first");
        youngest = step.result;
        let result = &trace.nodes[step.result];
        assert_eq!(result.inputs[step.argument].node, step.input);
        // What comes in is complete by now.
        let incoming = result.gradient.as_ref().expect("a gradient");
        assert!(step.result == trace.nodes.len() - 1 || sums[&step.result] == incoming);
        assert_eq!(sums.get(&step.input).copied(), step.before.as_ref());
        sums.insert(step.input, &step.after);
        let added = step.summed.as_ref().unwrap_or(&step.product);
        let before = step.before.as_ref().map_or(vec![0.0; added.elements.len()], |before| before.elements.clone());
        for ((before, added), after) in before.iter().zip(&added.elements).zip(&step.after.elements) {
            assert!((before + added - after).abs() <= 1e-6 * after.abs().max(1.0), "{before} + {added} = {after}");
        }
        if step.elementwise {
            let local = step.local.as_ref().expect("the slope of every element");
            for ((local, product), dy) in local.elements.iter().zip(&step.product.elements).zip(&incoming.elements) {
                assert!((local * dy - product).abs() <= 1e-6 * product.abs().max(1.0), "{local}·{dy} = {product}");
            }
        }
    }
    for (place, node) in trace.nodes.iter().enumerate().filter(|(place, _)| place + 1 < trace.nodes.len()) {
        assert_eq!(node.gradient.as_ref(), sums.get(&place).copied(), "node {place}");
        assert!(node.inputs.iter().all(|input| input.node < place));
    }
}

/// A network with a loss, its model and the input.
fn network() -> (Tensor, Sequential, Tensor) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let model: Sequential =
        Sequential::new().then(Linear::new(3, 4, &mut rng)).then(Relu).then(Linear::new(4, 2, &mut rng));
    let x = Tensor::from([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5], [0.0, 3.0, 1.0]]);
    (cross_entropy(&model.forward(&x), &[0, 1, 1]), model, x)
}

#[test]
fn gradients_are_those_of_backward() {
    let (loss, model, _) = network();
    let trace = everything().trace(&loss, &model);
    check(&trace);
    let grads = loss.backward();
    for (path, w) in model.params() {
        assert_eq!(trace.gradient(&path), Some(&Array::of(&grads[w], &everything())), "{path}");
    }
    let operations: Vec<&str> = trace.nodes.iter().filter_map(|node| node.operation.as_deref()).collect();
    assert_eq!(operations, ["linear", "relu", "linear", "cross_entropy"]);
    assert_eq!(
        trace.nodes.last().expect("the loss").formula.as_deref(),
        Some("scale·Σ c·ln p[row, class] with p = softmax(x)")
    );
}

/// As `grad` computes them: of what is used once, twice, and as both arguments of one operation.
#[test]
fn gradients_of_intermediate_results() {
    let (w, x) = (Tensor::<f64>::param([[1.0, -2.0], [0.5, 3.0]]), Tensor::from([[2.0], [-1.0]]));
    let h = w.matmul(&x).tanh();
    let square = &h * &h;
    let joined = concat(&[&h, &square], 1);
    let loss = (joined.softmax(1) * &h).sum() + square.mean();
    let trace = everything().trace(&loss, &w);
    check(&trace);
    for tensor in [&h, &square, &joined] {
        let [expected] = grad(&loss, [tensor]);
        let (again, place) = everything().trace_finding(&loss, tensor);
        let found = again.nodes[place.expect("there")].gradient.clone().expect("a gradient");
        for (found, expected) in found.elements.iter().zip(expected.to_vec()) {
            assert!((found - expected).abs() < 1e-14, "{found}, not {expected}");
        }
    }
    let of = |operation: &'static str| {
        let is = move |node: &Node| node.operation.as_deref() == Some(operation);
        trace.nodes.iter().position(is).expect("an operation of the network")
    };
    let twice: Vec<&Step> = trace.steps.iter().filter(|step| step.result == of("mul")).collect();
    assert_eq!((twice[0].argument, twice[1].argument, twice.len()), (0, 1, 2));
    assert!(twice.iter().all(|step| step.input == of("tanh")), "h times h");
    let arguments = trace.nodes[of("concat")].inputs.iter().map(|input| input.argument.as_deref());
    assert_eq!(arguments.collect::<Vec<_>>(), [Some("x"), Some("x")]);
}

/// y = 2·3 = 6, loss = 6² = 36: dy = 12, by a 3·12, by b 2·12. Worked out by hand.
#[test]
fn numbers_by_hand() {
    let model = BTreeMap::from([("a", Tensor::param(2.0)), ("b", Tensor::param(3.0))]);
    let trace = Trace::of(&(&model["a"] * &model["b"]).square(), &model);
    check(&trace);
    let number = |array: &Array| array.elements[0];
    let row = |step: &Step| {
        let local = step.local.as_ref().map(number);
        (step.derivative.clone().expect("a formula"), local.expect("a number"), number(&step.product))
    };
    let rows: Vec<_> = trace.steps.iter().map(row).collect();
    assert_eq!(rows, [("2·x".into(), 12.0, 12.0), ("b".into(), 3.0, 36.0), ("a".into(), 2.0, 24.0)]);
    assert_eq!((trace.gradient("a").map(number), trace.gradient("b").map(number)), (Some(36.0), Some(24.0)));
    assert_eq!((trace.named("a"), trace.named("b"), trace.named("c")), (Some(0), Some(1), None));
}

/// A row that is added to every row of a matrix gets the sum over the rows.
#[test]
fn broadcasting_is_shown() {
    let (b, x) = (Tensor::<f64>::param([1.0, 2.0]), Tensor::from([[1.0, 1.0], [2.0, 3.0], [4.0, 5.0]]));
    let trace = Trace::of(&(&x * &b).sum(), &());
    let step = trace.steps.last().expect("by b");
    assert_eq!(step.product.elements, [1.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(step.summed.as_ref().map(|summed| summed.elements.as_slice()), Some([7.0, 9.0].as_slice()));
    assert_eq!((step.before.as_ref(), step.after.elements.as_slice()), (None, [7.0, 9.0].as_slice()));
}

#[test]
fn one_tensor_is_one_node() {
    let (w, x) = (Tensor::<f64>::param([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    let same = Trace::of(&((&w * &x).sum() + (&x * &w).sum()), &());
    assert_eq!(same.nodes.iter().filter(|node| node.kind == Kind::Constant).count(), 1);
    let other = Tensor::from([3.0, 4.0]);
    let two = Trace::of(&((&w * &x).sum() + (&other * &w).sum()), &());
    assert_eq!(two.nodes.iter().filter(|node| node.kind == Kind::Constant).count(), 2);
    // Large constants share their memory with their views.
    let large = Tensor::<f64>::from_shape_vec(&[100, 100], vec![1.0; 10_000]);
    let v = Tensor::param(2.0);
    let views = Trace::of(&((large.t() * &v).sum() + (&large * &v).sum()), &());
    assert_eq!(
        views.nodes.iter().filter(|node| node.kind == Kind::Constant).count(),
        2,
        "a transpose is another tensor"
    );
}

#[test]
fn kinds_and_names() {
    let mut model = (Tensor::<f64>::param(2.0), Tensor::param(3.0), Tensor::from(4.0));
    model.freeze("1");
    let trace = Trace::of(&(&model.0 * &model.1 * &model.2), &model);
    let leaves: Vec<_> =
        trace.nodes.iter().filter(|node| node.inputs.is_empty()).map(|n| (n.label(), n.kind)).collect();
    assert_eq!(leaves, [("0", Kind::Parameter), ("1", Kind::Frozen), ("2", Kind::Constant)]);
    let gradients: Vec<bool> = trace.nodes.iter().map(|node| node.gradient.is_some()).collect();
    assert_eq!(gradients, [true, false, true, false, true], "of what is trained, and of results");
}

/// A result without gradients: not a scalar, without parameters, or a leaf.
#[test]
fn values_only() {
    let w = Tensor::<f64>::param([1.0, 2.0]);
    let trace = Trace::of(&w.exp(), &());
    assert_eq!((trace.nodes.len(), trace.steps.len()), (2, 0));
    assert!(trace.nodes.iter().all(|node| node.gradient.is_none()));
    let constant = Trace::of(&Tensor::from(2.0_f64).exp(), &());
    assert_eq!((constant.nodes.len(), constant.nodes[0].kind), (1, Kind::Constant));
    let leaf = Trace::of(&Tensor::<f64>::param(2.0), &());
    assert_eq!(leaf.nodes[0].gradient.as_ref().expect("of itself").elements, [1.0]);
    for trace in [trace, constant, leaf] {
        assert_eq!(Trace::from_json(&trace.json()).unwrap(), trace);
        assert!(!trace.tree().is_empty() && !trace.dot().is_empty() && !trace.mermaid().is_empty());
    }
}

/// A gradient is recorded as well: its own computation can be traced. `grad` of a linear function depends on nothing.
#[test]
fn gradients_of_gradients() {
    let x = Tensor::<f64>::param(2.0);
    let [slope] = grad(&x.powi(3), [&x]);
    let trace = Trace::of(&slope, &());
    check(&trace);
    let (_, place) = everything().trace_finding(&slope, &x);
    assert_eq!(trace.nodes[place.expect("there")].gradient.as_ref().expect("6x").elements, [12.0]);
    let [constant] = grad(&(&x * 3.0), [&x]);
    assert_eq!(Trace::of(&constant, &()).steps, []);
}

#[test]
fn the_record_stays() {
    let (loss, model, _) = network();
    let first = Trace::of(&loss, &model);
    assert_eq!(Trace::of(&loss, &model), first);
}

#[test]
#[should_panic(expected = "the record of `relu` was freed")]
fn what_was_freed() {
    let y = Tensor::<f64>::param(2.0).relu();
    let loss = y.exp();
    y.clone().backward();
    Trace::of(&loss, &());
}

#[test]
fn deep_and_wide_graphs() {
    let deep = || {
        let w = Tensor::<f64>::param(1.0);
        let mut y = w.clone();
        for _ in 0..20_000 {
            y = &y * 1.0 + &w;
        }
        let trace = Tracer { full: 0, bins: 1, map: 1 }.trace(&y, &());
        assert_eq!(trace.steps.len(), 3 * 20_000);
        assert!(trace.tree().lines().count() > 40_000);
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(deep).unwrap().join().unwrap();
}

#[test]
fn hostile_values() {
    let w = Tensor::<f32>::param([f32::NAN, f32::INFINITY, -0.0, 1e-45]);
    let trace = Trace::of(&(w.square() / 0.0).sum(), &());
    assert_eq!(Trace::from_json(&trace.json()).unwrap().json(), trace.json());
    assert_eq!(trace.nodes[0].value.elements[3], 1e-45);
    let nothing = Tensor::<f32>::param(downhill_tensor::Tensor::zeros(&[0, 3]));
    let trace = Trace::of(&mse(&nothing, &Tensor::zeros(&[0, 3])), &());
    assert_eq!(Trace::from_json(&trace.json()).unwrap().nodes.len(), trace.nodes.len());
}

#[test]
fn long_attributes_are_cut() {
    let w = Tensor::<f64>::param(vec![1.0; 100]);
    let indices: Vec<usize> = (0..40).collect();
    let trace = Trace::of(&w.index_select(0, &indices).sum(), &());
    let texts: Vec<String> = trace.nodes[1].attributes.iter().map(|a| format!("{}={}", a.name, a.value)).collect();
    assert_eq!(texts, ["axis=0", "indices=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … 40 in all]"]);
}
