//! Optimizers, schedulers and averages through files: restored exactly, or an error that says what is wrong.

#[path = "checkpoints/models.rs"]
mod models;
#[path = "checkpoints/mutations.rs"]
mod mutations;
#[path = "checkpoints/others.rs"]
mod others;

use downhill_optim::{
    Lbfgs, LineSearch, Optimizer, OptimizerState, Options, ParamRule, ParamUpdate, Rule, RuleKind, TextError,
};
use downhill_tensor::{Float, Tensor};
use serde_json::{Value, json};

/// Every rule, with options that use every buffer it may have.
const RULES: [&str; 24] = [
    "adadelta",
    "adafactor",
    "adagrad:initial_accumulator_value=0.1",
    "adam",
    "adam:amsgrad,decoupled",
    "adamax",
    "adamw",
    "adamw:amsgrad",
    "asgd:t0=1",
    "classical_momentum:momentum=0.9",
    "lamb",
    "lbfgs:max_iter=3",
    "lbfgs:max_iter=3,line_search=strong_wolfe,history_size=2",
    "lion",
    "muon",
    "nadam",
    "radam",
    "rmsprop",
    "rmsprop:centered,momentum=0.9",
    "rprop",
    "sgd",
    "sgd:momentum=0.9,nesterov",
    "sign_sgd",
    "sign_sgd:momentum=0.9",
];

type Model<F> = Vec<Tensor<F>>;

/// A matrix, a stack of matrices, a vector, a scalar, an empty tensor, and the matrix again (tied).
fn model<F: Float>(rule: &str) -> Model<F> {
    let numbers = |shape: &[usize], seed: usize| {
        let len: usize = shape.iter().product();
        let numbers = (0..len).map(|i| F::from_f64(((i * 7 + seed * 5) % 11) as f64 / 4.0 - 1.3)).collect();
        Tensor::param(ndarray::ArrayD::from_shape_vec(shape, numbers).unwrap())
    };
    let matrix = numbers(&[3, 2], 1);
    if rule.starts_with("muon") {
        return vec![matrix.clone(), numbers(&[2, 3], 2), matrix];
    }
    vec![matrix.clone(), numbers(&[2, 3, 2], 2), numbers(&[4], 3), numbers(&[], 4), numbers(&[0, 3], 5), matrix]
}

fn loss<F: Float>(model: &Model<F>) -> Tensor<F> {
    let term = |(i, p): (usize, &Tensor<F>)| (p.square() * F::from_f64(0.5 + i as f64)).sum() + p.sum();
    model.iter().enumerate().map(term).fold(Tensor::from(F::zero()), |sum, term| sum + term)
}

fn bits<F: Float>(model: &Model<F>) -> Vec<u64> {
    model.iter().flat_map(Tensor::to_vec).map(|x| x.as_f64().to_bits()).collect()
}

fn binary<T: serde::Serialize>(value: &T) -> Vec<u8> {
    bincode::serde::encode_to_vec(value, bincode::config::standard()).unwrap()
}

fn from_binary<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    // With a limit, as a program that reads files should have.
    let config = bincode::config::standard().with_limit::<1_000_000>();
    bincode::serde::decode_from_slice(bytes, config).map(|(value, _)| value).map_err(|error| error.to_string())
}

fn steps<F: Float>(count: usize, opt: &mut Optimizer<F>, model: &mut Model<F>) {
    for _ in 0..count {
        opt.step_with(model, loss);
    }
}

/// Three steps, a file, and three more steps: bitwise identical to six.
fn goes_on<F: Float>(rule: &str, spoiled: bool) {
    let (mut here, mut opt) = (model::<F>(rule), rule.parse::<Optimizer<F>>().unwrap());
    for step in 0..3 {
        // A NaN in the last step before saving gets into the buffers, except those of L-BFGS.
        let factor = if spoiled && step == 2 { F::nan() } else { F::one() };
        opt.step_with(&mut here, |m| loss(m) * factor);
    }
    let json = serde_json::to_string(&opt.state_dict()).unwrap();
    let states: [OptimizerState<F>; 2] =
        [serde_json::from_str(&json).unwrap(), from_binary(&binary(&opt.state_dict())).unwrap()];
    let start = here.clone();
    steps(3, &mut opt, &mut here);
    for state in states {
        let (mut there, mut again) = (start.clone(), rule.parse::<Optimizer<F>>().unwrap());
        again.load_state_dict(&state, &there).unwrap_or_else(|error| panic!("{rule}: {error}"));
        steps(3, &mut again, &mut there);
        assert_eq!(bits(&there), bits(&here), "{rule}, {}", F::NAME);
        let paths = |opt: &Optimizer<F>| opt.states().map(|(path, _)| path.to_owned()).collect::<Vec<_>>();
        assert_eq!(paths(&again), paths(&opt), "{rule}");
    }
}

