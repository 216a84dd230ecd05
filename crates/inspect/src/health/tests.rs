use downhill_nn::{Linear, Module, Relu, Sequential, Tanh};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;

/// A step of gradient descent; returns the gradients.
fn step(health: &mut Health, model: &mut Sequential<f64>, x: &Tensor<f64>, lr: f64) -> Gradients<f64> {
    let loss = model.forward(x).square().sum();
    health.forward(&loss, model);
    let grads = loss.backward();
    for (_, mut w) in model.params_mut() {
        w.assign(&*w - &grads[&*w] * lr);
    }
    health.update(model, &grads);
    grads
}

/// Two inputs, four units, of which `dead` never give more than 0.
fn half_dead(dead: usize) -> (Sequential<f64>, Tensor<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut first: Linear<f64> = Linear::new(2, 4, &mut rng);
    first.weight = Tensor::param([[1.0, 0.5], [0.5, 1.0], [0.25, 0.5], [1.0, 1.0]]);
    let bias: Vec<f64> = (0..4).map(|unit| if unit < dead { -100.0 } else { 0.5 }).collect();
    first.bias = Some(Tensor::param(bias));
    let model = Sequential::new().then(first).then(Relu).then(Linear::new(4, 1, &mut rng));
    (model, Tensor::from([[1.0, 2.0], [0.5, 1.0], [2.0, 0.25]]))
}

#[test]
fn dead_units_are_dead_after_a_while() {
    let (mut model, x) = half_dead(3);
    let mut health = Health { every: 10, patience: 30, ..Health::default() };
    for count in 1..=40 {
        step(&mut health, &mut model, &x, 1e-4);
        let report = health.report();
        assert_eq!(report.activations.len(), 1);
        let ActivationHealth { name, zero, dead, .. } = &report.activations[0];
        assert_eq!((name.as_str(), *zero), ("0 relu", 0.75), "step {count}");
        // Seen at the steps 1, 11, 21 and 31: 30 steps after the first.
        assert_eq!(*dead, if count >= 31 { 0.75 } else { 0.0 }, "step {count}");
        assert_eq!(report.warnings.iter().any(|w| w.starts_with("0 relu: 75 % of units have been dead")), count >= 31);
    }
    // A unit that comes back to life is not dead.
    let mut alive = Health { every: 1, patience: 2, ..Health::default() };
    (0..3).for_each(|_| drop(step(&mut alive, &mut model, &x, 0.0)));
    assert_eq!(alive.report().activations[0].dead, 0.75);
    let (mut other, _) = half_dead(1);
    step(&mut alive, &mut other, &x, 0.0);
    assert_eq!((alive.report().activations[0].zero, alive.report().activations[0].dead), (0.25, 0.25));
}

/// Against norms computed here.
#[test]
fn norms_and_ratios() {
    let (mut model, x) = half_dead(0);
    let mut health = Health { every: 2, ..Health::default() };
    let of = |model: &Sequential<f64>| model.params().map(|(_, w)| w.to_vec()).collect::<Vec<_>>();
    let before = of(&model);
    let grads = step(&mut health, &mut model, &x, 0.01);
    let after = of(&model);
    let report = health.report();
    let norm = |values: Vec<f64>| values.iter().map(|x| x * x).sum::<f64>().sqrt();
    for (((parameter, (path, w)), before), after) in report.parameters.iter().zip(model.params()).zip(before).zip(after)
    {
        assert_eq!(parameter.name, path);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * b.max(1.0), "{path}: {a}, not {b}");
        close(parameter.gradient.expect("trained"), norm(grads[w].to_vec()));
        close(parameter.weight, norm(before.clone()));
        let moved = norm(before.iter().zip(&after).map(|(a, b)| a - b).collect());
        close(parameter.update, moved / norm(before));
    }
    // Not looked at: the report stays as it was.
    step(&mut health, &mut model, &x, 0.01);
    assert_eq!(health.report().parameters, report.parameters);
    step(&mut health, &mut model, &x, 0.01);
    assert!(health.report().parameters != report.parameters);
}

#[test]
fn warnings_in_words() {
    let warned = |mut model: Sequential<f64>, x: &Tensor<f64>, lr: f64| {
        let mut health = Health { every: 1, ..Health::default() };
        step(&mut health, &mut model, x, lr);
        health.report().warnings
    };
    let (model, x) = half_dead(0);
    assert_eq!(warned(model, &x, 1e-3), [] as [&str; 0]);
    let (model, x) = half_dead(0);
    assert!(
        warned(model, &x, 1.0)
            .iter()
            .any(|w| w.contains("0.weight: the update is") && w.ends_with("smaller learning rate"))
    );
    let (model, x) = half_dead(0);
    assert!(
        warned(model, &x, 1e-12)
            .iter()
            .any(|w| w.contains("0.weight: the update is") && w.ends_with("larger learning rate"))
    );
    let (model, _) = half_dead(0);
    let nan = warned(model, &Tensor::from([[f64::NAN, 1.0]]), 1e-3);
    assert!(nan.iter().any(|w| w.starts_with("0.weight: the norm of the gradient is NaN")), "{nan:?}");
    let (model, x) = half_dead(4);
    assert!(warned(model, &x, 1e-3).iter().any(|w| w.starts_with("0.weight: the gradient is 0")));
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut first: Linear<f64> = Linear::new(2, 4, &mut rng);
    first.weight = Tensor::full(&[4, 2], 50.0);
    first.weight = Tensor::param(&first.weight);
    let model = Sequential::new().then(first).then(Tanh).then(Linear::new(4, 1, &mut rng));
    let saturated = warned(model, &x, 1e-3);
    assert!(saturated[0].starts_with("0 tanh: 100 % of the outputs are saturated"), "{saturated:?}");
}

#[test]
fn printed_and_saved() {
    let (mut model, x) = half_dead(2);
    let mut health = Health { every: 1, patience: 0, bins: 3, ..Health::default() };
    step(&mut health, &mut model, &x, 1e-3);
    let report = health.report();
    let text = report.to_string();
    assert!(text.starts_with("step 1\nparameter    gradient     weight  update/weight\n0.weight "), "{text}");
    assert!(text.contains("\n0 relu           50 %       50 %            0 %  0 █"), "{text}");
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<HealthReport>(&json).unwrap(), report);
}

/// Without parameters with names, without elements, and without anything.
#[test]
fn hostile_networks() {
    let mut health = Health { every: 0, ..Health::default() };
    let w = Tensor::<f32>::param(2.0);
    health.forward(&w.relu().exp(), &());
    health.update(&(), &w.square().backward());
    assert_eq!((health.report().parameters.len(), health.report().activations.len()), (0, 0));
    let w = Tensor::<f32>::param(Tensor::zeros(&[2, 0]));
    let loss = (Tensor::<f32>::zeros(&[0, 2]).matmul(&w)).relu().sum();
    health.forward(&loss, &w);
    health.update(&w, &loss.backward());
    assert_eq!(health.report().activations[0].zero, 0.0);
}
