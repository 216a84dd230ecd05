//! The operations, one per file: formula, derivative, tests. To add one, add a file and a line here.

mod abs;
mod add;
mod argmax;
mod broadcast_to;
mod clamp;
mod compare;
mod concat;
mod cos;
mod cumsum;
mod div;
mod elu;
mod erf;
mod exp;
mod expm1;
mod flatten;
mod flip;
mod gate;
mod gather;
mod gelu;
mod gelu_tanh;
mod hardsigmoid;
mod hardswish;
mod hardtanh;
mod index_select;
mod leaky_relu;
mod linear;
mod ln;
mod log1p;
mod log_sigmoid;
mod log_softmax;
mod logsumexp;
mod matmul;
mod max;
mod maximum;
mod mean;
mod min;
mod minimum;
mod mish;
mod mul;
mod narrow;
mod neg;
mod norm;
mod one_hot;
mod permute;
#[cfg(test)]
mod points;
mod pow;
mod powf;
mod powi;
mod prod;
mod quotient;
mod recip;
mod relu;
mod relu6;
mod reshape;
mod rsqrt;
mod scatter_add;
mod selu;
mod sigmoid;
mod sign;
mod signed_power;
mod silu;
mod sin;
mod slice;
mod softmax;
mod softplus;
mod softsign;
mod split;
mod sqrt;
mod square;
mod squeeze;
mod std;
mod sub;
mod sum;
mod sum_to_size;
mod tanh;
mod var;
mod where_;
mod xlogy;

// The example of CONTRIBUTING.md, compiled and tested where it would be.
#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../../../../docs/skeletons/isru.rs"]
mod isru;

pub(crate) use add::add;
pub use concat::{concat, stack};
pub(crate) use div::div;
pub(crate) use gate::gate;
pub(crate) use mul::mul;
pub(crate) use neg::neg;
pub use one_hot::ClassLabels;
pub use reshape::NewShape;
pub(crate) use sub::sub;
pub use where_::where_;
