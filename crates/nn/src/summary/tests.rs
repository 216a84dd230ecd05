use downhill_tensor::{Attention, Elements, Op, apply, grad};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{BatchNorm1d, Dropout, Gru, Linear, Lstm, Mlp, RecurrentOptions, Rnn, Sequential, Tanh};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

#[derive(Params)]
struct Net {
    first: Linear<f64>,
    norm: BatchNorm1d<f64>,
    last: Linear<f64>,
}

impl Module<f64> for Net {
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        let hidden = self.norm.forward(&self.first.forward(x)).relu();
        // Used twice.
        self.last.forward(&hidden) + self.last.forward(&(&hidden * 2.0))
    }
}

#[test]
fn layers_are_found_and_parameters_counted_once() {
    let mut rng = rng();
    let net = Net { first: Linear::new(3, 4, &mut rng), norm: BatchNorm1d::new(4), last: Linear::new(4, 2, &mut rng) };
    let before = net.state_dict();
    let summary = summary(&net, &[5, 3]);
    let linear: Vec<_> = summary.operations.iter().filter(|row| row.operation == "linear").collect();
    let expected = |layer: &str, features: usize, parameters: usize, multiply_adds: u64| OperationRow {
        layer: layer.to_owned(),
        operation: "linear",
        output: vec![5, features],
        parameters,
        multiply_adds,
    };
    assert_eq!(*linear[0], expected("first", 4, 16, 60));
    assert_eq!(*linear[1], expected("last", 2, 10, 40));
    assert_eq!(*linear[2], expected("last", 2, 0, 40));
    assert_eq!(summary.multiply_adds(), 140);
    let parameters: usize = summary.operations.iter().map(|row| row.parameters).sum();
    assert_eq!((parameters, summary.parameters.elements(), summary.parameters.in_buffers()), (34, 34, 9));
    let norm: usize = summary.operations.iter().filter(|row| row.layer == "norm").map(|row| row.parameters).sum();
    assert_eq!(norm, 8);
    let text = summary.to_string();
    assert!(text.ends_with("34 trainable, 9 in buffers\n"), "{text}");
    // The statistics of the batch of zeros are not recorded.
    assert!(net.state_dict() == before);
}

/// Frozen parameters have a path, too; without trainable ones the input alone makes the operations recorded.
#[test]
fn frozen_models() {
    let mut model: Mlp = Mlp::new(&[3, 4, 2], Tanh, &mut rng());
    let trainable = summary(&model, &[1, 3]);
    model.freeze("*");
    let frozen = summary(&model, &[1, 3]);
    assert_eq!(frozen.operations, trainable.operations);
    assert_eq!(frozen.parameters.trainable(), 0);
}

#[test]
fn products_of_any_orientation() {
    let (a, b) = (Tensor::<f32>::param(Tensor::ones(&[7, 2, 3])), Tensor::<f32>::param(Tensor::ones(&[3, 5])));
    let of = |y: &Tensor<f32>| ModelSummary::of(&a, y).multiply_adds();
    assert_eq!(of(&a.matmul(&b)), 7 * 2 * 3 * 5);
    assert_eq!(of(&b.t().matmul(&a.transpose(1, 2))), 7 * 5 * 3 * 2);
    // Gradients are products with a transposed operand, which is not copied: [2, 5]·[5, 3] and [3, 2]·[2, 5].
    let matrix = a.select(0, 0);
    let [by_left, by_right] = grad(&matrix.matmul(&b).square().sum(), [&matrix, &b]);
    assert_eq!((of(&by_left), of(&by_right)), (30 + 30, 30 + 30));
    assert_eq!(by_right.operation().unwrap().attributes[0], ("transposed_left", Attribute::Bool(true)));
}

/// Convolutions by their names and layouts, `[out, in/groups, ..]` and, transposed, `[in, out/groups, ..]`.
#[test]
fn convolutions() {
    struct Named(&'static str, Vec<usize>);
    impl Op<f32, 2> for Named {
        fn name(&self) -> &'static str {
            self.0
        }
        fn forward(&mut self, _: [&Elements<f32>; 2]) -> Elements<f32> {
            ndarray::ArrayD::zeros(self.1.clone()).into()
        }
        fn vjp(&self, _: usize, _: [&Tensor<f32>; 2], _: &Tensor<f32>, dy: &Tensor<f32>) -> Tensor<f32> {
            dy.clone()
        }
    }
    let of = |name, input: &[usize], weight: &[usize], output: &[usize]| {
        let (x, w) = (Tensor::param(Tensor::zeros(input)), Tensor::param(Tensor::zeros(weight)));
        ModelSummary::of(&w, &apply(Named(name, output.to_vec()), [&x, &w])).multiply_adds()
    };
    assert_eq!(of("conv2d", &[8, 1, 28, 28], &[16, 1, 3, 3], &[8, 16, 26, 26]), 8 * 16 * 26 * 26 * 9);
    assert_eq!(of("conv1d", &[2, 6, 10], &[6, 1, 5], &[2, 6, 6]), 2 * 6 * 6 * 5);
    assert_eq!(of("conv_transpose2d", &[1, 3, 4, 4], &[3, 2, 5, 5], &[1, 2, 8, 8]), 3 * 16 * 2 * 25);
    assert_eq!(of("relu6", &[1, 3], &[1, 3], &[1, 3]), 0);
}

