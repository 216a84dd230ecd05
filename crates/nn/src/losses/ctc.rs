//! Connectionist temporal classification: the negative log-likelihood of a text, given the probabilities of its symbols
//! at every time step, but not where in time each symbol is.
//!
//! A path has one symbol or a blank for each step; it reads as the text that remains without repetitions and then without
//! blanks: `a a - a b b` reads `a a b`. The likelihood of a text is the sum over all paths that read as it.
//!
//! Graves et al., "Connectionist temporal classification", ICML 2006.

mod recorded;
mod row;
#[cfg(test)]
mod tests;
mod transcript;
mod wide;

use downhill_tensor::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, is_recording, vjp, where_};
use ndarray::ArrayD;

use self::transcript::Transcript;
use super::share::share;
use super::{Labels, Reduction};

/// The loss of connectionist temporal classification, with its options. Without options: [`ctc`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Ctc {
    /// The class that stands for no symbol.
    pub blank: usize,
    /// Whether a text that no path can read (usually because it has more symbols than there are steps) costs 0 instead of
    /// infinity.
    pub zero_infinity: bool,
    /// Mean, sum or no reduction. The mean is, as in PyTorch, that of the losses divided by the lengths of their texts.
    pub reduction: Reduction,
}

/// The mean over a batch of `-ln P(text)/length`, where `P(text)` is the probability that a path reads as the text.
///
/// `log_probabilities` is `[steps, batch, classes]`, or `[steps, classes]` for a single sequence; class 0 is the blank.
/// `targets` holds the texts, `[batch, symbols]`, filled up with anything, or one after the other, `[total symbols]`. The
/// two slices have, for each sequence, the number of its steps and of the symbols of its text. [`Ctc`] has options.
///
/// The derivative with respect to `ln p` is minus the probability that a path of the text has this class at this step.
/// (PyTorch adds `p`, which makes no difference after a `log_softmax`, but is not the derivative.) An impossible text costs
/// infinity, with a gradient of 0 (in PyTorch NaN). Second derivatives are exact too; but `grad`, which
/// prepares for them, takes much longer than `backward`.
///
/// ```
/// use downhill_nn::ctc;
/// use downhill_tensor::Tensor;
/// // Two steps; the paths that read as the text [1] are 11, 1- and -1.
/// let p = Tensor::from([[0.5, 0.5], [0.25, 0.75]]);
/// let loss: f64 = ctc(&p.ln(), &[1], &[2], &[1]).item();
/// assert!((loss + (0.5_f64 * 0.75 + 0.5 * 0.25 + 0.5 * 0.75).ln()).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the shapes or lengths do not fit, or a symbol is the blank or no class.
#[track_caller]
pub fn ctc<'a, F: Float>(
    log_probabilities: &Tensor<F>,
    targets: impl Into<Labels<'a>>,
    input_lengths: &[usize],
    target_lengths: &[usize],
) -> Tensor<F> {
    Ctc::default().loss(log_probabilities, targets, input_lengths, target_lengths)
}

