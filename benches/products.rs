//! Matrix products at the shapes of the reference networks, compared with those of `ndarray`, which uses the crate
//! `matrixmultiply`, as downhill does on machines without AVX-512.
//!
//!     cargo bench -p downhill-benches --bench products

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use downhill::prelude::*;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayViewD, Ix2};

fn main() {
    divan::main();
}

/// `[m, k, n]`, and for each operand whether it is the transpose of a row-major matrix.
type Case = ([usize; 3], [bool; 2]);

const CASES: [Case; 12] = [
    // Forward: `x·Wᵀ`.
    ([64, 784, 128], [false, true]),
    ([64, 128, 10], [false, true]),
    ([128, 784, 512], [false, true]),
    ([16, 784, 32], [false, true]),
    ([1000, 784, 512], [false, true]),
    ([1, 784, 512], [false, true]),
    // The gradient of a weight: `dyᵀ·x`.
    ([128, 64, 784], [true, false]),
    ([10, 64, 128], [true, false]),
    ([512, 128, 784], [true, false]),
    // The gradient of an input: `dy·W`.
    ([64, 10, 128], [false, false]),
    ([128, 512, 512], [false, false]),
    ([512, 512, 512], [false, false]),
];

/// An operand in memory aligned to a cache line, like that of parameters, mini-batches and results.
fn operand(rows: usize, columns: usize, transposed: bool) -> Tensor {
    let shape = if transposed { [columns, rows] } else { [rows, columns] };
    let numbers = (0..rows * columns).map(|i| (i % 97) as f32 / 97.0 - 0.5);
    let matrix = Tensor::appended(&shape, |elements| elements.extend(numbers));
    if transposed { matrix.t() } else { matrix }
}

fn operands(([m, k, n], [a, b]): Case) -> (Tensor, Tensor) {
    (operand(m, k, a), operand(k, n, b))
}

/// Additions and multiplications, so that the rate is in FLOP/s.
fn work([m, k, n]: [usize; 3]) -> ItemsCount {
    ItemsCount::new(2 * m * k * n)
}

#[divan::bench(args = CASES)]
fn downhill(bencher: Bencher<'_, '_>, case: Case) {
    let (a, b) = operands(case);
    bencher.counter(work(case.0)).bench(|| black_box(&a).matmul(black_box(&b)));
}

#[divan::bench(args = CASES)]
fn ndarray(bencher: Bencher<'_, '_>, case: Case) {
    let ([m, _, n], _) = case;
    let (a, b) = operands(case);
    let (a, b) = (a.view(), b.view());
    let matrix = |x| ArrayViewD::into_dimensionality::<Ix2>(x).expect("two axes");
    let (a, b) = (matrix(a), matrix(b));
    let mut c = Array2::<f32>::zeros((m, n));
    bencher.counter(work(case.0)).bench_local(|| general_mat_mul(1.0, black_box(&a), black_box(&b), 0.0, &mut c));
}
