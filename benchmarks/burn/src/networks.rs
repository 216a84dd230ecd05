//! Networks F to J, of burn's modules.

use burn::module::Param;
use burn::nn::activation::ActivationConfig;
use burn::nn::attention::generate_autoregressive_mask;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{CrossEntropyLoss, MseLoss, Reduction};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::transformer::{TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Embedding, GateController, Gru, GruConfig, Linear};
use burn::nn::{Lstm, LstmConfig, PaddingConfig2d};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::activation::relu;
use comparison::networks::{FEATURES, LENGTH, SAMPLES, STEPS, SYMBOLS, Sequences, Text, Weights, train_loss};
use comparison::{Measured, Mnist, Options};

use crate::{evaluate_with, gather, optimizer};

/// A fully connected layer from the numbers of a weight `[outputs, inputs]`; burn keeps it as `[inputs, outputs]`.
pub(crate) fn linear((weight, bias): (&[f32], &[f32]), device: &Device) -> Linear {
    let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
    let weight = (0..inputs * outputs).map(|i| weight[i % outputs * inputs + i / outputs]).collect::<Vec<_>>();
    Linear {
        weight: Param::from_data(TensorData::new(weight, [inputs, outputs]), device),
        bias: Some(Param::from_data(TensorData::new(bias.to_vec(), [outputs]), device)),
    }
}

fn dense(weights: &mut Weights, inputs: usize, outputs: usize, device: &Device) -> Linear {
    let (weight, bias) = weights.dense(inputs, outputs);
    linear((&weight, &bias), device)
}

fn table(weights: &mut Weights, rows: usize, columns: usize, device: &Device) -> Param<Tensor<2>> {
    Param::from_data(TensorData::new(weights.draw(rows * columns, 1), [rows, columns]), device)
}

/// The gates of a recurrent layer, in PyTorch's order.
fn gates<const N: usize>(weights: &mut Weights, inputs: usize, hidden: usize, device: &Device) -> [GateController; N] {
    let [w_ih, w_hh, b_ih, b_hh] =
        [inputs * hidden, hidden * hidden, hidden, hidden].map(|count| weights.draw(N * count, hidden));
    std::array::from_fn(|gate| {
        let part = |numbers: &'_ [f32]| {
            let count = numbers.len() / N;
            numbers[gate * count..(gate + 1) * count].to_vec()
        };
        GateController {
            input_transform: linear((&part(&w_ih), &part(&b_ih)), device),
            hidden_transform: linear((&part(&w_hh), &part(&b_hh)), device),
        }
    })
}

/// Trains with the loss of the samples at some indices.
fn train<M: Module>(
    options: &Options,
    samples: usize,
    model: M,
    loss: impl Fn(&M, &[usize]) -> Tensor<1>,
) -> (M, Measured) {
    let (mut opt, mut model) = (optimizer(options), Some(model));
    let measured = comparison::networks::train(options, samples, |indices| {
        let current = model.take().expect("put back by every step");
        let grads = GradientsParams::from_grads(loss(&current, indices).backward(), &current);
        model = Some(opt.step(options.learning_rate(), current, grads));
    });
    (model.expect("put back by every step"), measured)
}

