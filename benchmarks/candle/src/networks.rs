//! Networks F to J, of candle's layers where it has them: there is no block of a transformer to train, so that of H is
//! written with tensor operations, as candle's own models are.

use std::collections::HashMap;

use candle_core::{D, DType, Result, Tensor, Var};
use candle_nn::loss::{cross_entropy, mse};
use candle_nn::ops::{layer_norm_slow, softmax};
use candle_nn::rnn::{GRUConfig, LSTMConfig, RNN, gru, lstm};
use candle_nn::{
    AdamW, BatchNorm, Conv2d, Conv2dConfig, Dropout, Embedding, Linear, Module, ModuleT, Optimizer, ParamsAdamW,
    VarBuilder,
};
use comparison::networks::{FEATURES, LENGTH, SAMPLES, STEPS, SYMBOLS, Sequences, Text, Weights, train_loss};
use comparison::{Measured, Mnist, Options};

use crate::{CPU, Momentum, adam, evaluate_with, gather};

/// The variables of a network, made in PyTorch's order.
struct Variables {
    weights: Weights,
    all: Vec<Var>,
}

impl Variables {
    fn new() -> Self {
        Variables { weights: Weights::new(), all: Vec::new() }
    }

    fn keep(&mut self, numbers: Vec<f32>, shape: &[usize]) -> Result<Tensor> {
        let var = Var::from_vec(numbers, shape, &CPU)?;
        self.all.push(var.clone());
        Ok(var.as_tensor().clone())
    }

    fn draw(&mut self, shape: &[usize], fan_in: usize) -> Result<Tensor> {
        let numbers = self.weights.draw(shape.iter().product(), fan_in);
        self.keep(numbers, shape)
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Result<Linear> {
        Ok(Linear::new(self.draw(&[outputs, inputs], inputs)?, Some(self.draw(&[outputs], inputs)?)))
    }

    fn convolution(&mut self, inputs: usize, outputs: usize) -> Result<Conv2d> {
        let weight = self.draw(&[outputs, inputs, 3, 3], 9 * inputs)?;
        let bias = self.draw(&[outputs], 9 * inputs)?;
        Ok(Conv2d::new(weight, Some(bias), Conv2dConfig { padding: 1, ..Conv2dConfig::default() }))
    }

    /// Scale and shift of a normalization.
    fn norm(&mut self, features: usize) -> Result<(Tensor, Tensor)> {
        Ok((self.keep(vec![1.0; features], &[features])?, self.keep(vec![0.0; features], &[features])?))
    }

    fn batch_norm(&mut self, features: usize) -> Result<BatchNorm> {
        let (weight, bias) = self.norm(features)?;
        let (mean, var) = (Tensor::zeros(features, DType::F32, &CPU)?, Tensor::ones(features, DType::F32, &CPU)?);
        BatchNorm::new(features, mean, var, weight, bias, 1e-5)
    }

    /// The parameters of a recurrent layer.
    fn recurrent(&mut self, gates: usize, inputs: usize, hidden: usize) -> Result<VarBuilder<'static>> {
        let rows = gates * hidden;
        let shapes: [(&str, &[usize]); 4] = [
            ("weight_ih_l0", &[rows, inputs]),
            ("weight_hh_l0", &[rows, hidden]),
            ("bias_ih_l0", &[rows]),
            ("bias_hh_l0", &[rows]),
        ];
        let mut tensors = HashMap::new();
        for (name, shape) in shapes {
            tensors.insert(name.to_owned(), self.draw(shape, hidden)?);
        }
        Ok(VarBuilder::from_tensors(tensors, DType::F32, &CPU))
    }
}

fn train(
    options: &Options,
    samples: usize,
    opt: &mut impl Optimizer,
    loss: impl Fn(&[usize]) -> Result<Tensor>,
) -> Measured {
    comparison::networks::train(options, samples, |indices| {
        let step = loss(indices).and_then(|loss| opt.backward_step(&loss));
        step.expect("shapes that fit each other");
    })
}

/// The logits of a network in training, or not.
type Classifier = Box<dyn Fn(&Tensor, bool) -> Result<Tensor>>;

