//! Configuration J: a GRU reads a sequence, and a linear layer on its last state predicts a number.

use downhill::nn::Gru;
use downhill::prelude::*;
use downhill::rng;

use crate::Options;
use crate::generator::SplitMix64;
use crate::measured::Measured;
use crate::train::{evaluate, start, train as train_on};

const COUNT: usize = 3200;
const STEPS: usize = 20;
const FEATURES: usize = 8;

#[derive(Params)]
struct Network {
    gru: Gru,
    head: Linear,
}

impl Network {
    fn loss(&self, (x, y): &(Tensor, Tensor)) -> Tensor {
        let (_, h) = self.gru.forward(x, None);
        mse(&self.head.forward(&h.select(0, 0)), y)
    }
}

/// Random sequences `[20, 3200, 8]`, and a quarter of the sum of the first feature, `[3200, 1]`.
struct Sequences {
    x: Tensor,
    y: Tensor,
}

impl Sequences {
    fn new() -> Self {
        let x = SplitMix64(3).uniform(STEPS * COUNT * FEATURES, 1);
        let sum = |i: usize| (0..STEPS).map(|t| f64::from(x[(t * COUNT + i) * FEATURES])).sum::<f64>();
        let y: Vec<f32> = (0..COUNT).map(|i| (sum(i) / 4.0) as f32).collect();
        Sequences { x: Tensor::from(x).reshape(&[STEPS, COUNT, FEATURES]), y: Tensor::from(y).reshape(&[COUNT, 1]) }
    }
}

impl Dataset for Sequences {
    type Batch = (Tensor, Tensor);

    fn len(&self) -> usize {
        COUNT
    }

    fn gather(&self, indices: &[usize]) -> Self::Batch {
        (self.x.index_select(1, indices), self.y.index_select(0, indices))
    }
}

pub(crate) fn train(options: &Options) -> Measured {
    let (data, rng) = (Sequences::new(), &mut rng(1));
    let mut model = Network { gru: Gru::new(FEATURES, 32, rng), head: Linear::new(32, 1, rng) };
    start(&mut model, &[32; 6]);
    let measured = train_on(options, (&data, 16), &mut model, Adam::default(), |model, batch| model.loss(batch));
    Measured { train_loss: evaluate(&data, 320, 16, |batch| model.loss(batch)), ..measured }
}
