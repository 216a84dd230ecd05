//! What the optimizer guarantees, whatever the rule.

use downhill_tensor::{Gradients, Params, Path, Tensor};

use super::*;
use crate::{Adam, AdamW, Lbfgs, Muon, Sgd};

type Pair = (Tensor<f64>, Tensor<f64>);

fn pair() -> Pair {
    (Tensor::param([1.0, 2.0]), Tensor::param([3.0]))
}

fn squares((a, b): &Pair) -> Tensor<f64> {
    a.square().sum() + b.square().sum()
}

fn sgd(lr: f64) -> Sgd {
    Sgd { lr, ..Sgd::default() }
}

#[test]
fn a_missing_gradient_is_named_and_nothing_changes() {
    let mut model = (pair(), Tensor::param([4.0]));
    let before = model.state_dict();
    let grads = model.0.0.sum().backward();
    let mut opt = Optimizer::new(sgd(0.1));
    let message = refused(&mut opt, &mut model, &grads);
    assert_eq!(
        message,
        "step: no gradient for 0.1, 1: the loss does not depend on it. If this is intended, freeze it \
         (`model.freeze(\"0.1\")`) or set `opt.missing_gradient = MissingGradient::Skip`"
    );
    assert_eq!(model.state_dict(), before);
    opt.missing_gradient = MissingGradient::Skip;
    opt.step(&mut model, &grads);
    assert_eq!((model.0.0.to_vec(), model.0.1.to_vec(), model.1.to_vec()), (vec![0.9, 1.9], vec![3.0], vec![4.0]));
}

#[test]
fn tied_parameters_move_once_and_stay_tied() {
    let shared = Tensor::param([1.0_f64]);
    let mut model = vec![shared.clone(), Tensor::param([5.0]), shared];
    let mut opt = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
    for step in 1..=3 {
        let loss = (&model[0] + &model[2] + &model[1]).square().sum();
        opt.step(&mut model, &loss.backward());
        assert_eq!(model[0], model[2]);
        assert_eq!(model[0].id(), model[2].id());
        assert!((model[0].item() - (1.0 - 0.1 * f64::from(step))).abs() < 0.01, "moved {step} times");
    }
    assert_eq!(opt.states().filter(|(_, state)| state.steps == 3).count(), 2);
    // Untied, both are updated; tied again, only once.
    model[2] = Tensor::param([9.0]);
    let loss = (&model[0] + &model[2] + &model[1]).square().sum();
    opt.step(&mut model, &loss.backward());
    assert!(model[2].item() < 9.0);
    model[2] = model[0].clone();
    let before = model[0].item();
    let loss = (&model[0] + &model[1] * 0.0).square().sum();
    opt.step(&mut model, &loss.backward());
    assert_eq!(model[0], model[2]);
    assert!((model[0].item() - before).abs() < 0.11);
}

/// The same two parameters, walked in the other order.
struct Reversed(Pair);

impl Params<f64> for Reversed {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<f64>)) {
        visitor(&path.index(1), &self.0.1);
        visitor(&path.index(0), &self.0.0);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<f64>)) {
        visitor(&path.index(1), &mut self.0.1);
        visitor(&path.index(0), &mut self.0.0);
    }
}

