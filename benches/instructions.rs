//! The number of instructions that a training step of the networks A, C and D of `benchmarks/README.md` executes,
//! including the loading of its mini-batch, compared with `instructions.txt`. Unlike a time, other programs on the
//! machine do not change it.
//!
//!     cargo bench -p downhill-benches --bench instructions              # fails if a count has changed by more than 3 %
//!     cargo bench -p downhill-benches --bench instructions -- --update  # writes the current counts to the file
//!
//! Needs valgrind, and fails without it rather than pass unchecked. Valgrind's virtual machine has AVX2 but not
//! AVX-512, so the AVX2 code is counted.

use std::process::{Command, ExitCode};
use std::{env, fs};

use downhill::prelude::*;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

const NETWORKS: [&str; 3] = ["A", "C", "D"];
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
const ALLOWED_DRIFT: f64 = 0.03;
/// Counts the program with this many steps and with twice as many; the difference leaves out everything outside the
/// steps.
const STEPS: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["train", network, steps] => {
            train(network, steps.parse().expect("a number of steps"));
            Ok(())
        }
        ["--bench"] => compare(),
        ["--update", "--bench"] => update(),
        // `cargo test --benches` runs the program without arguments.
        [] => {
            NETWORKS.iter().for_each(|network| train(network, 1));
            Ok(())
        }
        _ => Err(format!("unknown arguments {arguments:?}; the only option is `--update`")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), String> {
    let text = fs::read_to_string(BASELINE).map_err(|error| format!("{BASELINE}: {error}"))?;
    let mut drifted = Vec::new();
    println!("network   instructions per step      before    drift");
    for network in NETWORKS {
        let before = text.lines().find_map(|line| line.strip_prefix(network)?.trim().parse::<f64>().ok());
        let before = before.ok_or_else(|| format!("{BASELINE}: no number for network {network}"))?;
        let now = instructions_per_step(network)?;
        let drift = now / before - 1.0;
        println!("{network:<7} {now:>23} {before:>11} {:>+7.2}%", drift * 100.0);
        if drift.abs() > ALLOWED_DRIFT {
            drifted.push(network);
        }
    }
    if drifted.is_empty() {
        return Ok(());
    }
    Err(format!("{} changed by more than 3 %; if that is intended, run this with `-- --update`", drifted.join(", ")))
}

fn update() -> Result<(), String> {
    let mut text = String::new();
    for network in NETWORKS {
        text += &format!("{network} {}\n", instructions_per_step(network)?);
    }
    print!("{text}");
    fs::write(BASELINE, text).map_err(|error| format!("{BASELINE}: {error}"))
}

fn instructions_per_step(network: &str) -> Result<f64, String> {
    let (few, many) = (instructions(network, STEPS)?, instructions(network, 2 * STEPS)?);
    Ok(((many - few) / STEPS as f64).round())
}

/// The number of instructions that this program executes when it trains for `steps` steps.
fn instructions(network: &str, steps: usize) -> Result<f64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["train", network, &steps.to_string()])
        .output()
        .map_err(|error| format!("cannot run valgrind: {error}; install it to count instructions"))?;
    let report = String::from_utf8_lossy(&valgrind.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    collected.ok_or_else(|| format!("valgrind's output has no instruction count:\n{report}"))
}

fn train(network: &str, steps: usize) {
    match network {
        "A" => classifier(&[784, 128, 10], 64, Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() }, steps),
        "C" => classifier(&[784, 32, 10], 16, Sgd { lr: 0.05, momentum: 0.9, ..Sgd::default() }, steps),
        "D" => tiny(steps),
        _ => panic!("there is no network {network}"),
    }
}

fn classifier(sizes: &[usize], batch: usize, rule: impl Into<Box<dyn Rule<f32>>>, steps: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut model = Mlp::new(sizes, Relu, &mut rng);
    let images = 2 * STEPS * batch;
    let pixels = (0..images * 784).map(|i| (i * 7919 % 256) as u8).collect();
    let set = ImageSet::new(pixels, (28, 28), (0..images).map(|i| (i % 10) as u8).collect());
    let mut opt = Optimizer::new(rule);
    for (images, labels) in set.batches(batch).take(steps) {
        let loss = cross_entropy(&model.forward(&images), &labels);
        opt.step(&mut model, &loss.backward());
    }
}

fn tiny(steps: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let x = Tensor::from([[0.0_f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let y = Tensor::from([[0.0_f32], [1.0], [1.0], [0.0]]);
    let mut model = (Linear::new(2, 4, &mut rng), Linear::new(4, 1, &mut rng));
    let mut opt = Optimizer::new(Adam { lr: 1e-2, ..Adam::default() });
    for _ in 0..steps {
        let loss = mse(&model.1.forward(&model.0.forward(&x).tanh()), &y);
        opt.step(&mut model, &loss.backward());
    }
}