#[test]
fn every_rule_goes_on_from_a_file_of_text_and_of_bytes() {
    let names: std::collections::BTreeSet<&str> = RULES.iter().map(|rule| rule.split(':').next().unwrap()).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), downhill_optim::rule_names());
    for rule in RULES {
        for spoiled in [false, true] {
            goes_on::<f64>(rule, spoiled);
            goes_on::<f32>(rule, spoiled);
        }
    }
}

/// An optimizer after two steps, as JSON.
fn saved(rule: &str) -> (Model<f64>, Value) {
    let (mut here, mut opt) = (model(rule), rule.parse::<Optimizer<f64>>().unwrap());
    steps(2, &mut opt, &mut here);
    (here, serde_json::to_value(opt.state_dict()).unwrap())
}

/// Why an optimizer does not load `json`; it must be left unchanged.
fn refusal(rule: &str, model: &Model<f64>, json: &Value) -> Option<String> {
    let state: OptimizerState<f64> = match serde_json::from_value(json.clone()) {
        Ok(state) => state,
        Err(error) => return Some(error.to_string()),
    };
    let mut opt: Optimizer<f64> = rule.parse().unwrap();
    let mut other = model.clone();
    opt.step_with(&mut other, loss);
    let before = opt.state_dict();
    let error = opt.load_state_dict(&state, model).err()?;
    assert!(binary(&opt.state_dict()) == binary(&before), "{rule}: a rejected file has changed the optimizer");
    Some(error.to_string())
}

#[track_caller]
fn refused(rule: &str, change: impl FnOnce(&mut Value), because: &str) {
    let (model, mut json) = saved(rule);
    assert_eq!(refusal(rule, &model, &json), None);
    change(&mut json);
    let why = refusal(rule, &model, &json);
    assert!(why.as_ref().is_some_and(|why| why.contains(because)), "{rule}: got {why:?}, expected {because}");
}

/// The buffer or number `name` of the parameter at `path`.
fn named<'a>(json: &'a mut Value, path: &str, kind: &str, name: &str) -> &'a mut Value {
    let list = json["params"][path]["state"][kind].as_array_mut().unwrap();
    &mut list.iter_mut().find(|entry| entry[0] == name).unwrap()[1]
}

#[test]
fn a_state_that_the_rule_could_not_have_left_is_refused_by_path() {
    let long = |path: &'static str, name: &'static str| {
        move |json: &mut Value| named(json, path, "buffers", name).as_array_mut().unwrap().push(json!(0.5))
    };
    let short = |path: &'static str, name: &'static str| {
        move |json: &mut Value| drop(named(json, path, "buffers", name).as_array_mut().unwrap().pop())
    };
    let number = |name: &'static str, value: Value| move |json: &mut Value| *named(json, "2", "numbers", name) = value;
    let steps = |steps: u64| move |json: &mut Value| json["params"]["1"]["state"]["steps"] = json!(steps);

    refused("adam", long("0", "exp_avg"), "0: buffer exp_avg has 7 elements, expected 6");
    refused("adam", short("3", "exp_avg_sq"), "3: buffer exp_avg_sq has 0 elements, expected 1");
    refused("adam:amsgrad", long("4", "max_exp_avg_sq"), "4: buffer max_exp_avg_sq has 1 elements, expected 0");
    refused("adafactor", long("1", "row_var"), "1: buffer row_var has 7 elements, expected 6");
    refused("adafactor", short("1", "col_var"), "1: buffer col_var has 3 elements, expected 4");
    refused("adafactor", long("2", "variance"), "2: buffer variance has 5 elements, expected 4");
    refused("sgd:momentum=0.9", short("2", "momentum_buffer"), "2: buffer momentum_buffer has 3 elements, expected 4");
    for count in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 53) + 1] {
        for rule in ["adam", "sgd", "rprop", "adafactor", "nadam"] {
            refused(rule, steps(count), &format!("1: the number of steps must be at most 2^53, got {count}"));
        }
    }
    refused("adam", steps(0), "1: the state is not empty, but no step has been taken");
    for value in [json!("NaN"), json!("inf"), json!(-0.001), json!(1.001)] {
        refused("nadam", number("mu_product", value.clone()), "2: mu_product is ");
        refused("asgd", number("mu", value), "2: mu is ");
    }
    refused("asgd", number("eta", json!("inf")), "2: eta is inf");
    let renamed = |json: &mut Value| json["params"]["2"]["state"]["buffers"][1][0] = json!("exp_avg_square");
    refused("adam", renamed, "2: Adam has no buffer exp_avg_square");
    let twice = |json: &mut Value| json["params"]["2"]["state"]["buffers"][1][0] = json!("exp_avg");
    refused("adam", twice, "2: exp_avg appears twice");
    let gone = |json: &mut Value| drop(json["params"]["2"]["state"]["buffers"].as_array_mut().unwrap().pop());
    refused("adam", gone, "2: exp_avg_sq is missing");
    let gone = |json: &mut Value| json["params"]["2"]["state"]["numbers"] = json!([]);
    refused("asgd", gone, "2: eta is missing");
    let stranger = |json: &mut Value| json["params"]["2"]["state"]["numbers"] = json!([["eta", 0.5]]);
    refused("sgd", stranger, "2: Sgd has no number eta");
    refused(
        "adam",
        |json| json["params"]["2"]["place"] = json!(3),
        "the saved places of the parameters are not 0, 1, 2, ...",
    );
    refused(
        "adam",
        |json| json["params"]["2"]["place"] = json!(17),
        "the saved places of the parameters are not 0, 1, 2, ...",
    );
}

