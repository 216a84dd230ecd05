//! `fan_in` and `fan_out`: the number of inputs and outputs of a weight.

use downhill_tensor::checked_size;

/// Which of the [`fans`] an initializer scales by: `In` preserves the variance of the values in the forward pass, `Out`
/// that of the gradients in the backward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fan {
    /// `fan_in`: the number of inputs of each output.
    #[default]
    In,
    /// `fan_out`: the number of outputs of each input.
    Out,
}

impl Fan {
    /// The fan, at least 1, so that an empty weight can be initialized.
    #[track_caller]
    pub(super) fn of(self, shape: &[usize]) -> f64 {
        let (fan_in, fan_out) = fans(shape);
        let fan = match self {
            Fan::In => fan_in,
            Fan::Out => fan_out,
        };
        fan.max(1) as f64
    }
}

/// `(fan_in, fan_out)` of a weight in PyTorch's layout, `[out, in, ...]`: `in` and `out`, each times the product of the
/// other axes (the kernel size of a convolution).
///
/// ```
/// use downhill_nn::init::fans;
/// assert_eq!(fans(&[128, 784]), (784, 128));
/// assert_eq!(fans(&[16, 3, 5, 5]), (75, 400));
/// ```
///
/// # Panics
/// If there are fewer than two axes.
#[track_caller]
pub fn fans(shape: &[usize]) -> (usize, usize) {
    let [outputs, inputs, kernel @ ..] = shape else {
        panic!(
            "fans of {shape:?}: a weight [out, in, ...] has at least two axes; for a bias use `init::uniform` or \
             `init::constant`"
        );
    };
    checked_size::<u8>("fans", shape);
    let positions: usize = kernel.iter().product();
    (inputs * positions, outputs * positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "fans of [10]: a weight [out, in, ...] has at least two axes")]
    fn a_bias_has_no_fans() {
        fans(&[10]);
    }
}
