//! A trace as one page for the browser, which needs nothing else: no network, no framework.
//!
//! The page, its style and its program are files of their own, in `page/`; the trace is embedded as JSON.

use crate::Trace;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const PROGRAM: &str = include_str!("page/page.js");

impl Trace {
    /// A page in which one steps through the computation, forward and then backward, with the arrow keys, Home and End, or
    /// with buttons. Write it to a file, and open that in a browser.
    ///
    /// ```
    /// use downhill_inspect::Trace;
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param(3.0);
    /// let page = Trace::of(&w.square(), &()).html("The square of 3");
    /// assert!(page.starts_with("<!doctype html>") && page.contains("<title>The square of 3</title>"));
    /// ```
    pub fn html(&self, title: &str) -> String {
        let title = text_of_html(title);
        let mut page = String::with_capacity(PAGE.len() + STYLE.len() + PROGRAM.len() + 100_000);
        // Taken apart at the marks, not replaced one after the other: what is filled in may contain a mark.
        for (number, part) in PAGE.split("{{").enumerate() {
            let rest = match part.split_once("}}") {
                Some((mark, rest)) if number > 0 => {
                    match mark {
                        "title" => page.push_str(&title),
                        "style" => page.push_str(STYLE),
                        "trace" => page.push_str(&json_in_html(&self.json())),
                        "program" => page.push_str(PROGRAM),
                        _ => unreachable!("the page has no other marks"),
                    }
                    rest
                }
                _ => part,
            };
            page.push_str(rest);
        }
        page
    }
}

/// Text between tags.
fn text_of_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// JSON inside a `<script>` element, where `</script>` would end it and `<!--` would change what ends it. In JSON, these
/// characters occur in texts only, where they may be written as escapes.
fn json_in_html(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use downhill_tensor::Tensor;

    use super::*;

    /// The trace in a page, as a browser finds it.
    fn embedded(page: &str) -> Trace {
        let (_, rest) = page.split_once("<script type=\"application/json\" id=\"trace\">").expect("the data");
        let (json, _) = rest.split_once("</script>").expect("its end");
        Trace::from_json(json).expect("a trace")
    }

    #[test]
    fn hostile_names_do_not_leave_the_data() {
        for name in ["</script><script>alert(1)</script>", "<!-- <script>", "{{title}}", "&lt;\u{2028}\"'\\", "]]>"] {
            let model = BTreeMap::from([(name, Tensor::param([1.0, f64::NAN]))]);
            let trace = Trace::of(&model[name].exp().sum(), &model);
            let page = trace.html(name);
            let back = embedded(&page);
            assert_eq!((back.nodes[0].name.as_deref(), back.nodes.len()), (Some(name), 3));
            assert_eq!(page.matches("</script>").count(), 2, "{name}");
            assert_eq!(page.matches("<!--").count(), 0, "{name}");
        }
    }

    #[test]
    fn small_and_alone() {
        let w = Tensor::param(2.0);
        let trace = Trace::of(&w.exp(), &());
        let page = trace.html("a < b & c");
        assert!(page.contains("<title>a &lt; b &amp; c</title>"));
        assert!(page.len() - trace.json().len() < 100_000, "{} bytes", page.len());
        // The name of SVG is no address that is fetched.
        let without_svg = page.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttp", "innerHTML"] {
            assert!(!without_svg.contains(outside), "{outside}");
        }
    }
}
