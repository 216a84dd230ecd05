//! Misuse panics at the user's line, and the message gives the operation, the shapes and how to fix it.

use std::panic::catch_unwind;

use downhill::data::{Csv, MinMaxScaler, StandardScaler, k_fold, stratified_k_fold, stratified_split};
use downhill::nn::{
    BatchNorm1d, BceWithLogits, Conv1d, Conv2d, ConvTranspose2d, CrossEntropy, Ctc, Dropout, Embedding, Focal, Gru,
    GruCell, Linear, Lstm, LstmCell, Module, MultiClassFocal, MultiLabelSoftMargin, MultiMargin, PixelShuffle,
    RecurrentOptions, Reduction, ReflectionPad2d, Rnn, RnnCell, Sequential, Unflatten, accuracy, average_precision,
    bce, bce_with_logits, binary_accuracy, cosine_embedding, cross_entropy, ctc, focal, gaussian_nll, hinge_embedding,
    huber, kl_div, l1, margin_ranking, mean_absolute_error, mean_squared_error, mse, multi_class_focal,
    multi_label_margin, multi_label_soft_margin, multi_margin, nll_loss, poisson_nll, r2_score, roc_auc, smooth_l1,
    soft_margin, summary, top_k_accuracy, triplet_margin,
};
use downhill::optim::{Adam, EarlyStopping, Optimizer, Sgd};
use downhill::{
    AvgPool1d, AvgPool2d, Conv, ConvPadding, ConvTranspose, MaxPool1d, MaxPool2d, PadMode, Params, Tensor, Unfold,
    Upsample, concat, einsum, grad, grad_many, hessian, hvp, jacobian, jvp, jvp_many, no_grad, rng, stack, training,
    training_rng, update_buffer, vjp, vjp_many, where_,
};
use downhill_tests::misuse::{fails, refuses, says};
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
    fails(line!(), &["atan2 of [5] and [2, 3]", "5 and 3"], || a.atan2(&b));
    fails(line!(), &["gt of [5] and [2, 3]", "5 and 3"], || a.gt(&b));
    fails(line!(), &["all_close of [5] and [2, 3]", "5 and 3"], || a.all_close(&b, 1e-5, 1e-8));
    fails(line!(), &["where", "[5] and [2, 3]"], || where_(&b.gt(0.0), &a, &b));
    fails(line!(), &["where", "[4]", "[2, 3]"], || where_(&array![true, false, true, true], &b, 0.0));
    fails(line!(), &["clamp", "NaN", "1"], || a.clamp(f64::NAN, 1.0));
}

#[test]
fn order() {
    let x = zeros(&[2, 3]);
    fails(line!(), &["sort", "axis 2"], || x.sort(2, false));
    fails(line!(), &["argsort", "axis -3"], || x.argsort(-3, true));
    fails(line!(), &["topk of [2, 3]", "only 3", "4"], || x.topk(4, 1, true));
    fails(line!(), &["topk", "axis 2"], || x.topk(1, 2, true));
    fails(line!(), &["median of [2, 0]", "no elements"], || zeros(&[2, 0]).median_axis(1));
    fails(line!(), &["median of [0]", "no elements"], || zeros(&[0]).median());
    fails(line!(), &["median", "axis 2"], || x.median_axis(2));
    fails(line!(), &["quantile of [2, 3]", "between 0 and 1", "95"], || x.quantile(95.0));
    fails(line!(), &["quantile", "NaN"], || x.quantile_axis(f64::NAN, 0));
    fails(line!(), &["quantile of [0, 3]", "no elements"], || zeros(&[0, 3]).quantile_axis(0.5, 0));
    fails(line!(), &["cumprod", "axis 2"], || x.cumprod(2));
    fails(line!(), &["logcumsumexp", "axis 2"], || x.logcumsumexp(2));
}

