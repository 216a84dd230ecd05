//! Inspecting the graph: which operation produced a tensor, and from which inputs.

use std::fmt;

use crate::{Float, Formula, Tensor};

/// A value, or several, that defines an operation: an axis, a shape, an exponent.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A flag.
    Bool(bool),
    /// An integer, such as an axis.
    Int(i64),
    /// Integers, such as a shape.
    Ints(Vec<i64>),
    /// A real number, such as an exponent.
    Float(f64),
    /// Real numbers, such as weights.
    Floats(Vec<f64>),
    /// A name.
    Text(String),
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attribute::Bool(value) => value.fmt(f),
            Attribute::Int(value) => value.fmt(f),
            Attribute::Ints(values) => write!(f, "{values:?}"),
            Attribute::Float(value) => value.fmt(f),
            Attribute::Floats(values) => write!(f, "{values:?}"),
            Attribute::Text(value) => value.fmt(f),
        }
    }
}

impl From<bool> for Attribute {
    fn from(value: bool) -> Self {
        Attribute::Bool(value)
    }
}

impl From<f64> for Attribute {
    fn from(value: f64) -> Self {
        Attribute::Float(value)
    }
}

impl From<usize> for Attribute {
    /// Saturates; nothing that can be counted or allocated exceeds `i64::MAX`.
    fn from(value: usize) -> Self {
        Attribute::Int(value.try_into().unwrap_or(i64::MAX))
    }
}

impl From<isize> for Attribute {
    fn from(value: isize) -> Self {
        Attribute::Int(value as i64)
    }
}

impl From<&[usize]> for Attribute {
    fn from(values: &[usize]) -> Self {
        Attribute::Ints(values.iter().map(|&value| value.try_into().unwrap_or(i64::MAX)).collect())
    }
}

impl From<Vec<f64>> for Attribute {
    fn from(values: Vec<f64>) -> Self {
        Attribute::Floats(values)
    }
}

impl From<&str> for Attribute {
    fn from(value: &str) -> Self {
        Attribute::Text(value.to_owned())
    }
}

/// The operation that produced a tensor. See [`Tensor::operation`].
#[derive(Clone, Debug)]
pub struct Operation<F: Float> {
    /// The name, such as `matmul`.
    pub name: &'static str,
    /// The values that define it, by name; see [`Op::attributes`](crate::Op::attributes).
    pub attributes: Vec<(&'static str, Attribute)>,
    /// What it computes, and its derivatives, if it says so; see [`Op::formula`](crate::Op::formula).
    pub formula: Option<Formula>,
    /// What it was applied to: the tensors themselves, not copies.
    pub inputs: Vec<Tensor<F>>,
}

impl<F: Float> Tensor<F> {
    /// The operation that produced this tensor, with its inputs: for inspecting the graph. `None` for parameters and
    /// constants, and once [`backward`](Self::backward) has freed the record.
    ///
    /// A graph, printed as an indented tree:
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    ///
    /// fn print(x: &Tensor<f64>, depth: usize, text: &mut String) {
    ///     let (indent, shape) = ("  ".repeat(depth), x.shape());
    ///     let Some(operation) = x.operation() else {
    ///         let kind = if x.is_param() { "parameter" } else { "constant" };
    ///         return text.push_str(&format!("{indent}{kind} {shape:?}\n"));
    ///     };
    ///     let attributes = operation.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
    ///     text.push_str(&format!("{indent}{}{} {shape:?}\n", operation.name, attributes.collect::<String>()));
    ///     operation.inputs.iter().for_each(|input| print(input, depth + 1, text));
    /// }
    ///
    /// let w = Tensor::param([[1.0, 2.0], [3.0, 4.0]]);
    /// let mut text = String::new();
    /// print(&(w.softmax(1) * 2.0).sum(), 0, &mut text);
    /// assert_eq!(text, "\
    /// sum axes=[0, 1] keep=false []
    ///   mul [2, 2]
    ///     softmax axis=1 [2, 2]
    ///       parameter [2, 2]
    ///     constant []
    /// ");
    /// ```
    #[doc(alias = "grad_fn")]
    pub fn operation(&self) -> Option<Operation<F>> {
        self.0.record.operation()
    }

    /// This tensor, which the forward pass of an operation stored; or, while the operation's derivative is being
    /// recorded, the result of `compute`: the same values, computed differentiably from the operation's inputs.
    ///
    /// For derivatives that reuse a result of the forward pass that depends differentiably on the input. A stored
    /// tensor is a constant, so the second derivative would be wrong.
    ///
    /// ```
    /// use downhill_tensor::{Check, Elements, Float, Op, Tensor, apply, gradcheck};
    ///
    /// /// sin(x); stores cos(x).
    /// struct Sine<F: Float> { cosine: Option<Tensor<F>> }
    ///
    /// impl<F: Float> Op<F, 1> for Sine<F> {
    ///     fn name(&self) -> &'static str { "sine" }
    ///     fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
    ///         self.cosine = Some(Tensor::from(x.map(|x| x.cos())));
    ///         x.map(|x| x.sin())
    ///     }
    ///     fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
    ///         let cosine = self.cosine.as_ref().expect("kept by the forward pass");
    ///         dy * cosine.unless_recorded(|| x.cos())
    ///     }
    /// }
    ///
    /// let x = Tensor::from([-2.0, 0.5, 3.0_f64]);
    /// gradcheck(|[x]| apply(Sine { cosine: None }, [x]), [&x], Check::order(2)).unwrap();
    /// ```
    pub fn unless_recorded(&self, compute: impl FnOnce() -> Tensor<F>) -> Tensor<F> {
        if crate::is_recording() { compute() } else { self.clone() }
    }
}
