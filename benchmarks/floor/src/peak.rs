//! What the machine can do: independent FMAs on one thread, and a triad over arrays of several sizes; and what that makes
//! of the floating-point operations and the bytes of A to J.

use std::hint::black_box;
use std::time::Instant;

use crate::gemm::avx512;
use crate::memory::Buffer;

pub(crate) fn print() {
    if !avx512() {
        return println!("this machine has no AVX-512");
    }
    let gflops = best_of(60, || 2.0 * 16.0 * 12.0 * 1e6, || fma(1_000_000)) / 1e9;
    println!("FMA, one thread       {gflops:7.1} GFLOP/s");
    let mut rates = Vec::new();
    for (name, kib) in [("L1", 24), ("L2", 1_200), ("4 MB", 4_096), ("16 MB", 16_384), ("64 MB", 65_536)] {
        let len = kib * 1024 / 12;
        let (mut a, mut b, mut c) = (Buffer::new(len), Buffer::new(len), Buffer::new(len));
        a.fill(1.0);
        b.fill(2.0);
        c.fill(3.0);
        let passes = (1 << 24) / len + 1;
        let bytes = (12 * len * passes) as f64;
        let rate = best_of(
            12,
            || bytes,
            || {
                for _ in 0..passes {
                    triad(&mut a, &b, &c, black_box(0.5));
                }
            },
        ) / 1e9;
        println!("triad, {name:6}         {rate:7.1} GB/s");
        rates.push(rate);
    }
    // What the weights of E are, read for every single row.
    let weights = Buffer::new(2_700 * 1024 / 4);
    let reads = || {
        for _ in 0..10 {
            black_box(read(&weights));
        }
    };
    let reading = best_of(60, || (weights.len() * 40) as f64, reads) / 1e9;
    println!("reading, 2.7 MB       {reading:7.1} GB/s");
    println!(
        "products + optimiser's bytes (28 a parameter for Adam, 20 for SGD with momentum), the latter at the rate of"
    );
    println!("the cache that holds them (A, C: L2; B: 16 MB; E: reads its weights):");
    let model = |name: &str, sizes: &[usize], batch: usize, training: bool, bytes: usize, rate: f64| {
        let products: Vec<usize> = sizes.windows(2).map(|pair| 2 * batch * pair[0] * pair[1]).collect();
        let all: usize = products.iter().sum();
        let flops = if training { 3 * all - products[0] } else { all };
        let parameters: usize = sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
        let compute = flops as f64 / gflops / 1e3;
        let memory = (parameters * bytes) as f64 / rate / 1e3;
        println!("{name:8} {compute:7.1} µs + {memory:6.1} µs = {:7.1} µs", compute + memory);
    };
    model("A", &[784, 128, 10], 64, true, 20, rates[1]);
    model("B", &[784, 512, 512, 10], 128, true, 28, rates[3]);
    model("C", &[784, 32, 10], 16, true, 20, rates[1]);
    model("E, 1000", &[784, 512, 512, 10], 1000, false, 0, rates[3]);
    model("E, 1", &[784, 512, 512, 10], 1, false, 4, reading);
    println!(
        "F to J: the products and convolutions, forward and twice that backward without the gradient of data, and the"
    );
    println!("bytes of the optimiser at the rate of 4 MB:");
    let dense = |rows: usize, inputs: usize, outputs: usize| (2 * rows * inputs * outputs, (inputs + 1) * outputs);
    let sum = |parts: &[(usize, usize)]| parts.iter().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let step = |name: &str, first: (usize, usize), rest: (usize, usize), bytes: usize| {
        let compute = (2 * first.0 + 3 * rest.0) as f64 / gflops / 1e3;
        let memory = ((first.1 + rest.1) * bytes) as f64 / rates[2] / 1e3;
        println!("{name:8} {compute:7.1} µs + {memory:6.1} µs = {:7.1} µs", compute + memory);
    };
    // Kernels of 3 by 3 at every pixel.
    let (conv1, conv2) = ((64 * 784 * 2 * 9 * 16, 160), (64 * 196 * 2 * 144 * 32, 145 * 32));
    step("F", conv1, sum(&[conv2, dense(64, 1568, 128), dense(64, 128, 10)]), 20);
    let tokens = 32 * 32;
    // With the embeddings, of which only the parameters count, and the second bias.
    step("G", (0, 64 * 32), sum(&[dense(tokens, 160, 512), (0, 512), dense(tokens, 128, 64)]), 28);
    // Queries times keys and weights times values, of which the mask leaves half: all four heads together.
    let attention = (2 * 32 * (32 * 33 / 2) * 64 * 2, 0);
    let block = sum(&[dense(tokens, 64, 192), attention, dense(tokens, 64, 64), (0, 256)]);
    let block = sum(&[block, dense(tokens, 64, 256), dense(tokens, 256, 64)]);
    step("H", (0, 96 * 64), sum(&[block, block, dense(tokens, 64, 64)]), 28);
    step("I", dense(128, 784, 256), sum(&[dense(128, 256, 256), dense(128, 256, 10), (0, 1024)]), 28);
    let steps = 16 * 20;
    step("J", dense(steps, 8, 96), sum(&[dense(steps, 32, 96), dense(16, 32, 1)]), 28);
}

/// `work` per second in the best of `rounds` runs: the machine may be shared.
fn best_of(rounds: usize, work: impl Fn() -> f64, mut run: impl FnMut()) -> f64 {
    let seconds = (0..rounds).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    });
    work() / seconds.fold(f64::INFINITY, f64::min)
}

#[cfg(target_arch = "x86_64")]
fn fma(rounds: usize) {
    use std::arch::x86_64::*;
    #[target_feature(enable = "avx512f")]
    fn run(rounds: usize) -> __m512 {
        let mut sums = [_mm512_set1_ps(1.0); 12];
        let (a, b) = (_mm512_set1_ps(black_box(0.999)), _mm512_set1_ps(black_box(1e-3)));
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, a, b);
            }
        }
        let mut all = _mm512_setzero_ps();
        for sum in sums {
            all = _mm512_add_ps(all, sum);
        }
        all
    }
    // SAFETY: the caller has looked for AVX-512.
    unsafe {
        black_box(run(rounds));
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn fma(_rounds: usize) {}

fn triad(a: &mut [f32], b: &[f32], c: &[f32], factor: f32) {
    #[inline(always)]
    fn plain(a: &mut [f32], b: &[f32], c: &[f32], factor: f32) {
        for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
            *a = b + factor * c;
        }
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn vectorised(a: &mut [f32], b: &[f32], c: &[f32], factor: f32) {
            plain(a, b, c, factor);
        }
        // SAFETY: `print` has looked for AVX-512.
        return unsafe { vectorised(a, b, c, factor) };
    }
    #[allow(unreachable_code, reason = "other machines")]
    plain(a, b, c, factor)
}

/// The sum, in so many parts that no addition waits for another.
fn read(x: &[f32]) -> f32 {
    #[inline(always)]
    fn plain(x: &[f32]) -> f32 {
        let mut sums = [0.0; 128];
        for part in x.chunks_exact(128) {
            for (sum, x) in sums.iter_mut().zip(part) {
                *sum += x;
            }
        }
        sums.iter().sum()
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn vectorised(x: &[f32]) -> f32 {
            plain(x)
        }
        // SAFETY: `print` has looked for AVX-512.
        return unsafe { vectorised(x) };
    }
    #[allow(unreachable_code, reason = "other machines")]
    plain(x)
}
