//! Misuse panics at the user's line, and the message gives the operation, the shapes and how to fix it.

use std::panic::catch_unwind;

use downhill::nn::{
    BatchNorm1d, BceWithLogits, CrossEntropy, Dropout, Embedding, Gru, GruCell, Linear, Lstm, LstmCell, Module,
    RecurrentOptions, Reduction, Rnn, RnnCell, Sequential, accuracy, bce, bce_with_logits, cross_entropy, huber,
    kl_div, l1, mse, nll_loss, smooth_l1,
};
use downhill::optim::{Adam, Optimizer, Sgd};
use downhill::{
    Params, Tensor, concat, grad, grad_many, hessian, hvp, jacobian, jvp, jvp_many, no_grad, rng, stack, training,
    training_rng, update_buffer, vjp, vjp_many, where_,
};
use downhill_tests::misuse::{fails, says};
use ndarray::{Array1, array, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn zeros(shape: &[usize]) -> Tensor<f64> {
    Tensor::zeros(shape)
}

fn param(shape: &[usize]) -> Tensor<f64> {
    Tensor::param(zeros(shape))
}

#[test]
fn operators_by_value_and_by_reference() {
    let (a, b) = (zeros(&[2, 3]), zeros(&[2, 4]));
    fails(line!(), &["add of [2, 3] and [2, 4]", "axis -1", "unsqueeze"], || &a + &b);
    fails(line!(), &["sub of [2, 3] and [2, 4]", "3 and 4"], || &a - b.clone());
    fails(line!(), &["mul of [2, 3] and [2, 4]", "3 and 4"], || a.clone() * &b);
    fails(line!(), &["div of [2, 3] and [2, 4]", "3 and 4"], || a.clone() / b.clone());
    // On recorded tensors as well as on constants.
    let (a, b) = (param(&[0]), param(&[3]));
    fails(line!(), &["add of [0] and [3]"], || &a + &b);
}

#[test]
fn elementwise_methods() {
    let (a, b) = (zeros(&[5]), zeros(&[2, 3]));
    fails(line!(), &["maximum of [5] and [2, 3]", "5 and 3"], || a.maximum(&b));
    fails(line!(), &["minimum of [5] and [2, 3]", "5 and 3"], || a.minimum(&b));
    fails(line!(), &["pow of [5] and [2, 3]", "5 and 3"], || a.pow(&b));
    fails(line!(), &["xlogy of [5] and [2, 3]", "5 and 3"], || a.xlogy(&b));
    fails(line!(), &["gt of [5] and [2, 3]", "5 and 3"], || a.gt(&b));
    fails(line!(), &["all_close of [5] and [2, 3]", "5 and 3"], || a.all_close(&b, 1e-5, 1e-8));
    fails(line!(), &["where", "[5] and [2, 3]"], || where_(&b.gt(0.0), &a, &b));
    fails(line!(), &["where", "[4]", "[2, 3]"], || where_(&array![true, false, true, true], &b, 0.0));
    fails(line!(), &["clamp", "NaN", "1"], || a.clamp(f64::NAN, 1.0));
}

#[test]
fn operators_that_assign() {
    let (mut a, b) = (zeros(&[2, 3]), zeros(&[2, 4]));
    let mut a = std::panic::AssertUnwindSafe(&mut a);
    fails(line!(), &["add of [2, 3] and [2, 4]"], move || **a += &b);
}

#[test]
fn constructors_by_rule() {
    fails(line!(), &["from_shape_vec", "5", "[2, 3]", "6"], || Tensor::from_shape_vec(&[2, 3], vec![0.0; 5]));
    fails(line!(), &["arange", "step of 0"], || Tensor::arange(0.0, 1.0, 0.0));
    fails(line!(), &["arange", "too large"], || Tensor::arange(0.0, 2e18, 1.0));
    fails(line!(), &["linspace", "NaN"], || Tensor::linspace(0.0, f64::NAN, 3));
    fails(line!(), &["eye", "too large"], || Tensor::<f64>::eye(usize::MAX));
    fails(line!(), &["rand", "too large"], || Tensor::<f64>::rand(&[1 << 62], &mut downhill::rng(1)));
}

#[test]
fn shapes_and_indices_that_are_counted() {
    let x = zeros(&[2, 3]);
    fails(line!(), &["reshape of [2, 3]", "-1", "6", "4"], || x.reshape((4, -1)));
    fails(line!(), &["reshape of [2, 3]", "[4, 2]"], || x.reshape((4, 2)));
    fails(line!(), &["unsqueeze", "twice"], || x.unsqueeze([0, 0]));
    fails(line!(), &["sum", "1..4"], || x.sum_axis(1..4));
    fails(line!(), &["index_select", "-4", "axis 1"], || x.index_select(1, &[-4]));
    fails(line!(), &["gather", "-3", "axis 0"], || x.gather(0, &array![[-3]]));
}

#[test]
fn derivatives_for_a_list() {
    let (x, c) = (param(&[2]), zeros(&[2]));
    let y = x.square();
    fails(line!(), &["grad_many", "argument 1", "constant", "Tensor::param"], || grad_many(&y.sum(), &[&x, &c]));
    fails(line!(), &["vjp_many", "[3]", "[2]"], || vjp_many(&y, &[&x], &zeros(&[3])));
    fails(line!(), &["jvp_many", "[3]", "[2]"], || jvp_many(&y, &[&x], &[zeros(&[3])]));
    fails(line!(), &["jvp_many", "2 arguments"], || jvp_many(&y, &[&x, &x], &[&x]));
}

#[test]
fn matrix_products() {
    let (a, b) = (zeros(&[2, 3]), zeros(&[4, 5]));
    fails(line!(), &["matmul of [2, 3] and [4, 5]", "inner dimensions 3 and 4", ".t()"], || a.matmul(&b));
    fails(line!(), &["matmul of [2, 3] and [4]", "3 and 4"], || a.matmul(&zeros(&[4])));
    fails(line!(), &["matmul of [4] and [2, 3]", "4 and 2"], || zeros(&[4]).matmul(&a));
    fails(line!(), &["matmul of [2, 3] and []", "scalar", "`*`"], || a.matmul(&zeros(&[])));
    let (stacks, others) = (zeros(&[2, 3, 4]), zeros(&[5, 4, 3]));
    fails(line!(), &["matmul of [2, 3, 4] and [5, 4, 3]", "2 and 5"], || stacks.matmul(&others));
    fails(line!(), &["linear of [2, 3] and [4, 5]", "3 features", "[out, 3]"], || a.linear(&b, None));
    fails(line!(), &["linear of [2, 3] and [4, 5] and [4]", "5"], || a.linear(&b, Some(&zeros(&[4]))));
    fails(line!(), &["linear", "[2, 3]", "[4, 3]", "[5]"], || a.linear(&zeros(&[4, 3]), Some(&zeros(&[5]))));
}

#[test]
fn reductions() {
    let x = zeros(&[2, 3]);
    fails(line!(), &["sum", "axis 2", "2 axes", "negative axes count from the end"], || x.sum_axis(2));
    fails(line!(), &["mean", "axis -3", "2 axes"], || x.mean_axis(-3));
    fails(line!(), &["max", "axis 2", "2 axes"], || x.max_axis([0, 2]));
    fails(line!(), &["min", "axis 1 is named twice"], || x.min_axis([1, 1]));
    fails(line!(), &["prod", "axis 2"], || x.prod_axis(2));
    fails(line!(), &["var", "axis 2"], || x.var_axis(2));
    fails(line!(), &["std", "axis 2"], || x.std_axis(2));
    fails(line!(), &["norm", "axis 2"], || x.norm_axis(2.0, 2));
    fails(line!(), &["logsumexp", "axis 2"], || x.logsumexp_axis(2));
    fails(line!(), &["softmax", "axis 2"], || x.softmax(2));
    fails(line!(), &["log_softmax", "axis 2"], || x.log_softmax(2));
    fails(line!(), &["cumsum", "axis 2"], || x.cumsum(2));
    fails(line!(), &["argmax", "axis 2"], || x.argmax(2));
    fails(line!(), &["max", "[0, 3]", "no elements"], || zeros(&[0, 3]).max_axis(0));
    fails(line!(), &["argmin", "[0, 3]", "no elements"], || zeros(&[0, 3]).argmin(0));
}

#[test]
fn shapes() {
    let x = zeros(&[2, 3]);
    fails(line!(), &["reshape of [2, 3]", "6 elements", "[4, 2]", "8"], || x.reshape(&[4, 2]));
    fails(line!(), &["broadcast_to of [2, 3]", "[2, 4]"], || x.broadcast_to(&[2, 4]));
    fails(line!(), &["broadcast_to of [2, 3]", "[3]"], || x.broadcast_to(&[3]));
    fails(line!(), &["sum_to_size", "[2, 3]", "[2]", "broadcast"], || x.sum_to_size(&[2]));
    fails(line!(), &["permute of [2, 3]", "[0, 0]"], || x.permute(&[0, 0]));
    fails(line!(), &["permute of [2, 3]", "[0]"], || x.permute(&[0]));
    fails(line!(), &["permute", "axis 2"], || x.permute(&[0, 2]));
    fails(line!(), &["transpose", "axis 2"], || x.transpose(0, 2));
    fails(line!(), &["t of [3]", "unsqueeze"], || zeros(&[3]).t());
    fails(line!(), &["flatten", "axis 2"], || x.flatten(0, 2));
    fails(line!(), &["flatten of [2, 3]"], || x.flatten(1, 0));
    fails(line!(), &["squeeze", "[2, 3]", "3"], || x.squeeze_axis(1));
    fails(line!(), &["unsqueeze", "axis 3"], || x.unsqueeze(3));
    fails(line!(), &["flip", "axis 2"], || x.flip(2));
}

#[test]
fn joining_and_taking_apart() {
    let (a, b) = (zeros(&[2, 3]), zeros(&[2, 4]));
    fails(line!(), &["concat of [2, 3] and [2, 4]", "axis 0"], || concat(&[&a, &b], 0));
    fails(line!(), &["concat", "[2, 3] and [3]"], || concat(&[&a, &zeros(&[3])], 0));
    fails(line!(), &["concat", "axis 2"], || concat(&[&a, &a], 2));
    fails(line!(), &["concat", "at least one"], || concat::<f64, Tensor<f64>>(&[], 0));
    fails(line!(), &["stack of [2, 3] and [2, 4]"], || stack(&[&a, &b], 0));
    fails(line!(), &["stack", "at least one"], || stack::<f64, Tensor<f64>>(&[], 0));
    fails(line!(), &["narrow of [2, 3]", "2 positions from 2", "axis 1", "size 3"], || a.narrow(1, 2, 2));
    fails(line!(), &["narrow", "axis 2"], || a.narrow(2, 0, 1));
    fails(line!(), &["split", "[2, 3]"], || a.split_sizes(&[1, 1], 1));
    fails(line!(), &["split", "0"], || a.split(0, 1));
    fails(line!(), &["chunk"], || a.chunk(0, 1));
    fails(line!(), &["select", "[2, 3]", "3"], || a.select(1, 3));
    fails(line!(), &["slice", "[2, 3]"], || a.slice(s![0..2, 0..4]));
}

#[test]
fn indices() {
    let x = zeros(&[2, 3]);
    fails(line!(), &["index_select of [2, 3]", "3", "axis 1"], || x.index_select(1, &[0, 3]));
    fails(line!(), &["index_select", "axis 2"], || x.index_select(2, &[0]));
    fails(line!(), &["gather of [2, 3]", "5"], || x.gather(1, &array![[0], [5]]));
    fails(line!(), &["gather of [2, 3]", "[1]"], || x.gather(1, &array![0]));
    fails(line!(), &["gather of [2, 3]", "[3, 1]"], || x.gather(1, &array![[0], [0], [0]]));
    fails(line!(), &["scatter_add", "[2, 3]", "7"], || x.scatter_add(1, &array![[7]], &zeros(&[1, 1])));
    fails(line!(), &["scatter_add", "[2, 3]", "[2, 2]"], || x.scatter_add(1, &array![[0]], &zeros(&[2, 2])));
    fails(line!(), &["one_hot", "4", "3"], || Tensor::<f64>::one_hot(&[0, 4], 3));
}

#[test]
fn derivatives() {
    let (w, c) = (param(&[2]), zeros(&[2]));
    fails(line!(), &["backward", "scalar", "[2]", ".sum()", ".mean()"], || w.square().backward());
    fails(line!(), &["backward", "scalar", "[0]", ".sum()"], || param(&[0]).square().backward());
    fails(line!(), &["grad", "scalar", "[0]"], || grad(&param(&[0]).square(), [&w]));
    fails(line!(), &["backward", "parameter", "Tensor::param"], || c.sum().backward());
    fails(line!(), &["backward", "no_grad"], || no_grad(|| w.sum()).backward());
    fails(line!(), &["grad", "scalar", "[2]"], || grad(&w.exp(), [&w]));
    fails(line!(), &["grad", "argument 0", "[2]", "constant", "Tensor::param"], || grad(&w.sum(), [&c]));
    fails(line!(), &["grad", "argument 1", "constant"], || grad(&w.sum(), [&w, &c]));
    fails(line!(), &["vjp", "[3]", "[2]"], || vjp(&w.exp(), [&w], &zeros(&[3])));
    fails(line!(), &["jvp", "[3]", "[2]"], || jvp(&w.exp(), [&w], [&zeros(&[3])]));
    fails(line!(), &["scalar", "[2]"], || hessian(&w.exp(), &w));
    fails(line!(), &["[3]", "[2]"], || hvp(&w.exp().sum(), &w, &zeros(&[3])));
}

/// A result that was not recorded has no derivative; returning zero would be wrong.
#[test]
fn derivatives_of_what_was_not_recorded() {
    let (w, v) = (param(&[2]), zeros(&[2]));
    let way_out = ["does not depend on any parameter", "Tensor::param", "no_grad"];
    let with = |name| [&[name], &way_out[..]].concat();
    for y in [zeros(&[]), no_grad(|| w.sum()), w.detach().sum(), zeros(&[2]).sum()] {
        fails(line!(), &with("grad"), || grad(&y, [&w]));
        fails(line!(), &with("hessian"), || hessian(&y, &w));
        fails(line!(), &with("hvp"), || hvp(&y, &w, &v));
        fails(line!(), &with("jacobian"), || jacobian(&y, &w));
        fails(line!(), &with("vjp"), || vjp(&y, [&w], &zeros(&[])));
        fails(line!(), &with("jvp"), || jvp(&y, [&w], [&v]));
        fails(line!(), &with("backward_retain_graph"), || y.backward_retain_graph());
        fails(line!(), &with("backward"), || y.backward());
    }
    fails(line!(), &with("grad"), || no_grad(|| grad(&w.square().sum(), [&w])));
    fails(line!(), &with("jacobian"), || jacobian(&zeros(&[0]), &w));
    let mut frozen = param(&[2]);
    frozen.freeze("*");
    fails(line!(), &with("grad"), || grad(&frozen.sum(), [&w]));
    fails(line!(), &["grad", "argument 0", "[2]", "frozen", "unfreeze"], || grad(&w.sum(), [&frozen]));
    fails(line!(), &["jacobian", "argument 0", "frozen"], || jacobian(&w, &frozen));
    fails(line!(), &["hessian", "argument 0", "constant"], || hessian(&w.sum(), &v));
    let mut grads = w.sum().backward();
    fails(line!(), &["gradients", "[2]", "a frozen parameter"], || grads[&frozen].clone());
    fails(line!(), &["set", "frozen", "unfreeze"], || grads.set(&frozen, zeros(&[2])));
    // The gradient of a linear function is recorded, but depends on no parameter.
    let [slope] = grad(&w.sum(), [&w]);
    fails(line!(), &with("backward"), || slope.sum().backward());
}

#[test]
fn derivatives_of_what_was_freed() {
    let w = param(&[2]);
    let kept = w.exp().sum();
    drop(kept.clone().backward());
    let way_out = ["the record of `sum` was freed by an earlier `backward`", "add the losses", "backward_retain_graph"];
    let with = |name| [&[name], &way_out[..]].concat();
    fails(line!(), &with("grad"), || grad(&kept, [&w]));
    fails(line!(), &with("hvp"), || hvp(&kept, &w, &zeros(&[2])));
    fails(line!(), &with("hessian"), || hessian(&kept, &w));
    fails(line!(), &with("jacobian"), || jacobian(&kept, &w));
    fails(line!(), &with("jvp"), || jvp(&kept, [&w], [&zeros(&[2])]));
    fails(line!(), &with("backward_retain_graph"), || kept.backward_retain_graph());
    fails(line!(), &with("backward"), || kept.backward());
}

#[test]
fn gradients_of_others() {
    let (w, other, c) = (param(&[2]), param(&[3]), zeros(&[4]));
    let result = w.exp();
    let mut grads = result.sum().backward();
    fails(line!(), &["gradients", "[3]", "does not depend on"], || grads[&other].clone());
    fails(line!(), &["gradients", "[4]", "not a parameter"], || grads[&c].clone());
    fails(line!(), &["gradients", "[2]", "not a parameter"], || grads[&result].clone());
    fails(line!(), &["set", "[3]", "[2]"], || grads.set(&w, zeros(&[3])));
    fails(line!(), &["set", "constant", "Tensor::param"], || grads.set(&c, zeros(&[4])));
}

#[test]
fn training_scopes() {
    let (mut model, mut other) = (BatchNorm1d::<f64>::new(2), BatchNorm1d::<f64>::new(2));
    let (x, mut rng, mut second) = (zeros(&[3, 2]), rng(1), rng(2));
    let nested = ["training", "already running", "evaluation(|| ...)"];
    fails(line!(), &nested, || training(&mut model, &mut rng, |_| training(&mut other, &mut second, |_| ())));
    let foreign = ["update_buffer", "[]", "not a buffer of the model", "the whole model", "evaluation(|| ...)"];
    fails(line!(), &foreign, || training(&mut model, &mut rng, |_| other.forward(&x)));
    let one = zeros(&[1, 2]);
    let forward = |m: &BatchNorm1d<f64>| m.forward(&one);
    let line = line!() - 1;
    fails(line, &["BatchNorm1d of [1, 2]", "larger batches"], || training(&mut model, &mut rng, forward));
    fails(line!(), &["BatchNorm1d of [3, 1]", "size 1", "2 channels"], || model.forward(&zeros(&[3, 1])));
    let mean = model.running_mean.clone().unwrap();
    fails(line!(), &["update_buffer", "no `training` scope"], || update_buffer(&mean, Tensor::clone));
    let reshape = |m: &BatchNorm1d<f64>| m.running_mean.as_ref().map(|mean| update_buffer(mean, |_| zeros(&[5])));
    let line = line!() - 1;
    fails(line, &["update_buffer", "[2]", "[5]"], || training(&mut model, &mut rng, reshape));
    let inside = |_: &BatchNorm1d<f64>| training_rng(|_| training_rng(|_| ()));
    let line = line!() - 1;
    fails(line, &["training_rng", "in use"], || training(&mut model, &mut rng, inside));
    fails(line!(), &["Dropout", "[0, 1]", "-0.5"], || Dropout::new(-0.5));
    fails(line!(), &["Dropout", "[0, 1]", "2"], || Dropout { p: 2.0 }.forward(&x));
    let words = Embedding::<f64>::new(4, 2, &mut rng);
    fails(line!(), &["Embedding", "index 4", "position 1", "4 embeddings"], || words.forward(&[0, 4]));
    fails(line!(), &["padding_idx 4"], || words.clone().padding_idx(4));
    let cell = LstmCell::<f64>::new(2, 3, &mut rng);
    fails(line!(), &["LstmCell of [3, 4]", "[N, 2] or [2]"], || cell.forward(&zeros(&[3, 4]), None));
    let state = (zeros(&[3, 3]), zeros(&[3, 4]));
    fails(line!(), &["LstmCell of [3, 2]", "c has shape [3, 4]"], || cell.forward(&x, Some(&state)));
    let cell = RnnCell::<f64>::new(2, 3, &mut rng);
    fails(line!(), &["RnnCell of [3, 4]", "[N, 2] or [2]"], || cell.forward(&zeros(&[3, 4]), None));
    fails(line!(), &["RnnCell of [3, 2]", "h has shape [3, 4]"], || cell.forward(&x, Some(&zeros(&[3, 4]))));
    let cell = GruCell::<f64>::new(2, 3, &mut rng);
    fails(line!(), &["GruCell of []", "[N, 2] or [2]"], || cell.forward(&zeros(&[]), None));
    fails(line!(), &["GruCell of [3, 2]", "h has shape [3]", "[3, 3]"], || cell.forward(&x, Some(&zeros(&[3]))));
}

#[test]
fn recurrent_layers() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let x = zeros(&[4, 3, 2]);
    fails(line!(), &["Lstm", "hidden", "at least 1"], || Lstm::<f64>::new(2, 0, &mut rng));
    let options = RecurrentOptions { num_layers: 0, ..RecurrentOptions::default() };
    fails(line!(), &["Gru", "num_layers", "at least 1"], || Gru::<f64>::with_options(2, 3, options, &mut rng));
    let options = RecurrentOptions { dropout: 1.5, ..RecurrentOptions::default() };
    fails(line!(), &["Rnn", "dropout", "[0, 1]", "1.5"], || Rnn::<f64>::with_options(2, 3, options, &mut rng));
    let lstm = Lstm::<f64>::new(2, 3, &mut rng);
    fails(line!(), &["Lstm of [4, 3, 5]", "[T, N, 2]", "[T, 2]"], || lstm.forward(&zeros(&[4, 3, 5]), None));
    fails(line!(), &["Lstm of [2]", "[T, N, 2]", "[T, 2]"], || lstm.forward(&zeros(&[2]), None));
    let state = (zeros(&[1, 3, 3]), zeros(&[1, 2, 3]));
    fails(line!(), &["Lstm of [4, 3, 2]", "c has shape [1, 2, 3]", "[1, 3, 3]"], || lstm.forward(&x, Some(&state)));
    fails(line!(), &["2 lengths", "3 sequences"], || lstm.forward_lengths(&x, &[4, 4], None));
    fails(line!(), &["sequence 1", "length 5", "4 steps"], || lstm.forward_lengths(&x, &[4, 5, 0], None));
    let gru = Gru { batch_first: true, ..Gru::<f64>::new(2, 3, &mut rng) };
    fails(line!(), &["Gru of [4, 3, 5]", "[N, T, 2]"], || gru.forward(&zeros(&[4, 3, 5]), None));
    fails(line!(), &["Gru of [4, 3, 2]", "h has shape [1, 3, 3]"], || gru.forward(&x, Some(&zeros(&[1, 3, 3]))));
    let gru = Gru { bidirectional: true, ..gru };
    fails(line!(), &["Gru", "1 sets of weights", "2 for each layer"], || gru.forward(&x, None));
    let mut rnn = Rnn::<f64>::new(2, 3, &mut rng);
    rnn.weights.push(rnn.weights[0].clone());
    fails(line!(), &["Rnn", "layer 1 map 2 features to 3", "must map 3 to 3"], || rnn.forward(&x, None));
    rnn.weights[0].weight_hh = zeros(&[3, 4]);
    fails(line!(), &["Rnn", "weight_hh [3, 4]", "[hidden, hidden]"], || rnn.forward(&x, None));
}

