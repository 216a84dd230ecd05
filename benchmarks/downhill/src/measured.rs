//! What a run has measured, and the line of JSON.

use crate::Options;

#[derive(Default)]
pub(crate) struct Measured {
    /// Seconds of each step.
    pub(crate) steps: Vec<f64>,
    /// How many steps each of these stands for, as a mean.
    pub(crate) times: usize,
    pub(crate) seconds_per_epoch: f64,
    pub(crate) train_loss: f64,
    pub(crate) test_accuracy: Option<f64>,
    /// The one-row pass of configuration E.
    pub(crate) single: Option<f64>,
    /// What the steps needed beside model and data, in MB.
    pub(crate) step_mb: Option<f64>,
}

impl Measured {
    pub(crate) fn json(mut self, options: &Options) -> serde_json::Value {
        // Subnormal numbers, leaks and fragmentation would make late steps slower than early ones.
        let first_100 = self.median_of(0..100);
        let (from_5000, from_10_000) = (self.median_of(5000..5100), self.median_of(10_000..10_100));
        let over_the_run: Vec<_> =
            (0..self.steps.len() / 500).filter_map(|i| self.median_of(500 * i..500 * (i + 1))).collect();
        let steps = self.steps.len() * self.times;
        self.steps.sort_by(f64::total_cmp);
        let quantile = |q: f64| self.steps[((self.steps.len() - 1) as f64 * q) as usize] * 1e6;
        serde_json::json!({
            "framework": "downhill",
            "version": env!("CARGO_PKG_VERSION"),
            "config": options.config.to_string(),
            "threads": options.threads,
            "seconds_per_epoch": self.seconds_per_epoch,
            "median_us": quantile(0.5),
            "p10_us": quantile(0.1),
            "steps_1_to_100_us": first_100,
            "steps_5001_to_5100_us": from_5000,
            "steps_10001_to_10100_us": from_10_000,
            "medians_of_500_us": over_the_run,
            "steps": steps,
            "single_us": self.single,
            "train_loss": self.train_loss,
            "test_accuracy": self.test_accuracy,
            "peak_mb": status_mb("VmHWM:"),
            "step_mb": self.step_mb,
        })
    }

    /// In microseconds; `None` if there were not so many steps.
    fn median_of(&self, steps: std::ops::Range<usize>) -> Option<f64> {
        let mut steps = self.steps.get(steps).filter(|_| self.times == 1)?.to_vec();
        steps.sort_by(f64::total_cmp);
        Some(steps[steps.len() / 2] * 1e6)
    }
}

/// The memory that is in use when the first step of F to J begins. The system's record of the peak starts again here.
pub(crate) struct MemoryBefore(Option<[f64; 2]>);

impl MemoryBefore {
    pub(crate) fn steps(options: &Options) -> Self {
        if options.config.to_ascii_uppercase() < 'F' {
            return MemoryBefore(None);
        }
        let reset = std::fs::write("/proc/self/clear_refs", "5").ok();
        MemoryBefore(reset.and_then(|()| Some([status_mb("VmRSS:")?, status_mb("RssFile:")?])))
    }

    /// By how much the peak has exceeded it, without the program's own code, which is read from its file when it first
    /// runs.
    pub(crate) fn exceeded_by(&self) -> Option<f64> {
        let [all, code] = self.0?;
        Some(status_mb("VmHWM:")? - all - (status_mb("RssFile:")? - code))
    }
}

fn status_mb(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb / 1024.0)
}
