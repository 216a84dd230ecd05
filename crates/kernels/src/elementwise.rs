//! Elementwise loops over one or two arrays, with broadcasting.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::simd::vectorised;
use crate::broadcast::broadcast_shape;
use crate::copied::copied;
use crate::memory::Room;
use crate::{Elements, Float};

/// Applies `f` to every element.
#[inline(always)]
#[track_caller]
pub fn map<F: Float>(x: &Elements<F>, f: impl Fn(F) -> F) -> Elements<F> {
    let mut copy = None;
    let xs = x.row_major_slice(&mut copy);
    collect(
        x,
        #[inline(always)]
        |ys| {
            assert!(xs.len() == ys.len(), "one element per slot");
            for (y, &x) in ys.iter_mut().zip(xs) {
                y.write(f(x));
            }
        },
    )
}

/// Applies `f` to every pair of elements, with broadcasting. The shapes must broadcast.
#[inline(always)]
#[track_caller]
pub fn zip<F: Float>(a: &Elements<F>, b: &Elements<F>, f: impl Fn(F, F) -> F) -> Elements<F> {
    let copies;
    let (a, b, meeting) = match Meeting::of(a, b) {
        Some(meeting) => (a, b, meeting),
        None => {
            copies = stretched(a, b);
            (&copies.0, &copies.1, Meeting::Alike)
        }
    };
    let (left, right) = (a.as_slice().expect("row-major"), b.as_slice().expect("row-major"));
    collect(
        if let Meeting::LeftRepeats(_) = meeting { b } else { a },
        #[inline(always)]
        |ys| match meeting {
            Meeting::Alike => {
                assert!(left.len() == ys.len() && right.len() == ys.len(), "one pair per slot");
                for ((y, &a), &b) in ys.iter_mut().zip(left).zip(right) {
                    y.write(f(a, b));
                }
            }
            Meeting::RightRepeats(width) => repeat(ys, left, right, width, &f),
            Meeting::LeftRepeats(width) => repeat(
                ys,
                right,
                left,
                width,
                #[inline(always)]
                |b, a| f(a, b),
            ),
        },
    )
}

/// `a += b` in place; returns false, with `a` unchanged, unless `a` is unshared, the shapes are equal and both are row-major.
pub fn add_in_place<F: Float>(a: &mut Elements<F>, b: &Elements<F>) -> bool {
    let (true, Some(b)) = (a.shape() == b.shape(), b.as_slice()) else { return false };
    let Some(a) = a.as_slice_mut() else { return false };
    vectorised(
        #[inline(always)]
        || {
            for (a, &b) in a.iter_mut().zip(b) {
                *a += b;
            }
        },
    );
    true
}

/// How the elements of two row-major arrays are paired.
///
/// Each of these has its own loop. Arrays that are paired in another way, or are not row-major, are first copied to their
/// joint shape. That is rare, and every additional loop would be compiled for every operation.
#[derive(Clone, Copy)]
enum Meeting {
    /// Same shape: element by element.
    Alike,
    /// The right array is repeated along the left one.
    RightRepeats(Width),
    /// The left array is repeated along the right one.
    LeftRepeats(Width),
}

/// How a short array is repeated along a long one.
#[derive(Clone, Copy)]
enum Width {
    /// As a whole, over leading axes, like a bias.
    Row,
    /// Each element this many times, like a scalar or the result of a reduction that keeps its axes.
    Column(usize),
}

impl Meeting {
    fn of<F: Float>(a: &Elements<F>, b: &Elements<F>) -> Option<Self> {
        // Both must be row-major.
        let (_, _) = (a.as_slice()?, b.as_slice()?);
        if a.shape() == b.shape() {
            return Some(Meeting::Alike);
        }
        let right = Width::of(b.shape(), a.shape()).map(Meeting::RightRepeats);
        right.or_else(|| Width::of(a.shape(), b.shape()).map(Meeting::LeftRepeats))
    }
}

