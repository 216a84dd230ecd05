//! Scaling, imputing, encoding and splitting tables give scikit-learn's numbers.

use downhill::data::{
    Column, Csv, Encode, Encoder, Encoding, MinMaxScaler, MissingCategory, MissingNumber, StandardScaler, Unknown,
    k_fold, stratified_k_fold, stratified_split,
};
use downhill::{Tensor, rng};
use downhill_tests::golden::{assert_close, file, float, integer, list, records, tensor};
use serde_json::Value;

#[test]
fn scalers() {
    let golden = file("tables.json");
    for record in records(&golden, "scalers", 15) {
        let what = || format!("{} {}", record["name"], record["low"]);
        let [train, new] = ["train", "new"].map(|key| tensor::<f64>(&record[key]));
        let expected = |key: &str| tensor::<f64>(&record[key]);
        // The statistics, and what they do to new data.
        let close = |ours: &Tensor<f64>, key: &str| assert_close(ours, &expected(key), 1e-11, 1e-12, what);
        if record.get("low").is_some() {
            let [low, high] = ["low", "high"].map(|key| float(&record[key]));
            let scaler = MinMaxScaler { low, high, ..MinMaxScaler::fit(&train) };
            close(&scaler.min, "min");
            close(&scaler.range, "range");
            close(&scaler.transform(&new), "transformed");
            close(&scaler.inverse(&new), "inverse");
        } else {
            let scaler = StandardScaler::fit(&train);
            close(&scaler.mean, "mean");
            close(&scaler.std, "std");
            close(&scaler.transform(&new), "transformed");
            close(&scaler.inverse(&new), "inverse");
        }
    }
}

fn encoder(record: &Value) -> Encoder {
    let text = |key: &str| record[key].as_str().expect("a text");
    let columns: Vec<Column> = ["numbers", "texts"]
        .iter()
        .flat_map(|key| list(&record[*key]))
        .map(|name| name.as_str().unwrap().into())
        .collect();
    Encoder {
        columns: columns.into(),
        encode: if record["ordinal"] == true { Encode::Ordinal } else { Encode::OneHot },
        unknown: Unknown::Ignore,
        missing_numbers: match text("missing_numbers") {
            "mean" => MissingNumber::Mean,
            "median" => MissingNumber::Median,
            "most_frequent" => MissingNumber::MostFrequent,
            _ => MissingNumber::Constant(float(&record["number"])),
        },
        missing_categories: match text("missing_texts") {
            "most_frequent" => MissingCategory::MostFrequent,
            _ => MissingCategory::Constant(text("text").to_owned()),
        },
        ..Encoder::default()
    }
}

#[test]
fn encoders() {
    let golden = file("tables.json");
    for record in records(&golden, "encoders", 17) {
        let frame = |key: &str| Csv::default().parse_frame(record[key].as_str().expect("a text")).unwrap();
        let encoding: Encoding = encoder(record).fit(&frame("train")).unwrap();
        for part in ["train", "new"] {
            let ours = encoding.transform::<f64>(&frame(part)).unwrap();
            let theirs = tensor(&record[format!("{part}_features")]);
            assert_close(&ours, &theirs, 1e-15, 0.0, || format!("{} {part}", record["name"]));
        }
    }
}

fn counts(labels: &[usize], part: &[usize]) -> Vec<usize> {
    let classes = labels.iter().max().map_or(0, |most| most + 1);
    (0..classes).map(|class| part.iter().filter(|&&sample| labels[sample] == class).count()).collect()
}

fn integers(value: &Value) -> Vec<usize> {
    list(value).iter().map(integer).collect()
}

fn sorted(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers
}

#[test]
fn folds() {
    let golden = file("tables.json");
    for record in records(&golden, "folds", 6) {
        let (labels, k) = (integers(&record["labels"]), integer(&record["k"]));
        let plain: Vec<usize> = k_fold(labels.len(), k, &mut rng(1)).iter().map(|fold| fold.validation.len()).collect();
        assert_eq!(plain, integers(&record["plain"]));
        let stratified = stratified_k_fold(&labels, k, &mut rng(1));
        let counts: Vec<_> = stratified.iter().map(|fold| counts(&labels, &fold.validation)).collect();
        assert_eq!(sorted(counts.iter().map(|counts| counts.iter().sum()).collect()), integers(&record["stratified"]));
        for (class, theirs) in list(&record["per_class"]).iter().enumerate() {
            assert_eq!(sorted(counts.iter().map(|counts| counts[class]).collect()), integers(theirs), "class {class}");
        }
    }
}

#[test]
fn splits() {
    let golden = file("tables.json");
    for record in records(&golden, "splits", 5) {
        let labels = integers(&record["labels"]);
        let (first, second) = stratified_split(&labels, integer(&record["first"]), &mut rng(1));
        let theirs = list(&record["counts"]);
        assert_eq!([counts(&labels, &first), counts(&labels, &second)], [0, 1].map(|part| integers(&theirs[part])));
    }
}
