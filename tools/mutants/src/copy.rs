//! The copy of the repository in which faults are planted.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Candidate;
use crate::plant::planted;

/// The files that git tracks.
pub fn files(repository: &Path) -> Vec<String> {
    let output = Command::new("git").args(["ls-files"]).current_dir(repository).output().expect("git");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}

/// Writes only the files that differ, so that little is recompiled.
pub fn write(repository: &Path, copy: &Path, files: &[String], faults: &[Candidate]) {
    let numbered: Vec<(usize, &Candidate)> = faults.iter().enumerate().map(|(i, fault)| (i + 1, fault)).collect();
    for file in files {
        let Ok(original) = fs::read(repository.join(file)) else { continue };
        let here: Vec<(usize, &Candidate)> =
            numbered.iter().copied().filter(|(_, fault)| fault.file == *file).collect();
        let mut content = original;
        if !here.is_empty() {
            content = planted(std::str::from_utf8(&content).expect("UTF-8"), &here).into_bytes();
        }
        if file.starts_with("crates/") && file.ends_with("Cargo.toml") && !file.contains("derive") {
            let text = String::from_utf8(content).expect("UTF-8");
            let switch = repository.canonicalize().expect("a folder").join("tools/mutants/switch");
            let dependency = format!("[dependencies]\nmutant-switch = {{ path = {switch:?} }}\n");
            content = text.replacen("[dependencies]\n", &dependency, 1).into_bytes();
        }
        // Planted code violates lints, which must not stop the build.
        if file.starts_with("crates/") && file.ends_with("src/lib.rs") {
            content = [b"#![allow(warnings)]\n".to_vec(), content].concat();
        }
        let target = copy.join(file);
        if fs::read(&target).is_ok_and(|there| there == content) {
            continue;
        }
        fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        fs::write(target, content).expect("a file");
    }
}