#[test]
fn changing_tensors() {
    let mut w = param(&[2]);
    fails(line!(), &["assign", "[2]", "[3]"], || w.assign(zeros(&[3])));
    let mut y = w.exp();
    fails(line!(), &["assign", "`exp`", "only a parameter or a constant"], || y.assign(zeros(&[2])));
    fails(line!(), &["data_mut", "`exp`"], || y.data_mut()[0] = 1.0);
    fails(line!(), &["as_mut_slice", "`exp`"], || y.as_mut_slice()[0] = 1.0);
    let mut sum = w.sum();
    let grads = sum.clone().backward();
    fails(line!(), &["as_mut_slice", "`sum`"], || sum.as_mut_slice()[0] = 1.0);
    // A parameter that was modified while a clone shared it is a different one, and the message says so.
    let copy = w.clone();
    w.data_mut()[0] = 1.0;
    fails(line!(), &["gradients", "has changed since", "clone", "new parameter"], || grads[&w].clone());
    assert_eq!(grads[&copy], Tensor::ones(&[2]));
    fails(line!(), &["item", "[2]", "2 elements"], || w.item());
}

#[test]
fn layers() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let layer = Linear::<f64>::new(3, 4, &mut rng);
    let x = zeros(&[2, 5]);
    fails(line!(), &["linear of [2, 5]", "[4, 3]"], || layer.forward(&x));
    let model = Sequential::<f64>::new().then(Linear::new(5, 3, &mut rng)).then(Linear::new(4, 2, &mut rng));
    // A nested layer is called through a vtable, which loses the caller's line: there the message must be enough.
    says(&["linear of [2, 3]", "[2, 4]"], || model.forward(&x));
}

