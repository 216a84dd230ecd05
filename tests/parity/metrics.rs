//! Every record of `data/golden/metrics.json`: what scikit-learn says about the same predictions.

use downhill::Tensor;
use downhill::nn::{
    Average, AveragePrecision, Averaging, ConfusionMatrix, RocAuc, mean_absolute_error, mean_squared_error, r2_score,
    top_k_accuracy,
};
use serde_json::Value;

use crate::golden::{self, float, indices, tensor};
use crate::parity::ledger;

/// Sums of a few dozen terms in another order.
const TOLERANCE: f64 = 4e-15;

#[track_caller]
fn close(record: &Value, name: &str, ours: f64) {
    let theirs = Tensor::from(float(&record[name]));
    let difference =
        golden::assert_close(&Tensor::from(ours), &theirs, TOLERANCE, 0.0, || format!("{name} of {record}"));
    ledger::record(name, &Value::Null);
    ledger::note(name, "value", difference, TOLERANCE);
}

fn average(record: &Value) -> Average {
    match record["average"].as_str().unwrap() {
        "micro" => Average::Micro,
        "macro" => Average::Macro,
        "weighted" => Average::Weighted,
        other => panic!("unknown average {other}"),
    }
}

/// Every record of its section.
pub fn precision_recall_and_f1() {
    let file = golden::file("metrics.json");
    for record in golden::records(&file, "classes", 27) {
        let predictions: Vec<usize> = indices(&record["predictions"]).into_iter().collect();
        let mut matrix = ConfusionMatrix::new(4);
        matrix.add(&Tensor::<f64>::one_hot(&predictions, 4), &indices(&record["labels"]));
        let zero_division = float(&record["zero_division"]);
        let scores = Averaging { average: average(record), zero_division }.of(&matrix);
        close(record, "precision", scores.precision);
        close(record, "recall", scores.recall);
        close(record, "f1", scores.f1);
        close(record, "accuracy", matrix.accuracy());
        close(record, "balanced_accuracy", matrix.balanced_accuracy());
    }
}

/// Every record of its section.
pub fn rankings() {
    let file = golden::file("metrics.json");
    for record in golden::records(&file, "rankings", 10) {
        let (scores, labels) = (tensor::<f64>(&record["scores"]), indices(&record["labels"]));
        let average = average(record);
        close(record, "roc_auc", RocAuc { average }.of(&scores, &labels));
        close(record, "average_precision", AveragePrecision { average }.of(&scores, &labels));
    }
}

/// Every record of its section.
pub fn top_k() {
    let file = golden::file("metrics.json");
    for record in golden::records(&file, "top_k", 4) {
        let (scores, labels) = (tensor::<f64>(&record["scores"]), indices(&record["labels"]));
        close(record, "top_k_accuracy", top_k_accuracy(&scores, &labels, golden::integer(&record["k"])));
    }
}

/// Every record of its section.
pub fn regression() {
    let file = golden::file("metrics.json");
    for record in golden::records(&file, "regression", 4) {
        let (x, t) = (tensor::<f64>(&record["predictions"]), tensor(&record["targets"]));
        close(record, "mean_absolute_error", mean_absolute_error(&x, &t));
        close(record, "mean_squared_error", mean_squared_error(&x, &t));
        close(record, "r2_score", r2_score(&x, &t));
    }
}

/// All of these comparisons.
pub const CHECKS: &[fn()] = &[precision_recall_and_f1, rankings, top_k, regression];
