//! The records of `optimizers.json`: 120 steps of every rule under every option.

use downhill::optim::{MissingGradient, Optimizer, ParamState, Rule};
use downhill::{Float, Gradients, Tensor};
use serde_json::Value;

use super::{Row, describe, difference, largest};
use crate::golden::{self, float, integer, list, tensor};

/// The number of steps in a record.
const STEPS: usize = 120;

/// Every record, with our difference from it.
pub fn rows() -> Vec<Row> {
    let file = golden::file("optimizers.json");
    let mut rows = Vec::new();
    for case in golden::records(&file, "records", 279) {
        let f32 = case.get("dtype").is_some();
        rows.push(if f32 { Run::<f32>::new(&file, case).row() } else { Run::<f64>::new(&file, case).row() });
    }
    rows.extend(golden::records(&file, "quadratic", 19).iter().map(quadratic));
    rows
}

/// Our counterpart of PyTorch's rule, with the record's options.
///
/// # Panics
/// If there is no such rule or option.
pub fn rule<F: Float>(optimizer: &str, options: &Value) -> Box<dyn Rule<F>> {
    let mut rule: Box<dyn Rule<F>> = optimizer.parse().unwrap_or_else(|error| panic!("{error}"));
    let mut set = |option: &str, value: &Value| {
        let value = match value {
            Value::Null => "none".to_owned(),
            other => other.to_string().replace('"', ""),
        };
        rule.set_option(option, &value).unwrap_or_else(|error| panic!("{error}"));
    };
    for (option, value) in options.as_object().expect("options are an object") {
        match (optimizer, option.as_str()) {
            (_, "groups" | "params") => {}
            (_, "betas") => pair(["beta1", "beta2"], value, &mut set),
            (_, "etas") => pair(["eta_minus", "eta_plus"], value, &mut set),
            (_, "step_sizes") => pair(["step_min", "step_max"], value, &mut set),
            ("Adafactor", "eps") => pair(["eps1", "eps2"], value, &mut set),
            (_, "decoupled_weight_decay") => set("decoupled", value),
            (_, "adjust_lr_fn") => set("adjust_lr", value),
            (_, "line_search_fn") => set("line_search", value),
            (_, option) => set(option, value),
        }
    }
    rule
}

fn pair(names: [&str; 2], values: &Value, set: &mut impl FnMut(&str, &Value)) {
    let [first, second] = list(values) else { panic!("{values} is not a pair") };
    set(names[0], first);
    set(names[1], second);
}

/// One record being reproduced.
struct Run<'a, F: Float> {
    file: &'a Value,
    case: &'a Value,
    names: Vec<&'a str>,
    params: Vec<Tensor<F>>,
    opt: Optimizer<F>,
}

impl<'a, F: Float> Run<'a, F> {
    fn new(file: &'a Value, case: &'a Value) -> Self {
        let (optimizer, options) = (case["optimizer"].as_str().expect("a name"), &case["options"]);
        let names: Vec<&str> = list(&case["parameters"]).iter().filter_map(Value::as_str).collect();
        let params: Vec<Tensor<F>> = names.iter().map(|&name| Tensor::param(tensor(&file["start"][name]))).collect();
        let mut opt = Optimizer::new(rule(optimizer, options));
        opt.missing_gradient = MissingGradient::Skip;
        for group in options.get("groups").map(list).unwrap_or_default() {
            // The parameters are in a list, so their paths are their indices.
            let [name] = list(&group["params"]) else { panic!("the group {group} must have one parameter") };
            let place = names.iter().position(|known| name == known).expect("a parameter");
            let mut own = options.as_object().expect("options are an object").clone();
            own.extend(group.as_object().expect("a group is an object").clone());
            opt = opt.with_group(&place.to_string(), rule(optimizer, &own.into()));
        }
        Run { file, case, names, params, opt }
    }

    fn row(mut self) -> Row {
        let case = self.case;
        let mut worst: f64 = self.compare_with_snapshot(0);
        for step in 1..=STEPS {
            let grads = self.gradients(step);
            self.opt.step(&mut self.params, &grads);
            if case.get("halve_at").map(integer) == Some(step) {
                for group in self.opt.groups_mut() {
                    let half = group.lr() / 2.0;
                    group.rule_mut().set_lr(half);
                }
            }
            worst = largest([worst, self.compare_with_snapshot(step)]);
        }
        if case["family"] == "replay" {
            worst = largest([worst, self.compare_states()]);
        }
        let mut what = case["family"].as_str().expect("a family").to_owned();
        for (field, remark) in [("halve_at", ", rate halved"), ("absent", ", gradients absent"), ("dtype", ", f32")] {
            if case.get(field).is_some() {
                what += remark;
            }
        }
        if case["newton_schulz"] == "bf16" {
            what += ", bfloat16";
        }
        let name = self.opt.groups()[0].rule().name().to_owned();
        Row { name, options: describe(&case["options"]), what, difference: worst, tolerance: tolerance(case) }
    }

    /// The largest difference of a parameter after `step`, divided by the growth of a small perturbation of the initial
    /// values if the record states it. If that growth exceeds a million, there is nothing left to compare.
    fn compare_with_snapshot(&self, step: usize) -> f64 {
        let snapshots = list(&self.file["snapshots"]);
        let Some(at) = snapshots.iter().position(|snapshot| integer(snapshot) == step) else { return 0.0 };
        let growth = self.case.get("amplification").map_or(1.0, |growth| float(&growth[at]).max(1.0));
        if growth > 1e6 {
            return 0.0;
        }
        largest(self.names.iter().zip(&self.params).map(|(&name, param)| {
            let path = &self.case["path"][name];
            let theirs = list(&path["data"])[at * param.len()..].iter().map(float);
            largest(param.to_vec().into_iter().zip(theirs).map(|(ours, theirs)| difference(ours.as_f64(), theirs)))
                / growth
        }))
    }

