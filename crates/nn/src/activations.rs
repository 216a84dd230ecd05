//! Activation functions as layers. The functions and their derivatives are the tensor methods of the same names; this
//! file adds options and names that can be parsed.

use std::fmt;
use std::str::FromStr;

use downhill_tensor::{Float, Params, Path, Tensor};

use crate::Module;

/// Defines a layer for each entry of the list (a struct with public options, their defaults and the forward pass), and
/// the enum [`Activation`] of them all.
macro_rules! activations {
    ($($(#[$doc:meta])* $name:literal $Type:ident $({ $($(#[$option_doc:meta])* $option:ident: $default:expr),+ })?
       => |$x:ident| $forward:expr;)+) => {
        $(
            activations!(@struct $(#[$doc])* $Type $({ $($(#[$option_doc])* $option: $default),+ })?);

            impl<F: Float> Module<F> for $Type {
                fn forward(&self, $x: &Tensor<F>) -> Tensor<F> {
                    $(let [$($option),+] = [$(F::from_f64(self.$option)),+];)?
                    $forward
                }
            }

            impl From<$Type> for Activation {
                fn from(activation: $Type) -> Activation {
                    Activation::$Type(activation)
                }
            }
        )+

        /// Any of the activations, chosen at run time, for instance by name on a command line.
        ///
        /// ```
        /// use downhill_nn::{Activation, LeakyRelu, Module};
        /// use downhill_tensor::Tensor;
        /// let x = Tensor::from([-1.0, 2.0]);
        /// let relu: Activation = "relu".parse().unwrap();
        /// assert_eq!(relu.forward(&x), x.relu());
        /// let leaky = Activation::from(LeakyRelu { negative_slope: 0.5 });
        /// assert_eq!(leaky.forward(&x), Tensor::from([-0.5, 2.0]));
        /// assert_eq!(leaky.to_string(), "leaky_relu");
        /// let error = "rleu".parse::<Activation>().unwrap_err().to_string();
        /// assert!(error.starts_with("there is no activation `rleu`; the activations are identity, relu, "));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Activation {
            $($(#[$doc])* $Type($Type),)+
        }

        impl Activation {
            /// Every activation with its default options.
            pub const ALL: &[Activation] = &[$(Activation::$Type($Type::DEFAULT)),+];

            /// The name that parses to this activation: that of the tensor method.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Activation::$Type(_) => $name,)+
                }
            }
        }

        impl<F: Float> Module<F> for Activation {
            fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
                match self {
                    $(Activation::$Type(activation) => activation.forward(x),)+
                }
            }
        }
    };
    (@struct $(#[$doc:meta])* $Type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Params)]
        pub struct $Type;

        impl $Type {
            const DEFAULT: $Type = $Type;
        }
    };
    (@struct $(#[$doc:meta])* $Type:ident { $($(#[$option_doc:meta])* $option:ident: $default:expr),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Params)]
        pub struct $Type {
            $($(#[$option_doc])* #[params(skip)] pub $option: f64,)+
        }

        impl $Type {
            const DEFAULT: $Type = $Type { $($option: $default),+ };
        }

        impl Default for $Type {
            fn default() -> $Type {
                $Type::DEFAULT
            }
        }
    };
}

activations! {
    /// No activation: `x`.
    "identity" Identity => |x| x.clone();
    /// The rectified linear unit: `max(x, 0)`.
    "relu" Relu => |x| x.relu();
    /// The leaky rectified linear unit: `x` above 0, `negative_slope·x` below (Maas, Hannun and Ng, "Rectifier
    /// nonlinearities improve neural network acoustic models", 2013).
    "leaky_relu" LeakyRelu {
        /// The slope below 0.
        negative_slope: 0.01
    } => |x| x.leaky_relu(negative_slope);
    /// The exponential linear unit: `x` above 0, `alpha·(eˣ - 1)` below (arXiv:1511.07289).
    "elu" Elu {
        /// The limit at minus infinity is `-alpha`.
        alpha: 1.0
    } => |x| x.elu(alpha);
    /// The scaled exponential linear unit, whose constants preserve mean 0 and variance 1 from layer to layer
    /// (arXiv:1706.02515). Initialize the weights with [`lecun_normal`](crate::init::lecun_normal).
    "selu" Selu => |x| x.selu();
    /// The Gaussian error linear unit: `x·Φ(x)`, with `Φ` the CDF of the standard normal distribution
    /// (arXiv:1606.08415).
    "gelu" Gelu => |x| x.gelu();
    /// The tanh approximation of [`Gelu`], as in GPT-2.
    "gelu_tanh" GeluTanh => |x| x.gelu_tanh();
    /// The sigmoid linear unit, also called swish: `x·σ(x)` (arXiv:1702.03118).
    "silu" Silu => |x| x.silu();
    /// `x·tanh(softplus(x))` (arXiv:1908.08681).
    "mish" Mish => |x| x.mish();
    /// `x` clamped to the range from `min` to `max`.
    "hardtanh" Hardtanh {
        /// The smallest value.
        min: -1.0,
        /// The largest value.
        max: 1.0
    } => |x| x.clamp(min, max);
    /// A piecewise approximation of [`Silu`]: `x·min(max(x + 3, 0), 6)/6` (arXiv:1905.02244).
    "hardswish" Hardswish => |x| x.hardswish();
    /// `x/(1 + |x|)`.
    "softsign" Softsign => |x| x.softsign();
    /// A smooth approximation of [`Relu`]: `ln(1 + eˣ)`.
    "softplus" Softplus => |x| x.softplus();
    /// The logistic function: `σ(x) = 1/(1 + e⁻ˣ)`.
    "sigmoid" Sigmoid => |x| x.sigmoid();
    /// The logarithm of the logistic function: `ln σ(x)`.
    "log_sigmoid" LogSigmoid => |x| x.log_sigmoid();
    /// The hyperbolic tangent.
    "tanh" Tanh => |x| x.tanh();
}

/// Activations have no parameters.
impl<F: Float> Params<F> for Activation {
    fn visit<'a>(&'a self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {}
    fn visit_mut<'a>(&'a mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {}
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no [`Activation`] has.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "there is no activation `{name}`; the activations are {}",
    Activation::ALL.iter().map(Activation::name).collect::<Vec<_>>().join(", ")
)]
pub struct UnknownActivation {
    /// The unknown name.
    pub name: String,
}

impl FromStr for Activation {
    type Err = UnknownActivation;

    /// The activation with that name and default options.
    fn from_str(name: &str) -> Result<Activation, UnknownActivation> {
        let known = Activation::ALL.iter().find(|activation| activation.name() == name);
        known.copied().ok_or_else(|| UnknownActivation { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        // Away from every kink.
        let x = Tensor::from([[-4.0, -2.5, -0.75, -0.1], [0.1, 0.6, 2.5, 4.0]]);
        for activation in Activation::ALL {
            gradcheck(|[x]| activation.forward(x), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn every_activation_is_the_function_of_its_name() {
        let x = Tensor::from([-2.0, -0.5, 0.0, 0.5, 2.0]);
        type Function = fn(f64) -> f64;
        let functions: [(&str, Function); 16] = [
            ("identity", |x| x),
            ("relu", |x| x.max(0.0)),
            ("leaky_relu", |x| if x > 0.0 { x } else { 0.01 * x }),
            ("elu", |x| if x > 0.0 { x } else { x.exp() - 1.0 }),
            ("selu", |x| 1.0507009873554805 * if x > 0.0 { x } else { 1.6732632423543772 * (x.exp() - 1.0) }),
            ("gelu", |x| x * normal_distribution(x)),
            ("gelu_tanh", |x| x / (1.0 + (-(8.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).exp())),
            ("silu", |x| x / (1.0 + (-x).exp())),
            ("mish", |x| x * x.exp().ln_1p().tanh()),
            ("hardtanh", |x| x.clamp(-1.0, 1.0)),
            ("hardswish", |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0),
            ("softsign", |x| x / (1.0 + x.abs())),
            ("softplus", |x| x.exp().ln_1p()),
            ("sigmoid", |x| 1.0 / (1.0 + (-x).exp())),
            ("log_sigmoid", |x| -(-x).exp().ln_1p()),
            ("tanh", f64::tanh),
        ];
        let names: Vec<&str> = Activation::ALL.iter().map(Activation::name).collect();
        assert_eq!(names, functions.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        for (name, function) in functions {
            let ours = name.parse::<Activation>().unwrap().forward(&x).to_vec();
            for (x, y) in x.to_vec().into_iter().zip(ours) {
                assert!((y - function(x)).abs() < 1e-14, "{name}({x}) = {y}, not {}", function(x));
            }
        }
    }

    /// `Φ(x)` by the series `1/2 + φ(x)·(x + x³/3 + x⁵/(3·5) + ...)`.
    fn normal_distribution(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for k in 1..100 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn options_are_used() {
        let x = Tensor::from([-2.0, 2.0]);
        assert_eq!(LeakyRelu { negative_slope: 0.5 }.forward(&x).to_vec(), [-1.0, 2.0]);
        assert_eq!(Elu { alpha: 2.0 }.forward(&x).to_vec(), [2.0 * (-2.0_f64).exp_m1(), 2.0]);
        assert_eq!(Hardtanh { min: -1.5, max: 0.5 }.forward(&x).to_vec(), [-1.5, 0.5]);
    }
}
