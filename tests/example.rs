//! Finds the repository's examples, builds them if necessary, and runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::SystemTime;

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Runs an example in the repository's root and waits for it to exit.
///
/// # Panics
/// If it cannot be built or started.
pub fn run(name: &str, arguments: &[&str]) -> Output {
    let program = program(name);
    let output = Command::new(&program).args(arguments).current_dir(repository()).output();
    output.unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// An example's executable, built with the same profile as this test. `cargo test --workspace` builds the examples; if
/// they are missing or out of date, they are built now.
///
/// # Panics
/// If it cannot be built.
pub fn program(name: &str) -> PathBuf {
    // target/debug/deps/this_test
    let test = std::env::current_exe().expect("a running program has a path");
    let profile = test.ancestors().nth(2).expect("tests run in the target directory");
    let program = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));

    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    if changed(&program).is_none_or(|built| built < newest(name)) {
        build(name, profile);
    }
    assert!(program.is_file(), "{} was not built", program.display());
    program
}

fn build(name: &str, profile: &Path) {
    let target = profile.parent().expect("a profile has a directory in the target directory");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "downhill", "--example", name, "--target-dir"]).arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.current_dir(repository()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo build --example {name}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The latest modification time of the example's sources and dependencies.
fn newest(name: &str) -> SystemTime {
    let root = repository();
    let example = [format!("examples/{name}.rs"), format!("examples/{name}"), "examples/shared".into(), "src".into()];
    let crates =
        ["kernels", "tensor", "derive", "nn", "optim", "data", "inspect"].map(|name| format!("crates/{name}/src"));
    let times = example.iter().chain(&crates).filter_map(|path| newest_in(&root.join(path)));
    times.max().expect("the example has sources")
}

fn newest_in(path: &Path) -> Option<SystemTime> {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.filter_map(|entry| newest_in(&entry.ok()?.path())).max(),
        Err(_) => changed(path),
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}
