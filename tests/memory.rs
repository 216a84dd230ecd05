//! No memory leaks: the live memory after 10,000 steps equals that after 100 steps, to the byte, with backward and
//! without. And the memory of a graph is linear in the number of operations.

use downhill::nn::{Mlp, Module, Relu, cross_entropy};
use downhill::optim::{Adam, Optimizer, Sgd};
use downhill::{Gradients, Params, Tensor, grad, no_grad};
use downhill_kernels::counting::CountingAllocator;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const STEPS: usize = 10_000;

/// Runs `step` 10,000 times; returns the live bytes after 100 steps and at the end.
fn live(mut step: impl FnMut(usize)) -> (isize, isize) {
    let mut after_100 = 0;
    for i in 0..STEPS {
        if i == 100 {
            after_100 = CountingAllocator::live();
        }
        step(i);
    }
    (after_100, CountingAllocator::live())
}

#[track_caller]
fn assert_flat(step: impl FnMut(usize)) {
    let (after_100, after_all) = live(step);
    assert!(after_100 == after_all, "{} bytes more after {STEPS} steps than after 100", after_all - after_100);
}

struct Setting {
    model: Mlp,
    x: Tensor,
    labels: Vec<usize>,
}

fn setting() -> Setting {
    let model = Mlp::new(&[4, 8, 3], Relu, &mut ChaCha8Rng::seed_from_u64(1));
    let x = Tensor::from([[0.1, -0.2, 0.3, 0.4], [1.0, 0.5, -0.5, 0.0], [-1.0, 0.2, 0.7, -0.3]]);
    Setting { model, x, labels: vec![0, 1, 2] }
}

impl Setting {
    fn loss(&self) -> Tensor {
        cross_entropy(&self.model.forward(&self.x), &self.labels)
    }
}

#[test]
fn training() {
    let mut setting = setting();
    let mut opt = Optimizer::new(Sgd { lr: 0.01, momentum: 0.9, ..Sgd::default() });
    assert_flat(|_| {
        let grads = setting.loss().backward();
        opt.step(&mut setting.model, &grads);
    });
}

#[test]
fn training_with_adam_and_accumulated_gradients() {
    let mut setting = setting();
    let mut opt = Optimizer::new(Adam::default());
    let mut sum = Gradients::default();
    assert_flat(|i| {
        sum += setting.loss().backward();
        if i % 4 == 3 {
            opt.step(&mut setting.model, &sum);
            sum = Gradients::default();
        }
    });
}

#[test]
fn forward_without_backward() {
    let setting = setting();
    assert_flat(|_| drop(setting.loss()));
}

#[test]
fn forward_in_no_grad() {
    let setting = setting();
    assert_flat(|_| drop(no_grad(|| setting.loss())));
}

/// Gradients of gradients, used and unused: the graph of the first backward pass refers to that of the forward pass and
/// to its own results.
#[test]
fn second_order() {
    let x = Tensor::param([0.5_f64, -1.0, 2.0]);
    assert_flat(|i| {
        let [slope] = grad(&(x.sigmoid() * x.exp()).sum(), [&x]);
        if i % 2 == 0 {
            drop(slope.square().sum().backward());
        }
    });
}

#[test]
fn assigned_parameters() {
    let mut w = Tensor::param([0.5_f64, -1.0]);
    assert_flat(|_| {
        let grads = w.square().sum().backward();
        w.assign(&w - 1e-3 * &grads[&w]);
    });
    assert_eq!(w.num_params(), 2);
}

/// A loop that carries a result along must detach it; that memory grows otherwise shows that the counter works.
#[test]
fn what_is_carried_on_grows_unless_detached() {
    let w = Tensor::param(1.0_f64);
    let mut state = Tensor::from(0.0);
    assert_flat(|_| state = (&state * 0.5 + &w).detach());
    let mut state = Tensor::from(0.0);
    let (after_100, after_all) = live(|_| state = &state * 0.5 + &w);
    assert!(after_all - after_100 > 2 * 32 * (STEPS - 100) as isize, "{}", after_all - after_100);
}

