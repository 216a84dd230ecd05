//! A model of two layers, and a loss whose gradient is wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Check, Directions, Params, Path, Problem, StateDict, Tensor, gradcheck_model};

struct Layer {
    weight: Tensor<f64>,
    bias: Tensor<f64>,
}

struct Net {
    first: Layer,
    second: Layer,
}

impl Layer {
    fn new(fan_in: usize, fan_out: usize) -> Self {
        let weight = (0..fan_in * fan_out).map(|i| (i as f64 * 0.7 + 0.3).sin()).collect::<Vec<f64>>();
        let bias = (0..fan_out).map(|i| 0.1 * i as f64 - 0.1).collect::<Vec<f64>>();
        Layer { weight: Tensor::param(Tensor::from(weight).reshape(&[fan_out, fan_in])), bias: Tensor::param(bias) }
    }
}

impl Params<f64> for Layer {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<f64>)) {
        visitor(&path.field("weight"), &self.weight);
        visitor(&path.field("bias"), &self.bias);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<f64>)) {
        visitor(&path.field("weight"), &mut self.weight);
        visitor(&path.field("bias"), &mut self.bias);
    }
}

impl Params<f64> for Net {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<f64>)) {
        self.first.visit(&path.field("first"), visitor);
        self.second.visit(&path.field("second"), visitor);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<f64>)) {
        self.first.visit_mut(&path.field("first"), visitor);
        self.second.visit_mut(&path.field("second"), visitor);
    }
}

fn net() -> Net {
    Net { first: Layer::new(3, 4), second: Layer::new(4, 2) }
}

fn batch() -> Tensor<f64> {
    Tensor::from([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]])
}

fn loss(net: &Net) -> Tensor<f64> {
    let hidden = (batch().matmul(&net.first.weight.t()) + &net.first.bias).sigmoid();
    (hidden.matmul(&net.second.weight.t()) + &net.second.bias).square().sum()
}

/// Treats the first bias as a constant.
fn wrong_loss(net: &Net) -> Tensor<f64> {
    let hidden = (batch().matmul(&net.first.weight.t()) + net.first.bias.detach()).sigmoid();
    (hidden.matmul(&net.second.weight.t()) + &net.second.bias).square().sum()
}

fn identities(net: &Net) -> (StateDict<f64>, Vec<Option<u64>>) {
    (net.state_dict(), net.named_params().iter().map(|(_, tensor)| tensor.id()).collect())
}

#[track_caller]
fn assert_unchanged(net: &Net, before: &(StateDict<f64>, Vec<Option<u64>>)) {
    let (values, ids) = identities(net);
    assert_eq!(ids, before.1, "the parameters are the same parameters");
    for (path, tensor) in net.named_params() {
        assert_eq!(values.get(&path), before.0.get(&path), "{path}");
        assert!(tensor.is_param(), "{path}");
    }
}

#[test]
fn a_line_for_every_path() {
    let mut net = net();
    let before = identities(&net);
    let report = gradcheck_model(&mut net, loss, Check::order(1)).unwrap();
    let lines: Vec<(&str, usize)> = report.inputs.iter().map(|line| (line.name.as_str(), line.compared)).collect();
    assert_eq!(lines, [("first.weight", 12), ("first.bias", 4), ("second.weight", 8), ("second.bias", 2)]);
    assert!(report.inputs.iter().all(|line| line.largest > 1e-3 && line.rel_difference < 1e-6), "{report}");
    assert_unchanged(&net, &before);
}

#[test]
fn to_second_order_and_along_random_directions() {
    let mut net = net();
    let before = identities(&net);
    gradcheck_model(&mut net, loss, Check::order(2)).unwrap();
    let random = Check { directions: Directions::Random(2), ..Check::order(2) };
    let report = gradcheck_model(&mut net, loss, random).unwrap();
    assert_eq!(report.inputs[0].compared, 2);
    assert_unchanged(&net, &before);
}

#[test]
fn the_wrong_parameter_is_named_and_the_others_are_acquitted() {
    let mut net = net();
    let before = identities(&net);
    for directions in [Directions::Every, Directions::Random(2)] {
        let error = gradcheck_model(&mut net, wrong_loss, Check { directions, ..Check::order(1) }).unwrap_err();
        let Problem::Wrong { entry, .. } = &error.problem else { panic!("{error}") };
        assert_eq!((entry.input_name.as_str(), entry.analytic), ("first.bias", 0.0));
        let wrong: Vec<bool> = error.report.inputs.iter().map(|line| line.wrong > 0).collect();
        assert_eq!(wrong, [false, true, false, false]);
        assert_unchanged(&net, &before);
    }
}

#[test]
fn tied_and_frozen_parameters() {
    let mut tied = net();
    tied.second = Layer::new(3, 4);
    tied.second.weight = tied.first.weight.clone();
    tied.second.bias = tied.second.bias.detach();
    let loss = |net: &Net| {
        let both = [&net.first, &net.second].map(|layer| batch().matmul(&layer.weight.t()) + &layer.bias);
        (&both[0] * &both[1]).sum()
    };
    let report = gradcheck_model(&mut tied, loss, Check::order(2)).unwrap();
    let first_order: Vec<&str> =
        report.inputs.iter().filter(|line| line.order == 1).map(|line| line.name.as_str()).collect();
    assert_eq!(first_order, ["first.weight", "first.bias"]);
    assert_eq!(tied.first.weight.id(), tied.second.weight.id());
    assert!(!tied.second.bias.requires_grad());
}

#[test]
fn restored_after_a_panic() {
    let mut net = net();
    let before = identities(&net);
    let calls = std::cell::Cell::new(0);
    let panics = |net: &Net| {
        calls.set(calls.get() + 1);
        assert!(calls.get() < 7, "enough");
        loss(net)
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| gradcheck_model(&mut net, panics, Check::order(1)).map(drop)));
    assert!(outcome.is_err() && calls.get() == 7);
    assert_unchanged(&net, &before);
}
