//! User-defined operations, also broken ones: with results of any shape and layout, and derivatives of the wrong shape.

use downhill_tensor::{Elements, Elementwise, Float, Op, OpMany, Tensor, apply, apply_many, elementwise};

use crate::arrays;
use crate::random::Random;

struct Weird(u64);

impl<F: Float> Op<F, 2> for Weird {
    fn name(&self) -> &'static str {
        "weird"
    }

    fn forward(&mut self, [x, _]: [&Elements<F>; 2]) -> Elements<F> {
        let x = x.view();
        let mut random = Random::new(self.0);
        if random.once_in(2) { arrays::owned(&mut random) } else { x.to_owned() }.into()
    }

    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; 2], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match self.0 % 4 {
            0 => dy.clone(),
            1 => y.clone(),
            2 => inputs[1 - wrt].clone(),
            _ => inputs[wrt].clone(),
        }
    }
}

/// Returns one of its inputs, sharing its memory.
struct Shared(u64);

impl<F: Float> Op<F, 2> for Shared {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn forward(&mut self, inputs: [&Elements<F>; 2]) -> Elements<F> {
        inputs[self.0 as usize % 2].clone()
    }

    fn vjp(&self, wrt: usize, [x, y]: [&Tensor<F>; 2], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        if wrt == self.0 as usize % 2 { dy.clone() } else { (x + y) * F::zero() }
    }
}

struct Form;

impl<F: Float> Elementwise<F, 2> for Form {
    fn name(&self) -> &'static str {
        "form"
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        a * b + a
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        if wrt == 0 { dy * (b + F::one()) } else { dy * a }
    }
}

struct First;

impl<F: Float> OpMany<F> for First {
    fn name(&self) -> &'static str {
        "first"
    }

    fn forward(&mut self, inputs: &[&Elements<F>]) -> Elements<F> {
        inputs[0].clone()
    }

    fn vjp(&self, _: usize, _: &[Tensor<F>], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy.clone()
    }
}

pub(crate) fn apply_one<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Vec<Tensor<F>> {
    let number = random.next();
    vec![match random.below(4) {
        0 => apply(Weird(number), [x, y]),
        1 => apply(Shared(number), [x, y]),
        2 if x.shape() == y.shape() || y.len() == 1 => elementwise(Form, [x, y]),
        _ => apply_many(First, &[x, x, y]),
    }]
}
