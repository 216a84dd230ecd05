//! What an operation computes, and its derivatives, as text for a reader.

/// An operation and its derivatives as formulas: for explaining and printing a graph. See [`Op::formula`](crate::Op::formula).
///
/// `y` is the result and `dy` the gradient with respect to it; the arguments have the names that `derivatives` gives them,
/// and the operation's attributes their own.
///
/// ```
/// use downhill_tensor::{Formula, Tensor};
/// let w = Tensor::param([1.0, 2.0]);
/// let formula = w.tanh().operation().and_then(|operation| operation.formula);
/// assert_eq!(formula, Some(Formula::elementwise("tanh(x)", &[("x", "1 - y²")])));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formula {
    /// The result, such as `a·b`.
    pub value: &'static str,
    /// The name of every argument, and the derivative by it: of an elementwise operation the local derivative `∂y/∂a`,
    /// such as `b`; of any other the product of `dy` with the Jacobian matrix, such as `dy·bᵀ`. For an operation on a list
    /// of tensors, the last entry holds for all that follow.
    pub derivatives: &'static [(&'static str, &'static str)],
    /// Whether the operation acts on each element by itself.
    pub elementwise: bool,
}

impl Formula {
    /// Of an operation on each element. The sweeps evaluate these texts and compare them with the operation, so they are
    /// written in one grammar: numbers, names, `+ - · /`, powers (`x²`, `a^b`), `√x`, `|x|`, calls such as `exp(x)`, and
    /// `p if x > 0 else q` with one of `< > = ≤ ≥` and `and` between comparisons.
    pub const fn elementwise(value: &'static str, derivatives: &'static [(&'static str, &'static str)]) -> Self {
        Formula { value, derivatives, elementwise: true }
    }

    /// Of any other operation: the derivatives are products with `dy`, in the notation of the literature.
    pub const fn products(value: &'static str, derivatives: &'static [(&'static str, &'static str)]) -> Self {
        Formula { value, derivatives, elementwise: false }
    }

    /// The name of argument number `argument`, and the derivative by it.
    pub fn derivative(&self, argument: usize) -> Option<(&'static str, &'static str)> {
        self.derivatives.get(argument).or(self.derivatives.last()).copied()
    }
}
