//! # Lesson 9: rare words
//!
//!     cargo run --release --example lesson_09_sparse_features
//!
//! Is this review positive or negative? Give every word a feature that is 1 if the review contains it, and fit a
//! logistic regression. Word frequencies follow Zipf's law: a few words occur in half of the texts, most in very few.
//! The gradient of a rare word's weight is almost always zero, and when it is not, gradient descent uses the same
//! learning rate as for all the others, which the frequent words keep small.
//!
//! **Adagrad** (Duchi, Hazan and Singer 2011) divides the gradient of each weight by the square root of the sum of all
//! its squared gradients so far: weights that are rarely updated take large steps. **Adam** forgets old gradients, but
//! has the same effect. The paper that introduced Adam (Kingma and Ba 2015, arXiv:1412.6980, section 6.1) shows this
//! experiment on movie reviews: Adam converges as fast as Adagrad, and gradient descent with Nesterov momentum stays
//! well behind both.
//!
//! Here the texts are synthetic: 2,000 texts from 2,000 words, of which the twenty most frequent (the, of, and) carry
//! no information. As in the paper, a batch has 128 texts, half of the words are dropped at random during training, and
//! learning rates fall as `η/√t`. Each rule gets the best of three values of `η`; the middle one wins each time.
//! `tests/papers.rs` asserts the outcome.
//!
//! Expected output:
//!
//! ```text
//! reviews with word number 1: 996, 10: 1029, 100: 211, 1000: 20
//!
//! loss over all reviews after each epoch
//!
//! epoch   Adam      Adagrad   Nesterov
//!     0   0.6931    0.6931    0.6931
//!     1   0.5593    0.4343    0.5394
//!     2   0.3537    0.2884    0.3604
//!     3   0.2538    0.2439    0.3105
//!     4   0.2098    0.2106    0.2594
//!     5   0.1868    0.1899    0.2276
//!     7   0.1557    0.1713    0.2178
//!    10   0.1453    0.1679    0.2032
//! best η  0.3       0.3       3
//! ```

use downhill::optim::Adagrad;
use downhill::prelude::*;
use ndarray::Array2;
use rand::{Rng, RngExt};

fn main() {
    let reviews = Reviews::new(2000, &mut downhill::rng(9));
    let containing = |word: usize| reviews.words.iter().filter(|words| words.contains(&word)).count();
    println!(
        "reviews with word number 1: {}, 10: {}, 100: {}, 1000: {}\n",
        containing(0),
        containing(9),
        containing(99),
        containing(999)
    );

    let runs = compare(&reviews, 10);
    println!("loss over all reviews after each epoch\n");
    println!("epoch   Adam      Adagrad   Nesterov");
    for epoch in [0, 1, 2, 3, 4, 5, 7, 10] {
        let losses = runs.each_ref().map(|run| format!("{:<7.4}", run.losses[epoch]));
        println!("{epoch:>5}   {}", losses.join("   ").trim_end());
    }
    println!("best η  {}", runs.each_ref().map(|run| format!("{:<7}", run.lr)).join("   ").trim_end());
}

/// The run with the best of several learning rates.
pub(crate) struct Run {
    pub(crate) lr: f64,
    /// Over all reviews: at the start, and after each epoch.
    pub(crate) losses: Vec<f64>,
}

/// Adam, Adagrad, and gradient descent with Nesterov momentum.
pub(crate) fn compare(reviews: &Reviews, epochs: usize) -> [Run; 3] {
    let adam = |lr| Adam { lr, ..Adam::default() };
    let adagrad = |lr| Adagrad { lr, ..Adagrad::default() };
    let nesterov = |lr| Sgd { lr, momentum: 0.9, nesterov: true, ..Sgd::default() };
    // Adagrad decreases its learning rate by itself.
    let (falling, constant) = (|lr: f64, t: f64| lr / t.sqrt(), |lr: f64, _: f64| lr);
    [
        best([0.1, 0.3, 1.0], |lr| train(reviews, adam(lr), |t| falling(lr, t), epochs)),
        best([0.1, 0.3, 1.0], |lr| train(reviews, adagrad(lr), |t| constant(lr, t), epochs)),
        best([1.0, 3.0, 10.0], |lr| train(reviews, nesterov(lr), |t| falling(lr, t), epochs)),
    ]
}

