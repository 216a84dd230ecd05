//! A recorded computation, forward and backward, as data.

use downhill_tensor::{Float, Params, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Array, Tracer};

/// A recorded computation: its values, and how their gradients come to be.
///
/// ```
/// use downhill_inspect::Trace;
/// use downhill_tensor::Tensor;
/// let model = (Tensor::param([1.0, 2.0]), Tensor::param(0.5));
/// let loss = (&model.0 * &model.1).sum();
/// let trace = Trace::of(&loss, &model);
/// assert_eq!(trace.nodes.iter().map(|node| node.label()).collect::<Vec<_>>(), ["0", "1", "mul", "sum"]);
/// assert_eq!(trace.gradient("1").map(|gradient| gradient.elements.as_slice()), Some([3.0].as_slice()));
/// // Backward: sum to mul, then mul to each of its arguments.
/// assert_eq!(trace.steps.iter().map(|step| (step.result, step.input)).collect::<Vec<_>>(), [(3, 2), (2, 0), (2, 1)]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The element type, `"f32"` or `"f64"`.
    pub element: String,
    /// Every tensor of the computation, inputs before results; the last is the result that was traced.
    pub nodes: Vec<Node>,
    /// Every contribution to a gradient, in the order in which `backward` makes them. Empty if the result is not a scalar, or
    /// does not depend on any parameter.
    pub steps: Vec<Step>,
}

/// A tensor of the computation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its path in the model, if it is one of the model's parameters or buffers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of the operation that computed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What the operation computes, such as `a·b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// What defines the operation beside its inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// What the operation was applied to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// The elements.
    pub value: Array,
    /// The gradient of the traced result with respect to this tensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient: Option<Array>,
}

/// What a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A leaf that gradients flow to.
    Parameter,
    /// A parameter that is frozen.
    Frozen,
    /// A leaf without a gradient.
    Constant,
    /// The recorded result of an operation.
    Result,
}

impl Kind {
    /// As a word: `parameter`, `frozen parameter`, `constant` or `result`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Parameter => "parameter",
            Kind::Frozen => "frozen parameter",
            Kind::Constant => "constant",
            Kind::Result => "result",
        }
    }
}

/// A value that defines an operation beside its inputs, such as an axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value, printed; of a long list, only the beginning.
    pub value: String,
}

/// An argument of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Which tensor: an index into [`Trace::nodes`].
    pub node: usize,
    /// What the formula calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
}

/// One contribution to a gradient: what flows from a result to one of its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The result that the walk goes back through, an index into [`Trace::nodes`]; the incoming gradient is its
    /// [`Node::gradient`].
    pub result: usize,
    /// Which argument of the result's operation this is about.
    pub argument: usize,
    /// The tensor that this argument is, an index into [`Trace::nodes`].
    pub input: usize,
    /// The derivative as a formula: of an elementwise operation the local derivative, of any other its product with `dy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivative: Option<String>,
    /// Whether the operation acts on each element by itself, so that the product is that of the gradient and the local
    /// derivative, element by element.
    pub elementwise: bool,
    /// The local derivative, of elementwise operations and of scalar results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Array>,
    /// The product of the incoming gradient and the derivative.
    pub product: Array,
    /// The product summed over the axes that the argument was broadcast along; `None` if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summed: Option<Array>,
    /// The gradient of the argument before this step, to which the product is added; `None` if it is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Array>,
    /// The gradient of the argument after this step.
    pub after: Array,
}

impl Trace {
    /// The computation that `y` is the result of, with the names of the tensors of `model`: a model, a tuple of tensors, a
    /// `BTreeMap` of tensors by name, or `()` for no names. For more or less detail, see [`Tracer`].
    ///
    /// Costs about as much as three backward passes, and keeps all gradients in memory while it runs. The record stays.
    /// If `y` is not a scalar, there are values but no gradients.
    ///
    /// # Panics
    /// If `backward` has freed the record of `y`.
    #[track_caller]
    pub fn of<F: Float>(y: &Tensor<F>, model: &impl Params<F>) -> Trace {
        Tracer::default().trace(y, model)
    }

    /// The gradient of the parameter with this path.
    pub fn gradient(&self, name: &str) -> Option<&Array> {
        self.named(name).and_then(|node| self.nodes[node].gradient.as_ref())
    }

    /// The tensor with this path, an index into [`nodes`](Self::nodes).
    pub fn named(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name.as_deref() == Some(name))
    }
}

impl Node {
    /// A word for this tensor: its name, its operation, or what it is.
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.operation.as_deref()).unwrap_or(self.kind.word())
    }

    /// The attributes as `, axis = 1, keep = false`.
    pub(crate) fn attribute_text(&self) -> String {
        self.attributes.iter().map(|Attribute { name, value }| format!(", {name} = {value}")).collect()
    }
}