/// The largest of each 2 by 2 pixels, and of equal ones the first, as elsewhere. `max_pool2d` would be candle's way, but its
/// gradient is a quarter of what it should be, or four times as much where all pixels are equal, as in the background.
fn pool(x: &Tensor) -> Result<Tensor> {
    let (samples, channels, height, width) = x.dims4()?;
    let windows = x.reshape(&[samples, channels, height / 2, 2, width / 2, 2])?.transpose(3, 4)?;
    let windows = windows.reshape((samples, channels, height / 2, width / 2, 4))?;
    windows.gather(&windows.argmax_keepdim(D::Minus1)?, D::Minus1)?.squeeze(D::Minus1)
}

fn lenet(variables: &mut Variables) -> Result<Classifier> {
    let (conv1, conv2) = (variables.convolution(1, 16)?, variables.convolution(16, 32)?);
    let (fc1, fc2) = (variables.linear(1568, 128)?, variables.linear(128, 10)?);
    Ok(Box::new(move |x, _| {
        let x = pool(&conv1.forward(&x.reshape(((), 1, 28, 28))?)?.relu()?)?;
        let x = pool(&conv2.forward(&x)?.relu()?)?;
        fc2.forward(&fc1.forward(&x.flatten_from(1)?)?.relu()?)
    }))
}

fn normalized(variables: &mut Variables, dropout: f64) -> Result<Classifier> {
    let (fc1, bn1) = (variables.linear(784, 256)?, variables.batch_norm(256)?);
    let (fc2, bn2) = (variables.linear(256, 256)?, variables.batch_norm(256)?);
    let (fc3, dropout) = (variables.linear(256, 10)?, Dropout::new(dropout as f32));
    Ok(Box::new(move |x, training| {
        let x = dropout.forward(&bn1.forward_t(&fc1.forward(x)?, training)?.relu()?, training)?;
        let x = dropout.forward(&bn2.forward_t(&fc2.forward(&x)?, training)?.relu()?, training)?;
        fc3.forward(&x)
    }))
}

/// Configurations F and I.
pub(crate) fn train_mnist(options: &Options) -> Result<Measured> {
    let (mnist, mut variables) = (Mnist::load(&options.data), Variables::new());
    let model = match options.config {
        'F' => lenet(&mut variables)?,
        _ => normalized(&mut variables, options.dropout)?,
    };
    let loss = |indices: &[usize]| {
        let (images, labels) = gather(&mnist.train, indices)?;
        cross_entropy(&model(&images, true)?, &labels)
    };
    let samples = mnist.train.len();
    let measured = match options.config {
        'F' => train(options, samples, &mut Momentum::new(variables.all, options.learning_rate())?, loss),
        _ => train(options, samples, &mut adam(variables.all, options)?, loss),
    };
    let evaluate = |images| evaluate_with(|x| model(x, false), images);
    let (train_loss, accuracy) = (evaluate(&mnist.train)?.0, evaluate(&mnist.test)?.1);
    Ok(Measured { train_loss, test_accuracy: Some(accuracy), ..measured })
}

/// The logits `[samples·32, 64]` of symbols `[samples, 32]`.
type Reader = Box<dyn Fn(&Tensor) -> Result<Tensor>>;

fn char_lstm(variables: &mut Variables) -> Result<Reader> {
    let embedding = Embedding::new(variables.draw(&[SYMBOLS, 32], 1)?, 32);
    let lstm = lstm(32, 128, LSTMConfig::default(), variables.recurrent(4, 32, 128)?)?;
    let head = variables.linear(128, SYMBOLS)?;
    Ok(Box::new(move |symbols| {
        let states = lstm.seq(&embedding.forward(symbols)?)?;
        head.forward(&lstm.states_to_tensor(&states)?.flatten(0, 1)?)
    }))
}

fn char_transformer(variables: &mut Variables) -> Result<Reader> {
    let embedding = Embedding::new(variables.draw(&[SYMBOLS, 64], 1)?, 64);
    let positions = variables.draw(&[LENGTH, 64], 1)?;
    let blocks = [Block::new(variables)?, Block::new(variables)?];
    let head = variables.linear(64, SYMBOLS)?;
    let hidden = (0..LENGTH * LENGTH).map(|i| if i % LENGTH > i / LENGTH { f32::NEG_INFINITY } else { 0.0 });
    let mask = Tensor::from_vec(hidden.collect::<Vec<_>>(), (LENGTH, LENGTH), &CPU)?;
    Ok(Box::new(move |symbols| {
        let mut x = embedding.forward(symbols)?.broadcast_add(&positions)?;
        for block in &blocks {
            x = block.forward(&x, &mask)?;
        }
        head.forward(&x.flatten(0, 1)?)
    }))
}

