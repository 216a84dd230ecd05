//! The program's output: text for people, or JSON for programs.

use std::io::{self, Write};
use std::path::Path;

use downhill::nn::ConfusionMatrix;
use downhill_inspect::HealthReport;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Writes to standard output, as text or JSON. A closed pipe is an error like any other, not a panic.
pub(crate) struct Report {
    pub(crate) json: bool,
}

/// The results of one epoch.
pub(crate) struct Epoch {
    pub(crate) epoch: u32,
    /// The learning rate at its start.
    pub(crate) lr: f64,
    /// The mean over its batches, each before its update.
    pub(crate) loss: f64,
    /// The training accuracy over its batches, each before its update: this costs nothing, and is a little lower than
    /// the accuracy after the epoch.
    pub(crate) train_accuracy: f64,
    pub(crate) test_accuracy: f64,
    /// For training only.
    pub(crate) seconds: f64,
    /// The number of training images.
    pub(crate) images: usize,
}

impl Report {
    /// What is trained, and how.
    pub(crate) fn header(&self, lines: &[(&str, String)]) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        for (name, value) in lines {
            writeln!(out, "{name:<10} {value}")?;
        }
        writeln!(out)
    }

    pub(crate) fn table_head(&self) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(io::stdout(), "epoch   loss     train      test       seconds   images/s   rate")
    }

    pub(crate) fn epoch(&self, e: &Epoch) -> io::Result<()> {
        let per_second = e.images as f64 / e.seconds;
        if self.json {
            let line = json!({
                "epoch": e.epoch,
                "lr": e.lr,
                "loss": e.loss,
                "train_accuracy": e.train_accuracy,
                "test_accuracy": e.test_accuracy,
                "seconds": e.seconds,
                "images_per_second": per_second,
            });
            return writeln!(io::stdout(), "{line}");
        }
        let (train, test) = (100.0 * e.train_accuracy, 100.0 * e.test_accuracy);
        let (epoch, loss, seconds, lr) = (e.epoch, e.loss, e.seconds, e.lr);
        writeln!(
            io::stdout(),
            "{epoch:>5}   {loss:<6.4}   {train:>6.2} %   {test:>6.2} %   {seconds:>7.2}   {per_second:>8.0}   {lr:.3e}"
        )
    }

    /// What `--inspect` has seen.
    pub(crate) fn health(&self, health: &HealthReport) -> io::Result<()> {
        if self.json {
            return writeln!(io::stdout(), "{}", json!({ "health": health }));
        }
        writeln!(io::stdout(), "\n{health}")
    }

    /// The final results, class by class.
    pub(crate) fn result(&self, matrix: &ConfusionMatrix, eval_only: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if !self.json {
            writeln!(out, "\nTest images by digit (rows) and by the network's prediction (columns)\n")?;
            write!(out, "{matrix}")?;
            return out.flush();
        }
        if eval_only {
            let recall: Vec<f64> = (0..matrix.names.len()).map(|class| matrix.recall(class)).collect();
            writeln!(out, "{}", json!({ "test_accuracy": matrix.accuracy(), "test_accuracy_per_class": recall }))?;
        }
        out.flush()
    }

    /// Where the model was saved, relative to the working directory.
    pub(crate) fn saved(&self, path: &Path) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let here = std::env::current_dir().unwrap_or_default();
        writeln!(io::stdout(), "\nsaved to {}", path.strip_prefix(here).unwrap_or(path).display())
    }
}

/// A progress bar over the batches of an epoch, on standard error; invisible if that is not a terminal.
pub(crate) fn progress_bar(epoch: u32, epochs: u32, batches: usize) -> ProgressBar {
    let bar = ProgressBar::new(batches as u64);
    let style = ProgressStyle::with_template("epoch {prefix} {wide_bar} {pos}/{len} batches, {msg}");
    bar.set_style(style.expect("a valid template"));
    bar.set_prefix(format!("{epoch}/{epochs}"));
    bar
}
