//! Helpers for the tests of the sequence operations.

use downhill_tensor::Tensor;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::steps::Steps;

/// Lengths, and the sizes `[T, N, in, hidden]`, for sweeps.
pub(super) const CASES: &[(Option<&[usize]>, [usize; 4])] = &[
    (None, [3, 2, 1, 2]),
    (None, [1, 1, 1, 1]),
    (None, [0, 2, 1, 2]),
    (None, [2, 0, 1, 2]),
    (None, [2, 2, 1, 0]),
    (None, [2, 1, 0, 1]),
    (Some(&[1, 3]), [3, 2, 2, 1]),
    (Some(&[0, 2]), [2, 2, 1, 2]),
];

pub(super) fn steps_of(reverse: bool, lengths: Option<&[usize]>) -> Steps {
    Steps { reverse, lengths: lengths.map(Into::into) }
}

/// The same elements, with the first axis varying fastest in memory.
fn column_major(x: &Tensor<f64>) -> Tensor<f64> {
    let order: Vec<isize> = (0..x.ndim() as isize).rev().collect();
    (x.permute(&order) * 1.0).permute(&order)
}

/// Asserts that a sequence operation gives, to rounding, the results and gradients of a cell that is applied to each
/// sequence alone. Both get products with the input, `[T, N, gates·hidden]` or, for one step of one sequence,
/// `[1, gates·hidden]`, the weight and the states. The sizes have whole vectors, and rests.
#[track_caller]
pub(super) fn assert_alone<const S: usize>(
    gates: usize,
    op: impl Fn(&Tensor<f64>, [&Tensor<f64>; 2], &Tensor<f64>, [&Tensor<f64>; S], Steps) -> Tensor<f64>,
    cell: impl Fn(&Tensor<f64>, [&Tensor<f64>; 2], &Tensor<f64>, &[Tensor<f64>; S]) -> [Tensor<f64>; S],
) {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let cases: [(Option<&[usize]>, [usize; 4]); 5] = [
        (None, [4, 3, 2, 2]),
        (None, [2, 2, 19, 37]),
        (Some(&[2, 5, 0]), [5, 3, 1, 3]),
        (Some(&[4, 4]), [4, 2, 5, 16]),
        (Some(&[1]), [3, 1, 3, 1]),
    ];
    for (lengths, [steps, rows, inputs, hidden]) in cases {
        for reverse in [false, true] {
            let mut param = |shape: &[usize]| Tensor::param(Tensor::<f64>::randn(shape, rng));
            let x = param(&[steps, rows, inputs]);
            let (w, u, b) =
                (param(&[gates * hidden, inputs]), param(&[gates * hidden, hidden]), param(&[gates * hidden]));
            let states: [_; S] = std::array::from_fn(|_| param(&[rows, hidden]));
            let cotangent = Tensor::randn(&[steps + S, rows, hidden], rng);
            // Plain, or with every argument and the gradient of the result in another layout.
            let laid_out = |x: &Tensor<f64>| if reverse { column_major(x) } else { x.clone() };
            let from = states.each_ref().map(laid_out);
            let weights = [&laid_out(&w), &laid_out(&u)];
            let y = laid_out(&op(&laid_out(&x), weights, &b, from.each_ref(), steps_of(reverse, lengths)));
            let ours = (&y * &cotangent).sum().backward();
            let mut total = Tensor::from(0.0);
            for row in 0..rows {
                let at = |tensor: &Tensor<f64>, time: usize| {
                    tensor.narrow(0, time, 1).narrow(1, row, 1).reshape(&[1, tensor.shape()[2]])
                };
                let mut own = states.each_ref().map(|state| state.narrow(0, row, 1));
                let mut see = |place: usize, value: &Tensor<f64>| {
                    let [difference, size] = [at(&y, place) - value, value.clone()].map(|x| x.abs().max().item());
                    assert!(
                        difference <= 1e-13 * size.max(1.0),
                        "{lengths:?} {reverse}: sequence {row} at {place} is off by {difference}"
                    );
                    total += (at(&cotangent, place) * value).sum();
                };
                let length = lengths.map_or(steps, |lengths| lengths[row]);
                for step in 0..length {
                    let time = if reverse { length - 1 - step } else { step };
                    own = cell(&at(&x, time), [&w, &u], &b, &own);
                    see(time, &own[0]);
                }
                for time in length..steps {
                    see(time, &Tensor::zeros(&[1, hidden]));
                }
                for (number, state) in own.iter().enumerate() {
                    see(steps + number, state);
                }
            }
            let theirs = total.backward();
            for (number, leaf) in [&x, &w, &u, &b].into_iter().chain(&states).enumerate() {
                let [difference, size] =
                    [&ours[leaf] - &theirs[leaf], theirs[leaf].clone()].map(|x| x.abs().max().item());
                assert!(
                    difference <= 1e-12 * size.max(1.0),
                    "{lengths:?} {reverse}: gradient {number} is off by {difference}"
                );
            }
        }
    }
}
