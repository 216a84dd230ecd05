//! How many inputs and outputs a weight has.

use downhill_tensor::checked_size;

/// Which of the two numbers of [`fans`] an initialiser goes by: `In` keeps the size of the values on the way forward,
/// `Out` the size of the gradients on the way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fan {
    /// The number of inputs of each output.
    #[default]
    In,
    /// The number of outputs of each input.
    Out,
}

impl Fan {
    /// That number, at least 1, so that an empty weight can be initialised.
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

/// `(fan_in, fan_out)` of a weight stored as in PyTorch, `[out, in, ...]`: `in` and `out`, each times the number of
/// positions that the further axes (a convolution's kernel) have.
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
            "fans of {shape:?}: a weight [out, in, ...] has at least two axes; for a bias choose `init::uniform` or \
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