#[test]
fn a_history_that_hangs_together_in_no_way_is_refused() {
    let rule = "lbfgs:max_iter=3";
    let buffer = |name: &'static str, change: fn(&mut Vec<Value>)| {
        move |json: &mut Value| change(named(json, "*", "buffers", name).as_array_mut().unwrap())
    };
    let number = |name: &'static str, value: Value| move |json: &mut Value| *named(json, "*", "numbers", name) = value;
    for name in ["d", "prev_flat_grad"] {
        refused(rule, buffer(name, |list| drop(list.pop())), &format!("*: buffer {name} has 22 elements, expected 23"));
    }
    refused(rule, buffer("old_dirs", |list| list.truncate(23)), "*: buffer old_stps has 69 elements, expected 23");
    for name in ["old_dirs", "old_stps", "d"] {
        refused(rule, buffer(name, |list| list[3] = json!("NaN")), &format!("*: buffer {name} contains NaN"));
    }
    refused(rule, buffer("old_stps", |list| list.iter_mut().for_each(|x| *x = json!(0.0))), "*: pair 0 of old_dirs");
    let ragged = |json: &mut Value| {
        for name in ["old_dirs", "old_stps"] {
            drop(named(json, "*", "buffers", name).as_array_mut().unwrap().pop());
        }
    };
    refused(rule, ragged, "elements, expected a multiple of 23");
    for value in [json!("NaN"), json!(0.0), json!(-1.0), json!("inf")] {
        refused(rule, number("H_diag", value), "*: H_diag is ");
    }
    refused(rule, number("n_iter", json!(2.5)), "*: n_iter is 2.5, expected an integer");
    refused(rule, number("n_iter", json!(9_007_199_254_740_994_u64)), "*: n_iter is 9007199254740994, must be in [0, ");
    refused(rule, number("t", json!("inf")), "*: t is inf");
    refused(rule, |json| json["params"]["*"]["group"] = json!(1), "updates all parameters jointly");
    let renamed = |json: &mut Value| {
        let state = json["params"]["*"].take();
        json["params"] = json!({ "0": state });
    };
    refused(rule, renamed, "Lbfgs updates all parameters jointly and has no state for 0 alone");
    refused(
        rule,
        |json| json["params"]["*"]["shape"] = json!([24]),
        "it was saved for [24] trainable elements, the model has [23]",
    );
    refused(rule, |json| json["params"]["*"]["shape"] = json!([]), "it was saved for [] trainable elements");
}

