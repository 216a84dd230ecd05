//! What is compiled in this crate, once, and not again in every program.
//!
//! Generic code is compiled where it is used, at that program's level of optimisation: a plain `cargo run` would run every
//! loop unoptimised, and every changed line would compile them again. There are two element types, so the loops can be
//! compiled here for both. Rust links what is marked `#[inline(never)]` to a copy in the crate that defines it, if there is
//! one; [`compiled!`] makes there be one. That is enough at a few doors: [`apply`](crate::apply), with everything behind it, for
//! each operation, the backward walk, and the rules of the optimizers.

/// Compiles generic functions here for `f32` and `f64`; each must be `#[inline(never)]`. `F` stands for the element type.
///
/// For operations, `compiled!(Elementwise<1> Exp)`, `compiled!(Op<2> Matmul)` or `compiled!(OpMany Concat)`; for any other function its
/// type and its name, `compiled!(fn(&Tensor<F>) -> usize = rank::<F>)`.
#[doc(hidden)]
#[macro_export]
macro_rules! compiled {
    (Op<$n:literal> $op:ty) => {
        $crate::compiled!(fn($op, [&$crate::Tensor<F>; $n]) -> $crate::Tensor<F> = $crate::apply::<F, $op, $n>);
    };
    (OpMany $op:ty) => {
        $crate::compiled!(fn($op, &[&$crate::Tensor<F>]) -> $crate::Tensor<F> = $crate::apply_many::<F, $op>);
    };
    (Elementwise<$n:literal> $op:ty) => {
        $crate::compiled!(fn($op, [&$crate::Tensor<F>; $n]) -> $crate::Tensor<F> = $crate::elementwise::<F, $op, $n>);
    };
    ($kind:ty = $function:expr) => {
        $crate::compiled!(f32: $kind = $function);
        $crate::compiled!(f64: $kind = $function);
    };
    ($float:ident: $kind:ty = $function:expr) => {
        const _: () = {
            // Not every function that is listed has the element type in its name.
            #[allow(dead_code)]
            type F = $float;
            // A static is always compiled, and with it what it points to.
            #[allow(dead_code, clippy::type_complexity)]
            static COMPILED: $kind = $function;
        };
    };
}
