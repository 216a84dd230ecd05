//! # Handwritten digits: the complete program
//!
//!     cargo run --release --example mnist_mlp
//!
//! Lesson 10 as a complete command-line program: options (`-- --help` lists them), a progress bar, a table, the
//! confusion matrix, a saved model, and clear error messages. Some examples:
//!
//!     cargo run --release --example mnist_mlp -- --hidden 512,512 --optimizer adam --epochs 10
//!     cargo run --release --example mnist_mlp -- --optimizer rmsprop:alpha=0.95,centered --activation gelu
//!     cargo run --release --example mnist_mlp -- --schedule 'warmup:steps=1; 1: cosine:t_max=4' --weight-decay 1e-4
//!     cargo run --release --example mnist_mlp -- --optimizer lion:lr=3e-4 --json > run.jsonl
//!     cargo run --release --example mnist_mlp -- --optimizer sgd:lr=3 --inspect
//!     cargo run --release --example mnist_mlp -- --load target/mnist_mlp.bin --eval-only
//!
//! The training accuracy is measured on each batch before its update, which costs nothing. The model is saved to
//! `target/mnist_mlp.bin` unless `--save` says otherwise. The program exits with status 2 for an invalid option, and
//! with 1 for bad data, a bad file or diverged training; one line says why.
//!
//! Expected output (your times will differ; other processors round differently, and may differ by a few images):
//!
//! ```text
//! data       60000 training images, 10000 test images, 28 × 28 pixels
//! network    784-128-10 relu, 101770 parameters
//! training   batches of 64, seed 1
//! rule       Sgd:lr=0.1,momentum=0.9,dampening=0.0,weight_decay=0.0,nesterov=false,maximize=false
//! schedule   CosineAnnealingLr:t_max=5,eta_min=0.0,hold=false
//!
//! epoch   loss     train      test       seconds   images/s   rate
//!     1   0.2500    92.47 %    94.99 %      0.26     228079   1.000e-1
//!     2   0.1005    96.86 %    96.51 %      0.26     229598   9.045e-2
//!     3   0.0614    98.08 %    97.52 %      0.26     230209   6.545e-2
//!     4   0.0363    98.90 %    98.04 %      0.26     228271   3.455e-2
//!     5   0.0235    99.38 %    98.18 %      0.26     229064   9.549e-3
//!
//! Test images by digit (rows) and by the network's prediction (columns)
//!
//! actual \ predicted      0      1      2      3      4      5      6      7      8      9  recall
//! 0                     973      0      0      1      1      0      0      1      2      2   99.3%
//! 1                       0   1123      3      1      0      0      1      2      5      0   98.9%
//! 2                       4      3   1007      2      3      0      4      4      5      0   97.6%
//! 3                       0      0      2    998      0      2      0      2      3      3   98.8%
//! 4                       0      1      3      0    967      0      2      2      0      7   98.5%
//! 5                       2      0      0     13      1    863      4      1      7      1   96.7%
//! 6                       5      2      0      1      2      5    942      0      1      0   98.3%
//! 7                       0      3      7      5      1      0      0   1004      4      4   97.7%
//! 8                       3      0      2      4      4      2      2      3    952      2   97.7%
//! 9                       2      2      0      3      9      0      0      3      1    989   98.0%
//! precision           98.4%  99.0%  98.3%  97.1%  97.9%  99.0%  98.6%  98.2%  97.1%  98.1%
//! accuracy 98.2% of 10000
//!
//! saved to target/mnist_mlp.bin
//! ```

#[path = "mnist_mlp/network.rs"]
mod network;
#[path = "mnist_mlp/options.rs"]
mod options;
#[path = "mnist_mlp/report.rs"]
mod report;

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use downhill::nn::ConfusionMatrix;
use downhill::nn::state::{self, StateError};
use downhill::optim::RuleKind;
use downhill::prelude::*;
use downhill::set_threads;
use downhill_inspect::Health;
use options::Options;
use report::{Epoch, Report, progress_bar};