#[test]
fn state_goes_by_path_not_by_order_or_identity() {
    let run = |rebuild: bool| {
        let mut model = pair();
        let mut opt = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
        opt.step_with(&mut model, squares);
        if rebuild {
            let mut reversed = Reversed((Tensor::param(&model.0), Tensor::param(&model.1)));
            opt.step_with(&mut reversed, |model| squares(&model.0));
            opt.step_with(&mut reversed, |model| squares(&model.0));
            model = reversed.0;
        } else {
            opt.step_with(&mut model, squares);
            opt.step_with(&mut model, squares);
        }
        model.state_dict()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn tied_parameters_move_in_any_order() {
    let shared = Tensor::param([1.0]);
    let mut model = (shared.clone(), shared);
    let mut opt = Optimizer::new(sgd(0.25));
    opt.step_with(&mut model, |(a, b)| (a * b).sum());
    assert_eq!((model.0.item(), model.1.item()), (0.5, 0.5));
    let mut reversed = Reversed(model);
    opt.step_with(&mut reversed, |model| (&model.0.0 * &model.0.1).sum());
    assert_eq!((reversed.0.0.item(), reversed.0.1.item()), (0.25, 0.25));
}

#[test]
fn a_gradient_of_any_layout() {
    let mut w = Tensor::param([[1.0_f64, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let mut grads = w.sum().backward();
    grads.set(&w, Tensor::from(ndarray::arr2(&[[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]).reversed_axes()));
    assert!(grads[&w].view().as_slice().is_none(), "the test is about a gradient in another order");
    Optimizer::new(sgd(10.0)).step(&mut w, &grads);
    assert_eq!(w, Tensor::from([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]));
}

#[test]
fn a_copy_of_the_model_is_left_alone() {
    let mut model = pair();
    let copy = model.clone();
    Optimizer::new(sgd(0.1)).step_with(&mut model, squares);
    assert_eq!((copy.0.to_vec(), copy.1.to_vec()), (vec![1.0, 2.0], vec![3.0]));
}

#[test]
fn momentum_of_nothing_becomes_zero_not_subnormal() {
    let mut w = Tensor::param([1.0_f32, 1.0]);
    let mut opt = Optimizer::new(Sgd { momentum: 0.9, ..sgd(0.1) });
    for step in 0..900 {
        let loss = (&w * if step == 0 { 1.0 } else { 0.0 }).sum();
        opt.step(&mut w, &loss.backward());
        let buffer = opt.state("").unwrap().buffer("momentum_buffer").unwrap();
        assert!(buffer.iter().all(|b| *b == 0.0 || b.abs() >= f32::MIN_POSITIVE), "{buffer:?}");
    }
    assert_eq!(opt.state("").unwrap().buffer("momentum_buffer").unwrap(), [0.0, 0.0]);
}

#[test]
fn groups_go_by_path_and_the_first_match_counts() {
    let mut model = pair();
    let mut opt = Optimizer::new(sgd(0.1)).with_group("1", sgd(0.2)).with_group("*", sgd(0.0));
    opt.step_with(&mut model, squares);
    assert_eq!((model.0.to_vec(), model.1.item()), (vec![1.0, 2.0], 3.0 - 0.2 * 6.0));
    opt.set_lr(0.5);
    assert_eq!(opt.groups().iter().map(Group::lr).collect::<Vec<_>>(), [0.5, 0.5, 0.5]);
    opt.groups_mut()[1].rule_mut().set_lr(0.0);
    opt.step_with(&mut model, squares);
    assert_eq!((model.0.to_vec(), model.1.item()), (vec![0.0, 0.0], 3.0 - 0.2 * 6.0));
}

#[test]
fn different_rules_in_one_optimizer() {
    let mut layer = (Tensor::param([[3.0_f64, 0.0], [0.0, 0.1]]), Tensor::param([1.0]));
    let muon = Muon { lr: 0.1, weight_decay: 0.0, ..Muon::default() };
    let mut opt = Optimizer::new(sgd(0.5)).with_group("0", muon);
    let loss = layer.0.square().sum() + layer.1.sum();
    opt.step(&mut layer, &loss.backward());
    assert_eq!(layer.1.item(), 0.5);
    assert!(layer.0.view()[[0, 0]] < 3.0 && opt.state("1").unwrap().is_empty());
}

#[test]
#[should_panic(expected = "step: group \"2.*\" matches no parameter; the model's parameters are 0, 1")]
fn a_group_for_nothing() {
    Optimizer::new(sgd(0.1)).with_group("2.*", sgd(0.2)).step_with(&mut pair(), squares);
}

#[test]
#[should_panic(expected = "a rule that updates all parameters jointly cannot be used with groups")]
fn a_group_beside_lbfgs() {
    let _ = Optimizer::<f64>::new(sgd(0.1)).with_group("0", Lbfgs::default());
}

/// A pattern that matches only buffers matches no parameter.
#[test]
#[should_panic(expected = "group \"1\" matches no parameter; the model's parameters are 0")]
fn a_group_of_buffers() {
    let mut model = (Tensor::param([1.0]), Tensor::from([2.0]));
    Optimizer::new(sgd(0.1)).with_group("1", sgd(0.2)).step_with(&mut model, |model| model.0.sum());
}

#[test]
#[should_panic(expected = "step: Lbfgs evaluates the loss several times in a step; write `opt.step_with(")]
fn lbfgs_without_a_closure() {
    let mut model = pair();
    let grads = squares(&model).backward();
    Optimizer::new(Lbfgs::default()).step(&mut model, &grads);
}

#[test]
#[should_panic(expected = "AdamW: weight_decay must be ≥ 0, got -1")]
fn options_are_looked_at() {
    Optimizer::<f32>::new(AdamW { weight_decay: -1.0, ..AdamW::default() });
}

/// The panic message of a step that must fail.
fn refused(opt: &mut Optimizer<f64>, model: &mut impl Params<f64>, grads: &Gradients<f64>) -> String {
    let step = std::panic::AssertUnwindSafe(|| opt.step(model, grads));
    *std::panic::catch_unwind(step).unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn a_model_of_another_shape_is_refused_and_nothing_changes() {
    let mut model = pair();
    let mut opt = Optimizer::new(Adam::default());
    opt.step_with(&mut model, squares);
    model.1 = Tensor::param([3.0, 4.0, 5.0]);
    let (before, state) = (model.state_dict(), opt.state_dict());
    let grads = squares(&model).backward();
    assert_eq!(
        refused(&mut opt, &mut model, &grads),
        "step: 1 has shape [3], but had [1] when it was last updated; create a new optimizer for a new model"
    );
    assert_eq!((model.state_dict(), opt.state_dict()), (before, state));

    // With the old shape again, the optimizer continues.
    model.1 = Tensor::param([3.0]);
    opt.step_with(&mut model, squares);
    assert_eq!(opt.state("1").unwrap().steps, 2);
}

#[test]
fn a_parameter_the_rule_does_not_take_is_refused_when_it_appears() {
    let mut model = vec![Tensor::param([[1.0, 2.0], [3.0, 5.0]])];
    let loss = |model: &Vec<Tensor<f64>>| model.iter().map(|p| p.square().sum()).fold(Tensor::from(0.0), |a, b| a + b);
    let mut opt = Optimizer::new(Muon::default());
    opt.step_with(&mut model, loss);
    model.push(Tensor::param([1.0]));
    let (before, grads) = (model.state_dict(), loss(&model).backward());
    let message = refused(&mut opt, &mut model, &grads);
    assert!(message.starts_with("step: Muon cannot update 1 of shape [1]: "), "{message}");
    assert_eq!(model.state_dict(), before);
}

#[test]
fn lbfgs_moves_tied_parameters_together_and_frozen_ones_not() {
    let shared = Tensor::param([1.0_f64, -2.0]);
    let mut model = vec![shared.clone(), Tensor::from([7.0, 7.0]), shared];
    let mut opt = Optimizer::new(Lbfgs { line_search: crate::LineSearch::StrongWolfe, ..Lbfgs::default() });
    let loss = opt.step_with(&mut model, |m| (&m[0] * &m[2] + (&m[0] - &m[1]).square()).sum());
    assert_eq!(loss, 1.0 + 4.0 + 36.0 + 81.0);
    // p² + (p - 7)² is lowest at 3.5.
    assert!(model[0].to_vec().iter().all(|p| (p - 3.5).abs() < 1e-6), "{:?}", model[0].to_vec());
    assert_eq!((&model[0], model[0].id()), (&model[2], model[2].id()));
    assert_eq!(model[1].to_vec(), [7.0, 7.0]);
}

#[test]
fn a_saved_state_that_does_not_fit_is_refused_by_name() {
    let mut model = pair();
    let mut opt = Optimizer::new(Adam::default()).with_group("1", Adam::default());
    opt.step_with(&mut model, squares);
    let saved = opt.state_dict();
    let error =
        |mut opt: Optimizer<f64>, model: &dyn Params<f64>| opt.load_state_dict(&saved, model).unwrap_err().to_string();
    let fresh = || Optimizer::new(Adam::default()).with_group("1", Adam::default());
    assert_eq!(
        error(Optimizer::new(Adam::default()), &model),
        "the saved optimizer has the groups [\"*\", \"1\"], this one has [\"*\"]"
    );
    assert_eq!(
        error(Optimizer::new(sgd(0.1)).with_group("1", Adam::default()), &model),
        "the saved optimizer updates group \"*\" by Adam, this one by Sgd"
    );
    assert_eq!(
        error(fresh(), &(Tensor::param([1.0]), Tensor::from([3.0]), Tensor::param([1.0]))),
        "the saved optimizer does not fit the model: no saved state for 2; 0: shape mismatch: saved [2], model [1]; \
         1 is not trainable in the model"
    );
    assert_eq!(
        error(fresh(), &(Tensor::param([1.0, 2.0]),)),
        "the saved optimizer does not fit the model: the model has no parameter 1"
    );
    assert!(fresh().load_state_dict(&saved, &model).is_ok());
}

#[test]
fn what_was_saved_before_the_first_step_fits_any_model() {
    let saved = Optimizer::<f64>::new(sgd(0.7)).state_dict();
    let mut opt = Optimizer::new(sgd(0.1));
    opt.load_state_dict(&saved, &pair()).unwrap();
    assert_eq!(opt.lr(), 0.7);
}

#[test]
#[should_panic(expected = "group \"1\": add groups before the first step")]
fn a_group_that_comes_too_late() {
    let mut opt = Optimizer::new(sgd(0.1));
    opt.step_with(&mut pair(), squares);
    let _ = opt.with_group("1", sgd(0.2));
}

#[test]
#[should_panic(
    expected = "step_with: the model has 4 trainable elements, but had 3 in the last step; create a new optimizer"
)]
fn lbfgs_of_another_model() {
    let mut opt = Optimizer::new(Lbfgs::default());
    opt.step_with(&mut pair(), squares);
    opt.step_with(&mut (Tensor::param([1.0, 2.0]), Tensor::param([3.0, 4.0])), squares);
}

#[test]
fn lbfgs_names_what_has_no_gradient() {
    let mut model = (pair(), Tensor::param([4.0]), pair());
    let shared = model.0.1.clone();
    model.2.1 = shared;
    let loss = |model: &(Pair, Tensor<f64>, Pair)| model.0.0.square().sum();
    let mut opt = Optimizer::new(Lbfgs::default());
    let step = std::panic::AssertUnwindSafe(|| opt.step_with(&mut model, loss));
    let message = *std::panic::catch_unwind(step).unwrap_err().downcast::<String>().unwrap();
    assert_eq!(
        message,
        "step_with: no gradient for 0.1, 1, 2.0; freeze it, or set `opt.missing_gradient = MissingGradient::Skip`"
    );
    opt.missing_gradient = MissingGradient::Skip;
    opt.step_with(&mut model, loss);
    assert!(model.0.0.to_vec() != [1.0, 2.0]);
    assert_eq!((model.0.1.to_vec(), model.1.to_vec(), model.2.0.to_vec()), (vec![3.0], vec![4.0], vec![1.0, 2.0]));
}

/// So many layers and groups that quadratic work would take far too long, in a step and in a lookup by path; with a
/// clone kept at every step, so that every parameter gets a new id each time.
#[test]
fn many_parameters_and_groups() {
    const LAYERS: usize = 20_000;
    let mut model: Vec<Pair> = (0..LAYERS).map(|_| pair()).collect();
    let mut grads = Gradients::default();
    let all = |model: &Vec<Pair>, grads: &mut Gradients<f64>| {
        *grads = Gradients::default();
        model.iter().for_each(|(a, b)| {
            grads.set(a, Tensor::from([1.0, 1.0]));
            grads.set(b, Tensor::from([1.0]));
        });
    };
    let mut opt = Optimizer::new(sgd(0.5));
    for group in 0..100 {
        opt = opt.with_group(&format!("{group}.*"), sgd(0.25));
    }
    let mut teachers = Vec::new();
    for step in 0..4 {
        all(&model, &mut grads);
        teachers.push(model.clone());
        opt.step(&mut model, &grads);
        assert!(step == 0 || opt.slots.in_order(), "every parameter was looked up in the index");
    }
    assert_eq!((model[99].1.item(), model[100].1.item()), (2.0, 1.0));
    assert_eq!(teachers.iter().map(|teacher| teacher[100].1.item()).collect::<Vec<_>>(), [3.0, 2.5, 2.0, 1.5]);
    for layer in 0..LAYERS {
        assert_eq!(opt.state(&format!("{layer}.1")).map(|state| state.steps), Some(4));
    }
    assert_eq!(opt.states().count(), 2 * LAYERS);
    assert_eq!(model.summary().rows.len(), 2 * LAYERS);
    assert!(opt.clone().load_state_dict(&opt.state_dict(), &model).is_ok());
}
