//! candle's program in the comparison: `../README.md` says what all of them have in common.
//!
//! The set-up is candle's best for such networks, as far as its documentation leads: compiled for the machine (as its own
//! repository is), with the AVX-512 kernels of its matrix product, and the parameters as plain tensors where nothing is
//! trained; freed memory is kept, which candle needs as it allocates every result. candle's SGD has no momentum: it is written here in the way of candle's optimisers. Adam is its AdamW
//! without decay.

mod networks;

use std::time::Instant;

use candle_core::backprop::GradStore;
use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::loss::{cross_entropy, mse};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW};
use comparison::{Images, Measured, Mnist, Options, PIXELS, XOR_STEPS, XOR_X, XOR_Y, initial_weights, order};

const CPU: Device = Device::Cpu;

fn main() -> Result<()> {
    let options = Options::from_args();
    // SAFETY: no other thread runs yet.
    unsafe {
        std::env::set_var("RAYON_NUM_THREADS", options.threads.to_string());
        std::env::set_var("CANDLE_NUM_THREADS", options.threads.to_string());
    }
    comparison::keep_freed_memory(&options);
    comparison::warn_unless_native(cfg!(target_feature = "avx2"));
    let measured = match options.config {
        'B' => train(&options, adam),
        'D' => train_tiny(&options),
        'E' => predict(&options),
        'F' | 'I' => networks::train_mnist(&options),
        'G' | 'H' => networks::train_characters(&options),
        'J' => networks::train_sequences(&options),
        _ => train(&options, |vars, options| Momentum::new(vars, options.learning_rate())),
    }?;
    measured.print("candle", "0.11.1", &options);
    Ok(())
}

/// Fully connected layers, ReLU between them.
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    /// The network and its parameters.
    fn new(sizes: &[usize]) -> Result<(Self, Vec<Var>)> {
        let (mut layers, mut vars) = (Vec::new(), Vec::new());
        for ((weight, bias), pair) in initial_weights(sizes).into_iter().zip(sizes.windows(2)) {
            let weight = Var::from_vec(weight, (pair[1], pair[0]), &CPU)?;
            let bias = Var::from_vec(bias, pair[1], &CPU)?;
            layers.push(Linear::new(weight.as_tensor().clone(), Some(bias.as_tensor().clone())));
            vars.extend([weight, bias]);
        }
        Ok((Network { layers }, vars))
    }

    /// The same network with nothing to train, for which candle records nothing.
    fn frozen(&self) -> Self {
        let freeze = |layer: &Linear| Linear::new(layer.weight().detach(), layer.bias().map(Tensor::detach));
        Network { layers: self.layers.iter().map(freeze).collect() }
    }
}

impl Module for Network {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (last, hidden) = self.layers.split_last().expect("at least one layer");
        let mut x = x.clone();
        for layer in hidden {
            x = layer.forward(&x)?.relu()?;
        }
        last.forward(&x)
    }
}

/// SGD with momentum from candle's tensor operations.
struct Momentum {
    vars: Vec<(Var, Option<Tensor>)>,
    lr: f64,
}

impl Optimizer for Momentum {
    type Config = f64;

