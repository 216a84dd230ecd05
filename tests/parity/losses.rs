//! Every record of `data/golden/losses.json`: PyTorch's losses with all their options, their gradients, and the
//! second-order quantities. An unknown record is a failure.

use downhill::nn::{
    Bce, BceWithLogits, CosineEmbedding, CrossEntropy, Ctc, Focal, GaussianNll, HingeEmbedding, Huber, KlDiv, L1,
    MarginRanking, Mse, MultiClassFocal, MultiLabelMargin, MultiLabelSoftMargin, MultiMargin, NllLoss, PoissonNll,
    Reduction, SmoothL1, SoftMargin, Targets, TripletMargin,
};
use downhill::{Tensor, grad, vjp};
use ndarray::ArrayD;
use serde_json::Value;

use crate::golden::{self, tensor};
use crate::parity::ledger;

type Tensor64 = Tensor<f64>;

/// Replaces PyTorch's label -100, which is not a `usize`.
const NO_LABEL: usize = 1000;

/// Every record of its section.
pub fn losses_are_those_of_pytorch() {
    let file = golden::file("losses.json");
    for (number, case) in golden::records(&file, "cases", 682).iter().enumerate() {
        let record = Record { case, number };
        ledger::record(record.loss_name(), &case["params"]);
        match golden::list(&case["inputs"]) {
            [x] => record.check([tensor(x)]),
            [x, target] => record.check([tensor(x), tensor(target)]),
            [a, b, c] => record.check([tensor(a), tensor(b), tensor(c)]),
            other => panic!("record {number} has {} inputs", other.len()),
        }
    }
}

/// The tolerance for everything without its own in [`Record::compare`].
const TOLERANCE: f64 = 3e-14;

struct Record<'a> {
    case: &'a Value,
    number: usize,
}

