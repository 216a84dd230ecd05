//! Activations: elementwise functions as layers. The mathematics and the derivatives are in the tensor's methods of the
//! same names; what is here gives them the options a layer keeps, and names for command lines.

use std::fmt;
use std::str::FromStr;

use downhill_tensor::{Float, Params, Path, Tensor};

use crate::Module;

/// Makes a layer of each line of the list: a struct with public options, their defaults, and the forward pass; and of
/// the whole list the enum [`Activation`].
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

        /// Any of the activations, to be chosen at run time, for instance by name on a command line.
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
        /// assert!(error.starts_with("there is no activation `rleu`; known are identity, relu, "));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Activation {
            $($(#[$doc])* $Type($Type),)+
        }

        impl Activation {
            /// Every activation with its default options, in the order of the list.
            pub const ALL: &[Activation] = &[$(Activation::$Type($Type::DEFAULT)),+];

            /// The name that parses to it: the tensor's method.
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
    /// The rectifier: `max(x, 0)`.
    "relu" Relu => |x| x.relu();
    /// The leaky rectifier: `x` above 0, `negative_slope·x` below (Maas, Hannun and Ng, "Rectifier nonlinearities
    /// improve neural network acoustic models", 2013).
    "leaky_relu" LeakyRelu {
        /// The slope below 0.
        negative_slope: 0.01
    } => |x| x.leaky_relu(negative_slope);
    /// The exponential linear unit: `x` above 0, `alpha·(eˣ - 1)` below (arXiv:1511.07289).
    "elu" Elu {
        /// What it tends to at minus infinity, negated.
        alpha: 1.0
    } => |x| x.elu(alpha);
    /// The scaled exponential linear unit, whose constants keep mean 0 and variance 1 from layer to layer
    /// (arXiv:1706.02515). Initialise the weights with [`lecun_normal`](crate::init::lecun_normal).
    "selu" Selu => |x| x.selu();
    /// The Gaussian error linear unit: `x·Φ(x)`, with `Φ` the normal distribution function (arXiv:1606.08415).
    "gelu" Gelu => |x| x.gelu();
    /// The tanh approximation of [`Gelu`], which GPT-2 uses.
    "gelu_tanh" GeluTanh => |x| x.gelu_tanh();
    /// The sigmoid linear unit, also called swish: `x·σ(x)` (arXiv:1702.03118).
    "silu" Silu => |x| x.silu();
    /// `x·tanh(softplus(x))` (arXiv:1908.08681).
    "mish" Mish => |x| x.mish();
    /// `x` cut off at `min` and `max`.
    "hardtanh" Hardtanh {
        /// The smallest value.
        min: -1.0,
        /// The largest value.
        max: 1.0
    } => |x| x.clamp(min, max);
    /// [`Silu`] made of straight lines: `x·min(max(x + 3, 0), 6)/6` (arXiv:1905.02244).
    "hardswish" Hardswish => |x| x.hardswish();
    /// `x/(1 + |x|)`.
    "softsign" Softsign => |x| x.softsign();
    /// A smooth rectifier: `ln(1 + eˣ)`.
    "softplus" Softplus => |x| x.softplus();
    /// The logistic function: `σ(x) = 1/(1 + e⁻ˣ)`.
    "sigmoid" Sigmoid => |x| x.sigmoid();
    /// The logarithm of the logistic function: `ln σ(x)`.
    "log_sigmoid" LogSigmoid => |x| x.log_sigmoid();
    /// The hyperbolic tangent.
    "tanh" Tanh => |x| x.tanh();
}

/// No parameters.
impl<F: Float> Params<F> for Activation {
    fn visit<'a>(&'a self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {}
    fn visit_mut(&mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {}
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not one of an [`Activation`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("there is no activation `{name}`; known are {}", Activation::ALL.iter().map(Activation::name).collect::<Vec<_>>().join(", "))]
pub struct UnknownActivation {
    /// The name that was looked up.
    pub name: String,
}

impl FromStr for Activation {
    type Err = UnknownActivation;

    /// The activation of that name with its default options.
    fn from_str(name: &str) -> Result<Activation, UnknownActivation> {
        let known = Activation::ALL.iter().find(|activation| activation.name() == name);
        known.copied().ok_or_else(|| UnknownActivation { name: name.to_owned() })
    }
}
