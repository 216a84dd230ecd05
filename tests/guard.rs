//! No operation without its tests, in any crate. The guard reads the sources as text.

use std::fs;
use std::path::{Path, PathBuf};

use downhill_tensor::sweep::guard::{declared_ops, missing};

fn crates() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut crates: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    crates.sort();
    crates
}

/// And none with fields that are missing from its `attributes`.
#[test]
fn every_operation_has_a_sweep_in_its_own_file() {
    let missing: Vec<String> = crates().iter().flat_map(|folder| missing(folder)).collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_crate_is_read() {
    for (name, op) in [("tensor", "matmul"), ("nn", "cross_entropy_slope")] {
        let ops = declared_ops(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name));
        assert!(ops.iter().any(|declared| declared.name == op), "{op} in {name} was not found");
    }
}

fn read(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The files in `ops/` except `mod.rs`, each with the name of its module.
fn op_files() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/tensor/src/ops");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = files.map(|file| (file.file_stem().expect("a name").to_string_lossy().into_owned(), file));
    named.filter(|(stem, _)| stem != "mod").collect()
}

/// Whether some test, other than the sweep of the derivatives, compares values with constants.
fn has_values(source: &str) -> bool {
    let tests = source.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests);
    let others = tests.split("#[test]").skip(1).filter(|test| !test.contains("fn derivatives("));
    let compares = ["assert_eq!", "points::exact(", "points::close(", ".all_close("];
    others.into_iter().any(|test| !test.contains("#[should_panic") && compares.iter().any(|call| test.contains(call)))
}

/// A wrong forward pass with a matching derivative passes every sweep.
#[test]
fn every_operation_has_values_from_outside() {
    let golden = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/golden/ops.json"));
    let without = op_files().into_iter().filter(|(stem, file)| {
        // Values from PyTorch under its name, or from the file's own tests. `points` is a helper for those.
        stem != "points" && !golden.contains(&format!("\"op\":\"{stem}\"")) && !has_values(&read(file))
    });
    let without: Vec<String> = without.map(|(stem, _)| stem).collect();
    assert!(without.is_empty(), "only their derivatives are tested, against their own forward passes: {without:?}");
}

#[test]
fn every_file_is_a_module() {
    let list = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/tensor/src/ops/mod.rs"));
    for (stem, _) in op_files() {
        let listed = list.lines().any(|line| line.trim() == format!("mod {stem};"));
        assert!(listed, "ops/{stem}.rs is not compiled: there is no line `mod {stem};` in ops/mod.rs");
    }
}

#[test]
fn the_reader_reads() {
    let values = "#[cfg(test)] mod tests { #[test] fn values() { points::exact(f, f, &table); } }";
    assert!(has_values(values) && has_values(&values.replace("points::exact(", "assert_eq!(")));
    for none in
        ["fn values() { assert_eq!(1, 1) }", &values.replace("values", "derivatives"), "#[cfg(test)] mod tests {}"]
    {
        assert!(!has_values(none), "{none}");
    }
}
