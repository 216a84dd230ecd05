//! downhill's program in the comparison of frameworks: trains one of the reference networks through the ordinary
//! public API and prints one line of JSON. `../README.md` says what all programs of the comparison have in common.
//!
//!     cargo run --profile bench -p downhill-bench -- --config A --epochs 3
//!
//! Files: `mlp.rs` A to E, `lenet.rs` F, `characters.rs` G and H, `normalized.rs` I, `sequences.rs` J; `train.rs` the loop,
//! `measured.rs` the line, `generator.rs` the numbers.

mod characters;
mod generator;
mod lenet;
mod measured;
mod mlp;
mod normalized;
mod sequences;
mod train;

use std::path::PathBuf;

use clap::Parser;
use downhill::prelude::*;
use downhill::set_threads;

#[derive(Parser)]
struct Options {
    /// A, B, C, D, E, F, G, H, I or J.
    #[arg(long)]
    config: char,
    #[arg(long, default_value_t = 1)]
    epochs: usize,
    /// The threads that share large products and updates.
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    threads: usize,
    /// End a run after so many steps.
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true, value_parser = at_least_one)]
    max_steps: usize,
    /// The probability of dropout in I.
    #[arg(long, default_value_t = 0.2)]
    dropout: f64,
    #[arg(long, default_value = "data/mnist")]
    data: PathBuf,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a whole number".into()),
    }
}

fn main() {
    let options = Options::parse();
    set_threads(options.threads);
    let measured = match options.config.to_ascii_uppercase() {
        'A' => mlp::train(&options, &[784, 128, 10], 64, Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() }),
        'B' => mlp::train(&options, &[784, 512, 512, 10], 128, Adam::default()),
        'C' => mlp::train(&options, &[784, 32, 10], 16, Sgd { lr: 0.05, momentum: 0.9, ..Sgd::default() }),
        'D' => mlp::train_tiny(&options),
        'E' => mlp::predict(&options),
        'F' => lenet::train(&options),
        'G' => characters::train_lstm(&options),
        'H' => characters::train_transformer(&options),
        'I' => normalized::train(&options),
        'J' => sequences::train(&options),
        other => panic!("there is no configuration {other}"),
    };
    println!("{}", measured.json(&options));
}

fn load(options: &Options) -> Mnist {
    Mnist::load(&options.data).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        std::process::exit(1)
    })
}
