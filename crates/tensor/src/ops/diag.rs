//! The diagonals of matrices, and matrices with given diagonals; each is the derivative of the other.

use ndarray::{ArrayD, Axis};

use crate::axes::resolve_axis;
use crate::kernels::ask;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, operation, shape};

/// A diagonal of matrices with these numbers of rows and columns; `offset` is that of the column from the row.
#[derive(Clone, Copy)]
struct Line {
    offset: isize,
    rows: usize,
    columns: usize,
}

impl Line {
    /// The row and the column of its first element.
    fn start(self) -> (usize, usize) {
        let distance = self.offset.unsigned_abs();
        if self.offset < 0 { (distance, 0) } else { (0, distance) }
    }

    fn length(self) -> usize {
        let (row, column) = self.start();
        self.rows.saturating_sub(row).min(self.columns.saturating_sub(column))
    }

    fn attributes(self) -> Vec<(&'static str, Attribute)> {
        vec![("offset", self.offset.into()), ("rows", self.rows.into()), ("columns", self.columns.into())]
    }
}

/// The diagonal of every matrix in a stack.
struct Diagonal(Line);

impl<F: Float> Op<F, 1> for Diagonal {
    fn name(&self) -> &'static str {
        "diagonal"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the diagonals of x", &[("x", "dy on the diagonals, 0 elsewhere")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let (x, (row, column)) = (x.view(), self.0.start());
        let last = x.ndim() - 1;
        let mut shape = x.shape()[..last].to_vec();
        shape[last - 1] = self.0.length();
        ask::<F>(&shape);
        let mut y = ArrayD::zeros(shape);
        // Position by position, over all matrices at once.
        for (i, mut y) in y.axis_iter_mut(Axis(last - 1)).enumerate() {
            y.assign(&x.index_axis(Axis(last), column + i).index_axis(Axis(last - 1), row + i));
        }
        y.into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(DiagEmbed(self.0), [dy])
    }
}

/// The transpose of [`Diagonal`]: matrices of zeros with the last axis as a diagonal.
struct DiagEmbed(Line);

impl<F: Float> Op<F, 1> for DiagEmbed {
    fn name(&self) -> &'static str {
        "diag_embed"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x on the diagonals, 0 elsewhere", &[("x", "the diagonals of dy")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        shape::check::<F>(&self.shape(x)).map(drop)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let (x, (row, column)) = (x.view(), self.0.start());
        let shape = self.shape(x.shape());
        ask::<F>(&shape);
        let mut y = ArrayD::zeros(shape);
        let last = x.ndim();
        for (i, x) in x.axis_iter(Axis(last - 1)).enumerate() {
            y.index_axis_mut(Axis(last), column + i).index_axis_mut(Axis(last - 1), row + i).assign(&x);
        }
        y.into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Diagonal(self.0), [dy])
    }
}

impl DiagEmbed {
    /// The shape of the result for a tensor of this shape.
    fn shape(&self, x: &[usize]) -> Vec<usize> {
        [&x[..x.len() - 1], &[self.0.rows, self.0.columns]].concat()
    }
}

impl<F: Float> Tensor<F> {
    /// The diagonal of a matrix, or the matrix with a vector as its diagonal and zeros elsewhere. `offset` is how far
    /// the diagonal lies above the main one, negative if below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.diag(0), Tensor::from([1.0, 4.0]));
    /// assert_eq!(x.diag(1), Tensor::from([2.0]));
    /// assert_eq!(Tensor::from([1.0, 4.0]).diag(0), Tensor::from([[1.0, 0.0], [0.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// If there are neither one nor two axes, or if no tensor can have the shape of the result.
    #[track_caller]
    pub fn diag(&self, offset: isize) -> Tensor<F> {
        match self.ndim() {
            1 => self.diag_embed(offset),
            2 => self.diagonal(offset, 0, 1),
            _ => panic!(
                "diag of {:?}: needs a vector or a matrix; for stacks of them, see `diag_embed` and `diagonal`",
                self.shape()
            ),
        }
    }

    /// A diagonal of the matrices that two axes span: the two are removed, and the diagonal becomes the last axis.
    /// `offset` is how far it lies above the main one, negative if below. A diagonal outside of the matrices is empty.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]);
    /// assert_eq!(x.diagonal(0, -2, -1), Tensor::from([[1.0, 4.0], [5.0, 8.0]]));
    /// assert_eq!(x.diagonal(0, 1, 2).sum_axis(-1), Tensor::from([5.0, 13.0])); // the traces
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, or the two are the same.
    #[track_caller]
    pub fn diagonal(&self, offset: isize, axis1: isize, axis2: isize) -> Tensor<F> {
        let ndim = self.ndim();
        let (row, column) = (resolve_axis("diagonal", axis1, ndim), resolve_axis("diagonal", axis2, ndim));
        assert!(row != column, "diagonal of {:?}: the two axes must differ, both are {row}", self.shape());
        let mut order: Vec<isize> =
            (0..ndim).filter(|&axis| axis != row && axis != column).map(|a| a as isize).collect();
        order.extend([row as isize, column as isize]);
        let line = Line { offset, rows: self.shape()[row], columns: self.shape()[column] };
        apply(Diagonal(line), [&self.permute(&order)])
    }

