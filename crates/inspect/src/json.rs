//! A trace as JSON, and back.

use serde::de::Error;

use crate::Trace;

impl Trace {
    /// As JSON. Numbers that JSON does not have are the texts `"NaN"`, `"inf"` and `"-inf"`.
    ///
    /// ```
    /// use downhill_inspect::Trace;
    /// use downhill_tensor::Tensor;
    /// let trace = Trace::of(&Tensor::param([1.0, f64::INFINITY]).sum(), &());
    /// assert!(trace.json().contains("[1,\"inf\"]"));
    /// assert_eq!(Trace::from_json(&trace.json()).unwrap().json(), trace.json());
    /// ```
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("plain data with names for keys")
    }

    /// A trace from its JSON.
    ///
    /// # Errors
    /// If the text is no JSON, lacks something, or refers to a tensor that is not there.
    pub fn from_json(text: &str) -> Result<Trace, serde_json::Error> {
        let trace: Trace = serde_json::from_str(text)?;
        if trace.nodes.is_empty() {
            return Err(serde_json::Error::custom("a trace has at least one node"));
        }
        for (place, node) in trace.nodes.iter().enumerate() {
            if let Some(input) = node.inputs.iter().find(|input| input.node >= place) {
                let message = format!("node {place} has input {}, which does not come before it", input.node);
                return Err(serde_json::Error::custom(message));
            }
        }
        for (number, step) in trace.steps.iter().enumerate() {
            let input = trace.nodes.get(step.result).and_then(|result| result.inputs.get(step.argument));
            if input.is_none_or(|input| input.node != step.input) {
                let message =
                    format!("step {number} goes from node {} to {}, which is not its input", step.result, step.input);
                return Err(serde_json::Error::custom(message));
            }
            if trace.nodes[step.result].gradient.is_none() {
                let message = format!("step {number} goes from node {}, which has no gradient", step.result);
                return Err(serde_json::Error::custom(message));
            }
        }
        Ok(trace)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::Tensor;

    use super::*;

    #[test]
    fn what_does_not_fit_together_is_an_error() {
        let w = Tensor::param(2.0);
        let trace = Trace::of(&(w.exp() * &w), &w);
        let json = trace.json();
        assert_eq!(Trace::from_json(&json).unwrap(), trace);
        let broken = |change: &dyn Fn(&mut Trace)| {
            let mut trace = trace.clone();
            change(&mut trace);
            Trace::from_json(&trace.json()).expect_err("broken").to_string()
        };
        assert_eq!(broken(&|t| t.nodes[1].inputs[0].node = 1), "node 1 has input 1, which does not come before it");
        assert!(broken(&|t| t.steps[0].result = 9).starts_with("step 0 goes from node 9"));
        assert!(broken(&|t| t.steps[0].argument = 2).starts_with("step 0 goes from node 2"));
        assert!(broken(&|t| t.steps[1].input = 1).starts_with("step 1 goes from node 2 to 1"));
        assert_eq!(broken(&|t| t.nodes[2].gradient = None), "step 0 goes from node 2, which has no gradient");
        let nothing = Trace { nodes: Vec::new(), steps: Vec::new(), ..trace.clone() };
        assert!(Trace::from_json(&nothing.json()).is_err());
        for cut in [0, 1, json.len() / 2, json.len() - 1] {
            assert!(Trace::from_json(&json[..cut]).is_err());
        }
    }
}
