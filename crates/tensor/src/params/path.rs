//! The position of a tensor in a tree: `fc1.weight`, `layers.0.bias`.

use std::fmt;

/// The path from the root of a tree to one of its tensors. A linked list on the stack, so that walking a model does not
/// allocate; `Display` joins the steps with dots.
///
/// ```
/// use downhill_tensor::Path;
/// let layers = Path::ROOT.field("layers");
/// let first = layers.index(0);
/// assert_eq!(first.field("weight").to_string(), "layers.0.weight");
/// assert_eq!(first.field("weight"), "layers.0.weight");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
    /// Whether the path leads through an `Arc` that others hold too: they share every tensor inside.
    pub(super) in_shared: bool,
}

#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    Root,
    Field(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The path of the tree itself; empty.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root, in_shared: false };

    /// The path of a named field below this one.
    pub fn field(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Field(name), in_shared: self.in_shared }
    }

    /// The path of a numbered element below this one.
    pub fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Index(index), in_shared: self.in_shared }
    }

    /// The same path, inside an `Arc` that others hold too.
    pub(super) fn inside_shared(&self) -> Self {
        Path { in_shared: true, ..*self }
    }

    /// Whether the path matches a pattern in which `*` matches any run of characters, dots included.
    pub fn matches(&self, pattern: &str) -> bool {
        matches(&self.to_string(), pattern)
    }

    /// The index of the first pattern that [`matches`](Self::matches), from 0. The path is formatted once for all of
    /// them.
    ///
    /// ```
    /// use downhill_tensor::Path;
    /// let bias = Path::ROOT.field("bias");
    /// assert_eq!(bias.first_match(["weight", "b*", "*"]), Some(1));
    /// ```
    pub fn first_match<'t>(&self, patterns: impl IntoIterator<Item = &'t str>) -> Option<usize> {
        let mut patterns = patterns.into_iter().peekable();
        patterns.peek()?;
        let path = self.to_string();
        patterns.position(|pattern| matches(&path, pattern))
    }

    /// What is left of `text` if this path is stripped from its end.
    fn strip_from<'t>(&self, text: &'t str) -> Option<&'t str> {
        let rest = match self.step {
            Step::Root => return Some(text),
            Step::Field(name) => text.strip_suffix(name)?,
            Step::Index(index) => {
                let digits = text.len() - text.bytes().rev().take_while(u8::is_ascii_digit).count();
                let (rest, number) = text.split_at(digits);
                // `01` is not the path of element 1.
                let canonical = number == "0" || !number.starts_with('0');
                (canonical && number.parse() == Ok(index)).then_some(rest)?
            }
        };
        match self.parent {
            Some(parent) if !matches!(parent.step, Step::Root) => parent.strip_from(rest.strip_suffix('.')?),
            _ => Some(rest),
        }
    }
}

fn matches(path: &str, pattern: &str) -> bool {
    // The first piece is a prefix, the last a suffix; those between are found from left to right.
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Compares without allocating: an optimizer does this for every parameter in every step.
impl PartialEq<str> for Path<'_> {
    fn eq(&self, text: &str) -> bool {
        self.strip_from(text) == Some("")
    }
}

impl PartialEq<&str> for Path<'_> {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
            if !matches!(parent.step, Step::Root) {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_exact() {
        let layers = Path::ROOT.field("layers");
        let eleventh = layers.index(11);
        let bias = eleventh.field("bias");
        assert_eq!(bias, "layers.11.bias");
        for other in
            ["layers.1.bias", "layers.11.bia", "xlayers.11.bias", "layers11.bias", "bias", "", "layers.011.bias"]
        {
            assert!(bias != other, "{other}");
        }
        assert_eq!(Path::ROOT, "");
        assert!(Path::ROOT.index(1) != "11");
    }

    #[test]
    fn patterns() {
        let fc1 = Path::ROOT.field("fc1");
        let weight = fc1.field("weight");
        for pattern in ["*", "fc1.weight", "fc1.*", "*.weight", "f*.w*t", "*c1*"] {
            assert!(weight.matches(pattern), "{pattern}");
        }
        for pattern in ["", "fc1", "fc2.*", "*.bias", "fc1.weight.*", "fc1.weightt", "*weigh"] {
            assert!(!weight.matches(pattern), "{pattern}");
        }
        assert!(!Path::ROOT.field("ab").matches("ab*b"), "the pieces of a pattern must not overlap");
        assert!(!Path::ROOT.field("abc").matches("*b*b*"), "nor be the same piece of the path");
        assert!(Path::ROOT.field("abcbd").matches("*b*b*"));
    }
}