#[test]
fn losses() {
    let (x, y) = (zeros(&[2, 3]), zeros(&[2, 4]));
    fails(line!(), &["mse", "[2, 3]", "[2, 4]"], || mse(&x, &y));
    fails(line!(), &["l1", "[2, 3]", "[2, 4]"], || l1(&x, &y));
    fails(line!(), &["huber", "[2, 3]", "[2, 4]"], || huber(&x, &y));
    fails(line!(), &["smooth_l1", "[2, 3]", "[2, 4]"], || smooth_l1(&x, &y));
    fails(line!(), &["kl_div", "[2, 3]", "[2, 4]"], || kl_div(&x, &y));
    fails(line!(), &["bce", "[2, 3]", "[2, 4]"], || bce(&x, &y));
    fails(line!(), &["bce_with_logits", "[2, 3]", "[2, 4]"], || bce_with_logits(&x, &y));
    // The classic mistake: a column and a vector would broadcast to a matrix.
    fails(line!(), &["mse", "[2, 1]", "[2]"], || mse(&zeros(&[2, 1]), &zeros(&[2])));
    fails(line!(), &["cross_entropy", "[2, 3]", "3"], || cross_entropy(&x, &[0, 1, 2]));
    fails(line!(), &["cross_entropy", "3"], || cross_entropy(&x, &[0, 3]));
    fails(line!(), &["cross_entropy", "[2, 3]", "[2, 4]"], || cross_entropy(&x, &y));
    fails(line!(), &["nll_loss", "[2, 3]", "3"], || nll_loss(&x, &[0, 1, 2]));
    fails(line!(), &["accuracy", "[2, 3]", "3"], || accuracy(&x, &[0, 1, 2]));
    let weighted = CrossEntropy { weight: Some(zeros(&[4])), ..CrossEntropy::default() };
    fails(line!(), &["cross_entropy", "[4]", "3"], || weighted.loss(&x, &[0, 1]));
    let smoothed = CrossEntropy { label_smoothing: 1.5, ..CrossEntropy::<f64>::default() };
    fails(line!(), &["cross_entropy", "label_smoothing", "1.5"], || smoothed.loss(&x, &[0, 1]));
    let weighted =
        BceWithLogits { pos_weight: Some(zeros(&[4])), reduction: Reduction::Sum, ..BceWithLogits::default() };
    fails(line!(), &["bce_with_logits", "[2, 3]", "[4]"], || weighted.loss(&x, &x));
}