#[test]
fn rates_and_options_that_are_none_are_refused() {
    let rule = |text: &'static str| move |json: &mut Value| json["groups"][0]["rule"] = json!(text);
    refused("sgd", rule("Sgd:lr=-0.1"), "Sgd: lr must be ≥ 0, got -0.1");
    refused("sgd", rule("Sgd:lr=NaN"), "Sgd: lr must be ≥ 0, got NaN");
    refused("sgd", rule("Sgd:lr=inf"), "Sgd: lr must be finite, got inf");
    refused("sgd", rule("Sgd:lr=0.1,momentum=-1"), "Sgd: momentum must be ≥ 0, got -1");
    refused("sgd", rule("Sgd:lr=fast"), "Sgd: lr must be a number, got `fast`");
    refused("sgd", rule("Sgd"), "no learning rate was saved for Sgd");
    refused("sgd", rule("Adam:lr=0.1"), "by Adam, this one by Sgd");
    for value in [json!("NaN"), json!("inf"), json!(-0.1)] {
        refused("sgd", |json| json["groups"][0]["initial_lr"] = value, "Sgd: initial_lr must be a finite number ≥ 0");
    }
    refused("sgd", |json| json["groups"][0]["pattern"] = json!("x"), "has the groups [\"x\"], this one has [\"*\"]");
}

/// A learning rate, an update, and no options.
#[derive(Clone, Debug)]
struct Plain {
    lr: f64,
    momentum: Option<f64>,
}

impl Options for Plain {
    fn name(&self) -> &'static str {
        "Plain"
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn set_option(&mut self, option: &str, _: &str) -> Result<(), TextError> {
        Err(TextError::unknown_option("Plain", option, &[]))
    }
}

impl<F: Float> Rule<F> for Plain {
    fn kind(&self) -> RuleKind<'_, F> {
        RuleKind::Param(self)
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn momentum(&self) -> Option<f64> {
        self.momentum
    }

    fn set_momentum(&mut self, momentum: f64) {
        self.momentum = Some(momentum);
    }
}

impl<F: Float> ParamRule<F> for Plain {
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let lr = F::from_f64(self.lr);
        param.each(["last"], move |p, g, [_]| (p - lr * g, [g]));
    }
}

#[test]
fn a_rule_of_the_users_keeps_its_rate() {
    for momentum in [None, Some(0.25)] {
        let mut w = Tensor::param([1.0_f64, 2.0]);
        let mut opt = Optimizer::new(Plain { lr: 0.1, momentum });
        opt.step_with(&mut w, |w| w.square().sum());
        opt.set_lr(0.03);
        let json = serde_json::to_string(&opt.state_dict()).unwrap();
        let state: OptimizerState<f64> = serde_json::from_str(&json).unwrap();
        let mut again = Optimizer::new(Plain { lr: 0.7, momentum: momentum.map(|_| 0.9) });
        again.load_state_dict(&state, &w).unwrap();
        assert_eq!((again.lr(), again.momentum()), (0.03, momentum));
        for (from, to, because) in [
            ("lr=0.03", "lr=NaN", "Plain: lr must be a finite number ≥ 0, got NaN"),
            ("lr=0.03", "lr=-1.0", "Plain: lr must be a finite number ≥ 0, got -1"),
            ("lr=0.03", "rate=0.03", "Plain: there is no option `rate`"),
            ("Plain:lr=0.03", "Plain", "no learning rate was saved for Plain"),
            (r#"["last",[2.0,4.0]]"#, r#"["last",[2.0]]"#, "buffer last has 1 elements, expected 2"),
        ] {
            let broken = json.replacen(from, to, 1).replace(",momentum=0.25", "");
            assert_ne!(broken, json, "{from}");
            let state: OptimizerState<f64> = serde_json::from_str(&broken).unwrap();
            let error = again.load_state_dict(&state, &w).unwrap_err().to_string();
            assert!(error.contains(because), "{error}");
        }
    }
}

/// After a step that panicked, L-BFGS has lost its state: that can be saved too.
#[test]
fn a_step_that_panicked_can_be_saved() {
    let mut w = Tensor::param([1.0, 2.0]);
    let rule = Lbfgs { line_search: LineSearch::StrongWolfe, max_iter: 2, ..Lbfgs::default() };
    let mut opt = Optimizer::new(rule.clone());
    opt.step_with(&mut w, |w| w.square().sum());
    let step = std::panic::AssertUnwindSafe(|| opt.step_with(&mut w, |_| panic!("out of data")));
    assert!(std::panic::catch_unwind(step).is_err());
    let mut again = Optimizer::new(rule);
    again.load_state_dict(&opt.state_dict(), &w).unwrap();
    again.step_with(&mut w, |w| w.square().sum());
}
