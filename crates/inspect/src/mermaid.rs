//! A trace as a Mermaid diagram, which Markdown renders in many places.

use std::fmt::Write;

use crate::dot::lines;
use crate::{Kind, Trace};

impl Trace {
    /// The computation as a Mermaid flowchart, from the inputs at the top to the result.
    ///
    /// ```
    /// use downhill_inspect::Trace;
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param(3.0);
    /// assert_eq!(Trace::of(&w.square(), &()).mermaid(), "\
    /// flowchart TD
    ///   n0([\"parameter []<br/>3<br/>gradient 6\"])
    ///   n1[\"square []<br/>9<br/>gradient 1\"]
    ///   n0 -->|\"x\"| n1
    /// ");
    /// ```
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        for (place, node) in self.nodes.iter().enumerate() {
            let label = lines(node).iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
            let [open, close] = match node.kind {
                Kind::Parameter => ["([", "])"],
                Kind::Frozen | Kind::Constant => ["(", ")"],
                Kind::Result => ["[", "]"],
            };
            writeln!(text, "  n{place}{open}\"{label}\"{close}").expect("a string");
        }
        for (place, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                let label = input.argument.as_deref().map(|name| format!("|\"{}\"|", escaped(name)));
                writeln!(text, "  n{} -->{} n{place}", input.node, label.unwrap_or_default()).expect("a string");
            }
        }
        text
    }
}

/// Inside a quoted string of Mermaid, which has entities instead of escapes: `#quot;`, or `#35;` for a character by number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '"' => escaped.push_str("#quot;"),
            '#' | '&' | '<' | '>' | '`' | '\\' => write!(escaped, "#{};", u32::from(letter)).expect("a string"),
            _ if letter.is_control() => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use downhill_tensor::Tensor;

    use super::*;

    #[test]
    fn hostile_names_stay_inside_their_quotes() {
        let name = "\"] <script>\n#1";
        let model = BTreeMap::from([(name, Tensor::param(2.0))]);
        let text = Trace::of(&model[name].exp(), &model).mermaid();
        assert!(text.contains(r##"n0(["#quot;] #60;script#62; #35;1 []<br/>2"##), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
    }
}
