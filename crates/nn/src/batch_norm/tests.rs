use std::panic::{AssertUnwindSafe, catch_unwind};

use downhill_tensor::{Check, evaluation, gradcheck, training};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{Linear, Sequential, init};

type Norm = BatchNorm1d<f64>;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

fn trained(norm: &mut Norm, x: &Tensor<f64>) -> Tensor<f64> {
    training(norm, &mut rng(), |norm| norm.forward(x))
}

/// The running mean, the running variance, and the number of batches.
fn statistics(norm: &Norm) -> (Vec<f64>, Vec<f64>, f64) {
    let buffer = |buffer: &Option<Tensor<f64>>| buffer.as_ref().unwrap().to_vec();
    (buffer(&norm.running_mean), buffer(&norm.running_var), buffer(&norm.num_batches_tracked)[0])
}

fn message(body: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(body)).unwrap_err().downcast::<String>().expect("a formatted message")
}

#[test]
fn the_tree_has_pytorchs_names() {
    let norm = Norm::new(3);
    let paths: Vec<String> = norm.named_params().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]);
    assert_eq!((norm.num_params(), norm.summary().elements(), norm.summary().in_buffers()), (6, 6, 7));
    assert_eq!((norm.eps, norm.momentum, statistics(&norm)), (1e-5, Some(0.1), (vec![0.0; 3], vec![1.0; 3], 0.0)));
    assert_eq!(
        (Norm::new(3).affine(false).num_params(), Norm::new(3).track_running_stats(false).state_dict().len()),
        (0, 2)
    );
}

/// Mean 3, biased variance 8/3, unbiased variance 4.
#[test]
fn by_hand() {
    let x = Tensor::from([[1.0], [3.0], [5.0]]);
    let mut norm = Norm { eps: 0.0, momentum: Some(0.25), ..Norm::new(1) };
    let y = trained(&mut norm, &x).to_vec();
    let deviation = (8.0_f64 / 3.0).sqrt();
    assert!((y[0] + 2.0 / deviation).abs() < 1e-15 && y[1] == 0.0 && (y[2] - 2.0 / deviation).abs() < 1e-15);
    assert_eq!(statistics(&norm), (vec![0.75], vec![0.75 + 0.25 * 4.0], 1.0));
    let y = norm.forward(&x).to_vec();
    assert!((y[2] - (5.0 - 0.75) / 1.75_f64.sqrt()).abs() < 1e-15);
    assert_eq!(norm.forward(&x).to_vec(), y, "evaluation changes nothing");
    norm.reset_running_stats();
    assert_eq!(statistics(&norm), (vec![0.0], vec![1.0], 0.0));
}

#[test]
fn derivatives() {
    for shape in [&[3, 2][..], &[2, 3, 2], &[1, 2, 3], &[4, 1], &[0, 2]] {
        let x = init::uniform(shape, -1.0..=1.0, &mut rng());
        let parameter = |low: f64| init::uniform(&[shape[1]], low..=low + 1.0, &mut rng());
        let (weight, bias) = (parameter(0.5), parameter(-0.5));
        let with = |w: &Tensor<f64>, b: &Tensor<f64>| {
            let statistics = (Some(parameter(0.0)), Some(parameter(1.0)));
            let norm = Norm { weight: Some(w.clone()), bias: Some(b.clone()), ..Norm::new(shape[1]) };
            Norm { running_mean: statistics.0, running_var: statistics.1, ..norm }
        };
        let in_training = |[x, w, b]: [&Tensor<f64>; 3]| trained(&mut with(w, b), x);
        gradcheck(in_training, [&x, &weight, &bias], Check::order(2)).unwrap();
        gradcheck(|[x, w, b]| with(w, b).forward(x), [&x, &weight, &bias], Check::order(2)).unwrap();
        let bare = Norm::new(shape[1]).affine(false).track_running_stats(false);
        gradcheck(|[x]| bare.forward(x), [&x], Check::order(2)).unwrap();
    }
}

/// Both updates, in order, like a PyTorch module that is called twice.
#[test]
fn a_norm_that_is_used_twice_updates_twice() {
    let (first, second) = (Tensor::from([[0.0], [2.0]]), Tensor::from([[6.0], [10.0]]));
    let mut norm = Norm { momentum: Some(0.5), ..Norm::new(1) };
    training(&mut norm, &mut rng(), |norm| (norm.forward(&first), norm.forward(&second)));
    // Means 1 and 8, variances 2 and 8.
    assert_eq!(statistics(&norm), (vec![0.5 * 0.5 + 4.0], vec![0.5 * 1.5 + 4.0], 2.0));
    // Tied at two places of a model, with the cumulative average.
    let norm = Norm { momentum: None, ..Norm::new(1) };
    let mut model = (norm.clone(), norm);
    training(&mut model, &mut rng(), |(a, b)| (a.forward(&first), b.forward(&second)));
    assert_eq!(statistics(&model.0), (vec![4.5], vec![5.0], 2.0));
    assert_eq!(statistics(&model.1), statistics(&model.0));
    assert_eq!(model.0.weight.as_ref().unwrap().id(), model.1.weight.as_ref().unwrap().id());
}

