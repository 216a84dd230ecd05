//! The triangles of a matrix, or of every matrix in a stack; the derivative is the same triangle of the gradient.

use super::gate;
use crate::{Elements, Float, Tensor, operation};

impl<F: Float> Tensor<F> {
    /// The lower triangle of a matrix, or of every matrix in a stack: what is above the diagonal becomes 0. `diagonal`
    /// is the last one to be kept: 0 is the main diagonal, 1 the one above it, -1 the one below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(0), Tensor::from([[1.0, 0.0], [3.0, 4.0]]));
    /// assert_eq!(x.tril(-1), Tensor::from([[0.0, 0.0], [3.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Tensor<F> {
        triangle("tril", self, |offset| offset <= diagonal)
    }

    /// The upper triangle of a matrix, or of every matrix in a stack: what is below the diagonal becomes 0. `diagonal`
    /// is the first one to be kept: 0 is the main diagonal, 1 the one above it, -1 the one below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.triu(0), Tensor::from([[1.0, 2.0], [0.0, 4.0]]));
    /// assert_eq!(x.triu(1), Tensor::from([[0.0, 2.0], [0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Tensor<F> {
        triangle("triu", self, |offset| offset >= diagonal)
    }
}

/// The diagonals whose offsets are kept; zeros elsewhere.
#[track_caller]
fn triangle<F: Float>(name: &'static str, x: &Tensor<F>, keeps: impl Fn(isize) -> bool) -> Tensor<F> {
    let &[.., rows, columns] = x.shape() else {
        panic!("{name} of {:?}: a tensor must have at least two axes to have a diagonal", x.shape())
    };
    if x.is_empty() {
        // The mask of a matrix could be larger than memory if there are no matrices.
        return x.clone();
    }
    operation::begin(name);
    let weight = |row: usize, column: usize| {
        if keeps(column as isize - row as isize) { F::one() } else { F::zero() }
    };
    let mask = Elements::appended(&[rows, columns], |mask| {
        for row in 0..rows {
            mask.extend((0..columns).map(|column| weight(row, column)));
        }
    });
    // A gate, not a product: 0 even where an element is infinite or NaN.
    gate(x, Tensor::leaf(mask, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let some: [&[usize]; 6] = [&[2, 3], &[3, 2], &[1, 1], &[2, 0], &[2, 3, 3], &[0, 2, 2]];
        for diagonal in [-1, 0, 1] {
            sweep::shapes("gate", &some, Domain::between(-2.0, 2.0), |x| x.tril(diagonal).square());
            sweep::shapes("gate", &some, Domain::between(-2.0, 2.0), |x| x.triu(diagonal).square());
        }
    }

    #[test]
    fn every_diagonal() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(x.tril(1), Tensor::from([[1.0, 2.0, 0.0], [4.0, 5.0, 6.0]]));
        assert_eq!(x.triu(-1), x);
        assert_eq!(x.triu(2), Tensor::from([[0.0, 0.0, 3.0], [0.0, 0.0, 0.0]]));
        for diagonal in [isize::MIN, -3, -1, 0, 1, 3, isize::MAX] {
            // The two parts of a matrix, which share one diagonal.
            assert_eq!(x.tril(diagonal) + x.triu(diagonal.saturating_add(1)), x);
        }
        assert_eq!(x.t().tril(0), x.triu(0).t());
        let nan = Tensor::from([[f64::NAN, f64::INFINITY], [1.0, 2.0]]).tril(-1);
        assert_eq!(nan, Tensor::from([[0.0, 0.0], [1.0, 0.0]]));
    }

    #[test]
    fn of_no_matrices() {
        assert_eq!(Tensor::<f32>::zeros(&[0, 1 << 30, 1 << 20]).tril(0).shape(), [0, 1 << 30, 1 << 20]);
    }

    #[test]
    #[should_panic(expected = "triu of [3]: a tensor must have at least two axes to have a diagonal")]
    fn of_a_vector() {
        Tensor::<f32>::zeros(&[3]).triu(0);
    }
}
