//! Splits an axis into several: the inverse of [`Flatten`](crate::Flatten).

use downhill_tensor::{Float, Params, Tensor};

use crate::Module;

/// Splits an axis into several, whose sizes multiply to its own.
///
/// ```
/// use downhill_nn::{Module, Unflatten};
/// use downhill_tensor::Tensor;
/// let images = Unflatten::new(1, [1, 28, 28]);
/// assert_eq!(images.forward(&Tensor::<f32>::zeros(&[64, 784])).shape(), [64, 1, 28, 28]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Params)]
pub struct Unflatten {
    /// The axis to split; negative axes count from the end.
    #[params(skip)]
    pub axis: isize,
    /// The sizes that it becomes.
    #[params(skip)]
    pub sizes: Vec<usize>,
}

impl Unflatten {
    /// Splits `axis` into axes of these sizes.
    pub fn new(axis: isize, sizes: impl Into<Vec<usize>>) -> Self {
        Unflatten { axis, sizes: sizes.into() }
    }
}

impl<F: Float> Module<F> for Unflatten {
    /// # Panics
    /// If the axis is out of range, or the sizes do not multiply to its own.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.unflatten(self.axis, &self.sizes)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;
    use crate::Flatten;

    #[test]
    fn undoes_flatten() {
        let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]);
        let flat = Flatten::default().forward(&x);
        assert_eq!(Unflatten::new(-1, [3, 2]).forward(&flat), x);
        gradcheck(|[x]| Unflatten::new(0, vec![2, 3]).forward(x).exp(), [&flat.reshape(&[6])], Check::order(2))
            .unwrap();
        assert_eq!(Unflatten::new(0, []).forward(&Tensor::from([5.0_f32])).shape(), [0_usize; 0]);
    }

    #[test]
    #[should_panic(expected = "unflatten of [2, 6]: axis 1 has size 6, which is not the product of [4, 2]")]
    fn another_product() {
        Unflatten::new(1, [4, 2]).forward(&Tensor::<f32>::zeros(&[2, 6]));
    }
}