#[test]
fn deep_in_a_model() {
    let mut rng = rng();
    let block = Sequential::new().then(Linear::new(2, 3, &mut rng)).then(Norm::new(3));
    let mut model: Sequential<f64> = Sequential::new().then(block).then(Norm::new(3).affine(false));
    let x = Tensor::randn(&[8, 2], &mut rng);
    let before = model.state_dict();
    training(&mut model, &mut rng, |model| model.forward(&x)).sum().backward();
    for (path, after) in &model.state_dict() {
        let buffer = path.contains("running") || path.ends_with("tracked");
        assert_eq!(before.get(path).unwrap() != Tensor::from(after), buffer, "{path}");
    }
}

#[test]
fn one_value_for_each_channel() {
    for x in [Tensor::zeros(&[1, 3]), Tensor::zeros(&[1, 3, 1])] {
        let mut norm = Norm::new(3);
        let panics = message(|| _ = trained(&mut norm, &x));
        assert!(
            panics.starts_with(&format!("BatchNorm1d of {:?}: expected more than 1 value per channel", x.shape())),
            "{panics}"
        );
        assert_eq!(statistics(&norm), (vec![0.0; 3], vec![1.0; 3], 0.0));
        assert_eq!(norm.forward(&x), Tensor::zeros(x.shape()), "evaluation needs no batch");
        let untracked = Norm::new(3).track_running_stats(false);
        assert!(message(|| _ = untracked.forward(&x)).contains("more than 1 value per channel"));
    }
}

/// As in PyTorch: the batch is counted, mean and variance stay.
#[test]
fn no_values() {
    for shape in [&[0, 3][..], &[2, 3, 0]] {
        let mut norm = Norm { momentum: None, ..Norm::new(3) };
        let y = trained(&mut norm, &Tensor::zeros(shape));
        assert_eq!(y.shape(), shape);
        assert_eq!(statistics(&norm), (vec![0.0; 3], vec![1.0; 3], 1.0));
        let grads = y.sum().backward();
        assert_eq!(grads[norm.weight.as_ref().unwrap()], Tensor::zeros(&[3]));
    }
}

#[test]
fn nan_shows_and_stays_in_its_channel() {
    let mut norm = Norm::new(2);
    let y = trained(&mut norm, &Tensor::from([[1.0, f64::NAN], [2.0, 3.0]]));
    assert!(y.slice(ndarray::s![.., 1]).to_vec().iter().all(|y| y.is_nan()));
    let (mean, var, _) = statistics(&norm);
    assert!((mean[0] - 0.15).abs() < 1e-15 && mean[1].is_nan() && var[0].is_finite() && var[1].is_nan());
}

#[test]
fn a_norm_of_another_model() {
    let (mut student, teacher) = (Norm::new(1), Norm::new(1));
    let x = Tensor::from([[1.0], [3.0]]);
    let panics = message(|| _ = training(&mut student, &mut rng(), |_| teacher.forward(&x)));
    assert!(panics.contains("run a model that is not being trained inside `evaluation(|| ...)`"), "{panics}");
    training(&mut student, &mut rng(), |_| evaluation(|| teacher.forward(&x)));
    assert_eq!(statistics(&teacher), (vec![0.0], vec![1.0], 0.0));
}

#[test]
fn one_statistic_without_the_other() {
    let norm = Norm { running_var: None, ..Norm::new(1) };
    let panics = message(|| _ = norm.forward(&Tensor::ones(&[2, 1])));
    assert!(panics.contains("BatchNorm1d: running_mean and running_var must both be"), "{panics}");
}

/// Of images: the mean of 1 and 3 over two samples and two positions is 2, the variance 1, 4/3 unbiased.
#[test]
fn images_by_hand() {
    let x = Tensor::from([1.0, 3.0, 3.0, 1.0]).reshape(&[2, 1, 1, 2]);
    let mut norm = BatchNorm2d::<f64> { eps: 0.0, momentum: Some(0.75), ..BatchNorm2d::new(1) };
    let y = training(&mut norm, &mut rng(), |norm| norm.forward(&x));
    assert_eq!(y.to_vec(), [-1.0, 1.0, 1.0, -1.0]);
    assert_eq!(norm.running_mean.as_ref().unwrap().to_vec(), [1.5]);
    assert!((norm.running_var.as_ref().unwrap().item() - 1.25).abs() < 1e-15);
    let paths: Vec<String> = norm.named_params().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]);
    for shape in [[2, 3, 2, 1], [0, 2, 3, 3]] {
        let x = init::uniform(&shape, -1.0..=1.0, &mut rng());
        let in_training = |[x]: [&Tensor<f64>; 1]| {
            training(&mut BatchNorm2d::<f64>::new(shape[1]), &mut rng(), |norm| norm.forward(x))
        };
        gradcheck(in_training, [&x], Check::order(2)).unwrap();
    }
}

#[test]
#[should_panic(expected = "BatchNorm2d of [4, 3]: the input must be [N, C, H, W]")]
fn features_are_not_images() {
    BatchNorm2d::<f64>::new(3).forward(&Tensor::zeros(&[4, 3]));
}

#[test]
#[should_panic(expected = "BatchNorm1d of [4, 2]: axis 1 has size 2, but the layer has 3 channels")]
fn other_channels() {
    Norm::new(3).forward(&Tensor::zeros(&[4, 2]));
}

#[test]
#[should_panic(expected = "BatchNorm1d of [3]: the input must be [N, C] or [N, C, L]")]
fn a_vector() {
    Norm::new(3).forward(&Tensor::zeros(&[3]));
}
