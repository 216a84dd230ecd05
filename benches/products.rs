//! Matrix products at the shapes of the reference networks, beside the crate `matrixmultiply`, which serves machines
//! without AVX-512.
//!
//!     cargo bench -p downhill-benches --bench products

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use downhill::prelude::*;

fn main() {
    divan::main();
}

/// `m`, `k`, `n`, and whether the operands are transposes of row-major matrices.
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

/// In memory that begins a line of the cache, as parameters, batches and results do.
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
fn matrixmultiply(bencher: Bencher<'_, '_>, case: Case) {
    let ([m, k, n], _) = case;
    let (a, b) = operands(case);
    let (a, b) = (a.view(), b.view());
    let mut c = vec![0.0_f32; m * n];
    let steps = |x: &ndarray::ArrayViewD<'_, f32>| (x.strides()[0], x.strides()[1]);
    let ((a_row, a_column), (b_row, b_column)) = (steps(&a), steps(&b));
    bencher.counter(work(case.0)).bench_local(|| {
        let (a, b) = (black_box(a.as_ptr()), black_box(b.as_ptr()));
        // SAFETY: the addresses are those of views of these shapes with these steps, and `c` has room for the result.
        #[allow(unsafe_code)]
        unsafe {
            ::matrixmultiply::sgemm(
                m,
                k,
                n,
                1.0,
                a,
                a_row,
                a_column,
                b,
                b_row,
                b_column,
                0.0,
                c.as_mut_ptr(),
                n as isize,
                1,
            );
        }
    });
}
