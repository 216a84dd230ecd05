//! A NaN in the gradient shows up in the parameter, whatever the rule.

use downhill_optim::{Optimizer, Rule, rule_names};
use downhill_tensor::Tensor;

/// Every rule with each of its flags, in its first step and in later ones.
#[test]
fn nan_is_seen() {
    for name in rule_names() {
        let rule: Box<dyn Rule<f64>> = name.parse().unwrap();
        if rule.kind().joint().is_some() {
            continue; // returns NaN and changes no parameter: see lbfgs.rs
        }
        let mut variants = vec![(*name).to_owned()];
        let flags = rule.options().into_iter().filter(|(_, value)| value == "false").map(|(flag, _)| flag);
        variants.extend(flags.filter(|flag| *flag != "nesterov").map(|flag| format!("{name}:{flag}")));
        if rule.options().iter().any(|(option, _)| *option == "momentum") {
            variants.push(format!("{name}:momentum=0.9"));
        }
        for text in variants {
            for steps_before in [0, 1, 3] {
                let mut w = Tensor::param([[1.0, -2.0], [0.5, 3.0]]);
                let mut opt: Optimizer<f64> = text.parse().unwrap();
                for _ in 0..steps_before {
                    opt.step_with(&mut w, |w| w.square().sum());
                }
                let bad = Tensor::from([[1.0, f64::NAN], [1.0, 1.0]]);
                opt.step_with(&mut w, |w| (w * &bad).sum());
                assert!(w.to_vec()[1].is_nan(), "{text} after {steps_before} steps: {:?}", w.to_vec());
                // It stays NaN.
                opt.step_with(&mut w, |w| w.square().sum());
                assert!(w.to_vec()[1].is_nan(), "{text} after {steps_before} steps: {:?}", w.to_vec());
            }
        }
    }
}
