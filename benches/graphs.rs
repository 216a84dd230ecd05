//! Long and deep graphs: time and memory must grow linearly with their size.
//!
//!     cargo bench -p downhill-benches --bench graphs

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use downhill::prelude::*;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// A chain of operations on four elements, forward and backward.
#[divan::bench(args = [1_000, 10_000, 100_000, 1_000_000], max_time = 3)]
fn chain(bencher: Bencher<'_, '_>, operations: usize) {
    let (factor, start) = (Tensor::from([1.0_f32, 1.0, 1.0, 1.0]), Tensor::param([1.0_f32, 2.0, 3.0, 4.0]));
    bencher.counter(ItemsCount::new(operations)).bench_local(|| {
        let mut x = start.clone();
        for _ in 0..operations {
            x = &x * &factor;
        }
        x.sum().backward()
    });
}

/// A network of 100 layers of 32 units, batch 16.
#[divan::bench]
fn layers_100(bencher: Bencher<'_, '_>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let model = Mlp::<f32>::new(&[32; 101], Tanh, &mut rng);
    let x = init::uniform(&[16, 32], -1.0..=1.0, &mut rng);
    bencher.counter(ItemsCount::new(100_usize)).bench_local(|| model.forward(&x).square().mean().backward());
}

/// A recurrent cell of 16 units, unrolled, with the same weights in every step: `h = tanh(x·W + h·U)`.
#[divan::bench(args = [10, 100, 1_000])]
fn unrolled(bencher: Bencher<'_, '_>, steps: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let weight = |rng: &mut ChaCha8Rng| Tensor::param(init::uniform::<f32>(&[16, 16], -0.2..=0.2, rng));
    let (w, u) = (weight(&mut rng), weight(&mut rng));
    let x = init::uniform::<f32>(&[8, 16], -1.0..=1.0, &mut rng);
    bencher.counter(ItemsCount::new(steps)).bench_local(|| {
        let mut h = Tensor::zeros(&[8, 16]);
        for _ in 0..steps {
            h = (x.matmul(&w) + h.matmul(&u)).tanh();
        }
        h.sum().backward()
    });
}