/// A block of a transformer, normalized last.
struct Block {
    in_proj: Linear,
    out_proj: Linear,
    linear1: Linear,
    linear2: Linear,
    norm1: (Tensor, Tensor),
    norm2: (Tensor, Tensor),
}

impl Block {
    fn new(variables: &mut Variables) -> Result<Self> {
        Ok(Block {
            in_proj: variables.linear(64, 192)?,
            out_proj: variables.linear(64, 64)?,
            linear1: variables.linear(64, 256)?,
            linear2: variables.linear(256, 64)?,
            norm1: variables.norm(64)?,
            norm2: variables.norm(64)?,
        })
    }

    fn forward(&self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (samples, length, _) = x.dims3()?;
        let packed = self.in_proj.forward(x)?.reshape((samples, length, 3, 4, 16))?;
        // [samples, heads, length, features] of queries, keys and values.
        let part = |i| packed.narrow(2, i, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous();
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let scores = (q.matmul(&k.t()?)? * 0.25)?.broadcast_add(mask)?;
        let y = softmax(&scores, D::Minus1)?.matmul(&v)?.transpose(1, 2)?.flatten_from(2)?;
        let norm = |x: &Tensor, (scale, shift): &(Tensor, Tensor)| layer_norm_slow(x, scale, shift, 1e-5);
        let x = norm(&(x + self.out_proj.forward(&y)?)?, &self.norm1)?;
        let y = self.linear2.forward(&self.linear1.forward(&x)?.relu()?)?;
        norm(&(x + y)?, &self.norm2)
    }
}

/// Configurations G and H.
pub(crate) fn train_characters(options: &Options) -> Result<Measured> {
    let (text, mut variables) = (Text::new(), Variables::new());
    let (model, weight_decay) = match options.config {
        'G' => (char_lstm(&mut variables)?, 0.0),
        _ => (char_transformer(&mut variables)?, 0.01),
    };
    let params = ParamsAdamW { lr: options.learning_rate(), weight_decay, ..ParamsAdamW::default() };
    let loss = |indices: &[usize]| {
        let (symbols, following) = text.gather::<u32>(indices);
        let symbols = Tensor::from_vec(symbols, (indices.len(), LENGTH), &CPU)?;
        let following = Tensor::from_vec(following, indices.len() * LENGTH, &CPU)?;
        cross_entropy(&model(&symbols)?, &following)
    };
    finish(options, &mut AdamW::new(variables.all, params)?, loss)
}

/// Configuration J.
pub(crate) fn train_sequences(options: &Options) -> Result<Measured> {
    let (data, mut variables) = (Sequences::new(), Variables::new());
    let gru = gru(FEATURES, 32, GRUConfig::default(), variables.recurrent(3, FEATURES, 32)?)?;
    let head = variables.linear(32, 1)?;
    let loss = |indices: &[usize]| {
        let (x, y) = data.gather(indices);
        let x = Tensor::from_vec(x, (indices.len(), STEPS, FEATURES), &CPU)?;
        let y = Tensor::from_vec(y, (indices.len(), 1), &CPU)?;
        let states = gru.seq(&x)?;
        mse(&head.forward(states[STEPS - 1].h())?, &y)
    };
    finish(options, &mut adam(variables.all, options)?, loss)
}

fn finish(options: &Options, opt: &mut impl Optimizer, loss: impl Fn(&[usize]) -> Result<Tensor>) -> Result<Measured> {
    let measured = train(options, SAMPLES, opt, &loss);
    let value = |indices: &[usize]| loss(indices).and_then(|loss| loss.to_scalar::<f32>());
    let train_loss = train_loss(options, |indices| f64::from(value(indices).expect("shapes that fit each other")));
    Ok(Measured { train_loss, ..measured })
}
