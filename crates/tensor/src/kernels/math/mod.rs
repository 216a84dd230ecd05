mod bits;
pub(crate) mod erf;
pub(crate) mod exp;
pub(crate) mod expm1;
pub(crate) mod ln;
pub(crate) mod log1p;
pub(crate) mod pow;
pub(crate) mod tanh;
