//! What the programs of the comparison share, so that they differ in the framework only: the options, MNIST, the
//! generator of weights and order, and the line of JSON. downhill's own program has the same through its public API.

mod memory;
pub mod networks;

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

/// Pixels of an image.
pub const PIXELS: usize = 784;

/// The common command line.
pub struct Options {
    pub config: char,
    pub epochs: usize,
    pub threads: usize,
    /// End a run of F to J after so many steps.
    pub max_steps: usize,
    /// The probability of dropout in I.
    pub dropout: f64,
    pub data: PathBuf,
    /// Flags without a value that only one program knows.
    pub flags: Vec<String>,
}

impl Options {
    /// Reads the command line; ends the program if it is not understood.
    pub fn from_args() -> Self {
        let mut options = Options {
            config: 'A',
            epochs: 1,
            threads: 1,
            max_steps: usize::MAX,
            dropout: 0.2,
            data: PathBuf::from("data/mnist"),
            flags: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().unwrap_or_else(|| fail(&format!("{arg} needs a value")));
            match arg.as_str() {
                "--config" => {
                    options.config = value().to_ascii_uppercase().parse().unwrap_or_else(|_| fail("--config"))
                }
                "--epochs" => options.epochs = value().parse().unwrap_or_else(|_| fail("--epochs")),
                "--threads" => options.threads = value().parse().unwrap_or_else(|_| fail("--threads")),
                "--max-steps" => options.max_steps = value().parse().unwrap_or_else(|_| fail("--max-steps")),
                "--dropout" => options.dropout = value().parse().unwrap_or_else(|_| fail("--dropout")),
                "--data" => options.data = PathBuf::from(value()),
                _ => options.flags.push(arg),
            }
        }
        if !('A'..='J').contains(&options.config) {
            fail(&format!("there is no configuration {}", options.config));
        }
        options
    }

    pub fn flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag == name)
    }

    /// The sizes of the layers of A to E.
    pub fn sizes(&self) -> &'static [usize] {
        match self.config {
            'A' => &[PIXELS, 128, 10],
            'B' | 'E' => &[PIXELS, 512, 512, 10],
            'C' => &[PIXELS, 32, 10],
            _ => &[2, 4, 1],
        }
    }

    pub fn batch(&self) -> usize {
        match self.config {
            'A' | 'F' => 64,
            'B' | 'I' => 128,
            'C' | 'J' => 16,
            'G' | 'H' => 32,
            'E' => 1000,
            _ => 4,
        }
    }

    /// The learning rate: of SGD with momentum 0.9 for A, C and F, of Adam for the others and of AdamW for H.
    pub fn learning_rate(&self) -> f64 {
        match self.config {
            'A' => 0.1,
            'C' | 'F' => 0.05,
            'D' => 1e-2,
            _ => 1e-3,
        }
    }
}

fn fail(message: &str) -> ! {
    eprintln!("error: {message}\nusage: --config A|..|J --epochs N --threads T --max-steps N --data DIR");
    std::process::exit(2)
}

/// The points of XOR, for configuration D.
pub const XOR_X: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
pub const XOR_Y: [f32; 4] = [0.0, 1.0, 1.0, 0.0];
/// Steps in an epoch of D; the clock is read once in a hundred.
pub const XOR_STEPS: usize = 20_000;

/// splitmix64 (Steele, Lea and Flood, 2014).
pub struct SplitMix64(pub u64);

impl SplitMix64 {
    #[expect(clippy::should_implement_trait, reason = "a generator, not an iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `count` numbers from `U(-k, k)` with `k = 1/√fan_in`.
    pub fn uniform(&mut self, count: usize, fan_in: usize) -> Vec<f32> {
        let k = 1.0 / (fan_in as f64).sqrt();
        let unit = |bits: u64| (bits >> 11) as f64 / (1_u64 << 53) as f64;
        (0..count).map(|_| ((2.0 * unit(self.next()) - 1.0) * k) as f32).collect()
    }
}

/// The order of `count` samples in an epoch.
pub fn order(epoch: usize, count: usize) -> Vec<usize> {
    let mut generator = SplitMix64(1000 + epoch as u64);
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        order.swap(i, (generator.next() % (i as u64 + 1)) as usize);
    }
    order
}

/// The initial `(weight [out, in], bias)` of each layer.
pub fn initial_weights(sizes: &[usize]) -> Vec<(Vec<f32>, Vec<f32>)> {
    let mut generator = SplitMix64(1);
    let layer = |pair: &[usize]| {
        let weight = generator.uniform(pair[0] * pair[1], pair[0]);
        (weight, generator.uniform(pair[1], pair[0]))
    };
    sizes.windows(2).map(layer).collect()
}

/// Labelled images, one byte a pixel.
pub struct Images {
    pub pixels: Vec<u8>,
    pub labels: Vec<u8>,
}