fn main() -> ExitCode {
    let outcome = match Options::try_parse() {
        Ok(options) => run(&options),
        // --help and --version also end up here.
        Err(answer) if !answer.use_stderr() => answer.print().map_err(Failure::from),
        Err(error) => Err(Failure::Usage(options::in_one_line(&error))),
    };
    let (message, code) = match outcome {
        Ok(()) | Err(Failure::PipeClosed) => return ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => (format!("{message} (--help lists all options)"), 2),
        Err(Failure::World(message)) => (message, 1),
    };
    // If this fails, too, there is no way left to report it.
    let _ = writeln!(io::stderr(), "mnist_mlp: {message}");
    ExitCode::from(code)
}

/// Why the program failed.
enum Failure {
    /// Invalid options.
    Usage(String),
    /// A problem with a file, the data or the training.
    World(String),
    /// The reader of the output is gone, as in `mnist_mlp | head`.
    PipeClosed,
}

fn run(options: &Options) -> Result<(), Failure> {
    // Reject whatever can be rejected before the work starts.
    let rule = options.rule().map_err(Failure::Usage)?;
    if options.inspect && matches!(rule.kind(), RuleKind::Joint(_)) {
        let reason = "evaluates the loss several times in a step; choose another --optimizer";
        return Err(Failure::Usage(format!("--inspect: {} {reason}", rule.name())));
    }
    let mut opt = optimizer(rule);
    let rule_text = rules_in_words(&opt);
    let report = Report { json: options.json };
    let save = options.save();
    if !options.eval_only {
        check_writable(&save, options.save.is_none())?;
    }

    let mnist = load_data(&options.data())?;
    let (rows, columns) = mnist.train.size();
    let batches = mnist.train.len().div_ceil(options.batch_size);
    let scheduler = options.scheduler(&mut opt, batches).map_err(Failure::Usage)?;
    let schedule = scheduler.as_ref().map_or("none".to_owned(), |scheduler| scheduler.schedule().to_string());
    set_threads(options.threads);
    let mut rng = downhill::rng(options.seed);
    let mut model = match &options.load {
        Some(path) => network::load(options, path, rows * columns)?,
        None => network::build(options, rows * columns, &mut rng)?,
    };

    let layers: Vec<String> = network::sizes(&model).into_iter().flatten().map(|size| size.to_string()).collect();
    let network = format!("{} {}, {} parameters", layers.join("-"), model.activation, model.num_params());
    let data =
        format!("{} training images, {} test images, {rows} × {columns} pixels", mnist.train.len(), mnist.test.len());
    if options.eval_only {
        report.header(&[("data", data), ("network", network)])?;
        return Ok(report.result(&evaluate(&model, &mnist.test), true)?);
    }
    let training = format!("batches of {}, seed {}", options.batch_size, options.seed);
    let lines =
        [("data", data), ("network", network), ("training", training), ("rule", rule_text), ("schedule", schedule)];
    report.header(&lines)?;

    let health = options.inspect.then(Health::default);
    let matrix = Training { options, opt, scheduler, rng, report: &report, health }.run(&mut model, &mnist)?;
    report.result(&matrix, false)?;
    network::save(&model, &save)?;
    Ok(report.saved(&save)?)
}

/// What training needs besides the model and the data.
struct Training<'a> {
    options: &'a Options,
    opt: Optimizer,
    scheduler: Option<Scheduler>,
    rng: downhill::Generator,
    report: &'a Report,
    /// For `--inspect`.
    health: Option<Health>,
}