#[test]
fn optimisers() {
    let (mut w, other) = (param(&[2]), param(&[3]));
    let mut opt = Optimizer::new(Sgd { lr: 0.1, ..Sgd::default() });
    let grads = other.sum().backward();
    fails(line!(), &["step", "gradient"], || opt.step(&mut w, &grads));
    fails(line!(), &["Sgd", "lr", "-1"], || Optimizer::<f64>::new(Sgd { lr: -1.0, ..Sgd::default() }));
    fails(line!(), &["Adam", "beta1", "1.5"], || Optimizer::<f64>::new(Adam { beta1: 1.5, ..Adam::default() }));

    // The same optimizer for another model.
    let mut opt = Optimizer::new(Adam::default());
    let grads = w.sum().backward();
    opt.step(&mut w, &grads);
    let mut w = param(&[4]);
    let grads = w.sum().backward();
    says(&["step", "[4]", "[2]", "new optimizer"], || opt.step(&mut w, &grads));
}

/// A test of `fails` itself: a panic elsewhere does not count as one at the user's line.
#[test]
fn the_line_matters() {
    let outcome =
        catch_unwind(|| fails(line!(), &["range end"], || Array1::<f64>::zeros(3).as_slice().unwrap()[0..9].len()));
    assert!(outcome.is_ok(), "a panic on this line");
    let outcome = catch_unwind(|| fails(line!(), &["here"], elsewhere));
    assert!(outcome.is_err(), "a panic on another line");
    let outcome = catch_unwind(|| fails(line!(), &["not this"], || panic!("but this")));
    assert!(outcome.is_err(), "another message");
    let outcome = catch_unwind(|| fails(line!(), &[], || ()));
    assert!(outcome.is_err(), "no panic");
}

fn elsewhere() {
    panic!("here");
}
