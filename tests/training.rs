//! Complete training runs: networks learn what they should, the same seed gives bitwise identical results, and a run in
//! PyTorch is reproduced step by step.

use downhill::data::toy::{Blobs, Moons, Spiral, Xor};
use downhill::optim::{Lbfgs, LrRangeTest, clip_grad_norm};
use downhill::prelude::*;
use downhill_tests::golden;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Trains a network with two hidden layers of 16 with Adam and returns its accuracy on unseen points.
fn accuracy_on_new_points<F: Float>(set: TensorDataset<F>, classes: usize, epochs: usize) -> f64 {
    let mut rng = rng(1);
    let (train, test) = set.split(0.75, &mut rng);
    let inputs = set.features.shape()[1];
    let mut model = Mlp::<F>::new(&[inputs, 16, 16, classes], Tanh, &mut rng);
    let mut opt = Optimizer::new(Adam { lr: 0.01, ..Adam::default() });
    for _ in 0..epochs {
        for (points, labels) in train.batches(16).shuffled(&mut rng) {
            let loss = cross_entropy(&model.forward(&points), &labels);
            opt.step(&mut model, &loss.backward());
        }
    }
    accuracy(&no_grad(|| model.forward(&test.features)), &test.targets)
}

/// With noise of 0.1 there is still a gap between the moons.
#[test]
fn moons() {
    let set = Moons { samples: 400, noise: 0.1, ..Moons::default() };
    let single = accuracy_on_new_points::<f32>(set.generate(&mut rng(2)), 2, 40);
    let double = accuracy_on_new_points::<f64>(set.generate(&mut rng(2)), 2, 40);
    assert!(single >= 0.98 && double >= 0.98, "{single} {double}");
}

#[test]
fn spiral() {
    let set = Spiral { arms: 3, ..Spiral::default() };
    let found = accuracy_on_new_points::<f64>(set.generate(&mut rng(3)), 3, 150);
    assert!(found >= 0.93, "{found}");
}

#[test]
fn blobs() {
    let found = accuracy_on_new_points::<f64>(Blobs { samples: 300, ..Blobs::default() }.generate(&mut rng(4)), 3, 20);
    assert!(found >= 0.97, "{found}");
}

/// All four corners (XOR), which no linear model can learn.
#[test]
fn xor_needs_a_hidden_layer() {
    let set: TensorDataset<f64> = Xor::default().generate(&mut rng(5));
    let fit = |sizes: &[usize]| {
        let mut model = Mlp::<f64>::new(sizes, Tanh, &mut rng(6));
        let mut opt = Optimizer::new(Adam { lr: 0.05, ..Adam::default() });
        for _ in 0..300 {
            let loss = cross_entropy(&model.forward(&set.features), &set.targets);
            opt.step(&mut model, &loss.backward());
        }
        accuracy(&no_grad(|| model.forward(&set.features)), &set.targets)
    };
    assert_eq!(fit(&[2, 4, 2]), 1.0);
    assert!(fit(&[2, 2]) <= 0.75);
}

#[test]
fn a_quarter_of_mnist_in_one_epoch() {
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist")).unwrap();
    let mut rng = rng(7);
    let (train, _) = mnist.train.split(15_000, &mut rng);
    let mut model: Mlp = Mlp::new(&[784, 32, 10], Relu, &mut rng);
    let mut opt = Optimizer::new(Sgd { lr: 0.05, momentum: 0.9, ..Sgd::default() });
    for (images, labels) in train.batches(32).shuffled(&mut rng) {
        let loss = cross_entropy(&model.forward(&images), &labels);
        opt.step(&mut model, &loss.backward());
    }
    let found = accuracy(&no_grad(|| model.forward(&mnist.test.images())), &mnist.test.labels());
    assert!(found >= 0.90, "{found}");
}

