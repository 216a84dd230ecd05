//! A trace as an indented tree, for the terminal.

use std::fmt::Write;

use crate::{Input, Trace};

/// Deeper than this, lines are not indented any further: a chain of thousands of operations stays readable.
const DEEPEST: usize = 30;

impl Trace {
    /// The computation as a tree, from the result down to its inputs, one line each: number, name, shape, value, gradient and
    /// formula. What is used several times is shown once.
    ///
    /// ```
    /// use downhill_inspect::Trace;
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param(3.0);
    /// let square = w.square();
    /// assert_eq!(Trace::of(&(&square * &w + &square), &()).tree(), "\
    /// #3 add [] = 36, gradient 1; y = a + b
    ///   a: #2 mul [] = 27, gradient 1; y = a·b
    ///     a: #1 square [] = 9, gradient 4; y = x²
    ///       x: #0 parameter [] = 3, gradient 33
    ///     b: #0 parameter [] = 3, gradient 33
    ///   b: #1 square [], as above
    /// ");
    /// ```
    pub fn tree(&self) -> String {
        let mut text = String::new();
        let mut shown = vec![false; self.nodes.len()];
        // Not recursive, for deep graphs. A node is pushed with the name of the argument that it is.
        let mut pending = self.nodes.len().checked_sub(1).map(|last| (last, 0, None)).into_iter().collect::<Vec<_>>();
        while let Some((place, depth, argument)) = pending.pop() {
            let node = &self.nodes[place];
            let indent = "  ".repeat(depth.min(DEEPEST));
            let argument = argument.map(|argument| format!("{argument}: ")).unwrap_or_default();
            write!(text, "{indent}{argument}#{place} {} {:?}", node.label(), node.value.shape).expect("a string");
            if shown[place] && !node.inputs.is_empty() {
                text.push_str(", as above\n");
                continue;
            }
            shown[place] = true;
            write!(text, " = {}", node.value.brief()).expect("a string");
            if let Some(gradient) = &node.gradient {
                write!(text, ", gradient {}", gradient.brief()).expect("a string");
            }
            if let Some(formula) = &node.formula {
                write!(text, "; y = {formula}").expect("a string");
            }
            text.push_str(&node.attribute_text());
            text.push('\n');
            let inputs = node.inputs.iter().rev();
            pending.extend(inputs.map(|Input { node, argument }| (*node, depth + 1, argument.clone())));
        }
        text
    }
}
