//! The gallery: every figure of the lectures, computed by downhill, with a check of what its caption claims.
//!
//! ```sh
//! cargo run --release -p downhill-gallery                 # all figures and index.html, into target/gallery
//! cargo run --release -p downhill-gallery -- momentum     # only those whose name contains "momentum"
//! cargo run --release -p downhill-gallery -- --png        # as PNG, too
//! cargo run --release -p downhill-gallery -- --docs       # also writes the small ones into docs/gallery
//! ```
//!
//! A figure is a type that implements `Exhibit`: its data, a check that panics if they do not show what the caption says, and the
//! drawing. The tests make the same checks. To add a figure, write one, and add its line to the list at the top of its group's
//! file.
#![forbid(unsafe_code)]

mod adaptive;
mod batches;
mod curvature;
mod descent;
mod exhibit;
mod fit;
mod gradients;
mod landscape;
mod momentum;
mod networks;
mod page;
mod schedules;
mod surface;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use exhibit::{Drawing, Entry};

/// The nine groups, in the order of the lectures.
fn groups() -> Vec<(&'static str, Vec<Entry>)> {
    vec![
        ("Numeric and automatic gradients", gradients::entries()),
        ("Batch gradient descent", descent::entries()),
        ("Batch, stochastic and mini-batch", batches::entries()),
        ("Momentum", momentum::entries()),
        ("Adaptive rules", adaptive::entries()),
        ("Schedules", schedules::entries()),
        ("The loss landscape", landscape::entries()),
        ("Second derivatives", curvature::entries()),
        ("Networks", networks::entries()),
    ]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from).join("gallery");
    let docs = root.join("docs/gallery");
    create(&target);
    let begin = Instant::now();
    let groups = groups();
    let mut failed = 0;
    for entry in groups.iter().flat_map(|(_, entries)| entries) {
        if !wanted.is_empty() && !wanted.iter().any(|part| entry.name.contains(part.as_str())) {
            continue;
        }
        let start = Instant::now();
        let (drawing, holds) = (entry.make)();
        failed += usize::from(!holds);
        write(&target.join(format!("{}.svg", entry.name)), drawing.svg().as_bytes());
        if flag("--png") {
            write(&target.join(format!("{}.png", entry.name)), &drawing.figure().png());
        }
        if flag("--docs") && entry.in_docs {
            create(&docs);
            write(&docs.join(format!("{}.svg", entry.name)), drawing.svg().as_bytes());
        }
        let moving = if matches!(drawing, Drawing::Moving(_)) { ", moving" } else { "" };
        let verdict = if holds { "" } else { "  ITS CLAIM DOES NOT HOLD" };
        let seconds = start.elapsed().as_secs_f64();
        println!("{:<24} {seconds:>6.1} s  {:>4} kB{moving}{verdict}", entry.name, drawing.svg().len() / 1000);
    }
    if flag("--docs") {
        create(&docs);
        write(&docs.join("README.md"), page::markdown(&groups).as_bytes());
    }
    write(&target.join("index.html"), page::page(&groups).as_bytes());
    println!("{} after {:.0} s", target.join("index.html").display(), begin.elapsed().as_secs_f64());
    if failed > 0 {
        eprintln!("{failed} figures do not show what their captions say");
        std::process::exit(1);
    }
}

fn create(directory: &Path) {
    if let Err(error) = fs::create_dir_all(directory) {
        fail(directory, &error);
    }
}

fn write(path: &Path, bytes: &[u8]) {
    if let Err(error) = fs::write(path, bytes) {
        fail(path, &error);
    }
}

fn fail(path: &Path, error: &dyn std::error::Error) -> ! {
    eprintln!("{}: {error}", path.display());
    std::process::exit(1);
}
