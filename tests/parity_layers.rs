//! The comparisons of `parity/layers.rs` with `data/golden/layers.json`, one test each. The differences are in `docs/parity.md`.

use downhill_tests::parity::layers;

#[test]
fn batch_normalization() {
    layers::batch_normalization();
}

#[test]
fn lstm_cells() {
    layers::lstm_cells();
}

#[test]
fn cells() {
    layers::cells();
}

#[test]
fn recurrent_layers() {
    layers::recurrent_layers();
}

#[test]
fn gradients_of_a_training_step() {
    layers::gradients_of_a_training_step();
}

#[test]
fn embeddings() {
    layers::embeddings();
}
