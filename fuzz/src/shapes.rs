//! Random shapes: small or absurd, nothing in between, so that what fits in memory fits on every machine and what does
//! not fits on none.

use crate::random::Random;

/// Sizes above this and below [`ABSURD`] do not occur in programs.
pub(crate) const SMALL: usize = 1 << 14;
/// This many elements or more take more bytes than the address space has.
pub(crate) const ABSURD: usize = 1 << 45;

const SMALL_SIZES: [usize; 16] = [0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 16, 17, 33, 70];
/// Small multiples of the last two wrap around to small numbers.
const ABSURD_SIZES: [usize; 16] = [
    ABSURD,
    ABSURD + 1,
    1 << 46,
    1 << 50,
    1 << 58,
    (1 << 59) - 1,
    (1 << 60) - 1,
    1 << 60,
    (1 << 61) - 1,
    1 << 61,
    1 << 62,
    isize::MAX as usize,
    1 << 63,
    usize::MAX,
    0xAAAA_AAAA_AAAA_AAC0,
    0x5555_5555_5555_5556,
];

/// Whether a number of elements is small or absurd.
pub(crate) fn is_allowed(elements: u128) -> bool {
    elements <= 1 << 18 || elements >= ABSURD as u128
}

/// The size of one of the axes, or 5 if there are none.
pub(crate) fn some_size(random: &mut Random, shape: &[usize]) -> usize {
    if shape.is_empty() { 5 } else { shape[random.below(shape.len())] }
}

/// The number of elements of a shape.
pub(crate) fn elements(shape: &[usize]) -> u128 {
    shape.iter().fold(1_u128, |product, &n| product.saturating_mul(n as u128))
}

pub(crate) fn small(random: &mut Random) -> Vec<usize> {
    let axes = random.pick(&[0, 1, 1, 2, 2, 2, 3, 3, 4, 5]);
    let mut shape = random.list(axes, |random| random.pick(&SMALL_SIZES));
    while elements(&shape) > 5000 {
        let axis = random.below(shape.len());
        shape[axis] = 1;
    }
    shape
}

/// An axis of size 0, the others of any size.
fn empty(random: &mut Random) -> Vec<usize> {
    let axes = 2 + random.below(3);
    let mut shape = random.list(axes, |random| random.pick(&[1, 1, 2, 3]));
    for _ in 0..2 {
        let axis = random.below(axes);
        shape[axis] = random.pick(&ABSURD_SIZES);
    }
    let axis = random.below(axes);
    shape[axis] = 0;
    shape
}

/// About the maximum number of axes, and sometimes far more or fewer.
fn long(random: &mut Random) -> Vec<usize> {
    let axes = random.pick(&[31, 62, 63, 64, 64, 64, 65, 66, 127, 128, 1000]);
    let mut shape = vec![1; axes];
    for _ in 0..random.below(3) {
        let axis = random.below(axes);
        shape[axis] = random.pick(&[0, 2, 3]);
    }
    shape
}

/// Any shape; one in three is hostile.
pub(crate) fn any(random: &mut Random) -> Vec<usize> {
    match random.below(24) {
        0..3 => empty(random),
        3..5 => long(random),
        5..8 => {
            let axes = 1 + random.below(4);
            random.list(axes, |random| if random.once_in(2) { random.pick(&ABSURD_SIZES) } else { random.below(5) })
        }
        _ => small(random),
    }
}

/// A shape that usually has as many elements as `shape`.
pub(crate) fn regrouped(random: &mut Random, shape: &[usize]) -> Vec<usize> {
    let mut regrouped = shape.to_vec();
    for _ in 0..1 + random.below(3) {
        match random.below(5) {
            0 if regrouped.len() > 1 => {
                let axis = random.below(regrouped.len() - 1);
                let next = regrouped.remove(axis + 1);
                regrouped[axis] = regrouped[axis].wrapping_mul(next);
            }
            1 => regrouped.insert(random.below(regrouped.len() + 1), 1),
            2 if !regrouped.is_empty() => {
                let axis = random.below(regrouped.len());
                for divisor in [2, 3, 5, 7, 16] {
                    if regrouped[axis] > 0 && regrouped[axis].is_multiple_of(divisor) {
                        regrouped[axis] /= divisor;
                        regrouped.insert(random.below(regrouped.len() + 1), divisor);
                        break;
                    }
                }
            }
            3 if regrouped.contains(&0) => {
                regrouped.insert(random.below(regrouped.len() + 1), random.pick(&ABSURD_SIZES))
            }
            _ => {
                let from = random.below(regrouped.len() + 1);
                regrouped.rotate_left(from);
            }
        }
    }
    regrouped
}

/// A shape that `shape` broadcasts to: with new leading axes, and other sizes in place of 1.
pub(crate) fn stretched(random: &mut Random, shape: &[usize]) -> Vec<usize> {
    let new = random.below(3);
    let mut stretched = random.list(new, |random| random.pick(&SMALL_SIZES));
    stretched.extend_from_slice(shape);
    for size in stretched.iter_mut().filter(|size| **size == 1) {
        if random.once_in(2) {
            *size = if random.once_in(8) { random.pick(&ABSURD_SIZES) } else { random.pick(&SMALL_SIZES) };
        }
    }
    stretched
}

/// An axis, usually in range.
pub(crate) fn axis(random: &mut Random, axes: usize) -> isize {
    match random.below(16) {
        0 => random.pick(&[isize::MIN, isize::MAX, isize::MIN + 1, 64, -64, 63, -65, -1, 0]),
        1 => axes as isize,
        _ => random.below(2 * axes.max(1)) as isize - axes as isize,
    }
}

/// A position on an axis of this size, usually in range.
pub(crate) fn position(random: &mut Random, size: usize) -> usize {
    match random.below(16) {
        0 => random.pick(&[usize::MAX, isize::MAX as usize, 1 << 63, size, size.wrapping_add(1)]),
        1 => size.saturating_sub(1),
        _ => random.below(size.clamp(1, 100)),
    }
}
