//! One pass over one or two arrays, with broadcasting.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use ndarray::{ArrayD, ArrayViewD, IxDyn, Zip};

use super::simd::vectorised;
use crate::Float;
use crate::broadcast::broadcast_shape;

/// `f` of every element.
#[inline(always)]
pub(crate) fn map<F: Float>(x: &ArrayViewD<'_, F>, f: impl Fn(F) -> F) -> ArrayD<F> {
    let Some(xs) = x.as_slice() else { return x.mapv(f) };
    collect(
        x.raw_dim(),
        #[inline(always)]
        |ys| {
            for (y, &x) in ys.iter_mut().zip(xs) {
                y.write(f(x));
            }
        },
    )
}

/// `f` of every pair of elements, with broadcasting; the shapes fit.
///
/// Row-major operands of equal shape, a scalar, and a row repeated over the leading axes (a bias) have a loop of their
/// own; everything else goes through `ndarray`'s strides.
#[inline(always)]
pub(crate) fn zip<F: Float>(a: &ArrayViewD<'_, F>, b: &ArrayViewD<'_, F>, f: impl Fn(F, F) -> F) -> ArrayD<F> {
    let (Some(left), Some(right)) = (a.as_slice(), b.as_slice()) else { return strided(a, b, f) };
    if a.shape() == b.shape() {
        collect(
            a.raw_dim(),
            #[inline(always)]
            |ys| {
                for ((y, &a), &b) in ys.iter_mut().zip(left).zip(right) {
                    y.write(f(a, b));
                }
            },
        )
    } else if a.shape().ends_with(b.shape()) {
        collect(
            a.raw_dim(),
            #[inline(always)]
            |ys| repeat(ys, left, right, &f),
        )
    } else if b.shape().ends_with(a.shape()) {
        collect(
            b.raw_dim(),
            #[inline(always)]
            |ys| {
                repeat(
                    ys,
                    right,
                    left,
                    #[inline(always)]
                    |b, a| f(a, b),
                );
            },
        )
    } else {
        strided(a, b, f)
    }
}

/// `f` of `long` with `short` repeated as often as it fits.
#[inline(always)]
fn repeat<F: Float>(ys: &mut [MaybeUninit<F>], long: &[F], short: &[F], f: impl Fn(F, F) -> F) {
    if let &[b] = short {
        for (y, &a) in ys.iter_mut().zip(long) {
            y.write(f(a, b));
        }
    } else if !short.is_empty() {
        for (ys, long) in ys.chunks_exact_mut(short.len()).zip(long.chunks_exact(short.len())) {
            for ((y, &a), &b) in ys.iter_mut().zip(long).zip(short) {
                y.write(f(a, b));
            }
        }
    }
}

#[inline(never)]
fn strided<F: Float>(a: &ArrayViewD<'_, F>, b: &ArrayViewD<'_, F>, f: impl Fn(F, F) -> F) -> ArrayD<F> {
    let f = |&a: &F, &b: &F| f(a, b);
    if a.shape() == b.shape() {
        return Zip::from(a).and(b).map_collect(f);
    }
    let shape = broadcast_shape(a.shape(), b.shape()).expect("the operation has checked the shapes");
    let a = a.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
    let b = b.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
    Zip::from(a).and(b).map_collect(f)
}

/// A row-major array whose every element `fill` writes.
#[inline(always)]
fn collect<F: Float>(shape: IxDyn, fill: impl FnOnce(&mut [MaybeUninit<F>])) -> ArrayD<F> {
    let len = ndarray::Dimension::size(&shape);
    let mut elements = Vec::with_capacity(len);
    let spare: &mut [MaybeUninit<F>] = &mut elements.spare_capacity_mut()[..len];
    vectorised(
        #[inline(always)]
        || fill(spare),
    );
    // SAFETY: every caller in this file writes each of the `len` elements.
    unsafe { elements.set_len(len) };
    ArrayD::from_shape_vec(shape, elements).expect("as many elements as the shape has")
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, Axis, Slice};

    use super::*;
    use crate::kernels::simd::{Level, at_most};

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

    /// Element by element through ndarray's own broadcasting and indexing.
    fn plain(a: &ArrayViewD<'_, f32>, b: &ArrayViewD<'_, f32>) -> ArrayD<f32> {
        let shape = broadcast_shape(a.shape(), b.shape()).unwrap();
        let (a, b) = (a.broadcast(shape.clone()).unwrap(), b.broadcast(shape.clone()).unwrap());
        ArrayD::from_shape_fn(shape, |at| a[&at] - 2.0 * b[&at])
    }

    #[test]
    fn every_level_and_every_small_shape_as_the_plain_loop() {
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
                        let y = at_most(level, || zip(&a, &b, |a, b| a - 2.0 * b));
                        assert!(same(&y, &plain(&a, &b)), "{level:?} {:?} {:?}", a.shape(), b.shape());
                    }
                }
                let y = at_most(level, || map(&a.view(), |x| x * 0.1));
                assert!(same(&y, &a.mapv(|x| x * 0.1)), "{level:?} {shape:?}");
            }
        }
    }

    #[test]
    fn odd_strides() {
        let a = sample(&[7, 10]);
        let every_third = a.slice_axis(Axis(1), Slice::from(1..).step_by(3));
        let backwards = a.slice_axis(Axis(1), Slice::from(1..).step_by(-3));
        let stretched = a.view().index_axis_move(Axis(0), 2).broadcast((7, 10)).unwrap().into_dyn().to_owned();
        assert!(same(&zip(&every_third, &backwards, |a, b| a - 2.0 * b), &plain(&every_third, &backwards)));
        assert!(same(&zip(&stretched.view(), &a.view(), |a, b| a - 2.0 * b), &plain(&stretched.view(), &a.view())));
        assert!(same(&map(&backwards, |x| x * 0.1), &backwards.mapv(|x| x * 0.1)));
    }
}