impl Training<'_> {
    /// Runs all epochs; returns the confusion matrix after the last.
    fn run(&mut self, model: &mut Mlp, mnist: &Mnist) -> Result<ConfusionMatrix, Failure> {
        let mut matrix = ConfusionMatrix::new(10);
        self.report.table_head()?;
        for epoch in 1..=self.options.epochs {
            let lr = self.opt.lr();
            let start = Instant::now();
            let (loss, train_accuracy) = self.epoch(epoch, model, &mnist.train)?;
            let seconds = start.elapsed().as_secs_f64();
            matrix = evaluate(model, &mnist.test);
            let (test_accuracy, images) = (matrix.accuracy(), mnist.train.len());
            self.report.epoch(&Epoch { epoch, lr, loss, train_accuracy, test_accuracy, seconds, images })?;
            if let Some(health) = &self.health {
                self.report.health(&health.report())?;
            }
        }
        Ok(matrix)
    }

    /// One pass over the images. Returns the mean loss and the accuracy, both measured on each batch before its update.
    fn epoch(&mut self, epoch: u32, model: &mut Mlp, train: &ImageSet) -> Result<(f64, f64), Failure> {
        let (mut loss_sum, mut right_sum) = (0.0, 0.0);
        let batches = train.batches(self.options.batch_size).shuffled(&mut self.rng);
        let count = batches.len();
        let last_epoch = epoch == self.options.epochs;
        let bar = progress_bar(epoch, self.options.epochs, count);
        for (batch, (images, labels)) in (1..).zip(batches) {
            let mut right = 0.0;
            let loss = self.step(model, |model| {
                let logits = model.forward(&images);
                right = accuracy(&logits, &labels);
                cross_entropy(&logits, &labels)
            });
            if !loss.is_finite() {
                bar.finish_and_clear();
                return Err(diverged(epoch, batch, loss, self.opt.lr()));
            }
            loss_sum += f64::from(loss) * labels.len() as f64;
            right_sum += right * labels.len() as f64;
            if self.options.per_batch && !(last_epoch && batch == count) {
                self.advance(f64::from(loss));
            }
            bar.set_message(format!("loss {loss:.4}"));
            bar.inc(1);
        }
        bar.finish_and_clear();
        let (loss, train_accuracy) = (loss_sum / train.len() as f64, right_sum / train.len() as f64);
        if !self.options.per_batch && !last_epoch {
            self.advance(loss);
        }
        Ok((loss, train_accuracy))
    }

    /// One update of the model. Returns the loss before it.
    fn step(&mut self, model: &mut Mlp, mut loss: impl FnMut(&Mlp) -> Tensor) -> f32 {
        let Some(health) = &mut self.health else { return self.opt.step_with(model, loss) };
        let loss = loss(model);
        let value = loss.item();
        health.forward(&loss, model);
        let grads = loss.backward();
        self.opt.step(model, &grads);
        health.update(model, &grads);
        value
    }

    /// Lets the schedule set the next learning rate. Schedules that depend on a metric get the training loss, so that
    /// the test images do not influence the training.
    fn advance(&mut self, loss: f64) {
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.step_with(&mut self.opt, loss);
        }
    }
}

/// An optimizer with this rule. A rule for matrices only (Muon) leaves the biases to AdamW with the same learning rate.
fn optimizer(rule: Box<dyn Rule<f32>>) -> Optimizer {
    if rule.accepts(&[1]).is_ok() {
        return Optimizer::new(rule);
    }
    let for_biases = AdamW { lr: rule.lr(), ..AdamW::default() };
    Optimizer::new(for_biases).with_group("*.weight", rule)
}

/// The rule, and that of the biases if it is a different one.
fn rules_in_words(opt: &Optimizer) -> String {
    match opt.groups() {
        [biases, weights] => format!("{}; biases {}", weights.rule(), biases.rule()),
        groups => groups[0].rule().to_string(),
    }
}

/// The confusion matrix, computed a thousand images at a time to save memory.
fn evaluate(model: &Mlp, images: &ImageSet) -> ConfusionMatrix {
    let mut matrix = ConfusionMatrix::new(10);
    no_grad(|| {
        for (images, labels) in images.batches(1000) {
            matrix.add(&model.forward(&images), &labels);
        }
    });
    matrix
}

fn load_data(directory: &Path) -> Result<Mnist, Failure> {
    let mnist = Mnist::load(directory)?;
    if mnist.train.is_empty() || mnist.test.is_empty() {
        return Err(Failure::World(format!("{}: no images in the training or the test set", directory.display())));
    }
    Ok(mnist)
}

fn diverged(epoch: u32, batch: usize, loss: f32, lr: f64) -> Failure {
    let where_ = format!("epoch {epoch}, batch {batch}");
    Failure::World(format!("training diverged: the loss is {loss} in {where_}; try a smaller --lr than {lr:?}"))
}

/// Checks before training that the model can be saved to `path`. Creates the directory of the default path.
fn check_writable(path: &Path, default: bool) -> Result<(), Failure> {
    if let (true, Some(directory)) = (default, path.parent()) {
        let unwritable = |error| Failure::World(format!("{}: cannot be created: {error}", directory.display()));
        std::fs::create_dir_all(directory).map_err(unwritable)?;
    }
    Ok(state::check_writable(path)?)
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Failure::World(error.to_string())
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Failure::World(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Failure::PipeClosed,
            _ => Failure::World(format!("cannot write to the standard output: {error}")),
        }
    }
}
