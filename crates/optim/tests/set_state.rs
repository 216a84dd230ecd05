//! A rule's state, copied from one optimizer to another buffer by buffer, without serde.

use downhill_optim::{Adam, Muon, Optimizer, ParamState, Sgd, rule_names};
use downhill_tensor::{Gradients, Tensor};

type Model = (Tensor<f64>, Tensor<f64>);

fn model() -> Model {
    (Tensor::param([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]]), Tensor::param([[0.75, 4.0]]))
}

fn loss(model: &Model) -> Tensor<f64> {
    (model.0.square().sum() + model.1.square().sum()) * 0.5
}

/// A copy by names and values, as a state from another framework would be imported.
fn copy(state: &ParamState<f64>) -> ParamState<f64> {
    let mut copy = ParamState::new(state.steps);
    for (name, buffer) in state.buffers() {
        copy.set_buffer(name.to_owned(), buffer);
    }
    for (name, number) in state.numbers() {
        copy.set_number(name.to_owned(), number);
    }
    copy
}

/// The state of every rule can be set, in any order of the parameters, and the next steps are then the same.
#[test]
fn every_rule_goes_on_from_a_state_that_was_set() {
    for name in rule_names() {
        let options = if *name == "sgd" { ":momentum=0.9" } else { "" };
        let optimizer = || format!("{name}{options}").parse::<Optimizer<f64>>().unwrap();
        let (mut one, mut opt) = (model(), optimizer());
        for _ in 0..3 {
            opt.step_with(&mut one, loss);
        }
        let (mut other, mut again) = (one.clone(), optimizer());
        let mut paths: Vec<String> = opt.states().map(|(path, _)| path.to_owned()).collect();
        paths.reverse();
        for path in &paths {
            again.set_state(path, copy(opt.state(path).unwrap()), &other).unwrap();
            assert_eq!(again.state(path), opt.state(path), "{name}");
        }
        for _ in 0..3 {
            opt.step_with(&mut one, loss);
            again.step_with(&mut other, loss);
        }
        assert_eq!((one.0.to_vec(), one.1.to_vec()), (other.0.to_vec(), other.1.to_vec()), "{name}");
        // It can be saved and loaded like any other state.
        optimizer().load_state_dict(&again.state_dict(), &other).unwrap();
    }
}

/// The momentum is `0.9·5 + 3`, and the step is a tenth of it.
#[test]
fn a_step_from_a_state_that_was_set() {
    let mut w = Tensor::param([1.0_f64]);
    let mut opt = Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
    let mut state = ParamState::new(1);
    state.set_buffer("momentum_buffer", &[7.0]);
    state.set_buffer("momentum_buffer", &[5.0]);
    opt.set_state("", state, &w).unwrap();
    let mut grads = Gradients::default();
    grads.set(&w, Tensor::from([3.0]));
    opt.step(&mut w, &grads);
    assert!((w.to_vec()[0] - (1.0 - 0.1 * (0.9 * 5.0 + 3.0))).abs() < 1e-15);
    assert_eq!(opt.state("").unwrap().steps, 2);
}

#[test]
fn what_the_rule_could_not_go_on_with_is_refused() {
    let state = |buffers: &[(&'static str, usize)]| {
        let mut state = ParamState::new(1);
        buffers.iter().for_each(|&(name, len)| state.set_buffer(name, &vec![0.5; len]));
        state
    };
    let tied = Tensor::param([1.0_f64, 2.0]);
    let frozen = Tensor::from([1.0_f64]);
    let model = (tied.clone(), frozen, tied);
    let mut opt = Optimizer::new(Adam::default());
    let mut refused = |path: &str, state, message: &str| {
        let error = opt.set_state(path, state, &model).unwrap_err().to_string();
        assert_eq!(error, format!("the saved optimizer does not fit the model: {path}: {message}"));
        assert_eq!(opt.states().count(), 0);
    };
    let adam = || state(&[("exp_avg", 2), ("exp_avg_sq", 2)]);
    let unsteady = || {
        let mut state = adam();
        state.steps = 0;
        state
    };
    refused("0", state(&[("exp_avg", 2), ("exp_avg_sq", 3)]), "buffer exp_avg_sq has 3 elements, expected 2");
    refused("0", state(&[("exp_avg", 2)]), "exp_avg_sq is missing");
    refused("0", state(&[("momentum_buffer", 2)]), "Adam has no buffer momentum_buffer");
    refused("0", unsteady(), "the state is not empty, but no step has been taken");
    refused("1", adam(), "it is not trainable in the model");
    refused("2", adam(), "it is tied; set the state at its first path");
    refused("3", adam(), "the model has no such parameter");
    opt.set_state("0", adam(), &model).unwrap();

    let vector = Tensor::param([1.0_f64, 2.0]);
    let error = Optimizer::new(Muon::default()).set_state("", state(&[("momentum_buffer", 2)]), &vector).unwrap_err();
    assert!(error.to_string().contains(": it is for matrices"), "{error}");
    let mut lbfgs: Optimizer<f64> = "lbfgs".parse().unwrap();
    let error = lbfgs.set_state("0", state(&[]), &model).unwrap_err().to_string();
    assert!(error.ends_with("0: Lbfgs updates all parameters jointly; use the path `*`"), "{error}");
}
