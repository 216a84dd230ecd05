//! # A network learns to write, one character at a time
//!
//!     cargo run --release --example char_model
//!     cargo run --release --example char_model -- --model transformer
//!     cargo run --release --example char_model -- --steps 10000 --temperature 0.6
//!
//! The network reads up to 64 characters of Shakespeare and says, after each of them, how probable every character is as
//! the next. Its loss is the cross-entropy: -ln of the probability that it gave to the character that came, on average.
//! Guessing blindly among 63 characters costs 4.14 nats each, and knowing how frequent they are 3.3. Then it writes: it
//! draws a character from its own prediction, appends it, and reads again. A low temperature makes the probable more
//! probable.
//!
//! `--model` chooses between an LSTM of 128 units, which reads from left to right and keeps what it needs in its state,
//! and a transformer, two blocks of width 64 in which every character looks at those before it.
//!
//! Karpathy, "The unreasonable effectiveness of recurrent neural networks", 2015; Hochreiter and Schmidhuber, "Long
//! short-term memory", 1997; Vaswani et al., "Attention is all you need", arXiv 1706.03762.
//!
//! The same networks in PyTorch (`python benchmarks/python/char_model.py --model lstm --seed 1`) learn as fast. Losses on
//! the held-out tenth of the text, seeds 1 and 2:
//!
//! | step | LSTM | in PyTorch | transformer | in PyTorch |
//! |---|---|---|---|---|
//! | 200 | 2.049, 2.039 | 2.067, 2.049 | 2.415, 2.445 | 2.449, 2.448 |
//! | 600 | 1.816, 1.799 | 1.828, 1.809 | 2.056, 2.077 | 2.048, 2.095 |
//! | 1000 | 1.774, 1.763 | 1.792, 1.772 | 1.924, 1.948 | 1.926, 1.966 |

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Parser, ValueEnum, value_parser};
use downhill::ndarray::Array2;
use downhill::nn::TransformerEncoderLayer;
use downhill::nn::{Embedding, Gelu, LayerNorm, LearnedPositions, Lstm, MultiheadOptions, RecurrentOptions};
use downhill::optim::clip_grad_norm;
use downhill::prelude::*;
use downhill::rand::{Rng, RngExt};

const CONTEXT: usize = 64;
const BATCH: usize = 16;

/// Trains a network to predict the next character of a text, and lets it write.
#[derive(Parser)]
#[command(name = "char_model", version, allow_negative_numbers = true)]
struct Options {
    /// The network
    #[arg(long, value_enum, default_value = "lstm")]
    model: Kind,

    /// Number of training steps
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u64).range(1..))]
    steps: u64,

    /// Below 1 for safe characters, above 1 for surprising ones
    #[arg(long, default_value_t = 0.8, value_parser = positive)]
    temperature: f32,

    /// Number of characters to write
    #[arg(long, default_value_t = 400)]
    length: usize,

    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The text [default: data/text/shakespeare.txt of the repository]
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Lstm,
    Transformer,
}

fn positive(text: &str) -> Result<f32, String> {
    let number: f32 = text.parse().map_err(|_| "not a number")?;
    if number > 0.0 && number.is_finite() { Ok(number) } else { Err("must be above 0".into()) }
}

/// The characters of a text as numbers. Its samples are windows: 64 of them, and the one that follows each.
struct Text(Vec<usize>);

impl Dataset for Text {
    type Batch = (Array2<usize>, Vec<usize>);

    fn len(&self) -> usize {
        self.0.len().saturating_sub(CONTEXT)
    }

    fn gather(&self, starts: &[usize]) -> Self::Batch {
        let window = |&start: &usize| &self.0[start..start + CONTEXT];
        let next = |&start: &usize| &self.0[start + 1..=start + CONTEXT];
        let read = starts.iter().flat_map(window).copied().collect();
        let read = Array2::from_shape_vec((starts.len(), CONTEXT), read).expect("windows of one size");
        (read, starts.iter().flat_map(next).copied().collect())
    }
}

#[derive(Params)]
enum Body {
    Lstm(Lstm),
    Transformer { positions: LearnedPositions, blocks: Vec<TransformerEncoderLayer>, norm: LayerNorm },
}

#[derive(Params)]
struct CharModel {
    embed: Embedding,
    body: Body,
    head: Linear,
}

