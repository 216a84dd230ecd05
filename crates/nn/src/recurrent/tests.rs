//! Tests of the layers; those of the operations under them are in the operations' files.

use downhill_tensor::{Check, Params, Tensor, concat, grad, gradcheck, training};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::init::testing::assert_moments;
use crate::{GruCell, LstmCell, RnnCell, RnnNonlinearity};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

fn options(num_layers: usize, bidirectional: bool) -> RecurrentOptions {
    RecurrentOptions { num_layers, bidirectional, ..RecurrentOptions::default() }
}

/// The largest difference.
fn off(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    if a.is_empty() { 0.0 } else { (a - b).abs().max().item() }
}

#[test]
fn names_shapes_and_start_are_pytorchs() {
    let lstm = Lstm::<f64>::with_options(300, 100, options(2, true), &mut rng());
    let tree: Vec<_> = lstm.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
    let mut expected = Vec::new();
    for (layer, inputs) in [(0, 300), (1, 200)] {
        for suffix in ["", "_reverse"] {
            let shapes = [vec![400, inputs], vec![400, 100], vec![400], vec![400]];
            for (name, shape) in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].into_iter().zip(shapes) {
                expected.push((format!("{name}_l{layer}{suffix}"), shape));
            }
        }
    }
    assert_eq!(tree, expected);
    for (_, w) in lstm.params() {
        assert_moments(w, 0.0, 0.1 / 3.0_f64.sqrt(), 1.8);
        assert!(w.abs().max().item() <= 0.1);
    }
    let mut gru = Gru::<f64>::with_options(5, 2, RecurrentOptions { bias: false, ..options(2, false) }, &mut rng());
    let names: Vec<String> = gru.params_mut().map(|(path, _)| path).collect();
    assert_eq!(names, ["weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1"]);
    assert_eq!(gru.num_params(), 6 * (5 + 2) + 6 * (2 + 2));
    assert_eq!(Rnn::<f64>::new(5, 2, &mut rng()).num_params(), 2 * (5 + 2 + 1 + 1));
}

/// The options that change no tensor, and those of the cell.
#[test]
fn options_are_kept() {
    let all = RecurrentOptions { dropout: 0.25, batch_first: true, ..options(3, true) };
    let lstm = Lstm::<f32>::with_options(2, 3, all, &mut rng());
    assert_eq!((lstm.weights.len(), lstm.dropout, lstm.batch_first, lstm.bidirectional), (6, 0.25, true, true));
    let gru = Gru::<f32>::with_options(2, 3, all, &mut rng());
    assert_eq!((gru.weights.len(), gru.dropout, gru.batch_first, gru.bidirectional), (6, 0.25, true, true));
    let rnn = Rnn::<f32>::with_options(2, 3, all, &mut rng());
    assert_eq!((rnn.weights.len(), rnn.dropout, rnn.batch_first, rnn.bidirectional), (6, 0.25, true, true));
    assert_eq!(rnn.nonlinearity, RnnNonlinearity::Tanh);
}