#[test]
fn moving_elements() {
    let x = zeros(&[2, 3]);
    fails(line!(), &["tril of [3]", "two axes"], || zeros(&[3]).tril(0));
    fails(line!(), &["triu of []", "two axes"], || zeros(&[]).triu(0));
    fails(line!(), &["masked_fill of [2, 3]", "[2]", "3 and 2"], || x.masked_fill(&array![true, false], 0.0));
    fails(line!(), &["repeat of [2, 3]", "[2]", "2 axes", "tile"], || x.repeat(&[2]));
    fails(line!(), &["repeat_interleave of [2, 3]", "axis 1", "size 3"], || x.repeat_interleave(&[1, 2], 1));
    fails(line!(), &["repeat_interleave", "axis 2"], || x.repeat_interleave(&[1], 2));
    fails(line!(), &["roll", "axis 2"], || x.roll(1, 2));
    fails(line!(), &["unbind", "axis 2"], || x.unbind(2));
    fails(line!(), &["movedim", "axis -3"], || x.movedim(0, -3));
    fails(line!(), &["swapaxes", "axis 2"], || x.swapaxes(2, 0));
    fails(line!(), &["diag of [2, 3, 1]", "vector or a matrix"], || zeros(&[2, 3, 1]).diag(0));
    fails(line!(), &["diag_embed of []", "unsqueeze"], || zeros(&[]).diag_embed(0));
    fails(line!(), &["diagonal of [2, 3]", "must differ"], || x.diagonal(0, 0, -2));
    fails(line!(), &["diagonal", "axis 2"], || x.diagonal(0, 0, 2));
}

