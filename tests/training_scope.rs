//! The training scope together with optimizers, frozen parameters, saved state, threads and panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use downhill::nn::BatchNorm1d;
use downhill::optim::{AdamW, Lbfgs, LineSearch, LrRangeTest, Optimizer, Sgd, WeightAverage};
use downhill::prelude::*;
use downhill::{Check, Gradients, Params, Tensor, evaluation, gradcheck_model, no_grad, training};

#[derive(Clone, Params)]
struct Model {
    fc1: Linear<f64>,
    norm: BatchNorm1d<f64>,
    dropout: Dropout,
    fc2: Linear<f64>,
}

impl Module<f64> for Model {
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        let x = self.norm.forward(&self.fc1.forward(x)).tanh();
        self.fc2.forward(&self.dropout.forward(&x))
    }
}

fn model(p: f64) -> Model {
    let mut rng = rng(1);
    Model {
        fc1: Linear::new(2, 8, &mut rng),
        norm: BatchNorm1d::new(8),
        dropout: Dropout::new(p),
        fc2: Linear::new(8, 1, &mut rng),
    }
}

/// Points, and targets that a network can learn.
fn data(n: usize) -> (Tensor<f64>, Tensor<f64>) {
    let x = Tensor::randn(&[n, 2], &mut rng(2));
    let y = (x.narrow(1, 0, 1) * x.narrow(1, 1, 1)).sin();
    (x, y)
}

fn count(model: &Model) -> f64 {
    model.norm.num_batches_tracked.as_ref().unwrap().item()
}

fn buffers(model: &Model) -> Vec<Vec<f64>> {
    model.buffers().map(|(_, buffer)| buffer.to_vec()).collect()
}

#[test]
fn a_network_with_dropout_and_batch_normalisation() {
    let (x, y) = data(64);
    let train = |seed: u64| {
        let (mut model, mut rng) = (model(0.1), rng(seed));
        let mut opt = Optimizer::new(AdamW { lr: 0.02, ..AdamW::default() });
        for _ in 0..300 {
            let loss = training(&mut model, &mut rng, |model| mse(&model.forward(&x), &y));
            opt.step(&mut model, &loss.backward());
        }
        model
    };
    let (untrained, trained) = (model(0.1), train(3));
    let loss = |model: &Model| mse(&model.forward(&x), &y).item();
    assert!(loss(&trained) < 0.3 * loss(&untrained), "{} {}", loss(&trained), loss(&untrained));
    assert_eq!(loss(&trained), loss(&trained), "evaluation is deterministic");
    assert_eq!(count(&trained), 300.0);
    assert_eq!(train(3).state_dict(), trained.state_dict(), "the same seed gives bitwise identical results");
    assert_ne!(train(4).state_dict(), trained.state_dict());

    // The saved state is all that evaluation needs.
    let mut loaded = model(0.1);
    loaded.load_state_dict(&trained.state_dict()).unwrap();
    assert_eq!(loaded.forward(&x), trained.forward(&x));
    assert!(loaded.norm.running_var.as_ref().unwrap().is_buffer());
}

#[test]
fn frozen_parameters_and_buffers() {
    let (x, y) = data(16);
    let mut model = model(0.0);
    assert_eq!(model.freeze("*norm*"), 2);
    let (frozen, before) = (model.norm.weight.clone().unwrap().to_vec(), buffers(&model));
    let mut opt = Optimizer::new(AdamW { lr: 0.1, weight_decay: 0.5, ..AdamW::default() });
    let loss = training(&mut model, &mut rng(1), |model| mse(&model.forward(&x), &y));
    let seen = buffers(&model);
    assert_ne!(seen, before, "a frozen layer sees the batch, as in PyTorch");
    opt.step(&mut model, &loss.backward());
    assert_eq!((buffers(&model), model.norm.weight.as_ref().unwrap().to_vec()), (seen.clone(), frozen));
    // To freeze the statistics as well, run the layer in evaluation mode.
    training(&mut model, &mut rng(1), |model| evaluation(|| model.norm.forward(&model.fc1.forward(&x))));
    assert_eq!(buffers(&model), seen);
    assert_eq!((model.unfreeze("*"), model.num_params()), (2, 8 * 2 + 8 + 16 + 8 + 1));
    assert_eq!(model.summary().in_buffers(), 17);
}

/// One update of the statistics per evaluation, as when PyTorch calls the closure.
#[test]
fn lbfgs_evaluates_several_times_in_a_step() {
    let (x, y) = data(32);
    for line_search in [LineSearch::None, LineSearch::StrongWolfe] {
        let (mut model, mut rng, mut evaluations) = (model(0.0), rng(1), 0.0);
        let mut opt = Optimizer::new(Lbfgs { max_iter: 10, line_search, ..Lbfgs::default() });
        let mut losses = Vec::new();
        for _ in 0..3 {
            losses.push(opt.step_with_mut(&mut model, |model| {
                evaluations += 1.0;
                training(model, &mut rng, |model| mse(&model.forward(&x), &y))
            }));
        }
        assert!(evaluations >= 15.0 && count(&model) == evaluations, "{evaluations}");
        assert!(losses[2] < 0.5 * losses[0], "{losses:?}");
        assert!(model.norm.running_mean.as_ref().unwrap().is_buffer());
    }
    // The same for a rule that evaluates once.
    let (mut ours, mut theirs) = (model(0.5), model(0.5));
    let mut opt = Optimizer::new(Sgd { lr: 0.1, ..Sgd::default() });
    opt.step_with_mut(&mut ours, |model| training(model, &mut rng(5), |model| mse(&model.forward(&x), &y)));
    let loss = training(&mut theirs, &mut rng(5), |model| mse(&model.forward(&x), &y));
    opt.step(&mut theirs, &loss.backward());
    assert_eq!(ours.state_dict(), theirs.state_dict());
}

