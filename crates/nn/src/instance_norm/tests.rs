use downhill_tensor::{Check, gradcheck, training};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::init;

type Norm = InstanceNorm1d<f64>;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

fn full(channels: usize) -> Norm {
    Norm::new(channels).affine(true).track_running_stats(true)
}

/// The running mean and the running variance.
fn statistics(norm: &Norm) -> (Vec<f64>, Vec<f64>) {
    (norm.running_mean.as_ref().unwrap().to_vec(), norm.running_var.as_ref().unwrap().to_vec())
}

#[test]
fn the_tree_has_pytorchs_names() {
    let norm = full(3);
    let paths: Vec<String> = norm.named_params().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]);
    assert_eq!((norm.num_params(), norm.eps, norm.momentum), (6, 1e-5, 0.1));
    assert!(Norm::new(3).state_dict().is_empty());
}

/// Deviations ±1 and ±5; the variances 1 and 25 are 2 and 50 unbiased.
#[test]
fn by_hand() {
    let x = Tensor::from([[[1.0, 3.0]], [[20.0, 10.0]]]);
    let mut norm = Norm { eps: 0.0, momentum: 0.25, ..full(1) };
    norm.weight = Some(Tensor::param([3.0]));
    norm.bias = Some(Tensor::param([1.0]));
    let expected = Tensor::from([[[-2.0, 4.0]], [[4.0, -2.0]]]);
    assert_eq!(training(&mut norm, &mut rng(), |norm| norm.forward(&x)), expected);
    assert_eq!(statistics(&norm), (vec![0.25 * 8.5], vec![0.75 + 0.25 * 26.0]));
    assert_eq!(norm.num_batches_tracked.as_ref().unwrap().item(), 0.0);
    // Evaluation: (x - 2.125)/√7.25.
    let y = norm.forward(&x).to_vec();
    assert!((y[3] - (3.0 * 7.875 / 7.25_f64.sqrt() + 1.0)).abs() < 1e-14);
    // Without statistics, and one sample alone.
    let bare = Norm { eps: 0.0, ..Norm::new(1) };
    assert_eq!(bare.forward(&x.select(0, 1)), Tensor::from([[1.0, -1.0]]));
    let image = Tensor::from([[[1.0, -1.0], [-1.0, 1.0]]]);
    assert_eq!(InstanceNorm2d { eps: 0.0, ..InstanceNorm2d::new(1) }.forward(&(&image * 7.0)), image);
}

#[test]
fn derivatives() {
    for shape in [&[3, 2, 2][..], &[2, 3], &[1, 1, 4], &[0, 2, 3], &[2, 0, 3], &[2, 2, 0]] {
        let channels = shape[shape.len() - 2];
        let x = init::uniform(shape, -1.0..=1.0, &mut rng());
        let parameter = |low: f64| init::uniform(&[channels], low..=low + 1.0, &mut rng());
        let (weight, bias) = (parameter(0.5), parameter(-0.5));
        let with = |w: &Tensor<f64>, b: &Tensor<f64>| {
            let statistics = (Some(parameter(0.0)), Some(parameter(1.0)));
            let norm = Norm { weight: Some(w.clone()), bias: Some(b.clone()), eps: 0.1, ..full(channels) };
            Norm { running_mean: statistics.0, running_var: statistics.1, ..norm }
        };
        let in_training = |[x, w, b]: [&Tensor<f64>; 3]| training(&mut with(w, b), &mut rng(), |norm| norm.forward(x));
        gradcheck(in_training, [&x, &weight, &bias], Check::order(2)).unwrap();
        gradcheck(|[x, w, b]| with(w, b).forward(x), [&x, &weight, &bias], Check::order(2)).unwrap();
        let bare = Norm { eps: 0.1, ..Norm::new(channels) };
        gradcheck(|[x]| bare.forward(x), [&x], Check::order(2)).unwrap();
    }
}

#[test]
fn without_elements_the_statistics_stay() {
    for shape in [[0, 2, 3], [2, 2, 0]] {
        let mut norm = full(2);
        let y = training(&mut norm, &mut rng(), |norm| norm.forward(&Tensor::zeros(&shape)));
        assert_eq!((y.shape(), statistics(&norm)), (&shape[..], (vec![0.0; 2], vec![1.0; 2])));
    }
}

#[test]
#[should_panic(expected = "InstanceNorm1d of [4, 2, 1]: expected more than 1 position per channel")]
fn one_position() {
    Norm::new(2).forward(&Tensor::zeros(&[4, 2, 1]));
}

#[test]
#[should_panic(expected = "InstanceNorm1d of [4, 2, 5]: axis 1 has size 2, but the layer has 3 channels")]
fn other_channels() {
    Norm::new(3).forward(&Tensor::zeros(&[4, 2, 5]));
}

#[test]
#[should_panic(expected = "InstanceNorm2d of [2, 3]: the input must be [N, C, H, W] or [C, H, W]")]
fn not_an_image() {
    InstanceNorm2d::<f64>::new(3).forward(&Tensor::zeros(&[2, 3]));
}

#[test]
#[should_panic(expected = "InstanceNorm1d: running_mean and running_var must both be")]
fn one_statistic_without_the_other() {
    Norm { running_var: None, ..full(1) }.forward(&Tensor::ones(&[2, 1, 3]));
}
