//! `Display` and `Debug` of tensors.

use std::fmt;

use crate::{Float, Tensor};

/// What `Debug` and `Display` print besides the elements.
struct Facts<'a, F: Float>(&'a Tensor<F>);

impl<F: Float> fmt::Display for Facts<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shape {:?}, {}", self.0.shape(), F::NAME)?;
        match self.0.op_name() {
            Some(op) => write!(f, ", from {op}"),
            None if self.0.is_param() => write!(f, ", parameter"),
            None => Ok(()),
        }
    }
}

/// The elements as `ndarray` prints them (long axes are abbreviated, `{:.3}` sets the precision), then the shape, the
/// element type, and the operation that produced them, if recorded.
///
/// ```
/// use downhill_tensor::Tensor;
/// let w = Tensor::param([0.5_f32, 2.0]);
/// assert_eq!(w.to_string(), "[0.5, 2] (shape [2], f32, parameter)");
/// assert_eq!(format!("{:.2}", w.exp()), "[1.65, 7.39] (shape [2], f32, from exp)");
/// ```
impl<F: Float> fmt::Display for Tensor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)?;
        let separator = if self.ndim() > 1 { "\n" } else { " " };
        write!(f, "{separator}({})", Facts(self))
    }
}

/// As `Display`, but inside `Tensor(...)` and with the elements last.
impl<F: Float> fmt::Debug for Tensor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({}", Facts(self))?;
        f.write_str(if self.ndim() > 1 { ":\n" } else { ": " })?;
        fmt::Display::fmt(&self.view(), f)?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_shape_type_and_operation() {
        let w = Tensor::param([[1.0_f64, 2.0]]);
        assert_eq!(format!("{w:?}"), "Tensor(shape [1, 2], f64, parameter:\n[[1, 2]])");
        assert_eq!(format!("{:?}", w.sum()), "Tensor(shape [], f64, from sum: 3)");
        assert_eq!(format!("{:?}", w.detach().sum()), "Tensor(shape [], f64: 3)");
    }

    #[test]
    fn a_large_tensor_fits_a_terminal() {
        let text = Tensor::<f32>::zeros(&[100, 100, 100]).to_string();
        assert!(text.lines().count() < 120 && text.lines().all(|line| line.len() < 120), "{text}");
    }
}
