//! A program: tensors, operations on them, derivatives to second order, changes in place, optimizer steps. It may
//! misuse the library in any way; a misuse must panic, and then the program continues.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use downhill_kernels::{Level, at_most};
use downhill_optim::{Adam, Optimizer, Sgd};
use downhill_tensor::{Float, Tensor, grad, hvp, jacobian, jvp, no_grad, vjp};

use crate::panics;
use crate::random::Random;
use crate::shapes::{self, SMALL};
use crate::steps::{made, step};

/// The outcome of a program: how many steps it had, and how many of them panicked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// All steps.
    pub steps: u64,
    /// Those that ended in a panic.
    pub panics: u64,
}

/// Runs the program with this number. Panics if a tensor is inconsistent, or if the message of a step's panic shows a
/// bug of the library rather than misuse.
pub fn run(seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let level = random.pick(&[Level::Avx512, Level::Avx512, Level::Avx2, Level::Baseline]);
    at_most(level, || if random.once_in(2) { program::<f32>(&mut random) } else { program::<f64>(&mut random) })
}

fn program<F: Float>(random: &mut Random) -> Outcome {
    let mut pool: Vec<Tensor<F>> = vec![Tensor::param([F::one(), F::from_f64(-2.0)])];
    let mut outcome = Outcome::default();
    for count in 0..4 + random.below(12) {
        outcome.steps += 1;
        let result = catch_unwind(AssertUnwindSafe(|| match random.below(12) {
            _ if count < 3 => made(random),
            0 | 1 => derivatives(random, &pool),
            2 => changed(random, &pool),
            _ => step(random, &pool),
        }));
        let Ok(results) = result else {
            outcome.panics += 1;
            panics::examine();
            continue;
        };
        for tensor in results {
            check(&tensor);
            if tensor.len() <= SMALL && tensor.shape().iter().all(|&n| n <= SMALL || n >= shapes::ABSURD) {
                pool.push(tensor);
            }
        }
        if pool.len() > 12 {
            pool.drain(..random.below(pool.len() - 1));
        }
    }
    outcome
}

/// Checks that shape, length and elements of a tensor agree, and that every element can be read.
fn check<F: Float>(tensor: &Tensor<F>) {
    assert!(tensor.ndim() <= downhill_tensor::MAX_AXES, "CONTRADICTION: {} axes", tensor.ndim());
    assert_eq!(shapes::elements(tensor.shape()), tensor.len() as u128, "CONTRADICTION: {:?}", tensor.shape());
    let view = tensor.view();
    assert_eq!(view.shape(), tensor.shape(), "CONTRADICTION");
    assert_eq!(view.len(), tensor.len(), "CONTRADICTION");
    if let Some(slice) = tensor.as_slice() {
        assert_eq!(slice.len(), tensor.len(), "CONTRADICTION");
    }
    let elements = tensor.to_vec();
    assert_eq!(elements.len(), tensor.len(), "CONTRADICTION: {:?}", tensor.shape());
    black_box(elements.iter().fold(F::zero(), |sum, &x| sum + x));
}

fn derivatives<F: Float>(random: &mut Random, pool: &[Tensor<F>]) -> Vec<Tensor<F>> {
    let (y, x) = (random.pick(pool), random.pick(pool));
    match random.below(8) {
        0 => {
            let gradients = y.sum().backward();
            gradients.iter().for_each(check);
            gradients.iter().cloned().collect()
        }
        1 => no_grad(|| step(random, pool)),
        2 => grad(&y, [&x]).to_vec(),
        3 => {
            let [slope] = grad(&y.square().sum(), [&x]);
            let [curvature] = grad(&slope.sum(), [&x]);
            vec![slope, curvature]
        }
        4 => vjp(&y, [&x], &random.pick(pool)).to_vec(),
        5 => vec![jvp(&y, [&x], [&random.pick(pool)])],
        6 => vec![hvp(&y.square().sum(), &x, &random.pick(pool))],
        _ if y.len() <= 12 => vec![jacobian(&y, &x)],
        _ => Vec::new(),
    }
}

/// Tensors changed in place, by hand and by an optimizer.
fn changed<F: Float>(random: &mut Random, pool: &[Tensor<F>]) -> Vec<Tensor<F>> {
    let (mut x, y) = (random.pick(pool), random.pick(pool));
    let value = F::from_f64(random.element());
    match random.below(6) {
        0 => x.assign(y),
        1 => x.data_mut().iter_mut().for_each(|x| *x = value),
        2 => x.as_mut_slice().iter_mut().for_each(|x| *x = value),
        3 => {
            let mut owned = ndarray::ArrayD::from(x);
            owned.iter_mut().for_each(|x| *x = value);
            x = Tensor::from(owned);
        }
        _ => {
            let mut model: Vec<Tensor<F>> = pool.iter().filter(|x| x.is_param()).cloned().collect();
            let mut gradients = y.sum().backward();
            for parameter in &model {
                if gradients.get(parameter).is_none() || random.once_in(8) {
                    gradients.set(parameter, random.pick(&[parameter.detach(), x.detach()]));
                }
            }
            let mut optimizer = if random.once_in(2) {
                Optimizer::new(Adam::default())
            } else {
                Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() })
            };
            for _ in 0..2 {
                optimizer.step(&mut model, &gradients);
            }
            return model;
        }
    }
    vec![x]
}