impl Images {
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The images at `indices` as `f32` in `[0, 1]`, and their labels.
    pub fn gather(&self, indices: &[usize]) -> (Vec<f32>, Vec<u8>) {
        let mut values = Vec::with_capacity(indices.len() * PIXELS);
        for &index in indices {
            let image = &self.pixels[index * PIXELS..(index + 1) * PIXELS];
            values.extend(image.iter().map(|&byte| f32::from(byte) / 255.0));
        }
        (values, indices.iter().map(|&index| self.labels[index]).collect())
    }
}

/// The training set and the test set.
pub struct Mnist {
    pub train: Images,
    pub test: Images,
}

impl Mnist {
    pub fn load(directory: &Path) -> Self {
        let set = |name: &str| Images {
            pixels: read(directory, &format!("{name}-images-idx3-ubyte"), 16),
            labels: read(directory, &format!("{name}-labels-idx1-ubyte"), 8),
        };
        let mnist = Mnist { train: set("train"), test: set("t10k") };
        assert_eq!(mnist.train.pixels.len(), 60_000 * PIXELS);
        assert_eq!(mnist.test.pixels.len(), 10_000 * PIXELS);
        mnist
    }
}

/// An IDX file without its header, raw or gzip.
fn read(directory: &Path, name: &str, header: usize) -> Vec<u8> {
    let (raw, zipped) = (directory.join(name), directory.join(format!("{name}.gz")));
    let open = |path: &Path| File::open(path).unwrap_or_else(|error| fail(&format!("{}: {error}", path.display())));
    // The size is known to a byte or so; doubling a vector would cost memory that is then reported as the peak.
    let mut bytes = Vec::with_capacity(if name.contains("train-images") { 60_000 * PIXELS + 64 } else { 1 << 14 });
    let mut file: Box<dyn Read> =
        if raw.exists() { Box::new(open(&raw)) } else { Box::new(GzDecoder::new(open(&zipped))) };
    let mut skipped = [0; 16];
    file.read_exact(&mut skipped[..header]).unwrap_or_else(|error| fail(&format!("{name}: {error}")));
    file.read_to_end(&mut bytes).unwrap_or_else(|error| fail(&format!("{name}: {error}")));
    bytes
}

/// What a program measured.
#[derive(Default)]
pub struct Measured {
    /// Seconds of each step.
    pub steps: Vec<f64>,
    pub seconds_per_epoch: f64,
    pub train_loss: f64,
    pub test_accuracy: Option<f64>,
    /// Seconds of each one-row pass of configuration E.
    pub singles: Vec<f64>,
    /// What the steps of F to J needed beside model and data, in MB.
    pub step_mb: Option<f64>,
}

impl Measured {
    /// Prints the line of JSON.
    pub fn print(mut self, framework: &str, version: &str, options: &Options) {
        let first_100 = self.median_of(0..100);
        let (from_5000, from_10_000) = (self.median_of(5000..5100), self.median_of(10_000..10_100));
        let quantile = |values: &mut [f64], q: f64| {
            values.sort_by(f64::total_cmp);
            values[((values.len() - 1) as f64 * q) as usize] * 1e6
        };
        let json = serde_json::json!({
            "framework": framework,
            "version": version,
            "config": options.config.to_string(),
            "threads": options.threads,
            "seconds_per_epoch": self.seconds_per_epoch,
            "median_us": quantile(&mut self.steps, 0.5),
            "p10_us": quantile(&mut self.steps, 0.1),
            "steps_1_to_100_us": first_100,
            "steps_5001_to_5100_us": from_5000,
            "steps_10001_to_10100_us": from_10_000,
            "single_us": (!self.singles.is_empty()).then(|| quantile(&mut self.singles, 0.5)),
            "train_loss": self.train_loss,
            "test_accuracy": self.test_accuracy,
            "step_mb": self.step_mb,
            "peak_mb": memory::status_mb("VmHWM:"),
        });
        println!("{json}");
    }

    /// In microseconds; `None` if there were not so many steps.
    fn median_of(&self, steps: Range<usize>) -> Option<f64> {
        let mut steps = self.steps.get(steps)?.to_vec();
        steps.sort_by(f64::total_cmp);
        Some(steps[steps.len() / 2] * 1e6)
    }
}

/// Says so on the error output if a program that is to be compiled for the machine was not, which happens where Cargo
/// does not see the program's `.cargo/config.toml`.
pub fn warn_unless_native(native: bool) {
    if !native {
        eprintln!("warning: not compiled for this machine; see benchmarks/README.md");
    }
}

/// Has the C library keep the memory that is freed, instead of giving large blocks back to the system at every step and
/// fetching them again page by page. One call that a user who looks at a profile would make: it halves the time of a
/// step of B where a framework allocates each result. `--system-malloc` leaves it out.
pub fn keep_freed_memory(options: &Options) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if !options.flag("--system-malloc") {
        const M_TRIM_THRESHOLD: i32 = -1;
        const M_MMAP_THRESHOLD: i32 = -3;
        unsafe extern "C" {
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        // SAFETY: a setting of the allocator, of which no size is negative.
        unsafe {
            mallopt(M_MMAP_THRESHOLD, 32 << 20);
            mallopt(M_TRIM_THRESHOLD, i32::MAX);
        }
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = options;
}