    fn new(vars: Vec<Var>, lr: f64) -> Result<Self> {
        Ok(Momentum { vars: vars.into_iter().map(|var| (var, None)).collect(), lr })
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        for (var, velocity) in &mut self.vars {
            let Some(grad) = grads.get(var) else { continue };
            let next = match velocity {
                Some(velocity) => ((&*velocity * 0.9)? + grad)?,
                None => grad.clone(),
            };
            var.set(&var.as_detached_tensor().sub(&(&next * self.lr)?)?)?;
            *velocity = Some(next);
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.lr = lr;
    }
}

fn adam(vars: Vec<Var>, options: &Options) -> Result<AdamW> {
    let params = ParamsAdamW { lr: options.learning_rate(), weight_decay: 0.0, ..ParamsAdamW::default() };
    AdamW::new(vars, params)
}

fn gather(images: &Images, indices: &[usize]) -> Result<(Tensor, Tensor)> {
    let (pixels, labels) = images.gather(indices);
    let labels = labels.into_iter().map(u32::from).collect();
    Ok((
        Tensor::from_vec(pixels, (indices.len(), PIXELS), &CPU)?,
        Tensor::from_vec::<_, u32>(labels, indices.len(), &CPU)?,
    ))
}

fn train<O: Optimizer>(options: &Options, optimizer: impl Fn(Vec<Var>, &Options) -> Result<O>) -> Result<Measured> {
    let mnist = Mnist::load(&options.data);
    let (model, vars) = Network::new(options.sizes())?;
    let mut opt = optimizer(vars, options)?;
    let mut steps = Vec::new();
    let start = Instant::now();
    for epoch in 0..options.epochs {
        for indices in order(epoch, mnist.train.len()).chunks_exact(options.batch()) {
            let start = Instant::now();
            let (images, labels) = gather(&mnist.train, indices)?;
            let loss = cross_entropy(&model.forward(&images)?, &labels)?;
            opt.backward_step(&loss)?;
            drop((images, loss));
            steps.push(start.elapsed().as_secs_f64());
        }
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let model = model.frozen();
    Ok(Measured {
        steps,
        seconds_per_epoch,
        train_loss: evaluate(&model, &mnist.train)?.0,
        test_accuracy: Some(evaluate(&model, &mnist.test)?.1),
        ..Measured::default()
    })
}

/// Mean loss and accuracy over the first 10,000 images.
fn evaluate(model: &Network, images: &Images) -> Result<(f64, f64)> {
    evaluate_with(|x| model.forward(x), images)
}

fn evaluate_with(forward: impl Fn(&Tensor) -> Result<Tensor>, images: &Images) -> Result<(f64, f64)> {
    let (mut loss, mut correct) = (0.0, 0.0);
    for first in (0..10_000).step_by(1000) {
        let (x, labels) = gather(images, &(first..first + 1000).collect::<Vec<_>>())?;
        let logits = forward(&x)?;
        loss += f64::from(cross_entropy(&logits, &labels)?.to_scalar::<f32>()?);
        let hits = logits.argmax(D::Minus1)?.eq(&labels)?;
        correct += f64::from(hits.to_dtype(candle_core::DType::F32)?.sum_all()?.to_scalar::<f32>()?);
    }
    Ok((loss / 10.0, correct / 10_000.0))
}

fn train_tiny(options: &Options) -> Result<Measured> {
    let (model, vars) = Network::new(options.sizes())?;
    let mut opt = adam(vars, options)?;
    let x = Tensor::new(&XOR_X, &CPU)?;
    let y = Tensor::new(&XOR_Y, &CPU)?.reshape((4, 1))?;
    let loss = || mse(&model.layers[1].forward(&model.layers[0].forward(&x)?.tanh()?)?, &y);
    let mut steps = Vec::new();
    let start = Instant::now();
    for _ in 0..options.epochs * XOR_STEPS / 100 {
        let start = Instant::now();
        for _ in 0..100 {
            opt.backward_step(&loss()?)?;
        }
        steps.push(start.elapsed().as_secs_f64() / 100.0);
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let train_loss = f64::from(loss()?.to_scalar::<f32>()?);
    Ok(Measured { steps, seconds_per_epoch, train_loss, ..Measured::default() })
}

fn predict(options: &Options) -> Result<Measured> {
    let mnist = Mnist::load(&options.data);
    let model = Network::new(options.sizes())?.0.frozen();
    let (images, _) = gather(&mnist.test, &(0..10_000).collect::<Vec<_>>())?;
    let batches: Vec<Tensor> = (0..10).map(|i| images.narrow(0, i * 1000, 1000)).collect::<Result<_>>()?;
    let rows: Vec<Tensor> = (0..1000).map(|i| images.narrow(0, i, 1)).collect::<Result<_>>()?;
    let time = |inputs: &[Tensor]| -> Result<Vec<f64>> {
        let pass = |x: &Tensor| {
            let start = Instant::now();
            std::hint::black_box(model.forward(x)?);
            Ok(start.elapsed().as_secs_f64())
        };
        (0..options.epochs).flat_map(|_| inputs.iter().map(pass)).collect()
    };
    let steps = time(&batches)?;
    Ok(Measured {
        seconds_per_epoch: steps.iter().sum::<f64>() / options.epochs as f64,
        steps,
        singles: time(&rows)?,
        train_loss: evaluate(&model, &mnist.train)?.0,
        test_accuracy: Some(evaluate(&model, &mnist.test)?.1),
        ..Measured::default()
    })
}