impl Record<'_> {
    fn loss_name(&self) -> &str {
        self.case["loss"].as_str().unwrap()
    }

    fn check<const N: usize>(&self, inputs: [Tensor64; N]) {
        let xs = inputs.map(Tensor::param);
        let cotangent = Tensor::param(tensor(&self.case["cotangent"]));
        let y = self.loss(&xs.each_ref());
        self.compare("output", &y, &self.case["output"], &xs[0]);
        let gradients = vjp(&y, xs.each_ref(), &cotangent);
        for (i, gradient) in gradients.iter().enumerate() {
            self.compare("grads", gradient, &self.case["grads"][i], &xs[0]);
        }
        if self.case.get("second").is_none() {
            return;
        }
        let mut total = Tensor64::zeros(&[]);
        for (i, gradient) in gradients.iter().enumerate() {
            total += (gradient * tensor(&self.case["directions"][i])).sum();
        }
        for (i, second) in grad(&total, xs.each_ref()).iter().enumerate() {
            self.compare("second", second, &self.case["second"][i], &xs[0]);
        }
        let [jvp] = grad(&total, [&cotangent]);
        self.compare("jvp", &jvp, &self.case["jvp"], &xs[0]);
    }

    /// Our result for the record's loss. Panics if the record has an unknown loss or option.
    fn loss(&self, inputs: &[&Tensor64]) -> Tensor64 {
        let reduction = match self.param("reduction").as_str().unwrap() {
            "none" => Reduction::None,
            "mean" => Reduction::Mean,
            "sum" => Reduction::Sum,
            "batchmean" => Reduction::BatchMean,
            other => panic!("record {}: unknown reduction {other}", self.number),
        };
        let number = |name| self.param(name).as_f64().unwrap();
        let optional = |name| (!self.param(name).is_null()).then(|| tensor(self.param(name)));
        let x = inputs[0];
        // The target, a differentiated input or a parameter.
        let fixed = self.case["params"].get("target").map(|_| self.param("target"));
        let target = || inputs.get(1).map_or_else(|| tensor(fixed.unwrap()), |&target| target.clone());
        let ours = match self.case["loss"].as_str().unwrap() {
            "nll_loss" => {
                self.assert_params(&["reduction", "target", "weight", "ignore_index"]);
                let (labels, ignore_index) = self.labels();
                let options = NllLoss { weight: optional("weight"), ignore_index, reduction };
                options.loss(x, &labels)
            }
            "cross_entropy" => {
                self.assert_params(&["reduction", "target", "weight", "ignore_index", "label_smoothing"]);
                let (labels, ignore_index) = self.labels();
                let label_smoothing = number("label_smoothing");
                let options = CrossEntropy { weight: optional("weight"), ignore_index, label_smoothing, reduction };
                options.loss(x, &labels)
            }
            "cross_entropy_probabilities" => {
                self.assert_params(&["reduction", "weight", "label_smoothing"]);
                let label_smoothing = number("label_smoothing");
                let weight = optional("weight");
                let options = CrossEntropy { weight, label_smoothing, reduction, ..CrossEntropy::default() };
                options.loss(x, Targets::Probabilities(inputs[1]))
            }
            "multi_class_focal" => {
                self.assert_params(&["reduction", "target", "weight", "ignore_index", "gamma"]);
                let (labels, ignore_index) = self.labels();
                let (weight, gamma) = (optional("weight"), number("gamma"));
                MultiClassFocal { weight, gamma, ignore_index, reduction }.loss(x, &labels)
            }
            "bce" => {
                self.assert_params(&["reduction", "target", "weight"]);
                Bce { weight: optional("weight"), reduction }.loss(x, &target())
            }
            "bce_with_logits" => {
                self.assert_params(&["reduction", "weight", "pos_weight"]);
                let (weight, pos_weight) = (optional("weight"), optional("pos_weight"));
                BceWithLogits { weight, pos_weight, reduction }.loss(x, &target())
            }
            "mse" => {
                self.assert_params(&["reduction"]);
                Mse { reduction }.loss(x, &target())
            }
            "l1" => {
                self.assert_params(&["reduction"]);
                L1 { reduction }.loss(x, &target())
            }
            "smooth_l1" => {
                self.assert_params(&["reduction", "beta"]);
                SmoothL1 { beta: number("beta"), reduction }.loss(x, &target())
            }
            "huber" => {
                self.assert_params(&["reduction", "delta"]);
                Huber { delta: number("delta"), reduction }.loss(x, &target())
            }
            "kl_div" => {
                let known: &[&str] = &["reduction", "log_target", "target"];
                self.assert_params(&known[..if fixed.is_some() { 3 } else { 2 }]);
                let log_target = self.param("log_target").as_bool().unwrap();
                KlDiv { log_target, reduction }.loss(x, &target())
            }
            other => self.margin_loss(other, inputs, reduction),
        };
        assert_eq!(inputs.len(), self.case["wrt"].as_array().unwrap().len());
        ours
    }

    /// The losses of counts, margins, distances and texts.
    fn margin_loss(&self, loss: &str, inputs: &[&Tensor64], reduction: Reduction) -> Tensor64 {
        let number = |name| golden::float(self.param(name));
        let flag = |name| self.param(name).as_bool().unwrap();
        let optional = |name| (!self.param(name).is_null()).then(|| tensor(self.param(name)));
        let x = inputs[0];
        let margin = || number("margin");
        let target = || tensor(self.param("target"));
        match loss {
            "poisson_nll" => {
                self.assert_params(&["reduction", "log_input", "full", "eps"]);
                let (log_input, full, eps) = (flag("log_input"), flag("full"), number("eps"));
                PoissonNll { log_input, full, eps, reduction }.loss(x, inputs[1])
            }
            "gaussian_nll" => {
                self.assert_params(&["reduction", "full", "eps"]);
                GaussianNll { full: flag("full"), eps: number("eps"), reduction }.loss(x, inputs[1], inputs[2])
            }
            "soft_margin" => {
                self.assert_params(&["reduction", "target"]);
                SoftMargin { reduction }.loss(x, &target())
            }
            "hinge_embedding" => {
                self.assert_params(&["reduction", "target", "margin"]);
                HingeEmbedding { margin: margin(), reduction }.loss(x, &target())
            }
            "margin_ranking" => {
                self.assert_params(&["reduction", "margin"]);
                MarginRanking { margin: margin(), reduction }.loss(x, inputs[1], inputs[2])
            }
            "multi_margin" => {
                self.assert_params(&["reduction", "target", "p", "margin", "weight"]);
                let (p, weight) = (golden::integer(self.param("p")) as u32, optional("weight"));
                let labels = golden::indices(self.param("target"));
                MultiMargin { p, margin: margin(), weight, reduction }.loss(x, &labels)
            }
            "multi_label_margin" => {
                self.assert_params(&["reduction", "target"]);
                let list = |list: &Value| golden::list(list).iter().map(golden::integer).collect::<Vec<usize>>();
                let labels: Vec<Vec<usize>> = golden::list(self.param("target")).iter().map(list).collect();
                MultiLabelMargin { reduction }.loss(x, &labels)
            }
            "multi_label_soft_margin" => {
                self.assert_params(&["reduction", "weight"]);
                MultiLabelSoftMargin { weight: optional("weight"), reduction }.loss(x, inputs[1])
            }
            "triplet_margin" => {
                self.assert_params(&["reduction", "margin", "p", "eps", "swap"]);
                let (p, eps, swap) = (number("p"), number("eps"), flag("swap"));
                TripletMargin { margin: margin(), p, eps, swap, reduction }.loss(x, inputs[1], inputs[2])
            }
            "cosine_embedding" => {
                self.assert_params(&["reduction", "target", "margin"]);
                CosineEmbedding { margin: margin(), reduction }.loss(x, inputs[1], &target())
            }
            "focal" => {
                self.assert_params(&["reduction", "target", "alpha", "gamma"]);
                let alpha = self.param("alpha").as_f64();
                Focal { alpha, gamma: number("gamma"), reduction }.loss(x, &target())
            }
            "ctc" => {
                let lengths = ["input_lengths", "target_lengths"];
                self.assert_params(&[&["reduction", "target", "blank", "zero_infinity"], &lengths[..]].concat());
                let [input, output] =
                    lengths.map(|name| golden::indices(self.param(name)).into_iter().collect::<Vec<_>>());
                let blank = golden::integer(self.param("blank"));
                let options = Ctc { blank, zero_infinity: flag("zero_infinity"), reduction };
                options.loss(&x.log_softmax(-1), &golden::indices(self.param("target")), &input, &output)
            }
            other => panic!("record {}: unknown loss {other}", self.number),
        }
    }

    fn param(&self, name: &str) -> &Value {
        let params = &self.case["params"];
        params.get(name).unwrap_or_else(|| panic!("record {} has no {name} in {params}", self.number))
    }

    /// Asserts that the record has no other parameters than these.
    fn assert_params(&self, known: &[&str]) {
        let params = self.case["params"].as_object().unwrap();
        let unknown: Vec<_> = params.keys().filter(|name| !known.contains(&name.as_str())).collect();
        assert!(unknown.is_empty() && params.len() == known.len(), "record {}: {params:?}", self.number);
    }

    /// The labels, with [`NO_LABEL`] for -100, and the label to ignore.
    fn labels(&self) -> (ArrayD<usize>, Option<usize>) {
        let label = |number: &Value| match number.as_i64().unwrap() {
            -100 => NO_LABEL,
            label => usize::try_from(label).unwrap(),
        };
        let target = self.param("target");
        let labels = golden::list(&target["data"]).iter().map(label).collect();
        let shape: Vec<usize> = golden::list(&target["shape"]).iter().map(golden::integer).collect();
        let labels = ArrayD::from_shape_vec(shape, labels).unwrap();
        let ignore = label(self.param("ignore_index"));
        let used = ignore != NO_LABEL || labels.iter().any(|&label| label == NO_LABEL);
        (labels, used.then_some(ignore))
    }

    /// Our elements equal PyTorch's to 3e-14 of the largest element of the array, the size of the terms that cancel in
    /// them. (Measured: 6e-15, in second derivatives; products without fused multiply-add may differ a little more.)
    /// `x` is the input, for the places where PyTorch itself is inexact (data/golden/README.md).
    fn compare(&self, what: &str, ours: &Tensor64, theirs: &Value, x: &Tensor64) {
        let theirs = tensor(theirs);
        // The loss itself is a sum of terms that have the same sign, or nearly so.
        let floor = if what == "output" { 0.0 } else { golden::largest(&theirs) };
        let context = || format!("record {} ({} {}): {what}", self.number, self.case["loss"], self.case["params"]);
        // Where PyTorch is inexact: the affected probabilities, the tolerance there, and the tolerance elsewhere.
        let (inexact, there, elsewhere): (&[f64], f64, f64) = match what {
            "grads" if self.case["loss"] == "bce" => (&[0.0, 1.0], 5e-9, TOLERANCE),
            "second" | "jvp" if self.case["loss"] == "bce" => (&[1e-6, 1.0 - 1e-6], 3e-6, 3e-11),
            _ => (&[], 0.0, TOLERANCE),
        };
        let quantity = match what {
            "output" => "value",
            "grads" => "gradient",
            _ => "second derivative",
        };
        let note = |difference, tolerance| ledger::note(self.loss_name(), quantity, difference, tolerance);
        if x.to_vec().iter().any(|p| inexact.contains(p)) {
            golden::assert_close(ours, &theirs, there, floor, context);
        }
        // A sum over all elements is inexact everywhere.
        if x.shape() == theirs.shape() {
            let kept = Tensor::from(x.view().mapv(|p| if inexact.contains(&p) { 0.0 } else { 1.0 }));
            note(golden::assert_close(&(ours * &kept), &(&theirs * &kept), elsewhere, floor, context), elsewhere);
        } else if inexact.is_empty() {
            note(golden::assert_close(ours, &theirs, elsewhere, floor, context), elsewhere);
        }
    }
}

/// All of these comparisons.
pub const CHECKS: &[fn()] = &[losses_are_those_of_pytorch];
