//! Mutation testing of downhill: are there faults that no test detects?
//!
//! ```sh
//! cargo run --release --manifest-path tools/mutants/Cargo.toml -- --count 300 --seed 1 --copy /tmp/mutants
//! ```
//!
//! Small faults (`+` for `-`, `<` for `<=`, a condition that is always true, a statement removed, ...) are drawn at
//! random from the sources below and planted in a copy of the repository, all at once, each behind a switch that an
//! environment variable turns on. So the copy is compiled once, and the tests run once for every fault.
//!
//! `--again LOG` plants the faults that an earlier run printed as missed, even if their lines have moved.

mod candidates;
mod copy;
mod plant;
mod suite;

use std::collections::BTreeSet;
use std::path::PathBuf;

/// The code under test: values, derivatives, updates, schedules, saving and loading.
const SOURCES: &[&str] = &[
    "crates/tensor/src/ops/",
    "crates/tensor/src/backward.rs",
    "crates/tensor/src/pending.rs",
    "crates/tensor/src/grad.rs",
    "crates/tensor/src/gradients.rs",
    "crates/tensor/src/record.rs",
    "crates/tensor/src/in_place.rs",
    "crates/tensor/src/params",
    "crates/nn/src/losses/",
    "crates/nn/src/state/",
    "crates/optim/src/rules/",
    "crates/optim/src/schedules/",
    "crates/optim/src/optimizer",
    "crates/optim/src/scheduler.rs",
];

/// A fault that can be planted.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub file: String,
    pub line: usize,
    /// The byte range in the file that it replaces.
    pub range: std::ops::Range<usize>,
    pub original: String,
    pub mutated: String,
    /// Whether it removes a statement rather than change an expression.
    pub statement: bool,
}

fn main() {
    let option = |name: &str, default: &str| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
        arguments.next().unwrap_or_else(|| default.to_owned())
    };
    let number =
        |name: &str, default: &str| option(name, default).parse::<u64>().expect("`--count` and `--seed` take a number");
    let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let copy = PathBuf::from(option("--copy", "target/mutants"));
    let files = copy::files(&repository);
    let sources: Vec<&String> =
        files.iter().filter(|file| SOURCES.iter().any(|start| file.starts_with(start))).collect();
    let all: Vec<Candidate> = sources.iter().flat_map(|file| candidates::of_file(&repository, file)).collect();
    println!("{} possible faults in {} files", all.len(), sources.len());

    let missed = match option("--again", "").as_str() {
        "" => None,
        log => Some(std::fs::read_to_string(log).expect("cannot read the log of the earlier run")),
    };
    let again = |candidate: &Candidate| missed.as_ref().is_none_or(|log| suite::is_missed(candidate, log));
    let all: Vec<Candidate> = all.into_iter().filter(again).collect();

    // Faults that do not compile are discarded, and others are drawn instead.
    let mut refused = BTreeSet::new();
    let (faults, binaries) = loop {
        let faults = plant::draw(&all, &refused, number("--count", "300") as usize, number("--seed", "1"));
        copy::write(&repository, &copy, &files, &faults);
        match suite::build(&copy) {
            Ok(binaries) => break (faults, binaries),
            Err(errors) => {
                let before = refused.len();
                for (file, line) in &errors {
                    let at = faults.iter().filter(|fault| fault.file == *file && plant::spans(fault, *line));
                    refused.extend(at.map(|fault| (fault.file.clone(), fault.range.start)));
                }
                println!("{} do not compile", refused.len() - before);
                assert!(refused.len() > before, "the copy does not compile without these faults: {errors:?}");
            }
        }
    };
    suite::run(&copy, &faults, &binaries);
}
