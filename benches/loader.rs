//! Loading mini-batches of images: bytes gathered by index and converted to `f32`.
//!
//!     cargo bench -p downhill-benches --bench loader

use divan::Bencher;
use divan::counter::ItemsCount;
use downhill::prelude::*;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

fn main() {
    divan::main();
}

/// As large as MNIST, so that most of it is not in cache.
fn images() -> ImageSet {
    let images = 60_000;
    let pixels = (0..images * 784).map(|i| (i * 7919 % 256) as u8).collect();
    ImageSet::new(pixels, (28, 28), (0..images).map(|i| (i % 10) as u8).collect())
}

#[divan::bench(args = [16, 64, 128])]
fn shuffled_batch(bencher: Bencher<'_, '_>, size: usize) {
    let (images, mut rng) = (images(), ChaCha8Rng::seed_from_u64(1));
    let mut batches = images.batches(size).shuffled(&mut rng).drop_last();
    bencher.counter(ItemsCount::new(size)).bench_local(|| {
        if let Some(batch) = batches.next() {
            return batch;
        }
        batches = images.batches(size).shuffled(&mut rng).drop_last();
        batches.next().expect("there are images")
    });
}

#[divan::bench]
fn first_batch_of_an_epoch(bencher: Bencher<'_, '_>) {
    let (images, mut rng) = (images(), ChaCha8Rng::seed_from_u64(1));
    bencher.bench_local(|| images.batches(64).shuffled(&mut rng).next());
}
