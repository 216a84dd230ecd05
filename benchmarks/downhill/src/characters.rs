//! Configurations G and H: an LSTM and a small transformer predict the next of 64 symbols.

use downhill::nn::{Embedding, LearnedPositions, Lstm, MultiheadOptions, TransformerEncoderLayer};
use downhill::prelude::*;
use downhill::rng;
use ndarray::Array2;

use crate::Options;
use crate::generator::SplitMix64;
use crate::measured::Measured;
use crate::train::{evaluate, start, train};

const SYMBOLS: usize = 64;
const LENGTH: usize = 32;
const COUNT: usize = 3200;
const BATCH: usize = 32;

/// 3200 pieces of a made-up text, each of 32 symbols with the one that follows each of them: after symbol `s` come eight
/// different ones, from `5·s` on.
struct Text {
    symbols: Vec<usize>,
    /// Whether time is the first axis, and not the samples.
    time_first: bool,
}

impl Text {
    fn new(time_first: bool) -> Self {
        let mut generator = SplitMix64(2);
        let mut symbol = 0;
        let mut next = || {
            symbol = (5 * symbol + (generator.next() % 8) as usize) % SYMBOLS;
            symbol
        };
        Text { symbols: (0..=COUNT * LENGTH).map(|_| next()).collect(), time_first }
    }
}

impl Dataset for Text {
    /// The symbols, and those that follow them in the same order.
    type Batch = (Array2<usize>, Vec<usize>);

    fn len(&self) -> usize {
        COUNT
    }

    fn gather(&self, indices: &[usize]) -> Self::Batch {
        let shape = if self.time_first { [LENGTH, indices.len()] } else { [indices.len(), LENGTH] };
        let at = |(row, column): (usize, usize)| {
            let (time, sample) = if self.time_first { (row, column) } else { (column, row) };
            indices[sample] * LENGTH + time
        };
        let symbols = Array2::from_shape_fn(shape, |place| self.symbols[at(place)]);
        let following = Array2::from_shape_fn(shape, |place| self.symbols[at(place) + 1]);
        (symbols, following.into_raw_vec_and_offset().0)
    }
}

#[derive(Params)]
struct CharLstm {
    embedding: Embedding,
    lstm: Lstm,
    head: Linear,
}

impl CharLstm {
    fn loss(&self, (symbols, following): &(Array2<usize>, Vec<usize>)) -> Tensor {
        let (output, _) = self.lstm.forward(&self.embedding.forward(symbols), None);
        cross_entropy(&self.head.forward(&output.flatten(0, 1)), following)
    }
}

pub(crate) fn train_lstm(options: &Options) -> Measured {
    let (text, rng) = (Text::new(true), &mut rng(1));
    let mut model = CharLstm {
        embedding: Embedding::new(SYMBOLS, 32, rng),
        lstm: Lstm::new(32, 128, rng),
        head: Linear::new(128, SYMBOLS, rng),
    };
    start(&mut model, &[1, 128, 128, 128, 128, 128, 128]);
    let measured = train(options, (&text, BATCH), &mut model, Adam::default(), |model, batch| model.loss(batch));
    Measured { train_loss: evaluate(&text, 320, BATCH, |batch| model.loss(batch)), ..measured }
}

#[derive(Params)]
struct CharTransformer {
    embedding: Embedding,
    positions: LearnedPositions,
    blocks: Vec<TransformerEncoderLayer>,
    head: Linear,
}

impl CharTransformer {
    fn loss(&self, (symbols, following): &(Array2<usize>, Vec<usize>)) -> Tensor {
        let causal = MultiheadOptions { is_causal: true, ..MultiheadOptions::default() };
        let mut x = self.positions.forward(&self.embedding.forward(symbols));
        for block in &self.blocks {
            x = block.forward_masked(&x, &causal);
        }
        cross_entropy(&self.head.forward(&x.flatten(0, 1)), following)
    }
}

pub(crate) fn train_transformer(options: &Options) -> Measured {
    let (text, rng) = (Text::new(false), &mut rng(1));
    let mut block = || TransformerEncoderLayer::new(64, 4, 256, rng).batch_first(true).dropout(0.0);
    let blocks = vec![block(), block()];
    let mut model = CharTransformer {
        embedding: Embedding::new(SYMBOLS, 64, rng),
        positions: LearnedPositions::new(LENGTH, 64, rng),
        blocks,
        head: Linear::new(64, SYMBOLS, rng),
    };
    let block = [64, 64, 64, 64, 64, 64, 256, 256, 0, 0, 0, 0];
    start(&mut model, &[&[1, 1][..], &block, &block, &[64, 64]].concat());
    let measured = train(options, (&text, BATCH), &mut model, AdamW::default(), |model, batch| model.loss(batch));
    Measured { train_loss: evaluate(&text, 320, BATCH, |batch| model.loss(batch)), ..measured }
}
