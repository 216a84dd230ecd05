//! Single operations: forward, and backward where the name says so.
//!
//!     cargo bench -p downhill-benches --bench operations

use divan::{Bencher, black_box};
use downhill::prelude::*;

fn main() {
    divan::main();
}

fn ramp(shape: &[usize]) -> Tensor {
    let len: usize = shape.iter().product();
    Tensor::from((0..len).map(|i| (i % 97) as f32 / 97.0 + 0.01).collect::<Vec<_>>()).reshape(shape)
}

/// The overhead of an operation: on four elements, next to nothing is computed.
mod overhead {
    use super::*;

    #[divan::bench]
    fn add_4_constants(bencher: Bencher<'_, '_>) {
        let a = ramp(&[4]);
        bencher.bench(|| black_box(&a) + black_box(&a));
    }

    #[divan::bench]
    fn add_4_recorded(bencher: Bencher<'_, '_>) {
        let (a, w) = (ramp(&[4]), Tensor::param(ramp(&[4])));
        bencher.bench(|| black_box(&a) + black_box(&w));
    }

    /// A hundred multiplications of four elements, forward and backward.
    #[divan::bench]
    fn chain_of_100_forward_and_backward(bencher: Bencher<'_, '_>) {
        let (a, w) = (ramp(&[4]), Tensor::param(ramp(&[4])));
        bencher.bench(|| {
            let mut x = w.clone();
            for _ in 0..100 {
                x = &x * &a;
            }
            x.sum().backward()
        });
    }
}

#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn exp(bencher: Bencher<'_, '_>, len: usize) {
    let x = ramp(&[len]);
    bencher.bench(|| black_box(&x).exp());
}

#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn tanh(bencher: Bencher<'_, '_>, len: usize) {
    let x = ramp(&[len]);
    bencher.bench(|| black_box(&x).tanh());
}

#[divan::bench(args = [1_000, 100_000])]
fn ln(bencher: Bencher<'_, '_>, len: usize) {
    let x = ramp(&[len]);
    bencher.bench(|| black_box(&x).ln());
}

#[divan::bench(args = [1_000, 100_000])]
fn sigmoid(bencher: Bencher<'_, '_>, len: usize) {
    let x = ramp(&[len]);
    bencher.bench(|| black_box(&x).sigmoid());
}

#[divan::bench(args = [1_000, 100_000])]
fn gelu(bencher: Bencher<'_, '_>, len: usize) {
    let x = ramp(&[len]);
    bencher.bench(|| black_box(&x).gelu());
}

/// As many activations as a tiny network has.
#[divan::bench]
fn tanh_16(bencher: Bencher<'_, '_>) {
    let x = ramp(&[16]);
    bencher.bench(|| black_box(&x).tanh());
}

#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn relu(bencher: Bencher<'_, '_>, len: usize) {
    let x = ramp(&[len]);
    bencher.bench(|| black_box(&x).relu());
}

#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn sum(bencher: Bencher<'_, '_>, len: usize) {
    let x = ramp(&[len]);
    bencher.bench(|| black_box(&x).sum());
}

#[divan::bench]
fn add_bias_128_by_512(bencher: Bencher<'_, '_>) {
    let (x, bias) = (ramp(&[128, 512]), ramp(&[512]));
    bencher.bench(|| black_box(&x) + black_box(&bias));
}

#[divan::bench]
fn softmax_64_by_1000(bencher: Bencher<'_, '_>) {
    let x = ramp(&[64, 1000]);
    bencher.bench(|| black_box(&x).softmax(-1));
}

#[divan::bench]
fn log_softmax_64_by_10(bencher: Bencher<'_, '_>) {
    let x = ramp(&[64, 10]);
    bencher.bench(|| black_box(&x).log_softmax(-1));
}

/// The products of the first layer of network A: `x·Wᵀ`, then `dyᵀ·x`.
mod products {
    use super::*;

    #[divan::bench]
    fn forward_64_784_128(bencher: Bencher<'_, '_>) {
        let (x, weight) = (ramp(&[64, 784]), ramp(&[128, 784]));
        bencher.bench(|| black_box(&x).matmul(&weight.t()));
    }

    #[divan::bench]
    fn backward_128_64_784(bencher: Bencher<'_, '_>) {
        let (dy, x) = (ramp(&[64, 128]), ramp(&[64, 784]));
        bencher.bench(|| black_box(&dy).t().matmul(&x));
    }

    #[divan::bench]
    fn one_row_784_512(bencher: Bencher<'_, '_>) {
        let (x, weight) = (ramp(&[1, 784]), ramp(&[512, 784]));
        bencher.bench(|| black_box(&x).matmul(&weight.t()));
    }
}

/// The images between the layers of a small convolutional network, `[64, 16, 28, 28]`.
mod images {
    use downhill::{InterpolateMode, MaxPool2d, PadMode, Upsample};

    use super::*;

    const IMAGES: [usize; 4] = [64, 16, 28, 28];

    #[divan::bench(args = [1, 2, 3])]
    fn max_pool2d(bencher: Bencher<'_, '_>, stride: usize) {
        let x = ramp(&IMAGES);
        let options = MaxPool2d { stride: Some([stride; 2]), ..MaxPool2d::new(2) };
        bencher.bench(|| black_box(&x).max_pool2d(options));
    }

    #[divan::bench]
    fn max_pool2d_and_back(bencher: Bencher<'_, '_>) {
        let x = Tensor::param(ramp(&IMAGES));
        bencher.bench(|| black_box(&x).max_pool2d(2).sum().backward());
    }

    #[divan::bench]
    fn avg_pool2d(bencher: Bencher<'_, '_>) {
        let x = ramp(&IMAGES);
        bencher.bench(|| black_box(&x).avg_pool2d(2));
    }

    #[divan::bench]
    fn avg_pool2d_and_back(bencher: Bencher<'_, '_>) {
        let x = Tensor::param(ramp(&IMAGES));
        bencher.bench(|| black_box(&x).avg_pool2d(2).sum().backward());
    }

    #[divan::bench]
    fn pad_with_zeros(bencher: Bencher<'_, '_>) {
        let x = ramp(&IMAGES);
        bencher.bench(|| black_box(&x).pad(&[(1, 1), (1, 1)], PadMode::Constant(0.0)));
    }

    #[divan::bench]
    fn pad_by_reflection(bencher: Bencher<'_, '_>) {
        let x = ramp(&IMAGES);
        bencher.bench(|| black_box(&x).pad(&[(1, 1), (1, 1)], PadMode::Reflect));
    }

    #[divan::bench(args = [false, true])]
    fn upsample(bencher: Bencher<'_, '_>, linear: bool) {
        let x = ramp(&IMAGES);
        let mode = if linear { InterpolateMode::Linear { align_corners: false } } else { InterpolateMode::Nearest };
        let options = Upsample { mode, ..Upsample::new(2.0) };
        bencher.bench(|| black_box(&x).interpolate(&options));
    }
}
