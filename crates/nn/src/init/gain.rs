//! The gain of an activation: how an initializer compensates for the variance that it removes.

/// The activation that follows a weight; its [`gain`](Self::gain) compensates for the variance that the activation
/// removes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Nonlinearity {
    /// No activation.
    Linear,
    /// The logistic function.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// The rectified linear unit.
    #[default]
    Relu,
    /// The leaky rectified linear unit with this slope below 0.
    LeakyRelu(f64),
    /// The scaled exponential linear unit.
    Selu,
}

impl Nonlinearity {
    /// The factor on the standard deviation of the weights: 1, 1, 5/3, √2, √(2/(1 + slope²)) and 3/4, as in PyTorch.
    ///
    /// For ReLU and leaky ReLU it is exact (arXiv:1502.01852); for tanh and SELU it is a rule of thumb. A
    /// self-normalizing network needs gain 1 with SELU, which is [`lecun_normal`](super::lecun_normal).
    ///
    /// ```
    /// use downhill_nn::init::Nonlinearity;
    /// assert_eq!(Nonlinearity::Relu.gain(), 2.0_f64.sqrt());
    /// ```
    pub fn gain(self) -> f64 {
        match self {
            Nonlinearity::Linear | Nonlinearity::Sigmoid => 1.0,
            Nonlinearity::Tanh => 5.0 / 3.0,
            Nonlinearity::Relu => 2.0_f64.sqrt(),
            Nonlinearity::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
            Nonlinearity::Selu => 0.75,
        }
    }
}
