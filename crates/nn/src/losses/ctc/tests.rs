use downhill_tensor::sweep::{self, Domain};
use downhill_tensor::{Check, grad, gradcheck};
use ndarray::arr2;

use super::*;

fn text(labels: &[usize], steps: usize) -> Transcript {
    Transcript { labels: labels.to_vec(), steps, blank: 0 }
}

#[test]
fn operations() {
    let texts = |texts: &[Transcript], x: &Tensor<f64>| apply(Unread { transcripts: texts.to_vec() }, [x]);
    let domain = || Domain::between(-2.0, 0.0);
    sweep::shapes("ctc", &[&[3, 2, 3], &[4, 2, 4]], domain(), |x| texts(&[text(&[1, 2], 3), text(&[2, 2], 3)], x));
    sweep::shapes("ctc", &[&[3, 2, 2]], domain(), |x| texts(&[text(&[], 2), text(&[1], 1)], x));
    // Without steps, sequences, or a path.
    sweep::shapes("ctc", &[&[0, 2, 2], &[1, 2, 2]], domain(), |x| texts(&[text(&[], 0), text(&[], 0)], x));
    sweep::shapes("ctc", &[&[2, 0, 3], &[0, 0, 1]], domain(), |x| texts(&[], x));
}

fn logits() -> Tensor<f64> {
    Tensor::from([
        [[0.5, -1.0, 0.25], [2.0, 0.0, 1.75]],
        [[-0.3, 0.4, 1.25], [0.1, 0.7, -0.6]],
        [[1.1, -0.2, 0.6], [0.3, 0.9, -1.4]],
        [[0.8, 1.3, -0.7], [1.6, 0.2, 0.15]],
    ])
}

#[test]
fn derivatives() {
    let targets = arr2(&[[1, 2], [2, 2]]);
    for blank_is in [0, 2] {
        // With the blank at the end, the classes move.
        let targets = targets.mapv(|label| if blank_is == 0 { label } else { label - 1 });
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            let options = Ctc { blank: blank_is, zero_infinity: false, reduction };
            let loss = |x: &Tensor<f64>| options.loss(&x.log_softmax(-1), &targets, &[4, 3], &[2, 2]);
            gradcheck(|[x]| loss(x), [&logits()], Check::order(2)).unwrap();
            gradcheck(|[x]| options.loss(x, &targets, &[4, 3], &[1, 0]), [&logits()], Check::order(2)).unwrap();
        }
    }
}

/// All paths, one by one.
#[test]
fn equals_the_sum_over_all_paths() {
    let log_p = logits().log_softmax(-1);
    let (steps, classes) = (4, 3);
    for labels in [&[][..], &[1], &[2], &[1, 1], &[1, 2], &[2, 1, 2], &[1, 1, 2], &[1, 1, 1], &[1, 2, 1, 2]] {
        for sequence in 0..2 {
            let x = log_p.narrow(1, sequence, 1).reshape(&[steps, classes]);
            let p = |path: &[usize]| -> f64 { (0..steps).map(|t| x.view()[[t, path[t]]]).sum::<f64>().exp() };
            let mut total = 0.0;
            for number in 0..classes.pow(steps as u32) {
                let path: Vec<usize> = (0..steps as u32).map(|t| number / classes.pow(t) % classes).collect();
                let mut read = path.clone();
                read.dedup();
                read.retain(|&class| class != 0);
                total += if read == labels { p(&path) } else { 0.0 };
            }
            let sum = Ctc { reduction: Reduction::Sum, ..Ctc::default() };
            let loss = sum.loss(&x, labels, &[steps], &[labels.len()]).item();
            let same = loss == -total.ln() || (loss + total.ln()).abs() < 1e-14;
            assert!(same, "{labels:?}: {loss}, not {}", -total.ln());
        }
    }
}

/// The two ways to the gradient: one pass over all states, and the composed function.
#[test]
fn the_recorded_gradient_is_the_same() {
    let x = Tensor::param(logits().log_softmax(-1));
    let loss = || ctc(&x, &[1, 2, 1, 1], &[4, 4], &[2, 2]);
    let [recorded] = grad(&loss(), [&x]);
    assert!(loss().backward()[&x].all_close(&recorded, 1e-13, 1e-15), "{recorded}");
    // Minus the probability of each class at each step, over the length of the text and the batch.
    assert!(recorded.sum_axis(2).all_close(Tensor::full(&[4, 2], -0.25), 1e-13, 0.0));
}

