//! The command line: options and their error messages.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Parser, value_parser};
use downhill::nn::Activation;
use downhill::prelude::*;

const AFTER_HELP: &str = "\
A rule or a schedule is a name, optionally with options (the defaults are PyTorch's): adam,
rmsprop:alpha=0.95,centered, step:step_size=2,gamma=0.5. An unknown name prints the list of all
names. --lr, --momentum and --weight-decay override options in the rule. Muon, which is for
matrices, leaves the biases to AdamW with the same learning rate.

--schedule none keeps the learning rate constant. Schedules that depend on a metric get the training
loss. Schedules can run one after the other, or multiply their factors (in quotes, for the shell):
'warmup:steps=2; 2: cosine:t_max=3', which is short for
'sequential:schedules=[warmup:steps=2; cosine:t_max=3],milestones=[2]', and
'linear * step:step_size=2', which is short for 'chained:schedules=[linear; step:step_size=2]'.
A factor for every epoch: 'lambda:factors=[1,0.5,0.1]'.";

/// Trains a multilayer perceptron on MNIST, or on any set in the same four files.
#[derive(Parser)]
#[command(name = "mnist_mlp", version, allow_negative_numbers = true, after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Directory with the four IDX files [default: data/mnist of the repository]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Sizes of the hidden layers, such as 128,64, or none [default: 128]
    #[arg(long, value_name = "SIZES")]
    pub(crate) hidden: Option<Hidden>,

    /// Activation function: relu, tanh, gelu, silu, ... [default: relu]
    #[arg(long, value_name = "NAME")]
    pub(crate) activation: Option<Activation>,

    /// Number of passes over the training images
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..))]
    pub(crate) epochs: u32,

    /// Images per step
    #[arg(long, value_name = "IMAGES", default_value_t = 64, value_parser = at_least_one)]
    pub(crate) batch_size: usize,

    /// The update rule
    #[arg(long, value_name = "RULE", default_value = "sgd:lr=0.1,momentum=0.9")]
    pub(crate) optimizer: String,

    /// The rule's learning rate
    #[arg(long, value_name = "RATE")]
    pub(crate) lr: Option<f64>,

    /// The rule's momentum
    #[arg(long)]
    pub(crate) momentum: Option<f64>,

    /// The rule's weight decay
    #[arg(long, value_name = "DECAY")]
    pub(crate) weight_decay: Option<f64>,

    /// Learning-rate schedule [default: cosine, from epoch to epoch down to 0]
    #[arg(long)]
    pub(crate) schedule: Option<String>,

    /// Update the learning rate after every batch instead of every epoch
    #[arg(long, requires = "schedule")]
    pub(crate) per_batch: bool,

    /// Random seed: the same seed gives the same model
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Number of threads, for large networks; the model does not depend on it
    #[arg(long, default_value_t = 1, value_parser = threads)]
    pub(crate) threads: usize,

    /// After every epoch, print the health of the network: gradients, updates, activations, and what may be wrong
    #[arg(long, conflicts_with = "eval_only")]
    pub(crate) inspect: bool,

    /// Print one line of JSON per epoch, and nothing else
    #[arg(long)]
    pub(crate) json: bool,

    /// Where to save the model [default: target/mnist_mlp.bin of the repository]
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// Start from a saved model, with its layers and its activation
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,

    /// Do not train, only evaluate the loaded model
    #[arg(long, requires = "load", conflicts_with = "save")]
    pub(crate) eval_only: bool,
}

/// The repository's root, for the default paths.
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