    /// The largest difference in the state, relative to the largest element of the buffer.
    fn compare_states(&self) -> f64 {
        largest(self.names.iter().enumerate().map(|(place, &name)| {
            let ours = self.opt.state(&place.to_string()).expect("it was updated");
            let theirs = self.case["state"][name].as_object().expect("a state is an object");
            largest(theirs.iter().map(|(name, theirs)| compare_state(ours, name, list(&theirs["data"]))))
        }))
    }

    fn gradients(&self, step: usize) -> Gradients<F> {
        let mut grads = Gradients::default();
        for (&name, param) in self.names.iter().zip(&self.params) {
            let absent = self.case.get("absent").map(|absent| list(&absent[name])).unwrap_or_default();
            if absent.iter().any(|at| integer(at) == step) {
                continue;
            }
            let grad = match self.case["family"].as_str() {
                Some("function") => self.function_gradient(name),
                Some("replay") => {
                    let all = list(&self.file["replay_gradients"][name]["data"]);
                    all[(step - 1) * param.len()..step * param.len()].iter().map(float).collect()
                }
                other => panic!("unknown family {other:?}"),
            };
            let grad: Vec<F> = grad.into_iter().map(F::from_f64).collect();
            let shaped = ndarray::ArrayD::from_shape_vec(param.shape(), grad).expect("as many as the parameter");
            grads.set(param, Tensor::from(shaped));
        }
        grads
    }

    /// The gradient of the family's function, by the formulas in data/golden/README.md.
    fn function_gradient(&self, name: &str) -> Vec<f64> {
        let value = |name: &str| match self.names.iter().position(|&known| known == name) {
            Some(place) => self.params[place].to_vec().into_iter().map(Float::as_f64).collect(),
            None => tensor::<f64>(&self.file["start"][name]).to_vec(),
        };
        let sign = if self.case.get("negated").is_some() { -1.0 } else { 1.0 };
        function_gradient(&value("W"), &value("b"), name).into_iter().map(|g| sign * g).collect()
    }
}

/// df/dW or df/db, row-major.
fn function_gradient(w: &[f64], b: &[f64], name: &str) -> Vec<f64> {
    let mean = |j: usize| (w[j] + w[4 + j] + w[8 + j]) / 3.0;
    let miss = |j: usize| b[j] - mean(j) * mean(j);
    if name == "b" {
        return (0..4).map(|j| 4.0 * miss(j)).collect();
    }
    let element = |(i, j): (usize, usize)| {
        let (row, column, here) = (i as f64, j as f64, w[4 * i + j]);
        let own = (1.0 + row + 2.0 * column) / 4.0 * here + 1.5 * (3.0 * here + row - column).cos();
        own - (8.0 * mean(j) * miss(j) + (1.0 - mean(j))) / 3.0
    };
    (0..12).map(|at| element((at / 4, at % 4))).collect()
}

/// One entry of PyTorch's state.
fn compare_state<F: Float>(ours: &ParamState<F>, name: &str, theirs: &[Value]) -> f64 {
    if name == "step" {
        return difference(ours.steps as f64, float(&theirs[0]));
    }
    if let Some((_, number)) = ours.numbers().find(|(known, _)| *known == name) {
        return super::relative(number, float(&theirs[0]));
    }
    let buffer = ours.buffer(name).unwrap_or_else(|| panic!("there is no buffer {name}"));
    assert_eq!(buffer.len(), theirs.len(), "{name}");
    let scale = largest(theirs.iter().map(|x| float(x).abs())).max(f64::MIN_POSITIVE);
    largest(buffer.iter().zip(theirs).map(|(ours, theirs)| (ours.as_f64() - float(theirs)).abs() / scale))
}

fn tolerance(case: &Value) -> f64 {
    if case["newton_schulz"] == "bf16" {
        // Seven bits of mantissa in PyTorch's inner iteration: 2^-8 per step, which partly averages out.
        5e-3
    } else if case.get("dtype").is_some() {
        // A rounding error of 6e-8 in each of about a hundred steps.
        1e-5
    } else if case["family"] == "function" {
        // The growth of one perturbation is only a lower bound for the growth of rounding errors.
        1e-11
    } else {
        1e-12
    }
}

/// Eight steps on (x² + 10·y²)/2 from (1, 1).
fn quadratic(case: &Value) -> Row {
    let optimizer = case["optimizer"].as_str().expect("a name");
    let mut p = Tensor::param([1.0_f64, 1.0]);
    let mut opt = Optimizer::new(rule(optimizer, &case["options"]));
    let theirs = tensor::<f64>(&case["path"]);
    let mut worst: f64 = 0.0;
    for theirs in theirs.to_vec().chunks(2) {
        worst = largest([worst, difference(p.view()[0], theirs[0]), difference(p.view()[1], theirs[1])]);
        let loss = (p.square() * Tensor::from([0.5, 5.0])).sum();
        opt.step(&mut p, &loss.backward());
    }
    let name = opt.groups()[0].rule().name().to_owned();
    let (options, what) = (describe(&case["options"]), "quadratic".to_owned());
    Row { name, options, what, difference: worst, tolerance: 1e-12 }
}
