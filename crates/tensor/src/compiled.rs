//! Compiling generic code once, in this crate, instead of in every program.
//!
//! Generic code is compiled where it is used, at that crate's optimization level: a plain `cargo run` would run every
//! loop unoptimized, and every edit would recompile them all. There are only two element types, so the loops can be
//! compiled here for both. If the defining crate already contains an instance of an `#[inline(never)]` function, Rust
//! links to it; [`compiled!`] creates that instance. A few entry points are enough: [`apply`](crate::apply), with
//! everything it calls, for each operation, the backward walk, and the update rules of the optimizers.

/// Instantiates generic functions for `f32` and `f64` in the calling crate; each must be `#[inline(never)]`. `F` is the
/// element type.
///
/// For operations, `compiled!(Elementwise<1> Exp)`, `compiled!(Op<2> Matmul)` or `compiled!(OpMany Concat)`; for any
/// other function its type and its name, `compiled!(fn(&Tensor<F>) -> usize = rank::<F>)`.
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
            // Not every listed function mentions the element type.
            #[allow(dead_code)]
            type F = $float;
            // A static is always compiled, and so is everything it points to.
            #[allow(dead_code, clippy::type_complexity)]
            static COMPILED: $kind = $function;
        };
    };
}