impl CharModel {
    fn new(kind: Kind, symbols: usize, rng: &mut impl Rng) -> Self {
        let (width, features, body) = match kind {
            Kind::Lstm => {
                let options = RecurrentOptions { batch_first: true, ..RecurrentOptions::default() };
                (32, 128, Body::Lstm(Lstm::with_options(32, 128, options, rng)))
            }
            Kind::Transformer => {
                let positions = LearnedPositions::new(CONTEXT, 64, rng);
                let mut block = || {
                    let block = TransformerEncoderLayer::new(64, 4, 256, rng).batch_first(true).dropout(0.0);
                    TransformerEncoderLayer { norm_first: true, activation: Gelu.into(), ..block }
                };
                (64, 64, Body::Transformer { positions, blocks: vec![block(), block()], norm: LayerNorm::new(&[64]) })
            }
        };
        CharModel { embed: Embedding::new(symbols, width, rng), body, head: Linear::new(features, symbols, rng) }
    }

    /// The logits of what follows each of `read`, `[batch, length]`: a tensor `[batch·length, symbols]`.
    fn forward(&self, read: &Array2<usize>) -> Tensor {
        let x = self.embed.forward(read);
        let features = match &self.body {
            Body::Lstm(lstm) => lstm.forward(&x, None).0,
            Body::Transformer { positions, blocks, norm } => {
                let causal = MultiheadOptions { is_causal: true, ..MultiheadOptions::default() };
                let x = blocks.iter().fold(positions.forward(&x), |x, block| block.forward_masked(&x, &causal));
                norm.forward(&x)
            }
        };
        self.head.forward(&features).flatten(0, 1)
    }

    /// The loss on windows that follow one another.
    fn evaluate(&self, text: &Text) -> f32 {
        let starts: Vec<usize> = (0..text.len()).step_by(CONTEXT).collect();
        let windows = starts.len() as f32;
        let batches = text.batches(BATCH).ordered(starts);
        let loss = |(read, next)| cross_entropy(&self.forward(&read), &next).item() * read.nrows() as f32;
        no_grad(|| batches.map(loss).sum::<f32>() / windows)
    }

    /// Characters drawn one after the other, the first after `symbols`.
    fn write(&self, mut symbols: Vec<usize>, length: usize, temperature: f32, rng: &mut impl Rng) -> Vec<usize> {
        for _ in 0..length {
            let read = symbols[symbols.len().saturating_sub(CONTEXT)..].to_vec();
            let read = Array2::from_shape_vec((1, read.len()), read).expect("one row");
            let logits = no_grad(|| self.forward(&read)).select(0, -1);
            symbols.push((logits / temperature).categorical(rng)[[]]);
        }
        symbols
    }
}

fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let repository = || concat!(env!("CARGO_MANIFEST_DIR"), "/data/text/shakespeare.txt").into();
    let text = std::fs::read_to_string(options.text.unwrap_or_else(repository))?;
    let alphabet: Vec<char> = text.chars().collect::<BTreeSet<char>>().into_iter().collect();
    let mut symbols: Vec<usize> = text.chars().map(|c| alphabet.binary_search(&c).expect("in the text")).collect();
    let held_out = Text(symbols.split_off(symbols.len() * 9 / 10));
    let train = Text(symbols);
    assert!(!held_out.is_empty(), "the text is too short: a tenth of it must exceed {CONTEXT} characters");

    let mut rng = rng(options.seed);
    let mut model = CharModel::new(options.model, alphabet.len(), &mut rng);
    println!("{} parameters, {} characters, {} different\n", model.num_params(), text.len(), alphabet.len());
    let mut opt = Optimizer::new(AdamW { lr: 5e-3, ..AdamW::default() });
    let mut schedule = Scheduler::new(CosineAnnealingLr { t_max: options.steps, eta_min: 0.0, hold: true }, &mut opt);
    let (start, mut loss_sum, mut count) = (Instant::now(), 0.0, 0.0);
    println!("  step   training   held out   seconds");
    for step in 1..=options.steps {
        let starts: Vec<usize> = (0..BATCH).map(|_| rng.random_range(0..train.len())).collect();
        let (read, next) = train.gather(&starts);
        let loss = cross_entropy(&model.forward(&read), &next);
        (loss_sum, count) = (loss_sum + loss.item(), count + 1.0);
        let mut gradients = loss.backward();
        clip_grad_norm(&mut gradients, 1.0);
        opt.step(&mut model, &gradients);
        schedule.step(&mut opt);
        if step % options.steps.div_ceil(10) == 0 || step == options.steps {
            let (training, held_out) = (loss_sum / count, model.evaluate(&held_out));
            println!("{step:>6}   {training:>8.3}   {held_out:>8.3}   {:>7.1}", start.elapsed().as_secs_f64());
            (loss_sum, count) = (0.0, 0.0);
        }
    }

    let written = model.write(vec![0], options.length, options.temperature, &mut rng);
    println!("{}", written.into_iter().map(|symbol| alphabet[symbol]).collect::<String>());
    Ok(())
}
