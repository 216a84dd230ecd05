//! dfdx's program in the comparison: `../README.md` says what all of them have in common.
//!
//! The set-up: stable Rust with dfdx's default features, compiled for the machine (its element-wise kernels are plain
//! loops, and were measured to gain; its matrix product chooses its kernels when the program runs, but has those for
//! AVX-512 with nightly Rust only). Freed memory is kept, subnormals are flushed as its examples do, shapes are constants as far as they can be,
//! and the thread that calls belongs to the pool of threads, so that nothing is handed over with one thread.

use std::time::Instant;

use comparison::networks::Weights;
use comparison::{Images, Measured, Mnist, Options, PIXELS, XOR_STEPS, XOR_X, XOR_Y, initial_weights, order};
use dfdx::data::OneHotEncode;
use dfdx::nn::modules;
use dfdx::optim::{Adam, Momentum, Optimizer, Sgd};
use dfdx::prelude::*;
use dfdx::tensor_ops::{AdamConfig, SgdConfig};

type Small<const H: usize> = ((Linear<PIXELS, H>, ReLU), Linear<H, 10>);
type Large = ((Linear<PIXELS, 512>, ReLU), (Linear<512, 512>, ReLU), Linear<512, 10>);
type Normalized = (
    (Linear<PIXELS, 256>, BatchNorm1D<256>, ReLU, Dropout),
    (Linear<256, 256>, BatchNorm1D<256>, ReLU, Dropout),
    Linear<256, 10>,
);
type Tiny = ((Linear<2, 4>, Tanh), Linear<4, 1>);
type Matrix<const M: usize, const N: usize, T = NoneTape> = Tensor<Rank2<M, N>, f32, Cpu, T>;
type Recording = OwnedTape<f32, Cpu>;

fn main() {
    let options = Options::from_args();
    comparison::keep_freed_memory(&options);
    comparison::warn_unless_native(cfg!(target_feature = "avx2"));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).use_current_thread();
    pool.start_handler(|_| dfdx::flush_denormals_to_zero()).build_global().expect("no other pool");
    dfdx::flush_denormals_to_zero();
    let device = Cpu::default();
    let measured = match options.config {
        'A' => {
            let model = small::<128>(&options, &device);
            let opt = Sgd::new(&model, sgd(&options));
            train::<64, _, _>(&options, &device, model, opt)
        }
        'B' => {
            let model = large(&options, &device);
            let opt = Adam::new(&model, adam(&options));
            train::<128, _, _>(&options, &device, model, opt)
        }
        'C' => {
            let model = small::<32>(&options, &device);
            let opt = Sgd::new(&model, sgd(&options));
            train::<16, _, _>(&options, &device, model, opt)
        }
        'D' => train_tiny(&options, &device),
        'I' => {
            let model = normalized(&options, &device);
            let opt = Adam::new(&model, adam(&options));
            train::<128, _, _>(&options, &device, model, opt)
        }
        'F'..='J' => {
            eprintln!("error: {} is not here; see benchmarks/README.md", options.config);
            std::process::exit(2)
        }
        _ => predict(&options, &device),
    };
    measured.print("dfdx", "0.13.0", &options);
}

fn sgd(options: &Options) -> SgdConfig {
    SgdConfig { lr: options.learning_rate(), momentum: Some(Momentum::Classic(0.9)), weight_decay: None }
}

fn adam(options: &Options) -> AdamConfig {
    AdamConfig { lr: options.learning_rate(), betas: [0.9, 0.999], eps: 1e-8, weight_decay: None }
}

/// Gives a layer its numbers; dfdx keeps weights as `[out, in]`.
fn set<const I: usize, const O: usize>(layer: &mut modules::Linear<I, O, f32, Cpu>, numbers: &(Vec<f32>, Vec<f32>)) {
    layer.weight.copy_from(&numbers.0);
    layer.bias.copy_from(&numbers.1);
}

fn small<const H: usize>(options: &Options, device: &Cpu) -> <Small<H> as BuildOnDevice<Cpu, f32>>::Built {
    let mut model = device.build_module::<Small<H>, f32>();
    let numbers = initial_weights(options.sizes());
    set(&mut model.0.0, &numbers[0]);
    set(&mut model.1, &numbers[1]);
    model
}

fn large(options: &Options, device: &Cpu) -> <Large as BuildOnDevice<Cpu, f32>>::Built {
    let mut model = device.build_module::<Large, f32>();
    let numbers = initial_weights(options.sizes());
    set(&mut model.0.0, &numbers[0]);
    set(&mut model.1.0, &numbers[1]);
    set(&mut model.2, &numbers[2]);
    model
}

fn normalized(options: &Options, device: &Cpu) -> <Normalized as BuildOnDevice<Cpu, f32>>::Built {
    let mut model = device.build_module::<Normalized, f32>();
    let mut weights = Weights::new();
    set(&mut model.0.0, &weights.dense(PIXELS, 256));
    set(&mut model.1.0, &weights.dense(256, 256));
    set(&mut model.2, &weights.dense(256, 10));
    (model.0.3.p, model.1.3.p) = (options.dropout as f32, options.dropout as f32);
    model
}