/// The learning rate with the smallest average loss over the epochs.
fn best(rates: [f64; 3], losses: impl Fn(f64) -> Vec<f64>) -> Run {
    let runs = rates.map(|lr| Run { lr, losses: losses(lr) });
    let total = |run: &Run| run.losses.iter().sum::<f64>();
    runs.into_iter().min_by(|a, b| total(a).total_cmp(&total(b))).expect("three runs")
}

/// Logistic regression from zero weights, with learning rate `lr(t)` at step `t`; every rule sees the same batches.
fn train(reviews: &Reviews, rule: impl Into<Box<dyn Rule<f64>>>, lr: impl Fn(f64) -> f64, epochs: usize) -> Vec<f64> {
    let mut rng = downhill::rng(1);
    let mut model = Linear { weight: Tensor::param(Tensor::zeros(&[1, WORDS])), bias: Some(Tensor::param([0.0])) };
    let mut opt = Optimizer::new(rule);
    let everything = bags(&reviews.words, |_| 1.0);
    let total = |model: &Linear<f64>| no_grad(|| bce_with_logits(&model.forward(&everything), &reviews.praise).item());

    let mut losses = vec![total(&model)];
    let mut t = 0.0;
    for _ in 0..epochs {
        for (words, praise) in reviews.batches(128).shuffled(&mut rng) {
            t += 1.0;
            opt.set_lr(lr(t));
            // Kept words are scaled by 2, so that the mean stays the same.
            let thinned = bags(&words, |_| if rng.random_bool(0.5) { 2.0 } else { 0.0 });
            let loss = bce_with_logits(&model.forward(&thinned), &praise);
            opt.step(&mut model, &loss.backward());
        }
        losses.push(total(&model));
    }
    losses
}

/// One row of features per text: `value(word)` for its words, 0 elsewhere.
fn bags(texts: &[Vec<usize>], mut value: impl FnMut(usize) -> f64) -> Tensor<f64> {
    let mut rows = Array2::zeros((texts.len(), WORDS));
    for (mut row, words) in rows.outer_iter_mut().zip(texts) {
        words.iter().for_each(|&word| row[word] = value(word));
    }
    Tensor::from(rows)
}

const WORDS: usize = 2000;

/// The words of each review, and whether it is positive, `[reviews, 1]`.
pub(crate) struct Reviews {
    words: Vec<Vec<usize>>,
    praise: Tensor<f64>,
}

impl Reviews {
    /// Word number `k`, counted from 1, occurs in a review with probability `min(1/2, 10/k)`, and contributes a weight
    /// in [-2, 2). The review is positive with probability `σ(sum of the weights)`.
    pub(crate) fn new(count: usize, rng: &mut impl Rng) -> Self {
        let weight = |k: usize, rng: &mut dyn Rng| if k > 20 { rng.random_range(-2.0..2.0) } else { 0.0 };
        let weights: Vec<f64> = (1..=WORDS).map(|k| weight(k, rng)).collect();
        let frequencies: Vec<f64> = (1..=WORDS).map(|k| (10.0 / k as f64).min(0.5)).collect();
        let (mut words, mut praise) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let text: Vec<usize> = (0..WORDS).filter(|&word| rng.random_bool(frequencies[word])).collect();
            let sum: f64 = text.iter().map(|&word| weights[word]).sum();
            words.push(text);
            praise.push(f64::from(rng.random::<f64>() < 1.0 / (1.0 + (-sum).exp())));
        }
        Reviews { words, praise: Tensor::from(praise).reshape(&[count, 1]) }
    }
}

/// A custom data set: what a batch is, and how to gather one.
impl Dataset for Reviews {
    type Batch = (Vec<Vec<usize>>, Tensor<f64>);

    fn len(&self) -> usize {
        self.words.len()
    }

    fn gather(&self, indices: &[usize]) -> Self::Batch {
        let words = indices.iter().map(|&i| self.words[i].clone()).collect();
        (words, self.praise.index_select(0, indices))
    }
}