/// Padded or one after the other; what is beyond the lengths does not matter.
#[test]
fn ways_to_give_targets() {
    let x = logits().log_softmax(-1);
    let none = Ctc { reduction: Reduction::None, ..Ctc::default() };
    let joined = none.loss(&x, &[1, 2, 1], &[4, 3], &[1, 2]);
    assert_eq!(none.loss(&x, &arr2(&[[1, 0, 99], [2, 1, 99]]), &[4, 3], &[1, 2]), joined);
    let single = none.loss(&x.narrow(1, 1, 1).reshape(&[4, 3]), &[2, 1], &[3], &[2]);
    assert_eq!((single.shape(), single.item()), (&[][..], joined.to_vec()[1]));
    // The mean divides by the lengths.
    let mean = ctc(&x, &[1, 2, 1], &[4, 3], &[1, 2]).item();
    assert!((mean - (joined.to_vec()[0] + joined.to_vec()[1] / 2.0) / 2.0).abs() < 1e-15);
    let beyond = where_(&Tensor::<f64>::eye(4).select(0, 3).reshape(&[4, 1, 1]).gt(0.5), f64::NAN, &x);
    assert_eq!(none.loss(&beyond, &[1, 2, 1], &[3, 3], &[1, 2]), none.loss(&x, &[1, 2, 1], &[3, 3], &[1, 2]));
}

/// A text that is too long, one whose equal symbols need a blank between them, one with a symbol of probability 0.
#[test]
fn impossible_texts() {
    let inf = f64::INFINITY;
    let x = Tensor::param([[[-1.0, -1.0, -inf]; 3], [[-1.0, -1.0, -inf]; 3]]);
    let options = Ctc { reduction: Reduction::None, ..Ctc::default() };
    let targets: &[usize] = &[1, 1, 1, 1, 1, 2];
    let losses = options.loss(&x, targets, &[2, 2, 2], &[3, 2, 1]);
    assert_eq!(losses.to_vec(), [inf; 3]);
    assert_eq!(losses.sum().backward()[&x], Tensor::zeros(&[2, 3, 3]));
    let zero = Ctc { zero_infinity: true, ..options };
    // The second sequence has a possible text now. Of the paths 11, 1- and -1, two have the symbol at each step.
    let row = [[0.0; 3], [-1.0 / 3.0, -2.0 / 3.0, 0.0], [0.0; 3]];
    let losses = || zero.loss(&x, targets, &[2, 2, 2], &[4, 1, 1]);
    assert!(losses().all_close([0.0, 2.0 - 3.0_f64.ln(), 0.0], 1e-15, 0.0), "{}", losses());
    let [recorded] = grad(&losses().sum(), [&x]);
    for slope in [&recorded, &losses().sum().backward()[&x]] {
        assert!(slope.all_close([row, row], 1e-14, 0.0), "{slope}");
    }
}

/// Without steps only the empty text is possible; a long sequence neither underflows nor overflows.
#[test]
fn ends() {
    let none = Ctc { reduction: Reduction::None, ..Ctc::default() };
    let empty = none.loss(&Tensor::<f32>::zeros(&[0, 2, 3]), &[1], &[0, 0], &[0, 1]);
    assert_eq!(empty.to_vec(), [0.0, f32::INFINITY]);
    assert_eq!(none.loss(&Tensor::<f32>::zeros(&[2, 0, 3]), &[], &[], &[]).shape(), [0]);
    // A certain path of blanks, which are improbable in 10,000 steps.
    let x = Tensor::param(Tensor::full(&[10_000, 2], -3.0_f32));
    let loss = none.loss(&x, &[], &[10_000], &[0]);
    assert_eq!(loss.item(), 30_000.0);
    assert_eq!(loss.backward()[&x].narrow(0, 0, 1).to_vec(), [-1.0, 0.0]);
    let nan = Tensor::param([[f64::NAN, 0.0], [0.0, 0.0]]);
    let loss = none.loss(&nan, &[1], &[2], &[1]);
    assert!(loss.item().is_nan() && loss.backward()[&nan].to_vec()[0].is_nan());
}

#[test]
#[should_panic(expected = "ctc of [4, 2, 3]: symbol 0 of sequence 1 is the blank, for 3 classes")]
fn a_blank_in_a_text() {
    ctc(&logits(), &[1, 0], &[4, 4], &[1, 1]);
}

#[test]
#[should_panic(expected = "ctc of [4, 2, 3]: symbol 3 of sequence 0 is out of range, for 3 classes")]
fn a_symbol_that_is_no_class() {
    ctc(&logits(), &[3, 1], &[4, 4], &[1, 1]);
}

#[test]
#[should_panic(expected = "ctc of [4, 2, 3]: input length 5 of sequence 1 exceeds 4 steps")]
fn too_many_steps() {
    ctc(&logits(), &[1, 1], &[4, 5], &[1, 1]);
}

#[test]
#[should_panic(
    expected = "ctc of [4, 2, 3]: targets of shape [3] for the lengths [1, 1]: they must be [2, n] with n at \
                           least 1, or [2]"
)]
fn targets_of_another_length() {
    ctc(&logits(), &[1, 1, 1], &[4, 4], &[1, 1]);
}

#[test]
#[should_panic(expected = "ctc of [4, 2, 3]: 1 input lengths and 2 target lengths for 2 sequences")]
fn a_missing_length() {
    ctc(&logits(), &[1, 1], &[4], &[1, 1]);
}