/// `B` images and their labels, the latter one-hot as dfdx's loss wants them.
fn gather<const B: usize>(images: &Images, indices: &[usize], device: &Cpu) -> (Matrix<B, PIXELS>, Matrix<B, 10>) {
    let (pixels, labels) = images.gather(indices);
    let labels: [usize; B] = std::array::from_fn(|i| usize::from(labels[i]));
    (device.tensor_from_vec(pixels, (Const, Const)), device.one_hot_encode(Const::<10>, labels))
}

fn train<const B: usize, M, O>(options: &Options, device: &Cpu, mut model: M, mut opt: O) -> Measured
where
    M: ModuleMut<Matrix<B, PIXELS, Recording>, Output = Matrix<B, 10, Recording>, Error = CpuError>
        + Module<Matrix<1000, PIXELS>, Output = Matrix<1000, 10>, Error = CpuError>
        + ZeroGrads<f32, Cpu>,
    O: Optimizer<M, Cpu, f32>,
{
    let mnist = Mnist::load(&options.data);
    let mut grads = model.alloc_grads();
    let mut steps = Vec::new();
    let start = Instant::now();
    'all: for epoch in 0..options.epochs {
        for indices in order(epoch, mnist.train.len()).chunks_exact(B) {
            if steps.len() == options.max_steps {
                break 'all;
            }
            let start = Instant::now();
            let (images, labels) = gather::<B>(&mnist.train, indices, device);
            let logits = model.forward_mut(images.traced(grads));
            let loss = cross_entropy_with_logits_loss(logits, labels);
            grads = loss.backward();
            opt.update(&mut model, &grads).expect("every parameter has a gradient");
            model.zero_grads(&mut grads);
            steps.push(start.elapsed().as_secs_f64());
        }
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    Measured {
        steps,
        seconds_per_epoch,
        train_loss: evaluate(&model, &mnist.train, device).0,
        test_accuracy: Some(evaluate(&model, &mnist.test, device).1),
        ..Measured::default()
    }
}

/// Mean loss and accuracy over the first 10,000 images.
fn evaluate<M>(model: &M, images: &Images, device: &Cpu) -> (f64, f64)
where
    M: Module<Matrix<1000, PIXELS>, Output = Matrix<1000, 10>, Error = CpuError>,
{
    let (mut loss, mut correct) = (0.0, 0);
    for first in (0..10_000).step_by(1000) {
        let (x, labels) = gather::<1000>(images, &(first..first + 1000).collect::<Vec<_>>(), device);
        let logits = model.forward(x);
        for (row, &label) in logits.as_vec().chunks(10).zip(&images.labels[first..]) {
            let best = (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b]));
            correct += usize::from(best == Some(usize::from(label)));
        }
        loss += f64::from(cross_entropy_with_logits_loss(logits, labels).array());
    }
    (loss / 10.0, correct as f64 / 10_000.0)
}

fn train_tiny(options: &Options, device: &Cpu) -> Measured {
    let mut model = device.build_module::<Tiny, f32>();
    let numbers = initial_weights(options.sizes());
    set(&mut model.0.0, &numbers[0]);
    set(&mut model.1, &numbers[1]);
    let mut opt = Adam::new(&model, adam(options));
    let mut grads = model.alloc_grads();
    let x = device.tensor(XOR_X);
    let y = device.tensor(XOR_Y.map(|y| [y]));
    let mut steps = Vec::new();
    let start = Instant::now();
    for _ in 0..options.epochs * XOR_STEPS / 100 {
        let start = Instant::now();
        for _ in 0..100 {
            let loss = mse_loss(model.forward_mut(x.clone().traced(grads)), y.clone());
            grads = loss.backward();
            opt.update(&mut model, &grads).expect("every parameter has a gradient");
            model.zero_grads(&mut grads);
        }
        steps.push(start.elapsed().as_secs_f64() / 100.0);
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let train_loss = f64::from(mse_loss(model.forward(x), y).array());
    Measured { steps, seconds_per_epoch, train_loss, ..Measured::default() }
}

fn predict(options: &Options, device: &Cpu) -> Measured {
    let mnist = Mnist::load(&options.data);
    let model = large(options, device);
    let pixels = mnist.test.gather(&(0..10_000).collect::<Vec<_>>()).0;
    let batches: Vec<Matrix<1000, PIXELS>> =
        pixels.chunks(1000 * PIXELS).map(|pixels| device.tensor_from_vec(pixels.to_vec(), (Const, Const))).collect();
    let rows: Vec<Matrix<1, PIXELS>> = pixels
        .chunks(PIXELS)
        .take(1000)
        .map(|pixels| device.tensor_from_vec(pixels.to_vec(), (Const, Const)))
        .collect();
    let steps = time(options, &model, &batches);
    Measured {
        seconds_per_epoch: steps.iter().sum::<f64>() / options.epochs as f64,
        steps,
        singles: time(options, &model, &rows),
        train_loss: evaluate(&model, &mnist.train, device).0,
        test_accuracy: Some(evaluate(&model, &mnist.test, device).1),
        ..Measured::default()
    }
}

/// The seconds of each forward pass.
fn time<X: Clone, M: Module<X>>(options: &Options, model: &M, inputs: &[X]) -> Vec<f64> {
    let pass = |x: &X| {
        let start = Instant::now();
        std::hint::black_box(model.forward(x.clone()));
        start.elapsed().as_secs_f64()
    };
    (0..options.epochs).flat_map(|_| inputs.iter().map(pass)).collect()
}
