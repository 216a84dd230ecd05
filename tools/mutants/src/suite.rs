//! Builds the tests of the copy, and runs them once for every fault.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Candidate;

/// A test program that takes longer is considered to hang because of the fault.
const PATIENCE: Duration = Duration::from_secs(180);

/// A test program, with the working directory that its tests expect.
pub struct Binary {
    name: String,
    path: PathBuf,
    folder: PathBuf,
}

/// Compiles all tests and returns the test programs, or the locations of the compile errors.
pub fn build(copy: &Path) -> Result<Vec<Binary>, Vec<(String, usize)>> {
    let output = Command::new("cargo")
        .args(["test", "--workspace", "--no-run", "--message-format=json"])
        .current_dir(copy)
        .stderr(Stdio::null())
        .output()
        .expect("cargo");
    let (mut binaries, mut errors) = (Vec::new(), Vec::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if message["message"]["level"] == "error" {
            for span in message["message"]["spans"].as_array().into_iter().flatten() {
                let (file, line) = (span["file_name"].as_str(), span["line_start"].as_u64());
                if let (Some(file), Some(line)) = (file, line) {
                    // One line was inserted at the top of each library.
                    let shift = usize::from(file.ends_with("src/lib.rs"));
                    errors.push((file.to_owned(), line as usize - shift));
                }
            }
        }
        if let (Some(path), Some(true)) = (message["executable"].as_str(), message["profile"]["test"].as_bool()) {
            let manifest = PathBuf::from(message["manifest_path"].as_str().expect("a path"));
            let name = message["target"]["name"].as_str().expect("a name").to_owned();
            let folder = manifest.parent().expect("a folder").to_owned();
            binaries.push(Binary { name, path: path.into(), folder });
        }
    }
    if !output.status.success() {
        return Err(errors);
    }
    // The tests of the derive macro run none of the planted code.
    binaries.retain(|binary| !["derive_errors", "downhill_derive"].contains(&binary.name.as_str()));
    // The slow programs come last.
    let slow = ["lessons", "mnist_mlp_cli", "mnist", "deep_graphs", "memory", "papers", "threads"];
    binaries.sort_by_key(|binary| slow.iter().position(|name| *name == binary.name).map_or(0, |at| slow.len() - at));
    Ok(binaries)
}

/// Runs the tests without a fault, then with each fault, and prints which test program detected it, or that none did.
pub fn run(copy: &Path, faults: &[Candidate], binaries: &[Binary]) {
    let unwell: Vec<&str> =
        binaries.iter().filter(|binary| !passes(binary, 0)).map(|binary| binary.name.as_str()).collect();
    assert!(unwell.is_empty(), "these tests fail without a fault: {unwell:?}");
    assert!(doctests_pass(copy, 0), "the doctests fail without a fault");
    let mut missed = 0;
    for (i, fault) in faults.iter().enumerate() {
        let number = i + 1;
        let found = binaries.iter().find(|binary| !passes(binary, number)).map(|binary| binary.name.as_str());
        let found = found.or_else(|| (!doctests_pass(copy, number)).then_some("doctests"));
        missed += usize::from(found.is_none());
        println!("{number} {}:{} {}: {}", fault.file, fault.line, change(fault), found.unwrap_or("MISSED"));
    }
    let found = faults.len() - missed;
    println!("{found} of {} found ({:.1} %)", faults.len(), 100.0 * found as f64 / faults.len() as f64);
}

fn passes(binary: &Binary, number: usize) -> bool {
    let mut command = Command::new(&binary.path);
    command.current_dir(&binary.folder).env("MUTANT", number.to_string()).env("CARGO_MANIFEST_DIR", &binary.folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("a test program");
    let start = Instant::now();
    loop {
        match child.try_wait().expect("a child") {
            Some(status) => return status.success(),
            None if start.elapsed() > PATIENCE => {
                _ = child.kill();
                _ = child.wait();
                return false;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn doctests_pass(copy: &Path, number: usize) -> bool {
    let mut command = Command::new("cargo");
    let packages = ["-p", "downhill-tensor", "-p", "downhill-nn", "-p", "downhill-optim"];
    command.args(["test", "--doc", "--quiet"]).args(packages).current_dir(copy).env("MUTANT", number.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("cargo").success()
}

/// Whether the output of an earlier run says that no test detected this change of this file, on whatever line it was.
pub fn is_missed(fault: &Candidate, log: &str) -> bool {
    let (file, rest) = (format!(" {}:", fault.file), format!(" {}: MISSED", change(fault)));
    log.lines().any(|line| line.contains(&file) && line.ends_with(&rest))
}

fn change(fault: &Candidate) -> String {
    format!("`{}` -> `{}`", one_line(&fault.original), one_line(&fault.mutated))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