impl Width {
    /// How `short` repeats along `long`; `None` if it broadcasts in another way, or not at all.
    fn of(short: &[usize], long: &[usize]) -> Option<Self> {
        // A single element.
        if short.len() <= long.len() && short.iter().all(|&n| n == 1) {
            return Some(Width::Column(long.iter().product()));
        }
        // Equal trailing axes: the short array is one contiguous row of the long one.
        let leading = short.iter().take_while(|&&n| n == 1).count();
        if short.len() <= long.len() && long.ends_with(&short[leading..]) {
            return Some(Width::Row);
        }
        // Equal leading axes, then sizes of 1: each element covers a contiguous run.
        let same = short.len() - short.iter().rev().take_while(|&&n| n == 1).count();
        let column = short.len() == long.len() && short[..same] == long[..same];
        column.then(|| Width::Column(long[same..].iter().product()))
    }
}

/// Applies `f` to `long` and the repeated `short`, and writes every element of `ys`.
///
/// # Panics
/// If `long` and `ys` differ in length, or `short` does not repeat a whole number of times.
#[inline(always)]
fn repeat<F: Float>(ys: &mut [MaybeUninit<F>], long: &[F], short: &[F], width: Width, f: impl Fn(F, F) -> F) {
    assert!(long.len() == ys.len(), "one element per slot");
    match width {
        // `chunks_exact` panics for a length of 0.
        _ if ys.is_empty() => {}
        Width::Row => {
            let rows = long.chunks_exact(short.len());
            assert!(rows.remainder().is_empty(), "whole rows");
            for (ys, long) in ys.chunks_exact_mut(short.len()).zip(rows) {
                for ((y, &a), &b) in ys.iter_mut().zip(long).zip(short) {
                    y.write(f(a, b));
                }
            }
        }
        Width::Column(width) => {
            assert!(width.checked_mul(short.len()) == Some(ys.len()), "whole columns");
            for ((ys, long), &b) in ys.chunks_exact_mut(width).zip(long.chunks_exact(width)).zip(short) {
                for (y, &a) in ys.iter_mut().zip(long) {
                    y.write(f(a, b));
                }
            }
        }
    }
}

/// Copies both operands to their joint shape, in row-major order.
#[cold]
#[inline(never)]
#[track_caller]
fn stretched<F: Float>(a: &Elements<F>, b: &Elements<F>) -> (Elements<F>, Elements<F>) {
    let shape = broadcast_shape(a.shape(), b.shape()).expect("the operation has checked the shapes");
    (stretched_to(&shape, a), stretched_to(&shape, b))
}

#[track_caller]
fn stretched_to<F: Float>(shape: &[usize], x: &Elements<F>) -> Elements<F> {
    copied(x.view().broadcast(shape).expect("broadcasts to the joint shape"))
}