#[test]
fn contractions() {
    let (a, b) = (zeros(&[2, 3]), zeros(&[4, 5]));
    fails(line!(), &["dot of [2, 3] and [4, 5]", "vectors", "matmul"], || a.dot(&b));
    fails(line!(), &["outer of [2, 3] and [4, 5]", "vectors", "tensordot"], || a.outer(&b));
    fails(line!(), &["tensordot of [2, 3] and [4, 5]", "size 3", "has 4"], || a.tensordot(&b, &[1], &[0]));
    fails(line!(), &["tensordot", "[1] and []"], || a.tensordot(&b, &[1], &[]));
    fails(line!(), &["tensordot", "axis 2"], || a.tensordot(&b, &[2], &[0]));
    fails(line!(), &["einsum `ij,jk->ik` of [2, 3] and [4, 5]", "`j`", "3 and 4"], || einsum("ij,jk->ik", &[&a, &b]));
    fails(line!(), &["einsum `ij->k`", "`k`", "no operand"], || einsum("ij->k", &[&a]));
    fails(line!(), &["cosine_similarity of [2, 3] and [4, 5]", "2 and 4"], || a.cosine_similarity(&b, 1, 1e-8));
    fails(line!(), &["cosine_similarity", "axis 2"], || a.cosine_similarity(&a, 2, 1e-8));
    fails(line!(), &["cosine_similarity", "eps", "-1"], || a.cosine_similarity(&a, 1, -1.0));
    fails(line!(), &["cdist of [2, 3] and [4, 5]", "3 and 5 coordinates"], || a.cdist(&b, 2.0));
    fails(line!(), &["cdist", "p must not be negative", "-1"], || a.cdist(&a, -1.0));
    let (a, b) = (zeros(&[2, 1, 3]), zeros(&[3, 1, 3]));
    fails(line!(), &["cdist of [2, 1, 3] and [3, 1, 3]", "2 and 3"], || a.cdist(&b, 2.0));
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
    fails(line!(), &["bernoulli of [2]", "1.5"], || Tensor::from([0.5, 1.5]).bernoulli(&mut downhill::rng(1)));
    fails(line!(), &["categorical of [2, 0]", "no elements"], || zeros(&[2, 0]).categorical(&mut downhill::rng(1)));
    fails(line!(), &["categorical of [1]", "NaN"], || Tensor::from([f64::NAN]).categorical(&mut downhill::rng(1)));
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
fn convolutions() {
    let (x, w) = (zeros(&[1, 4, 5, 5]), zeros(&[6, 4, 3, 3]));
    let plain = Conv::default();
    refuses(&["conv2d of [1, 4, 5, 5] and [6, 3, 3, 3]", "4 channels", "3"], || {
        x.conv2d(&zeros(&[6, 3, 3, 3]), None, plain)
    });
    fails(line!(), &["conv2d of [5] and [6, 4, 3, 3]", "[N, C, H, W]"], || zeros(&[5]).conv2d(&w, None, plain));
    fails(line!(), &["conv2d", "[out, in/groups, kh, kw]"], || x.conv2d(&zeros(&[6, 4, 3]), None, plain));
    fails(line!(), &["and [4]: the bias must be [6]"], || x.conv2d(&w, Some(&zeros(&[4])), plain));
    fails(line!(), &["conv2d", "4 channels", "3 groups"], || x.conv2d(&w, None, Conv { groups: 3, ..plain }));
    fails(line!(), &["conv2d", "0 groups"], || x.conv2d(&w, None, Conv { groups: 0, ..plain }));
    let (thin, odd) = (zeros(&[5, 2, 3, 3]), Conv { groups: 2, ..plain });
    fails(line!(), &["conv2d", "5 output channels", "2 groups"], || x.conv2d(&thin, None, odd));
    fails(line!(), &["width: the stride", "got 0"], || x.conv2d(&w, None, Conv { stride: [1, 0], ..plain }));
    fails(line!(), &["height: the dilation"], || x.conv2d(&w, None, Conv { dilation: [0, 1], ..plain }));
    fails(line!(), &["height: the kernel", "got 0"], || x.conv2d(&zeros(&[6, 4, 0, 3]), None, plain));
    fails(line!(), &["height: the kernel extends over 7"], || x.conv2d(&w, None, Conv { dilation: [3, 1], ..plain }));
    let same = Conv { padding: ConvPadding::Same, stride: [2, 2], ..plain };
    fails(line!(), &["conv2d", "`Same`", "stride of 2"], || x.conv2d(&w, None, same));
    refuses(&["conv1d of [4] and [1, 1, 1]", "[N, C, L]"], || {
        zeros(&[4]).conv1d(&zeros(&[1, 1, 1]), None, Conv::default())
    });

    let plain = ConvTranspose::default();
    fails(line!(), &["conv_transpose2d", "4 channels", "6"], || x.conv_transpose2d(&w, None, plain));
    let w = zeros(&[4, 3, 2, 2]);
    fails(line!(), &["and [4]: the bias must be [3]"], || x.conv_transpose2d(&w, Some(&zeros(&[4])), plain));
    let long = ConvTranspose { output_padding: [1, 0], ..plain };
    fails(line!(), &["height: an output padding of 1"], || x.conv_transpose2d(&w, None, long));
    let cut = ConvTranspose { padding: [0, 3], ..plain };
    fails(line!(), &["width: nothing is left of 6"], || x.conv_transpose2d(&w, None, cut));
    refuses(&["width: an axis of the input is empty"], || zeros(&[1, 4, 5, 0]).conv_transpose2d(&w, None, plain));

    let rng = &mut downhill::rng(1);
    refuses(&["Conv2d: 4 input", "3 groups"], || {
        Conv2d::<f32>::new(4, 6, [1, 1], Conv { groups: 3, ..Conv::default() }, rng)
    });
    let rng = &mut downhill::rng(1);
    fails(line!(), &["Conv1d: the shape"], || Conv1d::<f32>::new(1 << 40, 1 << 40, 1, Conv::default(), rng));
    let rng = &mut downhill::rng(1);
    let layer = ConvTranspose2d::<f64>::new(3, 2, [2, 2], plain, rng);
    fails(line!(), &["conv_transpose2d", "4 channels", "3"], || layer.forward(&x));
}

#[test]
fn patches() {
    let (x, plain) = (zeros(&[1, 2, 3, 3]), Unfold::default());
    fails(line!(), &["unfold of [3]", "[N, C, H, W]"], || zeros(&[3]).unfold([1, 1], plain));
    fails(line!(), &["unfold of [1, 2, 3, 3]", "[4, 1]", "height", "4"], || x.unfold([4, 1], plain));
    fails(line!(), &["unfold", "width: the kernel"], || x.unfold([1, 0], plain));
    fails(line!(), &["unfold", "stride"], || x.unfold([1, 1], Unfold { stride: [0, 1], ..plain }));
    let patches = zeros(&[1, 8, 4]);
    fails(line!(), &["fold of [1, 8, 4]", "[4, 4]", "3 × 3"], || patches.fold([4, 4], [2, 2], plain));
    fails(line!(), &["fold", "8 elements", "kh·kw"], || patches.fold([3, 3], [3, 1], plain));
    fails(line!(), &["fold of [4]"], || zeros(&[4]).fold([1, 1], [1, 1], plain));
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
fn windows_and_padding() {
    let (row, plane) = (zeros(&[2, 5]), zeros(&[1, 2, 4, 3]));
    fails(line!(), &["max_pool1d of [2, 5]", "axis 1", "size 5", "span, 6"], || row.max_pool1d(6));
    fails(line!(), &["max_pool1d of [2, 5]", "kernel size 0"], || row.max_pool1d(0));
    let padded = MaxPool2d { padding: [0, 2], ..MaxPool2d::new(2) };
    fails(line!(), &["max_pool2d of [1, 2, 4, 3]", "axis 3", "half the kernel", "`pad`"], || plane.max_pool2d(padded));
    let far = MaxPool1d { padding: [1], dilation: [6], ..MaxPool1d::new(2) };
    fails(line!(), &["max_pool1d of [2, 5]", "only: its elements are further apart"], || row.max_pool1d(far));
    fails(line!(), &["max_pool2d of [5]", "[.., height, width]"], || zeros(&[5]).max_pool2d(1));
    fails(line!(), &["max_pool2d of [2, 5]", "axis 0"], || row.max_pool2d_with_indices([3, 1]));
    fails(line!(), &["max_pool1d of [2, 0]", "no elements"], || zeros(&[2, 0]).max_pool1d_with_indices(1));
    fails(line!(), &["avg_pool1d of [2, 5]", "span, 6"], || row.avg_pool1d(6));
    let still = AvgPool2d { stride: Some([1, 0]), ..AvgPool2d::new(2) };
    fails(line!(), &["avg_pool2d of [1, 2, 4, 3]", "axis 3", "stride 0"], || plane.avg_pool2d(still));
    let by_zero = AvgPool2d { divisor_override: Some(0), ..AvgPool2d::new(2) };
    fails(line!(), &["avg_pool2d", "divisor_override must be at least 1"], || plane.avg_pool2d(by_zero));
    fails(line!(), &["adaptive_avg_pool1d of [2, 0]", "no elements"], || zeros(&[2, 0]).adaptive_avg_pool1d(2));
    fails(line!(), &["adaptive_avg_pool2d of [5]", "[.., height, width]"], || zeros(&[5]).adaptive_avg_pool2d(2));
    fails(line!(), &["adaptive_max_pool1d of []", "[.., length]"], || zeros(&[]).adaptive_max_pool1d(2));
    fails(line!(), &["adaptive_max_pool2d of [5]"], || zeros(&[5]).adaptive_max_pool2d_with_indices(2));
    fails(line!(), &["pad of [2, 5]", "3 pairs", "2 axes"], || row.pad(&[(1, 1); 3], PadMode::Constant(0.0)));
    fails(line!(), &["pad of [2, 5]", "axis 0", "reflection"], || row.pad(&[(2, 0), (1, 1)], PadMode::Reflect));
    fails(line!(), &["pad of [2, 5]", "axis 1", "circle of 5"], || row.pad(&[(0, 6)], PadMode::Circular));
    fails(line!(), &["pad of [0]", "no element"], || zeros(&[0]).pad(&[(1, 0)], PadMode::Replicate));
    fails(line!(), &["interpolate of [2, 5]", "[N, C, ..]"], || row.interpolate(&Upsample::new(2.0)));
    fails(line!(), &["interpolate", "3 sizes or factors", "2 axes"], || plane.interpolate(&Upsample::new([1, 2, 3])));
    fails(line!(), &["interpolate", "axis 2", "from 4 to 0"], || plane.interpolate(&Upsample::new([0.2, 1.0])));
    fails(line!(), &["interpolate", "positive and finite", "NaN"], || plane.interpolate(&Upsample::new(f64::NAN)));
    fails(line!(), &["pixel_shuffle of [1, 2, 4, 3]", "2 channels", "which is 2"], || plane.pixel_shuffle(2));
    fails(line!(), &["pixel_shuffle of [1, 2, 4, 3]", "which is 0"], || plane.pixel_shuffle(0));
    fails(line!(), &["pixel_unshuffle of [1, 2, 4, 3]", "width 3"], || plane.pixel_unshuffle(2));
    fails(line!(), &["unflatten of [2, 5]", "axis 1 has size 5", "[2, 2]"], || row.unflatten(1, &[2, 2]));
    fails(line!(), &["unflatten of [2, 5]", "axis 1", "-1", "divisible by 2"], || row.unflatten(1, (2, -1)));
    fails(line!(), &["unflatten", "axis 2 is out of range"], || row.unflatten(2, &[5]));
    // As layers.
    fails(line!(), &["max_pool2d of [2, 5]", "axis 0"], || MaxPool2d::new(3).forward(&row));
    fails(line!(), &["avg_pool1d of [2, 5]", "span, 6"], || AvgPool1d::new(6).forward(&row));
    fails(line!(), &["pad of [2, 5]", "axis 0", "reflection"], || ReflectionPad2d::new(2).forward(&row));
    fails(line!(), &["interpolate of [2, 5]"], || Upsample::new(2.0).forward(&row));
    fails(line!(), &["pixel_shuffle of [2, 5]"], || PixelShuffle { upscale_factor: 2 }.forward(&row));
    fails(line!(), &["unflatten of [2, 5]", "[3, 2]"], || Unflatten::new(1, [3, 2]).forward(&row));
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
fn losses_of_margins() {
    let (x, y, ones) = (zeros(&[2, 3]), zeros(&[2, 4]), Tensor::<f64>::ones(&[2, 3]));
    fails(line!(), &["poisson_nll", "[2, 3]", "[2, 4]"], || poisson_nll(&x, &y));
    fails(line!(), &["gaussian_nll", "[2, 3]", "[2, 4]"], || gaussian_nll(&x, &y, &ones));
    fails(line!(), &["gaussian_nll", "means [2, 3]", "variances [3]"], || gaussian_nll(&x, &x, &zeros(&[3])));
    fails(line!(), &["gaussian_nll", "variance -1", "[0, 0]", "softplus"], || gaussian_nll(&x, &x, &-&ones));
    fails(line!(), &["soft_margin", "[2, 3]", "[2, 4]"], || soft_margin(&x, &y));
    fails(line!(), &["hinge_embedding", "[2, 3]", "[2, 4]"], || hinge_embedding(&x, &y));
    fails(line!(), &["hinge_embedding", "label 0", "[0, 0]", "t * 2.0 - 1.0"], || hinge_embedding(&x, &x));
    fails(line!(), &["margin_ranking", "[2, 3]", "[2, 4]"], || margin_ranking(&x, &y, &x));
    fails(line!(), &["margin_ranking", "[2, 3]", "[2, 4]"], || margin_ranking(&x, &x, &y));
    fails(line!(), &["focal", "[2, 3]", "[2, 4]"], || focal(&x, &y));
    fails(line!(), &["focal", "label -1", "[0, 0]"], || focal(&x, &-&ones));
    let steep = Focal { gamma: f64::NAN, ..Focal::default() };
    fails(line!(), &["focal", "gamma", "NaN"], || steep.loss(&x, &ones));
    fails(line!(), &["multi_class_focal", "[2, 3]", "[3]", "[2]"], || multi_class_focal(&x, &[0, 1, 2]));
    fails(line!(), &["multi_class_focal", "label 3", "3 classes"], || multi_class_focal(&x, &[0, 3]));
    fails(line!(), &["multi_class_focal of []"], || multi_class_focal(&zeros(&[]), &[0]));
    let weighted = MultiClassFocal { weight: Some(zeros(&[4])), ..MultiClassFocal::default() };
    fails(line!(), &["multi_class_focal", "[4]", "3 classes"], || weighted.loss(&x, &[0, 1]));
    let steep = MultiClassFocal { gamma: f64::INFINITY, ..MultiClassFocal::default() };
    fails(line!(), &["multi_class_focal", "gamma", "inf"], || steep.loss(&x, &[0, 1]));
    fails(line!(), &["multi_margin", "[2, 3]", "[3]", "[2]"], || multi_margin(&x, &[0, 1, 2]));
    fails(line!(), &["multi_margin", "label 3", "3 classes"], || multi_margin(&x, &[0, 3]));
    let weighted = MultiMargin { weight: Some(zeros(&[4])), ..MultiMargin::default() };
    fails(line!(), &["multi_margin", "[4]", "3 classes"], || weighted.loss(&x, &[0, 1]));
    fails(line!(), &["multi_label_margin of [2, 3]", "1 lists", "2 samples"], || multi_label_margin(&x, &[[0]]));
    fails(line!(), &["multi_label_margin", "label 3 of sample 1"], || multi_label_margin(&x, &[[0], [3]]));
    fails(line!(), &["multi_label_margin of [1, 2, 3]"], || multi_label_margin(&zeros(&[1, 2, 3]), &[[0]]));
    fails(line!(), &["multi_label_soft_margin", "[2, 3]", "[2, 4]"], || multi_label_soft_margin(&x, &y));
    let weighted = MultiLabelSoftMargin { weight: Some(zeros(&[4])), ..MultiLabelSoftMargin::default() };
    fails(line!(), &["multi_label_soft_margin", "[2, 3]", "[4]"], || weighted.loss(&x, &x));
    fails(line!(), &["triplet_margin", "[2, 3]", "[2, 4]"], || triplet_margin(&x, &y, &x));
    fails(line!(), &["triplet_margin", "[2, 3]", "[2, 4]"], || triplet_margin(&x, &x, &y));
    fails(line!(), &["triplet_margin of []"], || triplet_margin(&zeros(&[]), &zeros(&[]), &zeros(&[])));
    fails(line!(), &["cosine_embedding", "[2, 3]", "[2, 4]"], || cosine_embedding(&x, &y, &zeros(&[2])));
    fails(line!(), &["cosine_embedding", "[2, 3]", "labels [3]"], || cosine_embedding(&x, &x, &zeros(&[3])));
    fails(line!(), &["cosine_embedding", "label 0", "[0]"], || cosine_embedding(&x, &x, &zeros(&[2])));
    let steps = zeros(&[4, 2, 3]);
    fails(line!(), &["ctc of [4]"], || ctc(&zeros(&[4]), &[1], &[4], &[1]));
    fails(line!(), &["ctc of [4, 2, 3]", "symbol 0", "blank"], || ctc(&steps, &[1, 0], &[4, 4], &[1, 1]));
    fails(line!(), &["ctc of [4, 2, 3]", "length 5", "4 steps"], || ctc(&steps, &[1, 1], &[5, 4], &[1, 1]));
    fails(line!(), &["ctc of [4, 2, 3]", "1 input lengths"], || ctc(&steps, &[1, 1], &[4], &[1, 1]));
    fails(line!(), &["ctc", "targets of shape [2]", "[2, 1]"], || ctc(&steps, &[1, 1], &[4, 4], &[2, 1]));
    let last = Ctc { blank: 3, ..Ctc::default() };
    fails(line!(), &["ctc of [4, 2, 3]", "blank 3"], || last.loss(&steps, &[1, 1], &[4, 4], &[1, 1]));
}

#[test]
fn metrics() {
    let (x, y) = (zeros(&[2, 3]), zeros(&[2, 4]));
    fails(line!(), &["roc_auc of [2, 3]", "labels of shape [3]"], || roc_auc(&x, &[0, 1, 2]));
    fails(line!(), &["roc_auc of [2, 3]", "label 3", "3 classes"], || roc_auc(&x, &[0, 3]));
    fails(line!(), &["average_precision of [1, 2, 3]"], || average_precision(&zeros(&[1, 2, 3]), &[0]));
    fails(line!(), &["top_k_accuracy of [2, 3]", "label 3", "3 classes"], || top_k_accuracy(&x, &[0, 3], 2));
    fails(line!(), &["top_k_accuracy", "[2, 3]", "[3]"], || top_k_accuracy(&x, &[0, 1, 2], 2));
    fails(line!(), &["binary_accuracy", "[2, 3]", "[2, 4]"], || binary_accuracy(&x, &y));
    fails(line!(), &["mean_absolute_error", "[2, 3]", "[2, 4]"], || mean_absolute_error(&x, &y));
    fails(line!(), &["mean_squared_error", "[2, 3]", "[2, 4]"], || mean_squared_error(&x, &y));
    fails(line!(), &["r2_score", "[2, 3]", "[2, 4]"], || r2_score(&x, &y));
    fails(line!(), &["r2_score of []"], || r2_score(&zeros(&[]), &zeros(&[])));
}

#[test]
fn summaries_and_early_stopping() {
    let layer = Linear::<f64>::new(3, 2, &mut rng(1));
    fails(line!(), &["linear of [2, 4]", "4 features", "3"], || summary(&layer, &[2, 4]));
    fails(line!(), &["summary", "no_grad"], || no_grad(|| summary(&layer, &[2, 3])));
    let mut stopping = EarlyStopping::default();
    assert!(!stopping.observe(1.0, &layer));
    let mut other = Linear::<f64>::new(3, 4, &mut rng(1));
    fails(line!(), &["EarlyStopping::restore", "weight", "[4, 3]"], || stopping.restore(&mut other));
    stopping.min_delta = f64::NAN;
    fails(line!(), &["EarlyStopping", "min_delta", "NaN"], || stopping.observe(1.0, &layer));
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

#[test]
fn tables() {
    let mut rng = rng(1);
    let scaler = StandardScaler::new(4);
    fails(line!(), &["StandardScaler of [2, 3]", "shape [4]", "[samples, 4]"], || scaler.transform(&zeros(&[2, 3])));
    fails(line!(), &["StandardScaler of [4]", "shape [4]"], || scaler.inverse(&zeros(&[4])));
    fails(line!(), &["StandardScaler", "at least one sample", "[0, 3]"], || StandardScaler::fit(&zeros(&[0, 3])));
    fails(line!(), &["MinMaxScaler", "a scalar"], || MinMaxScaler::fit(&zeros(&[])));
    let scaler = MinMaxScaler::new(4);
    fails(line!(), &["MinMaxScaler of [2, 3]", "shape [4]"], || scaler.transform(&zeros(&[2, 3])));
    fails(line!(), &["MinMaxScaler of [2, 3]", "shape [4]"], || scaler.inverse(&zeros(&[2, 3])));
    let upside_down = MinMaxScaler { low: 2.0, ..scaler };
    fails(line!(), &["low and high", "got 2 and 1"], || upside_down.transform(&zeros(&[2, 4])));

    fails(line!(), &["k_fold", "at least 2 folds", "got 0"], || k_fold(5, 0, &mut rng));
    fails(line!(), &["stratified_k_fold", "2 samples", "3 folds"], || stratified_k_fold(&[0, 1], 3, &mut rng));
    fails(line!(), &["split", "4 samples out of 2"], || stratified_split(&[0, 1], 4, &mut rng));
    fails(line!(), &["split", "[0, 1]", "1.5"], || stratified_split(&[0, 1], 1.5, &mut rng));
    let frame = Csv::default().parse_frame("a\n1\n2\n").unwrap();
    fails(line!(), &["select", "index 2", "2 rows"], || frame.select(&[0, 2]));
    fails(line!(), &["row_name", "index 2", "2 rows"], || frame.row_name(2).map(str::to_owned));
    fails(line!(), &["split", "3 samples out of 2"], || frame.split(3, &mut rng));
    let csv = Csv { comment: Some(String::new()), ..Csv::default() };
    fails(line!(), &["Csv", "empty text"], || csv.parse_frame("a\n1\n"));
    fails(line!(), &["Csv", "empty text"], || csv.read::<f64>("no file"));
}

#[test]
fn normalization_and_gates() {
    use downhill::nn::{
        AlphaDropout, BatchNorm2d, Bilinear, Dropout1d, Dropout2d, GroupNorm, InstanceNorm2d, LayerNorm, PRelu,
        RmsNorm, Softmax2d, glu,
    };
    let x = zeros(&[2, 3]);
    fails(line!(), &["standardize", "axis 2"], || x.standardize(2, 1e-5));
    fails(line!(), &["standardize", "axis 1 is named twice"], || x.standardize_with_moments([1, 1], 1e-5));
    fails(line!(), &["rms_normalize", "axis -3"], || x.rms_normalize(-3, 1e-5));
    fails(line!(), &["LayerNorm of [2, 3]", "normalized_shape", "[4]"], || LayerNorm::new(&[4]).forward(&x));
    fails(line!(), &["LayerNorm", "at least one axis"], || LayerNorm::<f64>::new(&[]));
    fails(line!(), &["RmsNorm of [2, 3]", "normalized_shape", "[2]"], || RmsNorm::new(&[2]).forward(&x));
    fails(line!(), &["GroupNorm of [2, 3]", "[N, 4, ..]"], || GroupNorm::new(2, 4).forward(&x));
    fails(line!(), &["GroupNorm", "3 channels", "2 groups"], || GroupNorm::<f64>::new(2, 3));
    fails(line!(), &["BatchNorm2d of [2, 3]", "[N, C, H, W]"], || BatchNorm2d::new(3).forward(&x));
    fails(line!(), &["InstanceNorm2d of [2, 3]", "[C, H, W]"], || InstanceNorm2d::new(3).forward(&x));
    let images = zeros(&[2, 4, 1, 1]);
    fails(line!(), &["InstanceNorm2d", "1 position"], || InstanceNorm2d::new(4).forward(&images));
    fails(line!(), &["Dropout2d of [2, 3]", "2 axes"], || Dropout2d::new(0.5).forward(&x));
    fails(line!(), &["Dropout1d", "[0, 1]", "1.5"], || Dropout1d::new(1.5));
    fails(line!(), &["AlphaDropout", "[0, 1]", "NaN"], || AlphaDropout::new(f64::NAN));
    fails(line!(), &["PRelu of [2, 3]", "[2]", "[N, C, ..]"], || PRelu::new(2).forward(&x));
    fails(line!(), &["glu of [2, 3]", "size 3", "halves"], || glu(&x, -1));
    fails(line!(), &["glu of [2, 3]", "axis 2"], || glu(&x, 2));
    fails(line!(), &["Softmax2d of [2, 3]", "[C, H, W]"], || Softmax2d.forward(&x));
    fails(line!(), &["softmax_or_zero", "axis 2"], || x.softmax_or_zero(2));
    let layer = Bilinear::<f64>::new(3, 4, 2, &mut rng(1));
    fails(line!(), &["Bilinear of [2, 3] and [2, 3]", "[.., 4]"], || layer.forward(&x, &x));
    fails(line!(), &["Bilinear", "at least 1 feature"], || Bilinear::<f64>::new(0, 4, 2, &mut rng(1)));
}

#[test]
fn attention() {
    use downhill::Attention;
    use downhill::nn::{
        AttentionMask, LearnedPositions, MultiheadAttention, MultiheadOptions, ScaledDotProductAttention,
        SinusoidalPositions, TransformerEncoderLayer, scaled_dot_product_attention,
    };
    let (q, k) = (zeros(&[2, 3]), zeros(&[4, 5]));
    let name = "scaled_dot_product_attention";
    fails(line!(), &[name, "[2, 3]", "[4, 5]", "[.., S, E]"], || scaled_dot_product_attention(&q, &k, &k));
    let masked = ScaledDotProductAttention { attn_mask: Some(AttentionMask::Add(zeros(&[3]))), ..Default::default() };
    fails(line!(), &[name, "mask", "[3]", "[2, 2]"], || masked.of(&q, &q, &q));
    let dropped = ScaledDotProductAttention { dropout_p: -0.5, ..Default::default() };
    fails(line!(), &[name, "[0, 1]", "-0.5"], || dropped.of(&q, &q, &q));
    let x = zeros(&[2, 3, 12]);
    fails(line!(), &["attention of [2, 3, 12]", "[2, 3]", "three axes"], || Attention::new(1).of(&x, &q, &q));
    fails(line!(), &["packed_attention of [2, 3, 12]", "3 heads"], || Attention::new(3).of_packed(&x));
    fails(line!(), &["attention", "5 heads"], || Attention::new(5).weights(&x, &x));
    fails(line!(), &["MultiheadAttention", "10", "4 heads"], || MultiheadAttention::<f64>::new(10, 4, &mut rng(1)));
    let heads = MultiheadAttention::<f64>::new(4, 2, &mut rng(1));
    fails(line!(), &["MultiheadAttention of [2, 3, 12]", "[L, N, 4]"], || heads.forward(&x));
    let attn_mask = Some(AttentionMask::Add(zeros(&[2, 3])));
    let options = MultiheadOptions { attn_mask, ..MultiheadOptions::default() };
    let x = zeros(&[3, 2, 4]);
    fails(line!(), &["MultiheadAttention", "attn_mask", "[2, 3]", "[3, 3]"], || heads.self_attend(&x, &options));
    let one = zeros(&[3, 1, 4]);
    let plain = MultiheadOptions::default();
    fails(line!(), &["MultiheadAttention", "2 samples of queries"], || heads.attend(&x, &one, &one, &plain));
    let block = TransformerEncoderLayer::<f64>::new(4, 2, 3, &mut rng(1));
    fails(line!(), &["MultiheadAttention of [2, 3]", "[L, 4]"], || block.forward(&q));
    fails(line!(), &["Dropout", "[0, 1]", "2"], || block.clone().dropout(2.0));
    let positions = LearnedPositions::<f64>::new(2, 4, &mut rng(1));
    fails(line!(), &["LearnedPositions of [2, 3, 4]", "[2, 4]"], || positions.forward(&zeros(&[2, 3, 4])));
    fails(line!(), &["SinusoidalPositions of [4]", "axis -2"], || SinusoidalPositions::default().forward(&zeros(&[4])));
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