/// Five steps of three sequences, two features to four: all gates' products, with the input and with the state, in every
/// layer and direction.
#[test]
fn recurrent_layers() {
    let x = Tensor::<f32>::zeros(&[5, 3, 2]);
    let of = |summary: ModelSummary| summary.multiply_adds();
    let lstm = Lstm::new(2, 4, &mut rng());
    assert_eq!(of(summary_with(&lstm, |lstm| lstm.forward(&x, None).0)), 5 * 3 * 4 * (4 * 2 + 4 * 4));
    let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..RecurrentOptions::default() };
    let gru = Gru::with_options(2, 4, options, &mut rng());
    let layers = 2 * (4 * 2 + 4 * 4) + 2 * (4 * 8 + 4 * 4);
    assert_eq!(of(summary_with(&gru, |gru| gru.forward(&x, None).0)), 5 * 3 * 3 * layers);
    // Padded, as it is computed.
    let rnn = Rnn::new(2, 4, &mut rng());
    assert_eq!(of(summary_with(&rnn, |rnn| rnn.forward_lengths(&x, &[5, 1, 0], None).0)), 5 * 3 * (4 * 2 + 4 * 4));
}

/// Two samples and two heads: queries and keys of size 3, values of size 5, for four queries and seven keys; then packed
/// queries, keys and values of size 3 for four positions, with a mask or not.
#[test]
fn attention() {
    let zeros = |positions: usize, features: usize| Tensor::<f32>::param(Tensor::zeros(&[2, positions, 2 * features]));
    let of = |y: Tensor<f32>| ModelSummary::of(&y, &y).multiply_adds();
    let attention = Attention::new(2);
    assert_eq!(of(attention.of(&zeros(4, 3), &zeros(7, 3), &zeros(7, 5))), 2 * 2 * 4 * 7 * (3 + 5));
    for causal in [false, true] {
        let attention = Attention { causal, ..Attention::new(2) };
        assert_eq!(of(attention.of_packed(&zeros(4, 9))), 2 * 2 * 4 * 4 * (3 + 3));
    }
}

#[test]
fn other_inputs_and_empty_models() {
    // The layer alone, of a constant: its parameters are recorded, and it has no path.
    let layer: Linear = Linear::new(2, 3, &mut rng());
    let of_layer = summary_with(&layer, |layer| layer.forward(&Tensor::zeros(&[4, 2])));
    let row = &of_layer.operations[0];
    assert_eq!((row.layer.as_str(), row.parameters, row.multiply_adds), ("", 9, 4 * 2 * 3));
    assert_eq!(summary(&Sequential::<f32>::new(), &[2, 3]).operations, []);
    let dropout = summary(&Sequential::<f32>::new().then(Dropout::new(0.5)), &[0, 3]);
    assert_eq!(dropout.multiply_adds(), 0);
    assert!(dropout.to_string().starts_with("layer  operation"), "{dropout}");
}

#[test]
#[should_panic(expected = "linear of [2, 4]")]
fn another_shape() {
    summary(&Linear::<f32>::new(3, 1, &mut rng()), &[2, 4]);
}

/// Frozen and unfrozen, used twice, with operations in between that belong to no layer.
#[test]
fn one_row_for_each_layer() {
    let mut rng = rng();
    let net = Net { first: Linear::new(3, 4, &mut rng), norm: BatchNorm1d::new(4), last: Linear::new(4, 2, &mut rng) };
    let row = |layer: &str, features: usize, parameters: usize, multiply_adds: u64| LayerRow {
        layer: layer.to_owned(),
        output: vec![5, features],
        parameters,
        multiply_adds,
    };
    let expected = [row("first", 4, 16, 60), row("norm", 4, 8, 0), row("last", 2, 10, 80)];
    assert_eq!(summary(&net, &[5, 3]).layers(), expected);
    // A product without a layer is a row of its own, each time; other operations are not.
    let squares = summary_with(&net.first, |_| {
        let x = Tensor::param(Tensor::ones(&[2, 2]));
        x.matmul(&x).relu().matmul(&x)
    });
    assert_eq!(squares.layers(), [0, 0].map(|parameters| LayerRow { output: vec![2, 2], ..row("", 2, parameters, 8) }));
}

/// Also in the middle of training, where it neither drops anything nor records statistics.
#[test]
fn inside_a_training_scope() {
    let mut rng = rng();
    let mut norm = BatchNorm1d::<f64>::new(4);
    let before = norm.state_dict();
    let outside = summary(&norm, &[5, 4]).operations;
    let inside = downhill_tensor::training(&mut norm, &mut rng, |norm| summary(norm, &[5, 4]).operations);
    assert_eq!(inside, outside);
    assert!(norm.state_dict() == before);
}