/// New row-major elements of the same shape as `like`; `fill` must write all of them.
#[inline(always)]
#[track_caller]
fn collect<F: Float>(like: &Elements<F>, fill: impl FnOnce(&mut [MaybeUninit<F>])) -> Elements<F> {
    let mut room = Room::new(like.len(), like.shape());
    let ys = room.slots();
    vectorised(
        #[inline(always)]
        || fill(ys),
    );
    // SAFETY: every caller in this file writes all elements: it asserts that the slices it reads have the same length, or
    // that chunks of their length cover the result exactly.
    let memory = unsafe { room.filled() };
    like.alike(memory)
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};

    use super::*;
    use crate::simd::{Level, tested_at};

    /// Distinct values, a NaN and an infinity.
    fn sample(shape: &[usize]) -> ArrayD<f32> {
        let mut next = 0.0;
        let mut array = ArrayD::from_shape_simple_fn(shape, || {
            next += 0.75;
            next
        });
        if let Some(x) = array.iter_mut().nth(3) {
            *x = f32::NAN;
        }
        if let Some(x) = array.iter_mut().nth(5) {
            *x = f32::NEG_INFINITY;
        }
        array
    }

    fn same(a: &ArrayD<f32>, b: &ArrayD<f32>) -> bool {
        a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
    }

    fn zip_arrays(a: &ArrayViewD<'_, f32>, b: &ArrayViewD<'_, f32>) -> ArrayD<f32> {
        zip(&a.to_owned().into(), &b.to_owned().into(), |a, b| a - 2.0 * b).into_array()
    }

    fn map_array(x: &ArrayViewD<'_, f32>) -> ArrayD<f32> {
        map(&x.to_owned().into(), |x| x * 0.1).into_array()
    }

    /// The reference: element by element, with ndarray's broadcasting and indexing.
    fn plain(a: &ArrayViewD<'_, f32>, b: &ArrayViewD<'_, f32>) -> ArrayD<f32> {
        let shape = broadcast_shape(a.shape(), b.shape()).unwrap();
        let (a, b) = (a.broadcast(shape.clone()).unwrap(), b.broadcast(shape.clone()).unwrap());
        ArrayD::from_shape_fn(shape, |at| a[&at] - 2.0 * b[&at])
    }

    #[test]
    fn every_level_and_small_shape_matches_the_plain_loop() {
        let mut shapes: Vec<Vec<usize>> = (0..70).map(|n| vec![n]).collect();
        shapes.extend([vec![], vec![1, 1], vec![3, 0], vec![3, 17], vec![17, 3], vec![2, 3, 33], vec![2, 1, 33]]);
        for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
            for shape in &shapes {
                let a = sample(shape);
                for suffix in 0..=shape.len() {
                    let b = sample(&shape[suffix..]);
                    for (a, b) in [(a.view(), b.view()), (b.view(), a.view()), (a.t(), b.t())] {
                        if broadcast_shape(a.shape(), b.shape()).is_err() {
                            continue;
                        }
                        let y = tested_at(level, || zip_arrays(&a, &b));
                        assert!(same(&y, &plain(&a, &b)), "{level:?} {:?} {:?}", a.shape(), b.shape());
                    }
                }
                let y = tested_at(level, || map_array(&a.view()));
                assert!(same(&y, &a.mapv(|x| x * 0.1)), "{level:?} {shape:?}");
            }
        }
    }

    #[test]
    fn add_in_place_requires_equal_shapes() {
        let mut a = Elements::from(sample(&[2, 3]));
        let before = a.view().to_owned();
        for other in [vec![3], vec![3, 2], vec![6], vec![]] {
            assert!(!add_in_place(&mut a, &Elements::full(IxDyn(&other), 1.0)), "{other:?}");
            assert!(same(&a.view().to_owned(), &before));
        }
        assert!(add_in_place(&mut a, &Elements::full(IxDyn(&[2, 3]), 1.0)));
        assert!(same(&a.view().to_owned(), &before.mapv(|x| x + 1.0)));
    }

    /// Initializing all elements must not depend on the caller passing consistent shapes.
    #[test]
    fn repeat_rejects_inconsistent_lengths() {
        use std::panic::{AssertUnwindSafe, catch_unwind};
        let mut room = [MaybeUninit::new(0.0_f32); 6];
        let long = [1.0; 6];
        let cases: [(&[f32], &[f32], Width); 5] = [
            (&long[..5], &long[..3], Width::Row),
            (&long, &long[..4], Width::Row),
            (&long, &long[..2], Width::Column(2)),
            (&long, &long[..4], Width::Column(2)),
            (&long, &long[..2], Width::Column(usize::MAX / 2 + 4)),
        ];
        for (long, short, width) in cases {
            let run = AssertUnwindSafe(|| repeat(&mut room, long, short, width, |a, b| a + b));
            assert!(catch_unwind(run).is_err());
        }
    }

    #[test]
    fn odd_strides() {
        let a = sample(&[7, 10]);
        let every_third = a.slice_axis(Axis(1), Slice::from(1..).step_by(3));
        let backwards = a.slice_axis(Axis(1), Slice::from(1..).step_by(-3));
        let stretched = a.view().index_axis_move(Axis(0), 2).broadcast((7, 10)).unwrap().into_dyn().to_owned();
        assert!(same(&zip_arrays(&every_third, &backwards), &plain(&every_third, &backwards)));
        assert!(same(&zip_arrays(&stretched.view(), &a.view()), &plain(&stretched.view(), &a.view())));
        assert!(same(&map_array(&backwards), &backwards.mapv(|x| x * 0.1)));
    }
}
