//! Orthogonalization by the Newton-Schulz iteration, which brings all singular values close to 1.

use downhill_tensor::Float;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};

use super::super::epsilon;
use super::Muon;
use crate::kernels;

impl Muon {
    pub(super) fn orthogonalize<F: Float>(&self, matrix: ArrayView2<'_, F>) -> Array2<F> {
        // Iterate on the wide orientation, whose Gram matrix XXᵀ is the smaller one.
        let tall = matrix.nrows() > matrix.ncols();
        let mut x = if tall { matrix.t().as_standard_layout().into_owned() } else { matrix.to_owned() };
        let norm = F::from_f64(kernels::norm(x.as_slice().expect("row-major")));
        // The Frobenius norm bounds the singular values, so they start in [0, 1]. Not `max`, which would hide a NaN.
        let eps = epsilon(self.eps);
        x /= if norm < eps { eps } else { norm };
        let [a, b, c] = self.ns_coefficients.map(F::from_f64);
        // X = a·X + (b·G + c·G²)·X with G = XXᵀ.
        for _ in 0..self.ns_steps {
            let gram = x.dot(&x.t());
            let mut polynomial = gram.clone();
            general_mat_mul(c, &gram, &gram, b, &mut polynomial);
            let before = x.clone();
            general_mat_mul(F::one(), &polynomial, &before, a, &mut x);
        }
        if tall { x.t().as_standard_layout().into_owned() } else { x }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For a diagonal matrix the iteration acts on each singular value separately.
    #[test]
    fn singular_values_by_hand() {
        let muon = Muon { ns_steps: 1, ns_coefficients: [2.0, -1.5, 0.5], ..Muon::default() };
        let matrix = ndarray::arr2(&[[3.0_f64, 0.0, 0.0], [0.0, -4.0, 0.0]]);
        let polynomial = |x: f64| 2.0 * x - 1.5 * x.powi(3) + 0.5 * x.powi(5);
        let expected = ndarray::arr2(&[[polynomial(0.6), 0.0, 0.0], [0.0, polynomial(-0.8), 0.0]]);
        for (matrix, expected) in [(matrix.view(), expected.view()), (matrix.t(), expected.t())] {
            let difference = &muon.orthogonalize(matrix) - &expected;
            assert!(difference.iter().all(|d| d.abs() < 1e-15), "{difference}");
        }
    }

    #[test]
    fn five_steps_bring_singular_values_near_1() {
        let matrix = ndarray::arr2(&[[100.0_f64, 0.0], [0.0, 1.0]]);
        let x = Muon::default().orthogonalize(matrix.view());
        assert!((0.6..1.3).contains(&x[[0, 0]]) && (0.6..1.3).contains(&x[[1, 1]]), "{x}");
    }
}
