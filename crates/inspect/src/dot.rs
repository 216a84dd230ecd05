//! A trace in the language of Graphviz: `dot -Tsvg`.

use std::fmt::Write;

use crate::{Kind, Node, Trace};

impl Trace {
    /// The computation as a Graphviz digraph, from the inputs at the top to the result.
    ///
    /// ```
    /// use downhill_inspect::Trace;
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param(3.0);
    /// assert_eq!(Trace::of(&w.square(), &()).dot(), r##"digraph trace {
    ///   node [shape=box, fontname="sans-serif"];
    ///   n0 [label="parameter []\n3\ngradient 6", style=filled, fillcolor="#fde0c5"];
    ///   n1 [label="square []\n9\ngradient 1"];
    ///   n0 -> n1 [label="x"];
    /// }
    /// "##);
    /// ```
    pub fn dot(&self) -> String {
        let mut text = String::from("digraph trace {\n  node [shape=box, fontname=\"sans-serif\"];\n");
        for (place, node) in self.nodes.iter().enumerate() {
            let label = lines(node).iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\\n");
            let style = match node.kind {
                Kind::Parameter => ", style=filled, fillcolor=\"#fde0c5\"",
                Kind::Frozen | Kind::Constant => ", style=dashed",
                Kind::Result => "",
            };
            writeln!(text, "  n{place} [label=\"{label}\"{style}];").expect("a string");
        }
        for (place, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                let label = input.argument.as_deref().map(|name| format!(" [label=\"{}\"]", escaped(name)));
                writeln!(text, "  n{} -> n{place}{};", input.node, label.unwrap_or_default()).expect("a string");
            }
        }
        text + "}\n"
    }
}

/// What is written into the box of a tensor.
pub(crate) fn lines(node: &Node) -> Vec<String> {
    let mut lines = vec![format!("{} {:?}", node.label(), node.value.shape), node.value.brief()];
    lines.extend(node.gradient.iter().map(|gradient| format!("gradient {}", gradient.brief())));
    lines
}

/// Inside a quoted string of Graphviz.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use downhill_tensor::Tensor;

    use super::*;

    #[test]
    fn hostile_names_stay_inside_their_quotes() {
        let name = "a\\\"];\n} evil [label=\"";
        let model = BTreeMap::from([(name, Tensor::param(2.0))]);
        let dot = Trace::of(&model[name].exp(), &model).dot();
        assert!(dot.contains(r#"n0 [label="a\\\"]; } evil [label=\" []\n2\n"#), "{dot}");
        assert_eq!(dot.lines().count(), 6, "{dot}");
    }
}
