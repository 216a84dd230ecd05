//! Orthogonal initialization.

use downhill_tensor::{Float, Tensor, checked_size};
use ndarray::{Array2, Axis};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// A random matrix whose rows (or columns, if it has more rows than columns) are orthogonal and of length `gain`; the
/// axes after the first are flattened. A deep linear network of square ones preserves norms exactly (Saxe, McClelland
/// and Ganguli, arXiv:1312.6120).
///
/// Uniformly distributed over all such matrices (Haar measure): normal vectors, orthonormalized one after the other.
///
/// ```
/// use downhill_nn::init;
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let w = init::orthogonal::<f64>(&[3, 5], 1.0, &mut rng);
/// let identity = Tensor::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
/// assert!((w.matmul(&w.t()) - identity).to_vec().iter().all(|x| x.abs() < 1e-15));
/// ```
///
/// # Panics
/// If there are fewer than two axes.
#[track_caller]
pub fn orthogonal<F: Float>(shape: &[usize], gain: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
    let [rows, rest @ ..] = shape else {
        panic!("orthogonal of {shape:?}: the shape must have at least two axes");
    };
    assert!(!rest.is_empty(), "orthogonal of {shape:?}: the shape must have at least two axes");
    checked_size::<f64>("orthogonal", shape);
    let columns: usize = rest.iter().product();
    let (count, length) = (*rows.min(&columns), *rows.max(&columns));
    let mut elements = Vec::new();
    let room = elements.try_reserve_exact(count * length);
    assert!(
        room.is_ok(),
        "orthogonal of {shape:?}: cannot allocate {} bytes of memory",
        8.0 * (count as f64 * length as f64)
    );
    elements.extend((0..count * length).map(|_| rng.sample::<f64, _>(StandardNormal)));
    let mut vectors = Array2::from_shape_vec((count, length), elements).expect("one draw per element");
    orthonormalise(&mut vectors);
    let wide = Tensor::from(vectors.mapv(|x| F::from_f64(gain * x)));
    if *rows <= columns { wide.reshape(shape) } else { wide.t().reshape(shape) }
}

/// Orthonormalizes the rows by the modified Gram-Schmidt process, with reorthogonalization: subtracting the projections
/// on the previous rows twice makes the rows orthogonal to working precision (Giraud, Langou and Rozložník, "The loss
/// of orthogonality in the Gram-Schmidt orthogonalization process", 2005).
///
/// Each row keeps a positive component along its normal draw. That is the QR decomposition with a positive diagonal of
/// R, whose Q is uniformly distributed (Mezzadri, arXiv:math-ph/0609050).
fn orthonormalise(vectors: &mut Array2<f64>) {
    for i in 0..vectors.nrows() {
        let (before, mut rest) = vectors.view_mut().split_at(Axis(0), i);
        let mut row = rest.row_mut(0);
        for _ in 0..2 {
            for earlier in before.rows() {
                let component = earlier.dot(&row);
                row.scaled_add(-component, &earlier);
            }
        }
        let length = row.dot(&row).sqrt();
        row /= length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::{assert_moments, assert_reproducible, rng};

    /// The largest absolute element of `w·wᵀ - gain²·I`.
    fn error(w: &Tensor<f64>, gain: f64) -> f64 {
        let product = w.matmul(&w.t());
        let entry = |(i, j): (usize, usize)| if i == j { gain * gain } else { 0.0 };
        let expected = Array2::from_shape_fn((w.shape()[0], w.shape()[0]), entry);
        (product - Tensor::from(expected)).to_vec().into_iter().fold(0.0, |max, x| f64::max(max, x.abs()))
    }

    #[test]
    fn the_shorter_side_is_orthonormal() {
        for (shape, gain) in [([1, 1], 1.0), ([5, 5], 1.0), ([128, 128], 1.0), ([10, 300], 0.5), ([300, 10], 2.0)] {
            let w = orthogonal::<f64>(&shape, gain, &mut rng());
            assert_eq!(w.shape(), shape);
            let wide = if shape[0] <= shape[1] { w } else { w.t() };
            assert!(error(&wide, gain) < 1e-14 * gain * gain, "{shape:?}: {}", error(&wide, gain));
        }
    }

    #[test]
    fn further_axes_are_taken_together() {
        let w = orthogonal::<f64>(&[6, 2, 3, 3], 1.0, &mut rng());
        assert!(error(&w.reshape(&[6, 18]), 1.0) < 1e-14);
        let w = orthogonal::<f64>(&[30, 2, 3, 3], 1.0, &mut rng());
        assert!(error(&w.reshape(&[30, 18]).t(), 1.0) < 1e-14);
        assert!(orthogonal::<f64>(&[0, 4], 1.0, &mut rng()).is_empty());
    }

    #[test]
    fn almost_parallel_vectors_end_up_orthogonal() {
        let mut vectors = Array2::from_shape_fn((3, 3), |(i, j)| if i == j { 1.0 + 1e-9 } else { 1.0 });
        orthonormalise(&mut vectors);
        assert!(error(&Tensor::from(vectors), 1.0) < 1e-15);
    }

    #[test]
    fn every_orientation_is_equally_likely() {
        let mut rng = rng();
        let corners: Vec<f64> = (0..40_000).map(|_| orthogonal::<f64>(&[2, 2], 1.0, &mut rng).to_vec()[0]).collect();
        // The corner is the cosine of an angle uniform on the circle; its fourth moment is 3/8.
        assert_moments(&Tensor::from(corners), 0.0, 0.5_f64.sqrt(), 1.5);
    }

    #[test]
    fn reproducible() {
        assert_reproducible(|rng| orthogonal(&[4, 3], 1.0, rng), |rng| orthogonal(&[4, 3], 1.0, rng));
    }

    #[test]
    #[should_panic(expected = "orthogonal of [4]: the shape must have at least two axes")]
    fn a_vector() {
        orthogonal::<f32>(&[4], 1.0, &mut rng());
    }
}