/// A single layer is its cell, step by step; in `f32` too, at a size with whole vectors and a rest.
#[test]
fn a_layer_is_its_cell() {
    macro_rules! check {
        ($float:ty, $tolerance:expr) => {{
            let x = Tensor::<$float>::randn(&[7, 3, 5], &mut rng());
            let at = |time: usize| x.narrow(0, time, 1).reshape(&[3, 5]);
            let close = |a: &Tensor<$float>, b: &Tensor<$float>| {
                let difference = (a.reshape(&[3, 37]) - b).abs().max().item();
                assert!(difference < $tolerance, "{difference}");
            };
            let lstm = Lstm::<$float>::new(5, 37, &mut rng());
            let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = lstm.weights[0].clone();
            let cell = LstmCell { weight_ih, weight_hh, bias_ih, bias_hh };
            let (output, (h, c)) = lstm.forward(&x, None);
            let mut state = cell.forward(&at(0), None);
            for time in 1..7 {
                close(&output.narrow(0, time - 1, 1), &state.0);
                state = cell.forward(&at(time), Some(&state));
            }
            close(&h, &state.0);
            close(&c, &state.1);
            let gru = Gru::<$float>::new(5, 37, &mut rng());
            let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = gru.weights[0].clone();
            let cell = GruCell { weight_ih, weight_hh, bias_ih, bias_hh };
            let mut state = Tensor::randn(&[3, 37], &mut rng());
            let (output, h) = gru.forward(&x, Some(&state.reshape(&[1, 3, 37])));
            for time in 0..7 {
                state = cell.forward(&at(time), Some(&state));
                close(&output.narrow(0, time, 1), &state);
            }
            close(&h, &state);
            for nonlinearity in [RnnNonlinearity::Tanh, RnnNonlinearity::Relu] {
                let rnn = Rnn::<$float> { nonlinearity, ..Rnn::new(5, 37, &mut rng()) };
                let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = rnn.weights[0].clone();
                let cell = RnnCell { weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity };
                let (output, _) = rnn.forward(&x, None);
                let mut state = None;
                for time in 0..7 {
                    let next = cell.forward(&at(time), state.as_ref());
                    close(&output.narrow(0, time, 1), &next);
                    state = Some(next);
                }
            }
        }};
    }
    check!(f64, 1e-14);
    check!(f32, 1e-6);
}

/// Nothing is kept in `no_grad`, and the result is the same.
#[test]
fn without_a_record() {
    let x = Tensor::<f64>::randn(&[4, 2, 3], &mut rng());
    let both = options(2, true);
    let lstm = Lstm::with_options(3, 5, both, &mut rng());
    assert_eq!(downhill_tensor::no_grad(|| lstm.forward(&x, None)), lstm.forward(&x, None));
    let gru = Gru::with_options(3, 5, both, &mut rng());
    assert_eq!(downhill_tensor::no_grad(|| gru.forward(&x, None)), gru.forward(&x, None));
    let rnn = Rnn::with_options(3, 5, both, &mut rng());
    assert_eq!(downhill_tensor::no_grad(|| rnn.forward(&x, None)), rnn.forward(&x, None));
}

#[test]
fn derivatives() {
    for (layers, bidirectional, lengths) in [(1, false, None), (2, true, None), (2, true, Some([3, 1]))] {
        let options = RecurrentOptions { batch_first: bidirectional, ..options(layers, bidirectional) };
        let count = layers * (1 + usize::from(bidirectional));
        let x = Tensor::randn(if bidirectional { &[2, 3, 1] } else { &[3, 2, 1] }, &mut rng());
        let [h, c] = [3, 4].map(|seed| Tensor::randn(&[count, 2, 2], &mut ChaCha8Rng::seed_from_u64(seed)));
        let lengths = lengths.as_ref().map(|lengths| lengths.as_slice());
        let lstm = Lstm::<f64>::with_options(1, 2, options, &mut rng());
        let loss = |[x, h, c, w, u]: [&Tensor<f64>; 5]| {
            let mut lstm = lstm.clone();
            let last = lstm.weights.last_mut().unwrap();
            (last.weight_ih, last.weight_hh) = (w.clone(), u.clone());
            let state = (h.clone(), c.clone());
            let (y, (h, c)) = lstm.run(x, lengths, Some(&state));
            y.square().sum() + (h * 2.0 + c).sum()
        };
        let last = lstm.weights.last().unwrap();
        gradcheck(loss, [&x, &h, &c, &last.weight_ih, &last.weight_hh], Check::order(2)).unwrap();
        let gru = Gru::<f64>::with_options(1, 2, options, &mut rng());
        let loss = |[x, h, w, b, d]: [&Tensor<f64>; 5]| {
            let mut gru = gru.clone();
            let first = &mut gru.weights[0];
            (first.weight_hh, first.bias_ih, first.bias_hh) = (w.clone(), Some(b.clone()), Some(d.clone()));
            let (y, h) = gru.run(x, lengths, Some(h));
            y.square().sum() + h.sum()
        };
        let first = &gru.weights[0];
        let [b, d] = [&first.bias_ih, &first.bias_hh].map(|bias| bias.as_ref().unwrap());
        gradcheck(loss, [&x, &h, &first.weight_hh, b, d], Check::order(2)).unwrap();
        let rnn = Rnn::<f64>::with_options(1, 2, options, &mut rng());
        let loss = |[x, h, w]: [&Tensor<f64>; 3]| {
            let mut rnn = rnn.clone();
            rnn.weights[0].weight_hh = w.clone();
            let (y, h) = rnn.run(x, lengths, Some(h));
            y.square().sum() + h.sum()
        };
        gradcheck(loss, [&x, &h, &rnn.weights[0].weight_hh], Check::order(2)).unwrap();
    }
}

