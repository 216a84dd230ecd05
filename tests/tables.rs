//! Real tables: each is read, prepared and split in a few lines, and a small network learns it.
//!
//! The bounds leave room for processors that round differently. Here, two of the 30 samples of iris that are tested are
//! wrong, one of wine's 36, four of breast cancer's 114 and two of the 69 penguins.

use std::path::PathBuf;

use downhill::data::{
    ClassTable, Columns, Csv, Encoder, Encoding, MinMaxScaler, MissingCategory, MissingNumber, StandardScaler,
    stratified_k_fold, stratified_split,
};
use downhill::nn::state;
use downhill::prelude::*;

/// A file of `data/tables`.
fn table(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../data/tables", name].iter().collect()
}

/// Scales by the training part, trains a network with 16 hidden units, and returns its accuracy on the test part.
fn accuracy_on_the_rest(train: &TensorDataset, test: &TensorDataset) -> f64 {
    let mut rng = rng(3);
    let scaler = StandardScaler::fit(&train.features);
    let train: TensorDataset = TensorDataset::new(scaler.transform(&train.features), train.targets.clone());
    let classes = train.targets.iter().max().unwrap() + 1;
    let mut model: Mlp = Mlp::new(&[train.features.shape()[1], 16, classes], Tanh, &mut rng);
    let mut opt = Optimizer::new(AdamW { lr: 0.01, weight_decay: 0.1, ..AdamW::default() });
    for _ in 0..40 {
        for (x, y) in train.batches(16).shuffled(&mut rng) {
            let loss = cross_entropy(&model.forward(&x), &y);
            opt.step(&mut model, &loss.backward());
        }
    }
    accuracy(&no_grad(|| model.forward(&scaler.transform(&test.features))), &test.targets)
}

fn with_a_line_to_skip(name: &str) -> ClassTable {
    Csv { skip_lines: 1, ..Csv::default() }.read_classes(table(name)).unwrap()
}

#[test]
fn iris() {
    let (train, test) = with_a_line_to_skip("iris.csv").into_dataset().stratified_split(0.8, &mut rng(1));
    let found = accuracy_on_the_rest(&train, &test);
    assert!(found >= 0.9, "{found}");
}

#[test]
fn wine() {
    let (train, test) = with_a_line_to_skip("wine.csv").into_dataset().stratified_split(0.8, &mut rng(1));
    let found = accuracy_on_the_rest(&train, &test);
    assert!(found >= 0.94, "{found}");
}

#[test]
fn breast_cancer() {
    let (train, test) = with_a_line_to_skip("breast_cancer.csv").into_dataset().stratified_split(0.8, &mut rng(1));
    let found = accuracy_on_the_rest(&train, &test);
    assert!(found >= 0.94, "{found}");
}

/// The species, by where a penguin lives and what it measures.
fn penguins() -> (TensorDataset, TensorDataset, Encoding) {
    let table = Csv::default().read_frame(table("penguins.csv")).unwrap();
    let species = table.classes("species").unwrap();
    let (train, test) = stratified_split(&species.labels, 0.8, &mut rng(1));
    let encoder = Encoder {
        columns: Columns::except(["species", "year"]),
        missing_numbers: MissingNumber::Mean,
        missing_categories: MissingCategory::MostFrequent,
        ..Encoder::default()
    };
    let encoding = encoder.fit(&table.select(&train)).unwrap();
    let all: TensorDataset = TensorDataset::new(encoding.transform(&table).unwrap(), species.labels);
    (all.select(&train), all.select(&test), encoding)
}

#[test]
fn penguins_with_gaps() {
    let (train, test, _) = penguins();
    let found = accuracy_on_the_rest(&train, &test);
    assert!(found >= 0.95, "{found}");
}

#[test]
fn five_folds_of_wine() {
    let wine = with_a_line_to_skip("wine.csv").into_dataset();
    let folds = stratified_k_fold(&wine.targets, 5, &mut rng(2));
    let found =
        folds.iter().map(|fold| accuracy_on_the_rest(&wine.select(&fold.train), &wine.select(&fold.validation)));
    let mean = found.sum::<f64>() / 5.0;
    assert!(mean >= 0.95, "{mean}");
}

#[derive(Params)]
struct Model {
    scaler: StandardScaler,
    unit: MinMaxScaler,
    net: Linear,
}

impl Module for Model {
    fn forward(&self, x: &Tensor) -> Tensor {
        self.net.forward(&self.unit.transform(&self.scaler.transform(x)))
    }
}

/// The statistics travel with the weights, and what the encoder has learned in a file of its own.
#[test]
fn what_was_learned_is_saved_and_loaded() {
    let directory = std::env::temp_dir().join(format!("downhill-tables-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (train, test, encoding) = penguins();
    let net = |seed| Linear::new(9, 3, &mut rng(seed));
    let scaler = StandardScaler::fit(&train.features);
    let unit = MinMaxScaler::fit(&scaler.transform(&train.features));
    let trained = Model { scaler, unit, net: net(1) };
    state::save(&trained, directory.join("model")).unwrap();
    state::write(&encoding, "encoding", directory.join("encoding")).unwrap();

    let mut model = Model { scaler: StandardScaler::new(9), unit: MinMaxScaler::new(9), net: net(2) };
    assert_ne!(model.forward(&test.features), trained.forward(&test.features));
    state::load(&mut model, directory.join("model")).unwrap();
    assert_eq!(model.forward(&test.features), trained.forward(&test.features));
    let paths: Vec<String> = model.buffers().map(|(path, _)| path).collect();
    assert_eq!(paths, ["scaler.mean", "scaler.std", "unit.min", "unit.range"]);

    let loaded: Encoding = state::read("encoding", directory.join("encoding")).unwrap();
    assert_eq!(loaded, encoding);
    let table = Csv::default().read_frame(table("penguins.csv")).unwrap();
    assert_eq!(loaded.transform::<f32>(&table).unwrap(), encoding.transform::<f32>(&table).unwrap());

    // A table with other features.
    let mut other =
        Model { scaler: StandardScaler::new(4), unit: MinMaxScaler::new(4), net: Linear::new(4, 3, &mut rng(1)) };
    let error = state::load(&mut other, directory.join("model")).unwrap_err().to_string();
    assert!(error.contains("scaler.mean has shape [9], the model's has [4]"), "{error}");
    std::fs::remove_dir_all(&directory).unwrap();
}
