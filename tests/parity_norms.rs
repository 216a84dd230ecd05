//! The comparisons of `parity/norms.rs` with `data/golden/norms.json`, one test each. The differences are in `docs/parity.md`.

use downhill_tests::parity::norms;

#[test]
fn layer_norms() {
    norms::layer_norms();
}

#[test]
fn rms_norms() {
    norms::rms_norms();
}

#[test]
fn group_norms() {
    norms::group_norms();
}

#[test]
fn instance_norms() {
    norms::instance_norms();
}

#[test]
fn batch_norms_of_images() {
    norms::batch_norms_of_images();
}

#[test]
fn prelus() {
    norms::prelus();
}

#[test]
fn gated_linear_units() {
    norms::gated_linear_units();
}

#[test]
fn softmax_over_channels() {
    norms::softmax_over_channels();
}

#[test]
fn bilinear_maps() {
    norms::bilinear_maps();
}

#[test]
fn alpha_dropout() {
    norms::alpha_dropout();
}