#[derive(Module, Debug)]
struct LeNet {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

impl LeNet {
    fn new(device: &Device) -> Self {
        let mut weights = Weights::new();
        let mut convolution = |inputs: usize, outputs: usize| {
            let (weight, bias) = weights.convolution(inputs, outputs);
            let config = Conv2dConfig::new([inputs, outputs], [3, 3]).with_padding(PaddingConfig2d::Same);
            Conv2d {
                weight: Param::from_data(TensorData::new(weight, [outputs, inputs, 3, 3]), device),
                bias: Some(Param::from_data(TensorData::new(bias, [outputs]), device)),
                ..config.init(device)
            }
        };
        let (conv1, conv2) = (convolution(1, 16), convolution(16, 32));
        let fc1 = dense(&mut weights, 1568, 128, device);
        LeNet { conv1, conv2, fc1, fc2: dense(&mut weights, 128, 10, device) }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let pool = MaxPool2dConfig::new([2, 2]).init();
        let x = x.reshape([-1, 1, 28, 28]);
        let x = pool.forward(relu(self.conv1.forward(x)));
        let x = pool.forward(relu(self.conv2.forward(x)));
        self.fc2.forward(relu(self.fc1.forward(x.flatten(1, 3))))
    }
}

#[derive(Module, Debug)]
struct Normalized {
    fc1: Linear,
    bn1: BatchNorm,
    fc2: Linear,
    bn2: BatchNorm,
    fc3: Linear,
    dropout: Dropout,
}

impl Normalized {
    fn new(dropout: f64, device: &Device) -> Self {
        let mut weights = Weights::new();
        Normalized {
            fc1: dense(&mut weights, 784, 256, device),
            bn1: BatchNormConfig::new(256).init(device),
            fc2: dense(&mut weights, 256, 256, device),
            bn2: BatchNormConfig::new(256).init(device),
            fc3: dense(&mut weights, 256, 10, device),
            dropout: DropoutConfig::new(dropout).init(),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.dropout.forward(relu(self.bn1.forward(self.fc1.forward(x))));
        let x = self.dropout.forward(relu(self.bn2.forward(self.fc2.forward(x))));
        self.fc3.forward(x)
    }
}

/// Configurations F and I.
pub(crate) fn train_mnist(options: &Options) -> Measured {
    let (mnist, device) = (Mnist::load(&options.data), Device::flex().autodiff());
    let cross_entropy = CrossEntropyLoss::new(None, &device);
    let samples = mnist.train.len();
    macro_rules! run {
        ($model:expr) => {{
            let (model, measured) = train(options, samples, $model, |model, indices| {
                let (images, labels) = gather(&mnist.train, indices, &device);
                cross_entropy.forward(model.forward(images), labels)
            });
            let model = model.valid();
            let evaluate = |images| evaluate_with(|x| model.forward(x), images);
            let (train_loss, accuracy) = (evaluate(&mnist.train).0, evaluate(&mnist.test).1);
            Measured { train_loss, test_accuracy: Some(accuracy), ..measured }
        }};
    }
    match options.config {
        'F' => run!(LeNet::new(&device)),
        _ => run!(Normalized::new(options.dropout, &device)),
    }
}

/// What is between the embedding and the linear layer of G and H.
trait Reader: Module {
    fn forward(&self, symbols: Tensor<2, Int>) -> Tensor<2>;
}

#[derive(Module, Debug)]
struct CharLstm {
    embedding: Embedding,
    lstm: Lstm,
    head: Linear,
}

impl CharLstm {
    fn new(device: &Device) -> Self {
        let mut weights = Weights::new();
        let embedding = Embedding { weight: table(&mut weights, SYMBOLS, 32, device) };
        let [input_gate, forget_gate, cell_gate, output_gate] = gates(&mut weights, 32, 128, device);
        let lstm = LstmConfig::new(32, 128, true).init(device);
        let lstm = Lstm { input_gate, forget_gate: Some(forget_gate), cell_gate, output_gate, ..lstm };
        CharLstm { embedding, lstm, head: dense(&mut weights, 128, SYMBOLS, device) }
    }
}

impl Reader for CharLstm {
    fn forward(&self, symbols: Tensor<2, Int>) -> Tensor<2> {
        let (output, _) = self.lstm.forward(self.embedding.forward(symbols), None);
        self.head.forward(output.flatten(0, 1))
    }
}

#[derive(Module, Debug)]
struct CharTransformer {
    embedding: Embedding,
    positions: Param<Tensor<2>>,
    encoder: TransformerEncoder,
    head: Linear,
}

impl CharTransformer {
    fn new(device: &Device) -> Self {
        let mut weights = Weights::new();
        let embedding = Embedding { weight: table(&mut weights, SYMBOLS, 64, device) };
        let positions = table(&mut weights, LENGTH, 64, device);
        let config = TransformerEncoderConfig::new(64, 256, 4, 2).with_dropout(0.0);
        let mut encoder = config.with_activation(ActivationConfig::Relu).init(device);
        for layer in &mut encoder.layers {
            let (weight, bias) = weights.dense(64, 192);
            let parts = weight.chunks(64 * 64).zip(bias.chunks(64));
            for (to, from) in [&mut layer.mha.query, &mut layer.mha.key, &mut layer.mha.value].into_iter().zip(parts) {
                *to = linear(from, device);
            }
            layer.mha.output = dense(&mut weights, 64, 64, device);
            layer.pwff.linear_inner = dense(&mut weights, 64, 256, device);
            layer.pwff.linear_outer = dense(&mut weights, 256, 64, device);
        }
        CharTransformer { embedding, positions, encoder, head: dense(&mut weights, 64, SYMBOLS, device) }
    }
}

impl Reader for CharTransformer {
    fn forward(&self, symbols: Tensor<2, Int>) -> Tensor<2> {
        let [samples, length] = symbols.dims();
        let x = self.embedding.forward(symbols) + self.positions.val().unsqueeze();
        let mask = generate_autoregressive_mask(samples, length, &x.device());
        let y = self.encoder.forward(TransformerEncoderInput::new(x).mask_attn(mask));
        self.head.forward(y.flatten(0, 1))
    }
}

/// Configurations G and H.
pub(crate) fn train_characters(options: &Options) -> Measured {
    match options.config {
        'G' => train_reader(options, CharLstm::new),
        _ => train_reader(options, CharTransformer::new),
    }
}

fn train_reader<M: Reader>(options: &Options, model: impl Fn(&Device) -> M) -> Measured {
    let (text, device) = (Text::new(), Device::flex().autodiff());
    let cross_entropy = CrossEntropyLoss::new(None, &device);
    let loss = |model: &M, indices: &[usize]| {
        let (symbols, following) = text.gather::<i32>(indices);
        let count = indices.len();
        let symbols = Tensor::from_data(TensorData::new(symbols, [count, LENGTH]), &device);
        let following = Tensor::from_data(TensorData::new(following, [count * LENGTH]), &device);
        cross_entropy.forward(model.forward(symbols), following)
    };
    let (model, measured) = train(options, SAMPLES, model(&device), loss);
    let train_loss = train_loss(options, |indices| f64::from(loss(&model, indices).into_scalar::<f32>()));
    Measured { train_loss, ..measured }
}

#[derive(Module, Debug)]
struct SequenceGru {
    gru: Gru,
    head: Linear,
}

/// Configuration J.
pub(crate) fn train_sequences(options: &Options) -> Measured {
    let (data, device) = (Sequences::new(), Device::flex().autodiff());
    let mut weights = Weights::new();
    let [reset_gate, update_gate, new_gate] = gates(&mut weights, FEATURES, 32, &device);
    let gru = Gru { reset_gate, update_gate, new_gate, ..GruConfig::new(FEATURES, 32, true).init(&device) };
    let model = SequenceGru { gru, head: dense(&mut weights, 32, 1, &device) };
    let loss = |model: &SequenceGru, indices: &[usize]| {
        let (x, y) = data.gather(indices);
        let x = Tensor::<3>::from_data(TensorData::new(x, [indices.len(), STEPS, FEATURES]), &device);
        let y = Tensor::<2>::from_data(TensorData::new(y, [indices.len(), 1]), &device);
        let last = model.gru.forward(x, None).narrow(1, STEPS - 1, 1).squeeze_dim(1);
        MseLoss::new().forward(model.head.forward(last), y, Reduction::Mean)
    };
    let (model, measured) = train(options, SAMPLES, model, loss);
    let train_loss = train_loss(options, |indices| f64::from(loss(&model, indices).into_scalar::<f32>()));
    Measured { train_loss, ..measured }
}