#[test]
fn accumulated_gradients() {
    let (x, y) = data(32);
    let mut model = model(0.0);
    let (mut grads, mut rng, mut expected) = (Gradients::default(), rng(1), vec![0.0; 8]);
    for start in [0, 16] {
        let (x, y) = (x.narrow(0, start, 16), y.narrow(0, start, 16));
        for (mean, new) in expected.iter_mut().zip(model.fc1.forward(&x).mean_axis(0).to_vec()) {
            *mean = 0.9 * *mean + 0.1 * new;
        }
        grads += training(&mut model, &mut rng, |model| mse(&model.forward(&x), &y)).backward() * 0.5;
    }
    assert_eq!(count(&model), 2.0);
    for (mean, expected) in model.norm.running_mean.as_ref().unwrap().to_vec().into_iter().zip(expected) {
        assert!((mean - expected).abs() < 1e-15);
    }
    let before = model.fc1.weight.clone();
    Optimizer::new(Sgd::default()).step(&mut model, &grads);
    assert!(model.fc1.weight != before);
}

/// Statistics recomputed without gradients after training, as needed for averaged weights.
#[test]
fn averaged_weights() {
    let (x, y) = data(32);
    let (mut model, mut rng, mut average) = (model(0.3), rng(1), WeightAverage::running_mean());
    let mut opt = Optimizer::new(Sgd { lr: 0.1, ..Sgd::default() });
    for _ in 0..3 {
        let loss = training(&mut model, &mut rng, |model| mse(&model.forward(&x), &y));
        opt.step(&mut model, &loss.backward());
        average.update(&model);
    }
    assert_eq!(average.state_dict().get("norm.num_batches_tracked").unwrap().item(), 3.0);
    model.load_state_dict(&average.state_dict()).unwrap();
    model.norm.reset_running_stats();
    model.norm.momentum = None;
    let y = no_grad(|| training(&mut model, &mut rng, |model| model.forward(&x)));
    assert!(!y.requires_grad());
    let mean = model.fc1.forward(&x).mean_axis(0);
    assert!((model.norm.running_mean.as_ref().unwrap() - mean).abs().max().item() < 1e-15);
}

/// Where a loss gets the model as `&Model`, a clone is trained: it has the same parameters, and its statistics are
/// discarded.
#[test]
fn a_clone_where_statistics_shall_not_count() {
    let (x, y) = data(8);
    let mut model = model(0.4);
    let before = buffers(&model);
    let loss = |model: &Model| training(&mut model.clone(), &mut rng(7), |model| mse(&model.forward(&x), &y));
    let report = gradcheck_model(&mut model, loss, Check { order: 2, ..Check::default() }).unwrap();
    assert!(report.compared() > 0);
    let opt = Optimizer::new(Sgd::default());
    LrRangeTest { steps: 5, ..LrRangeTest::default() }.run(&mut model, &opt, loss);
    assert_eq!(buffers(&model), before);
    let grads = loss(&model).backward();
    assert!(model.params().all(|(_, w)| grads.get(w).is_some()));
}

#[test]
fn a_teacher_beside_the_student() {
    let (x, _) = data(16);
    let mut student = model(0.5);
    let teacher = student.deep_copy();
    let before = buffers(&teacher);
    let distil = |student: &Model| mse(&student.forward(&x), &evaluation(|| teacher.forward(&x)).detach());
    training(&mut student, &mut rng(1), distil).backward();
    assert_eq!(buffers(&teacher), before);
    assert_ne!(buffers(&student), before);
    // Two models in one graph: each in its own scope.
    let mut other = teacher;
    let y = training(&mut student, &mut rng(1), |student| student.forward(&x));
    let x = y.broadcast_to(&[16, 2]);
    let grads = training(&mut other, &mut rng(2), |other| other.forward(&x)).sum().backward();
    assert!(grads.get(&student.fc1.weight).is_some() && grads.get(&other.fc2.weight).is_some());
    assert_eq!((count(&student), count(&other)), (2.0, 1.0));
}

#[test]
fn a_panic_leaves_model_and_thread_as_they_were() {
    let (x, y) = data(16);
    let mut model = model(0.5);
    let (before, mut rng) = (model.state_dict(), rng(1));
    for _ in 0..2 {
        let panics = AssertUnwindSafe(|| {
            training(&mut model, &mut rng, |model| {
                model.forward(&x);
                mse(&model.forward(&x), &y.t())
            })
        });
        assert!(catch_unwind(panics).is_err());
        assert_eq!(model.state_dict(), before);
    }
    training(&mut model, &mut rng, |model| model.forward(&x));
    assert_eq!(count(&model), 1.0);
}

#[test]
fn two_threads_train_two_models() {
    let train = |seed: u64| {
        let (x, y) = data(32);
        let (mut model, mut rng) = (model(0.5), rng(seed));
        let mut opt = Optimizer::new(Sgd { lr: 0.1, ..Sgd::default() });
        for _ in 0..50 {
            let loss = training(&mut model, &mut rng, |model| mse(&model.forward(&x), &y));
            opt.step(&mut model, &loss.backward());
        }
        model.state_dict()
    };
    let together = std::thread::scope(|scope| [1, 2].map(|seed| scope.spawn(move || train(seed))).map(|t| t.join()));
    for (seed, together) in [1, 2].into_iter().zip(together) {
        assert_eq!(together.unwrap(), train(seed), "the same as alone");
    }
}
