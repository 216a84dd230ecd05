//! How one gradient comes to be, for the terminal.

use std::fmt;

use downhill_tensor::{Float, Tensor};

use crate::{Array, Node, Step, Trace, Tracer};

/// How the gradient of `loss` with respect to `w`, a parameter or an intermediate result, comes to be: every step of the
/// backward pass that leads to it, for printing. The record stays.
///
/// ```
/// use downhill_inspect::explain;
/// use downhill_tensor::Tensor;
/// let (x, w) = (Tensor::from([1.0, 2.0]), Tensor::param([0.5, -0.5]));
/// let loss = (&x * &w).sum();
/// assert_eq!(explain(&loss, &w).to_string(), "\
/// How the gradient of the parameter comes to be
///
/// #3 sum = -0.5, y = Σx, axes = [0], keep = false
///    gradient dy        1
///    by x               [1, 1]
///    product            dy, repeated over the summed axes = [1, 1]
///    to the gradient of #2 mul: it is now [1, 1]
/// #2 mul = [0.5, -1], y = a·b
///    gradient dy        [1, 1]
///    by b, a            [1, 2]
///    product            [1, 2]
///    to the gradient of #1 parameter: it is now [1, 2]
///
/// The gradient is [1, 2]
/// ");
/// ```
///
/// # Panics
/// If `loss` is not a scalar or depends on no parameter, if `backward` has freed its record, or if it does not depend on `w`.
#[track_caller]
pub fn explain<F: Float>(loss: &Tensor<F>, w: &Tensor<F>) -> Explanation {
    assert!(
        loss.len() == 1,
        "explain: expected a scalar, not shape {:?}; reduce it with `.sum()` or `.mean()`",
        loss.shape()
    );
    let tracer = Tracer::default();
    let (trace, place) = tracer.trace_finding(loss, w);
    let explanation = place.and_then(|place| trace.explanation(place));
    explanation.unwrap_or_else(|| {
        panic!("explain: the loss does not depend on this tensor of shape {:?}, or no gradient flows to it", w.shape())
    })
}

/// The steps of a backward pass that lead to one gradient; [`Display`](fmt::Display) prints them.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The computation.
    pub trace: Trace,
    /// Whose gradient is explained, an index into its nodes.
    pub node: usize,
    /// The steps that lead there, in their order; indices into its steps.
    pub steps: Vec<usize>,
}

impl Trace {
    /// How the gradient of the tensor with this path comes to be; `None` if there is no such tensor, or no gradient.
    ///
    /// ```
    /// use downhill_inspect::Trace;
    /// use downhill_tensor::Tensor;
    /// let model = (Tensor::param(2.0), Tensor::param(5.0));
    /// let trace = Trace::of(&(model.0.exp() + model.1.square()), &model);
    /// let steps = trace.explain("1").expect("a parameter").steps;
    /// assert_eq!(steps.len(), 2); // through `add` and `square`, not through `exp`
    /// ```
    pub fn explain(&self, name: &str) -> Option<Explanation> {
        self.named(name).and_then(|node| self.clone().explanation(node))
    }

    fn explanation(self, node: usize) -> Option<Explanation> {
        self.nodes[node].gradient.as_ref()?;
        // A step is on the way if its input is. Inputs come before results, so the last steps decide first.
        let mut on_the_way = vec![false; self.nodes.len()];
        on_the_way[node] = true;
        let mut steps: Vec<usize> = (0..self.steps.len()).rev().collect();
        steps.retain(|&number| {
            let Step { result, input, .. } = self.steps[number];
            on_the_way[result] |= on_the_way[input];
            on_the_way[input]
        });
        steps.reverse();
        Some(Explanation { trace: self, node, steps })
    }

    fn title(&self, node: usize) -> String {
        format!("#{node} {}", self.nodes[node].label())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { trace, node, steps } = self;
        let target = &trace.nodes[*node];
        match &target.name {
            Some(name) => writeln!(f, "How the gradient of {name} comes to be\n")?,
            None => writeln!(f, "How the gradient of the {} comes to be\n", target.kind.word())?,
        }
        let mut last = None;
        for &number in steps {
            let step = &trace.steps[number];
            let result = &trace.nodes[step.result];
            if last != Some(step.result) {
                heading(f, &trace.title(step.result), result)?;
                last = Some(step.result);
            }
            let gradient = result.gradient.as_ref().map(Array::to_string).unwrap_or_default();
            line(f, "gradient dy", &gradient)?;
            contribution(f, trace, step)?;
        }
        let gradient = target.gradient.as_ref().map(Array::to_string).unwrap_or_default();
        writeln!(f, "\nThe gradient is {gradient}")
    }
}

fn heading(f: &mut fmt::Formatter<'_>, title: &str, node: &Node) -> fmt::Result {
    write!(f, "{title} = {}", node.value)?;
    if let Some(formula) = &node.formula {
        write!(f, ", y = {formula}")?;
    }
    writeln!(f, "{}", node.attribute_text())
}

fn line(f: &mut fmt::Formatter<'_>, what: &str, value: &str) -> fmt::Result {
    writeln!(f, "   {what:<18} {value}")
}

fn contribution(f: &mut fmt::Formatter<'_>, trace: &Trace, step: &Step) -> fmt::Result {
    let argument = trace.nodes[step.result].inputs.get(step.argument).and_then(|input| input.argument.as_deref());
    let argument = argument.map_or_else(|| format!("argument {}", step.argument), str::to_owned);
    let formula = step.derivative.as_deref();
    if let Some(local) = &step.local {
        let by = formula.filter(|_| step.elementwise).map(|formula| format!(", {formula}")).unwrap_or_default();
        line(f, &format!("by {argument}{by}"), &local.to_string())?;
    }
    let product = formula.filter(|_| !step.elementwise).map(|formula| format!("{formula} = ")).unwrap_or_default();
    line(f, "product", &format!("{product}{}", step.product))?;
    if let Some(summed) = &step.summed {
        line(f, "summed", &summed.to_string())?;
    }
    let before = step.before.as_ref().map(|before| format!(", which was {before}")).unwrap_or_default();
    writeln!(f, "   to the gradient of {}{before}: it is now {}", trace.title(step.input), step.after)
}