/// Every sequence of a padded batch gives what it gives alone, whatever the padding, which gets no gradient.
#[test]
fn lengths() {
    let lstm = Lstm::<f64>::with_options(2, 3, options(2, true), &mut rng());
    let mut x = Tensor::param(Tensor::randn(&[4, 3, 2], &mut rng()));
    let state = (Tensor::randn(&[4, 3, 3], &mut rng()), Tensor::randn(&[4, 3, 3], &mut rng()));
    let lengths = [2, 4, 0];
    for (row, length) in lengths.into_iter().enumerate() {
        for time in length..4 {
            x.data_mut().slice_mut(ndarray::s![time, row, ..]).fill(f64::NAN);
        }
    }
    let (output, (h, c)) = lstm.forward_lengths(&x, &lengths, Some(&state));
    let grads = (output.square().sum() + h.sum() + c.sum()).backward();
    for (row, length) in lengths.into_iter().enumerate() {
        let of = |tensor: &Tensor<f64>| tensor.narrow(1, row, 1);
        let own = Tensor::param(of(&x).narrow(0, 0, length).detach());
        let (alone, (h_alone, c_alone)) = lstm.forward(&own, Some(&(of(&state.0), of(&state.1))));
        assert!(off(&of(&output).narrow(0, 0, length), &alone) < 1e-14);
        assert_eq!(of(&output).narrow(0, length, 4 - length), Tensor::zeros(&[4 - length, 1, 6]));
        assert!(off(&of(&h), &h_alone) < 1e-14 && off(&of(&c), &c_alone) < 1e-14);
        let mut expected = Tensor::zeros(&[4 - length, 1, 2]);
        if length > 0 {
            let alone = (alone.square().sum() + h_alone.sum() + c_alone.sum()).backward();
            expected = concat(&[&alone[&own], &expected], 0);
        }
        assert!(off(&of(&grads[&x]), &expected) < 1e-13);
    }
    for (_, w) in lstm.params() {
        assert!(grads[w].to_vec().iter().all(|g| g.is_finite()));
    }
    // All steps: as without lengths.
    let x = Tensor::randn(&[4, 3, 2], &mut rng());
    assert_eq!(lstm.forward_lengths(&x, &[4; 3], None), lstm.forward(&x, None));
}

/// What follows the end of a sequence reaches no gradient, of whatever cell, and neither if the derivative is recorded: a
/// product with 0 would make NaN of it.
#[test]
fn padding_reaches_no_gradient() {
    let padded = |padding: f64| {
        let mut x = Tensor::<f64>::randn(&[3, 2, 2], &mut rng());
        x.data_mut().slice_mut(ndarray::s![1.., 1, ..]).fill(padding);
        x
    };
    let check = |model: &dyn Params<f64>, loss: &dyn Fn(&Tensor<f64>) -> Tensor<f64>| {
        let [zero, nan] = [0.0, f64::NAN].map(|padding| loss(&padded(padding)));
        for (path, w) in model.params() {
            let [zero, nan] = [&zero, &nan].map(|loss| grad(loss, [w]));
            assert!(zero[0].all_finite() && nan == zero, "{path}, recorded");
        }
        let [zero, nan] = [zero, nan].map(Tensor::backward);
        for (path, w) in model.params() {
            assert!(zero[w].all_finite() && nan[w] == zero[w], "{path}");
        }
    };
    let lengths = [3, 1];
    let rnn = Rnn::with_options(2, 3, options(2, true), &mut rng());
    check(&rnn, &|x| rnn.forward_lengths(x, &lengths, None).0.square().sum());
    let gru = Gru::with_options(2, 3, options(2, true), &mut rng());
    check(&gru, &|x| gru.forward_lengths(x, &lengths, None).0.square().sum());
    let lstm = Lstm::with_options(2, 3, options(2, true), &mut rng());
    check(&lstm, &|x| lstm.forward_lengths(x, &lengths, None).0.square().sum());
}

