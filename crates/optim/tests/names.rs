//! Parsing PyTorch's names besides our own, and custom and built-in rules alike.

use downhill_optim::{AdamW, Optimizer, Options, Rule, Schedule, TextError, rule_names};

fn rule(text: &str) -> Result<Box<dyn Rule<f64>>, TextError> {
    text.parse()
}

/// Options that are a tuple in PyTorch.
#[test]
fn tuples() {
    let same = [
        ("adam:betas=(0.8,0.95)", "adam:beta1=0.8,beta2=0.95"),
        ("adam:betas=(0.8, 0.95), amsgrad", "adam:beta1=0.8,beta2=0.95,amsgrad"),
        ("adam:betas=[0.8,0.95]", "adam:beta1=0.8,beta2=0.95"),
        ("adafactor:eps=(none,1e-2)", "adafactor:eps1=none,eps2=0.01"),
        ("adafactor:eps=(1e-9,1e-2)", "adafactor:eps1=1e-9,eps2=0.01"),
        ("rprop:etas=(0.4,1.3),step_sizes=(1e-5,40)", "rprop:eta_minus=0.4,eta_plus=1.3,step_min=1e-5,step_max=40"),
        ("muon:ns_coefficients=(3,-4,2)", "muon:ns_coefficients=[3,-4,2]"),
    ];
    for (pytorch, ours) in same {
        assert_eq!(rule(pytorch).unwrap().to_string(), rule(ours).unwrap().to_string());
    }
    for name in rule_names() {
        let listed = rule(name).unwrap().options();
        let adams = ["beta1", "beta2"].iter().all(|beta| listed.iter().any(|(option, _)| option == beta));
        let set = rule(&format!("{name}:betas=(0.25,0.75)"));
        assert_eq!(set.is_ok(), adams, "{name}");
        if let Ok(set) = set {
            let betas = (set.option("beta1").unwrap(), set.option("beta2").unwrap());
            assert_eq!(betas, ("0.25".to_owned(), "0.75".to_owned()), "{name}");
        }
    }
}

#[test]
fn tuples_that_are_none() {
    let refused = |text: &str, message: &str| assert_eq!(rule(text).unwrap_err().to_string(), message);
    let must = "Adam: betas must be two values in parentheses, separated by commas";
    for value in ["0.9", "(0.9)", "(0.9,0.99,0.999)", "(0.9,x)", "(0.9,", "()"] {
        refused(&format!("adam:betas={value}"), &format!("{must}, got `{value}`"));
    }
    refused("adam:betas=(0.9,1)", "Adam: beta2 must be in [0, 1), got 1");
    // An invalid tuple sets nothing.
    let mut rule = rule("adam").unwrap();
    rule.set_option("betas", "(0.5,x)").unwrap_err();
    assert_eq!(rule.option("beta1").unwrap(), "0.9");
    assert_eq!(rule.option("betas"), None);
}

#[test]
fn schedules() {
    for (other, ours) in [
        ("reduce_on_plateau:patience=3", "plateau:patience=3"),
        ("ReduceLROnPlateau:patience=3", "plateau:patience=3"),
        ("cosine_warm_restarts:t_0=5", "warm_restarts:t_0=5"),
        ("CosineAnnealingWarmRestarts:t_0=5", "warm_restarts:t_0=5"),
    ] {
        let [other, ours] = [other, ours].map(|text| text.parse::<Box<dyn Schedule>>().unwrap().to_string());
        assert_eq!(other, ours);
    }
}

/// A rule of a known type, parsed without a box.
#[test]
fn a_type_from_text() {
    let adamw = AdamW::from_text("adam_w:lr=0.5").unwrap();
    assert_eq!(adamw, AdamW { lr: 0.5, ..AdamW::default() });
    let error = AdamW::from_text("adam:lr=0.5").unwrap_err().to_string();
    assert_eq!(error, "expected the name AdamW, got `adam`");
    // Invalid values are detected where the rule is used.
    let rule = AdamW::from_text("adamw:lr=-1").unwrap();
    assert_eq!(Optimizer::<f32>::try_new(rule).unwrap_err().to_string(), "AdamW: lr must be ≥ 0, got -1");
}