/// Every loss and every final weight of a training run, as bits.
fn bits_of_a_training<F: Float>(seed: u64) -> Vec<u64> {
    let mut rng = rng(seed);
    let set: TensorDataset<F> = Moons { samples: 100, noise: 0.2, ..Moons::default() }.generate(&mut rng);
    let mut model = Mlp::<F>::new(&[2, 8, 2], Relu, &mut rng);
    let mut opt = Optimizer::new(Adam::default());
    let mut scheduler = Scheduler::new(CosineAnnealingLr { t_max: 5, ..CosineAnnealingLr::default() }, &mut opt);
    let mut numbers = Vec::new();
    for _ in 0..5 {
        for (points, labels) in set.batches(8).shuffled(&mut rng) {
            let loss = cross_entropy(&model.forward(&points), &labels);
            numbers.push(loss.item().as_f64());
            opt.step(&mut model, &loss.backward());
        }
        scheduler.step(&mut opt);
    }
    numbers.extend(model.named_params().iter().flat_map(|(_, tensor)| tensor.to_vec()).map(F::as_f64));
    numbers.into_iter().map(f64::to_bits).collect()
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_others() {
    assert_eq!(bits_of_a_training::<f32>(8), bits_of_a_training::<f32>(8));
    assert_eq!(bits_of_a_training::<f64>(8), bits_of_a_training::<f64>(8));
    assert_ne!(bits_of_a_training::<f32>(8), bits_of_a_training::<f32>(9));
    assert_ne!(bits_of_a_training::<f64>(8), bits_of_a_training::<f64>(9));
}

#[derive(Params)]
struct Network<F: Float> {
    fc1: Linear<F>,
    fc2: Linear<F>,
}

impl<F: Float> Module<F> for Network<F> {
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.fc2.forward(&self.fc1.forward(x).relu())
    }
}

/// A run of `data/golden/torch_mlp.json`: the gradients of the first step, the loss before each of the 20 steps, and
/// the weights after the last.
fn follow<F: Float>(file: &Value, run: &Value, tolerance: f64) {
    let what = run["optimizer"].as_str().unwrap();
    let layer = |name: &str| Linear {
        weight: Tensor::param(golden::tensor::<F>(&file["start"][format!("{name}.weight")])),
        bias: Some(Tensor::param(golden::tensor::<F>(&file["start"][format!("{name}.bias")]))),
    };
    let mut model = Network { fc1: layer("fc1"), fc2: layer("fc2") };
    let (inputs, labels) =
        (golden::tensor::<F>(&file["inputs"]), golden::indices(&file["labels"]).into_raw_vec_and_offset().0);
    let mut opt = Optimizer::new(rule::<F>(run));
    let losses: Vec<f64> = golden::list(&run["losses"]).iter().map(golden::float).collect();
    assert_eq!(losses.len(), 21);

    for (step, theirs) in losses.iter().enumerate() {
        let loss = cross_entropy(&model.forward(&inputs), &labels);
        let ours = loss.item().as_f64();
        assert!((ours - theirs).abs() <= tolerance, "{what}, loss {step}: {ours}, not {theirs}");
        if step == 20 {
            break;
        }
        let mut grads = loss.backward();
        if step == 0 {
            for (path, param) in model.params() {
                let theirs = golden::tensor::<F>(&run["first_gradients"][&path]);
                let floor = golden::largest(&theirs);
                golden::assert_close(&grads[param], &theirs, tolerance, floor, || {
                    format!("{what}, gradient of {path}")
                });
            }
        }
        if let Some(max_norm) = run["clip_grad_norm"].as_f64() {
            clip_grad_norm(&mut grads, max_norm);
        }
        opt.step(&mut model, &grads);
    }
    for (path, param) in model.params() {
        let theirs = golden::tensor::<F>(&run["weights"][&path]);
        golden::assert_close(param, &theirs, tolerance, golden::largest(&theirs), || format!("{what}, final {path}"));
    }
}