impl Ctc {
    /// The loss; shapes as in [`ctc`]. Without reduction, `[batch]`, or `[]` for a single sequence.
    ///
    /// # Panics
    /// If the shapes or lengths do not fit, `blank` is no class, or a symbol is the blank or no class.
    #[track_caller]
    pub fn loss<'a, F: Float>(
        &self,
        log_probabilities: &Tensor<F>,
        targets: impl Into<Labels<'a>>,
        input_lengths: &[usize],
        target_lengths: &[usize],
    ) -> Tensor<F> {
        let shape = log_probabilities.shape();
        let transcripts = self.transcripts(shape, &targets.into(), input_lengths, target_lengths);
        let batched = if shape.len() == 2 { &log_probabilities.unsqueeze(1) } else { log_probabilities };
        let mut losses = apply(Unread { transcripts }, [batched]);
        if self.zero_infinity {
            losses = where_(&losses.eq_elem(F::infinity()), F::zero(), losses);
        }
        if self.reduction == Reduction::Mean {
            losses /= target_lengths.iter().map(|&n| F::from_f64(n.max(1) as f64)).collect::<Tensor<F>>();
        }
        self.reduction.of(if shape.len() == 2 { losses.reshape(&[]) } else { losses })
    }

    /// The texts, checked.
    #[track_caller]
    fn transcripts(
        &self,
        shape: &[usize],
        targets: &Labels<'_>,
        input_lengths: &[usize],
        target_lengths: &[usize],
    ) -> Vec<Transcript> {
        let (steps, batch, classes) = match *shape {
            [steps, classes] => (steps, 1, classes),
            [steps, batch, classes] => (steps, batch, classes),
            _ => panic!("ctc of {shape:?}: the input must be [steps, batch, classes] or [steps, classes]"),
        };
        let blank = self.blank;
        assert!(blank < classes, "ctc of {shape:?}: the blank {blank} is out of range for {classes} classes");
        let (steps_of, symbols_of) = (input_lengths.len(), target_lengths.len());
        assert!(
            steps_of == batch && symbols_of == batch,
            "ctc of {shape:?}: {steps_of} input lengths and {symbols_of} target lengths for {batch} sequences"
        );
        let symbols = targets.0.shape();
        let total = target_lengths.iter().fold(0_usize, |total, &length| total.saturating_add(length));
        let longest = target_lengths.iter().copied().max().unwrap_or(0);
        let (padded, joined) = (symbols.len() == 2 && symbols[0] == batch && symbols[1] >= longest, symbols == [total]);
        assert!(
            padded || joined,
            "ctc of {shape:?}: targets of shape {symbols:?} for the lengths {target_lengths:?}: they must be [{batch}, n] \
             with n at least {longest}, or [{total}]"
        );
        let all: Vec<usize> = targets.0.iter().copied().collect();
        let mut transcripts = Vec::with_capacity(batch);
        let mut start = 0;
        for (sequence, (&input, &length)) in input_lengths.iter().zip(target_lengths).enumerate() {
            assert!(
                input <= steps,
                "ctc of {shape:?}: input length {input} of sequence {sequence} exceeds {steps} steps"
            );
            if padded {
                start = sequence * symbols[1];
            }
            let labels = all[start..start + length].to_vec();
            start += length;
            if let Some(label) = labels.iter().find(|&&label| label == blank || label >= classes) {
                let reason = if *label == blank { "is the blank" } else { "is out of range" };
                panic!("ctc of {shape:?}: symbol {label} of sequence {sequence} {reason}, for {classes} classes");
            }
            transcripts.push(Transcript { labels, steps: input, blank });
        }
        transcripts
    }
}

/// The losses `-ln P` of all sequences, given `[steps, batch, classes]`.
///
/// A primitive for speed: all paths in one pass, and the derivative in another.
struct Unread {
    transcripts: Vec<Transcript>,
}

impl<F: Float> Op<F, 1> for Unread {
    fn name(&self) -> &'static str {
        "ctc"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "-ln Σ p(path) over the paths that read as the target",
            &[("x", "-dy·(the share of the paths through each symbol)")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let list = |of: fn(&Transcript) -> usize| self.transcripts.iter().map(of).collect::<Vec<usize>>();
        let labels = self.transcripts.iter().flat_map(|text| text.labels.iter().copied()).collect::<Vec<usize>>();
        vec![
            ("targets", labels.as_slice().into()),
            ("target_lengths", list(|text| text.labels.len()).as_slice().into()),
            ("input_lengths", list(|text| text.steps).as_slice().into()),
            ("blanks", list(|text| text.blank).as_slice().into()),
        ]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let (batch, classes) = (x.shape()[1], x.shape()[2]);
        let x = x.view();
        let x = x.as_standard_layout();
        let x = x.as_slice().expect("in row-major order");
        let losses = self.transcripts.iter().enumerate().map(|(sequence, text)| {
            let log_p = |step: usize, class: usize| x[(step * batch + sequence) * classes + class].as_f64();
            F::from_f64(-text.log_likelihood(log_p))
        });
        ArrayD::from_shape_vec(vec![batch], losses.collect()).expect("one for each sequence").into()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        if is_recording() {
            let losses = recorded::losses(x, &self.transcripts);
            // Without any possible path there is nothing to differentiate.
            if !losses.requires_grad() {
                return Tensor::zeros(x.shape());
            }
            let [dx] = vjp(&losses, [x], dy);
            return dx;
        }
        let (batch, classes) = (x.shape()[1], x.shape()[2]);
        let x = x.view();
        let x = x.as_standard_layout();
        let elements = x.as_slice().expect("in row-major order");
        let mut visits = vec![F::zero(); elements.len()];
        for (sequence, text) in self.transcripts.iter().enumerate() {
            let place = |step: usize, class: usize| (step * batch + sequence) * classes + class;
            let log_p = |step: usize, class: usize| elements[place(step, class)].as_f64();
            text.visits(log_p, |step, class, p| visits[place(step, class)] += F::from_f64(p));
        }
        -share(&Tensor::from_shape_vec(x.shape(), visits), &dy.reshape(&[1, batch, 1]))
    }
}

compiled!(Op<1> Unread);