impl Options {
    /// The rule that `--optimizer` names, with `--lr`, `--momentum` and `--weight-decay` applied.
    pub(crate) fn rule(&self) -> Result<Box<dyn Rule<f32>>, String> {
        let mut rule: Box<dyn Rule<f32>> = self.optimizer.parse().map_err(|error| format!("--optimizer: {error}"))?;
        let single = [
            ("--lr", "lr", self.lr),
            ("--momentum", "momentum", self.momentum),
            ("--weight-decay", "weight_decay", self.weight_decay),
        ];
        for (flag, option, value) in single {
            if let Some(value) = value {
                rule.set_option(option, &value.to_string()).map_err(|error| format!("{flag}: {error}"))?;
                rule.check().map_err(|error| format!("{flag}: {error}"))?;
            }
        }
        Ok(rule)
    }

    /// The scheduler for `--schedule`; `None` for a constant learning rate. `batches` is the number of batches per
    /// epoch.
    pub(crate) fn scheduler(&self, opt: &mut Optimizer, batches: usize) -> Result<Option<Scheduler>, String> {
        let schedule: Box<dyn Schedule> = match self.schedule.as_deref().map(str::trim) {
            Some("none") => return Ok(None),
            Some(text) => text.parse().map_err(|error| format!("--schedule: {error}"))?,
            None => Box::new(CosineAnnealingLr { t_max: u64::from(self.epochs), ..CosineAnnealingLr::default() }),
        };
        let steps = u64::from(self.epochs) * if self.per_batch { batches as u64 } else { 1 };
        if let Some(end) = schedule.end().filter(|&end| end < steps - 1) {
            let (name, step) = (schedule.name(), if self.per_batch { "batches" } else { "epochs" });
            return Err(format!("--schedule: {name} ends after {} {step}, but the training has {steps}", end + 1));
        }
        Scheduler::try_new(schedule, opt).map(Some).map_err(|error| format!("--schedule: {error}"))
    }

    /// `--data`, or the repository's data set, or `data/mnist` in the working directory if the repository is gone.
    pub(crate) fn data(&self) -> PathBuf {
        let shipped = Path::new(REPOSITORY).join("data/mnist");
        match &self.data {
            Some(directory) => directory.clone(),
            None if shipped.is_dir() => shipped,
            None => PathBuf::from("data/mnist"),
        }
    }

    /// `--save`, or a path that git ignores.
    pub(crate) fn save(&self) -> PathBuf {
        let repository = Path::new(REPOSITORY);
        match &self.save {
            Some(path) => path.clone(),
            None if repository.is_dir() => repository.join("target/mnist_mlp.bin"),
            None => PathBuf::from("mnist_mlp.bin"),
        }
    }
}

/// Sizes of hidden layers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hidden(pub(crate) Vec<usize>);

impl FromStr for Hidden {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// Two layers larger than this would have more than ten billion weights between them.
        const LARGEST: usize = 100_000;
        if text.trim() == "none" {
            return Ok(Hidden(Vec::new()));
        }
        let size = |size: &str| match size.trim().parse() {
            Ok(size) if (1..=LARGEST).contains(&size) => Ok(size),
            _ => Err(format!("invalid layer size `{size}`: it must be a whole number from 1 to {LARGEST}")),
        };
        text.split(',').map(size).collect::<Result<_, _>>().map(Hidden)
    }
}

impl std::fmt::Display for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes: Vec<String> = self.0.iter().map(usize::to_string).collect();
        f.write_str(if sizes.is_empty() { "none".to_owned() } else { sizes.join(",") }.as_str())
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("it must be a whole number, at least 1".to_owned()),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    /// More cores than any machine has; tens of thousands of threads would exceed the system's limits for a process.
    const MOST: usize = 1024;
    match text.parse() {
        Ok(number) if (1..=MOST).contains(&number) => Ok(number),
        _ => Err(format!("it must be a whole number from 1 to {MOST}")),
    }
}

/// clap's error message, which takes several lines, in one line.
pub(crate) fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut message = String::new();
    for line in lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information")) {
        if !message.is_empty() {
            message.push_str(if message.ends_with(':') { " " } else { "; " });
        }
        message.push_str(line);
    }
    message.strip_prefix("error: ").unwrap_or(&message).to_owned()
}