/// A range test in the middle of training: the loss falls during the test, and training continues as if it had not been
/// run.
fn leaves_no_trace<F: Float, M: Params<F> + Clone>(
    mut model: M,
    mut opt: Optimizer<F>,
    mut batches: impl Iterator<Item = usize>,
    loss: impl Fn(&M, usize) -> Tensor<F>,
) {
    opt.step_with(&mut model, |model| loss(model, 0));
    let ids = |model: &M| model.params().map(|(_, tensor)| tensor.id()).collect::<Vec<_>>();
    let (mut twin, mut twin_opt, ids_before) = (model.clone(), opt.clone(), ids(&model));

    let test = LrRangeTest { start: 1e-5, steps: 60, ..LrRangeTest::default() };
    let curve = test.run(&mut model, &opt, |model| loss(model, batches.next().expect("endless batches")));
    assert!(curve.points.len() > 20 && curve.suggestion().is_some(), "{curve:?}");
    assert!(model.state_dict() == twin.state_dict() && ids(&model) == ids_before);
    assert!(opt.state_dict() == twin_opt.state_dict());

    for batch in 1..3 {
        opt.step_with(&mut model, |model| loss(model, batch));
        twin_opt.step_with(&mut twin, |twin| loss(twin, batch));
    }
    assert!(model.state_dict() == twin.state_dict() && opt.state_dict() == twin_opt.state_dict());
}

/// For various element types, models, loaders and rules, including one with groups and one that evaluates the loss
/// itself.
#[test]
fn a_range_test_leaves_no_trace() {
    let mut rng = rng(8);
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist")).unwrap();
    let batches: Vec<_> = mnist.test.batches(64).shuffled(&mut rng).take(20).collect();
    let loss = |model: &Mlp, i: usize| cross_entropy(&model.forward(&batches[i].0), &batches[i].1);
    let rule = AdamW::default();
    let opt = Optimizer::new(rule.clone()).with_group("*.bias", AdamW { weight_decay: 0.0, lr: 1e-2, ..rule });
    leaves_no_trace(Mlp::new(&[784, 16, 10], Relu, &mut rng), opt, (0..20).cycle(), loss);

    let moons: TensorDataset<f64> = Moons::default().generate(&mut rng);
    let batches: Vec<_> = moons.batches(10).drop_last().collect();
    type Pair = (Linear<f64>, Linear<f64>);
    let loss = |(a, b): &Pair, i: usize| cross_entropy(&b.forward(&a.forward(&batches[i].0).tanh()), &batches[i].1);
    let model: Pair = (Linear::new(2, 8, &mut rng), Linear::new(8, 2, &mut rng));
    leaves_no_trace(model.clone(), Optimizer::new(Lbfgs { max_iter: 2, ..Lbfgs::default() }), (0..10).cycle(), loss);
    let mut frozen = model;
    frozen.freeze("0.bias");
    leaves_no_trace(frozen, Optimizer::new(Sgd { momentum: 0.9, ..Sgd::default() }), (0..10).cycle(), loss);
}

/// Our counterpart of PyTorch's optimizer and options.
fn rule<F: Float>(run: &Value) -> Box<dyn Rule<F>> {
    let mut rule: Box<dyn Rule<F>> = run["optimizer"].as_str().unwrap().parse().unwrap();
    for (option, value) in run["options"].as_object().unwrap() {
        rule.set_option(option, &value.to_string()).unwrap();
    }
    rule
}

#[test]
fn a_training_in_pytorch_is_followed_step_by_step() {
    let file = golden::file("torch_mlp.json");
    let runs = golden::records(&file, "runs", 6);
    for run in runs {
        match run["dtype"].as_str() {
            // Measured: 1e-15 and 4e-7; products without fused multiply-add round differently in every step.
            None => follow::<f64>(&file, run, 2e-14),
            Some("f32") => follow::<f32>(&file, run, 2e-6),
            Some(other) => panic!("unknown dtype {other}"),
        }
    }
}