    /// Matrices of zeros with the last axis as a diagonal, which lies `offset` above the main one (below, if negative):
    /// square, and just large enough.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let variances = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let covariances = Tensor::from([[[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [0.0, 4.0]]]);
    /// assert_eq!(variances.diag_embed(0), covariances);
    /// ```
    ///
    /// # Panics
    /// If the tensor is a scalar, or if no tensor can have the shape of the result.
    #[track_caller]
    pub fn diag_embed(&self, offset: isize) -> Tensor<F> {
        operation::begin("diag_embed");
        let Some(&length) = self.shape().last() else {
            panic!("diag_embed of []: a scalar is no diagonal; add an axis with `.unsqueeze(0)`")
        };
        // An overflowing size saturates, and no tensor is that large: `check` refuses it.
        let size = length.saturating_add(offset.unsigned_abs());
        apply(DiagEmbed(Line { offset, rows: size, columns: size }), [self])
    }
}

compiled!(Op<1> Diagonal);
compiled!(Op<1> DiagEmbed);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        for offset in [-1, 0, 1, 5] {
            let some: [&[usize]; 5] = [&[2, 3], &[3, 2], &[1, 1], &[2, 0], &[3, 3]];
            sweep::shapes("diagonal", &some, domain(), |x| x.diag(offset).square());
            sweep::shapes("diag_embed", &[&[1], &[3], &[0]], domain(), |x| x.diag(offset).square());
        }
        sweep::shapes("diagonal", &[&[2, 3, 2], &[0, 2, 2], &[2, 0, 2]], domain(), |x| x.diagonal(1, -1, 0).square());
        sweep::shapes("diagonal", &[&[2, 2, 1, 3]], domain(), |x| x.diagonal(-1, 3, 1).square());
        sweep::shapes("diag_embed", &[&[2, 3], &[0, 2], &[2, 0], &[2, 1, 2]], domain(), |x| x.diag_embed(-1).square());
    }

    #[test]
    fn every_diagonal() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let diagonals = [-2, -1, 0, 1, 2, 3].map(|offset| x.diag(offset).to_vec());
        assert_eq!(diagonals, [vec![], vec![4.0], vec![1.0, 5.0], vec![2.0, 6.0], vec![3.0], vec![]]);
        assert_eq!(x.t().diag(1), x.diag(-1));
        assert_eq!(x.diag(isize::MIN).shape(), [0]);
        assert_eq!(x.diag(isize::MAX).shape(), [0]);
        let v = Tensor::from([1.0, 2.0]);
        assert_eq!(v.diag(1), Tensor::from([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]));
        assert_eq!(v.diag(-1), v.diag(1).t());
        assert_eq!(v.narrow(0, 0, 0).diag(-1), Tensor::zeros(&[1, 1]));
    }

    /// As `numpy.diagonal`: the first axis counts the rows, the second the columns.
    #[test]
    fn of_any_two_axes() {
        let x = Tensor::arange(0.0, 12.0, 1.0).reshape(&[2, 3, 2]);
        assert_eq!(x.diagonal(0, 0, 1), Tensor::from([[0.0, 8.0], [1.0, 9.0]]));
        assert_eq!(x.diagonal(1, 0, 1), Tensor::from([[2.0, 10.0], [3.0, 11.0]]));
        assert_eq!(x.diagonal(1, 1, 0), Tensor::from([[6.0], [7.0]]));
        assert_eq!(x.diagonal(0, 2, 0), Tensor::from([[0.0, 7.0], [2.0, 9.0], [4.0, 11.0]]));
    }

    #[test]
    #[should_panic(expected = "diag of [2, 2, 2]: needs a vector or a matrix")]
    fn of_a_stack() {
        Tensor::<f32>::zeros(&[2, 2, 2]).diag(0);
    }

    #[test]
    #[should_panic(expected = "diagonal of [2, 2]: the two axes must differ, both are 1")]
    fn of_one_axis() {
        Tensor::<f32>::zeros(&[2, 2]).diagonal(0, 1, -1);
    }
}