/// Losses and logits that are kept cost only their own memory: no record, no batch, no labels, no copy of the weights.
#[test]
fn kept_losses_and_logits() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut model: Mlp = Mlp::new(&[300, 300, 10], Relu, &mut rng);
    let labels: Vec<usize> = (0..64).map(|i| i % 10).collect();
    let mut opt = Optimizer::new(Sgd { lr: 0.01, momentum: 0.9, ..Sgd::default() });
    let (mut losses, mut all_logits) = (Vec::with_capacity(1000), Vec::with_capacity(1000));
    let mut addresses = Vec::new();
    let mut step = || {
        let x = Tensor::<f32>::full(&[64, 300], 0.1);
        let hidden = model.layers[0].forward(&x).relu();
        let logits = model.layers[1].forward(&hidden);
        let loss = cross_entropy(&logits, &labels);
        losses.push(loss.clone());
        all_logits.push(logits);
        let grads = loss.backward();
        opt.step(&mut model, &grads);
        addresses.push((model.layers[0].weight.as_slice().unwrap().as_ptr(), model.layers[0].weight.id()));
    };
    (0..10).for_each(|_| step());
    let before = CountingAllocator::live();
    (0..100).for_each(|_| step());
    let each = (CountingAllocator::live() - before) / 100;
    assert!(addresses.iter().all(|address| *address == addresses[0]), "an update has copied the weights");
    // The logits themselves are 64 × 10 × 4 bytes; the model has 372,040.
    assert!((2560..2560 + 1024).contains(&each), "{each} bytes per step");
}

/// The same with an update by hand: `w` stays in place.
#[test]
fn kept_losses_of_an_update_by_hand() {
    let mut w = Tensor::param(vec![0.5_f64; 10_000]);
    let mut losses = Vec::with_capacity(1000);
    let mut step = || {
        let loss = w.square().sum();
        losses.push(loss.clone());
        let grads = loss.backward();
        w.assign(&w - 1e-3 * &grads[&w]);
    };
    (0..10).for_each(|_| step());
    let before = CountingAllocator::live();
    (0..100).for_each(|_| step());
    let each = (CountingAllocator::live() - before) / 100;
    assert!((64..512).contains(&each), "{each} bytes per step");
}

/// Tied weights are updated in place, too.
#[test]
fn training_of_tied_weights() {
    let shared = Tensor::param(vec![0.5_f32; 100]);
    let mut model = (shared.clone(), shared);
    let mut opt = Optimizer::new(Adam::default());
    assert_flat(|_| {
        let grads = (&model.0 * &model.1).sum().backward();
        opt.step(&mut model, &grads);
    });
}

/// The peak memory of a chain of `operations`, recorded, differentiated and dropped, and what is left afterwards.
fn taken_by_a_chain_of(operations: usize) -> (isize, isize) {
    let before = CountingAllocator::live();
    let ((), peak) = CountingAllocator::peak(|| {
        let x = Tensor::param([0.5_f64, 1.0, 1.5, 2.0]);
        let y = (0..operations / 2).fold(x.clone(), |y, _| (y * 0.999).tanh()).sum();
        assert!(y.backward()[&x].view().iter().all(|slope| slope.is_finite()));
    });
    (peak as isize, CountingAllocator::live() - before)
}

/// Forward and backward together: the backward walk frees what it has passed.
#[test]
fn a_graph_of_a_million_operations_takes_ten_times_what_a_tenth_of_it_takes() {
    const OPERATIONS: usize = 1_000_000;
    let (tenth, _) = taken_by_a_chain_of(OPERATIONS / 10);
    let (all, left) = taken_by_a_chain_of(OPERATIONS);
    let ratio = all as f64 / tenth as f64;
    assert!((9.9..10.1).contains(&ratio), "{all} bytes for a million operations, {tenth} for a tenth of them");
    let each = all / OPERATIONS as isize;
    assert!((64..=512).contains(&each), "{each} bytes per operation");
    assert!(left == 0, "{left} bytes are left");
}