#[test]
fn other_layouts_of_the_batch() {
    let gru = Gru::<f64>::with_options(2, 3, options(2, true), &mut rng());
    let x = Tensor::randn(&[4, 5, 2], &mut rng());
    let state = Tensor::randn(&[4, 5, 3], &mut rng());
    let (output, h) = gru.forward(&x, Some(&state));
    let first = Gru { batch_first: true, ..gru.clone() };
    let (by_rows, h_by_rows) = first.forward(&x.permute(&[1, 0, 2]), Some(&state));
    assert_eq!((by_rows.permute(&[1, 0, 2]), &h_by_rows), (output.clone(), &h));
    // A single sequence has no batch axis, in either layout.
    for gru in [&gru, &first] {
        let of = |tensor: &Tensor<f64>| {
            let [first, _, last] = *tensor.shape() else { panic!("three axes") };
            tensor.narrow(1, 2, 1).reshape(&[first, last])
        };
        let (alone, h_alone) = gru.forward(&of(&x), Some(&of(&state)));
        assert!(off(&alone, &of(&output)) < 1e-14 && off(&h_alone, &of(&h)) < 1e-14);
    }
}

/// Between the layers, not after the last, and only in training.
#[test]
fn dropout() {
    let x = Tensor::<f64>::randn(&[4, 2, 3], &mut rng());
    let mut one = Rnn::<f64>::new(3, 3, &mut rng());
    let expected = one.forward(&x, None);
    one.dropout = 1.0;
    assert_eq!(training(&mut one, &mut rng(), |rnn| rnn.forward(&x, None)), expected);
    let mut two = Rnn::<f64>::with_options(3, 3, RecurrentOptions { dropout: 1.0, ..options(2, false) }, &mut rng());
    let second = Rnn { weights: vec![two.weights[1].clone()], ..two.clone() };
    let (output, _) = training(&mut two, &mut rng(), |rnn| rnn.forward(&x, None));
    assert_eq!(output, second.forward(&Tensor::zeros(&[4, 2, 3]), None).0);
    let kept = Rnn { dropout: 0.0, ..two.clone() };
    assert_eq!(two.forward(&x, None), kept.forward(&x, None));
}

#[test]
fn nothing_to_read() {
    let lstm = Lstm::<f64>::with_options(2, 3, options(2, true), &mut rng());
    let state = (Tensor::randn(&[4, 5, 3], &mut rng()), Tensor::randn(&[4, 5, 3], &mut rng()));
    let (output, after) = lstm.forward(&Tensor::zeros(&[0, 5, 2]), Some(&state));
    assert_eq!((output.shape(), after), ([0, 5, 6].as_slice(), state));
    let (output, (h, c)) = lstm.forward(&Tensor::zeros(&[4, 0, 2]), None);
    assert_eq!(
        (output.shape(), h.shape(), c.shape()),
        ([4, 0, 6].as_slice(), [4, 0, 3].as_slice(), [4, 0, 3].as_slice())
    );
    let loss = output.sum() + lstm.forward(&Tensor::zeros(&[0, 5, 2]), None).0.sum();
    let grads = loss.backward();
    for (path, w) in lstm.params() {
        assert_eq!(grads[w], Tensor::zeros(w.shape()), "{path}");
    }
}
