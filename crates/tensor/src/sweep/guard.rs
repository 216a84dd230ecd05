//! No operation without a sweep, and none without values from outside: the files of `ops/` are read as text.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// An operation as its file declares it.
pub(super) struct Declared {
    pub(super) file: PathBuf,
    pub(super) name: String,
}

/// The names that the `fn name` of every operation in `ops/` may return.
pub(super) fn declared_ops() -> &'static [Declared] {
    static OPS: OnceLock<Vec<Declared>> = OnceLock::new();
    OPS.get_or_init(|| {
        let declared = |file: PathBuf| {
            let names = op_names(&read(&file));
            names.into_iter().map(move |name| Declared { file: file.clone(), name })
        };
        op_files().into_iter().flat_map(declared).collect()
    })
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files of `ops/`, `mod.rs` apart.
fn op_files() -> Vec<PathBuf> {
    let mut files = files_below(&source_folder().join("ops"));
    files.retain(|file| !file.ends_with("mod.rs"));
    files
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("a readable entry").path()) {
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// A source file without its comments, whose examples are no operations of the library.
fn read(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The string literals in the bodies of all `fn name(&self)`.
fn op_names(source: &str) -> BTreeSet<String> {
    let bodies = source.split("fn name(&self)").skip(1).map(|rest| {
        let body = &rest[rest.find('{').expect("a body")..];
        let mut depth = 0;
        let end = body.find(|c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0
        });
        &body[..end.expect("a closing brace")]
    });
    bodies.flat_map(|body| body.split('"').skip(1).step_by(2).map(str::to_owned)).collect()
}

/// The first arguments, when they are literals, of all calls `sweep::something("...", ..)`.
fn swept_names(source: &str) -> BTreeSet<String> {
    let calls = source.split("sweep::").skip(1).filter_map(|rest| {
        let (_, arguments) = rest.split_once('(')?;
        let (name, _) = arguments.trim_start().strip_prefix('"')?.split_once('"')?;
        Some(name.to_owned())
    });
    calls.collect()
}

fn file_name(file: &Path) -> String {
    file.file_name().expect("a file").to_string_lossy().into_owned()
}

#[test]
fn every_operation_has_a_sweep_in_its_own_file() {
    let missing = declared_ops().iter().filter(|op| !swept_names(&read(&op.file)).contains(&op.name));
    let missing: Vec<String> = missing
        .map(|Declared { file, name }| format!("{}: no `sweep::…(\"{name}\", ..)` in its tests", file_name(file)))
        .collect();
    assert!(missing.is_empty(), "operations whose derivatives nobody checks:\n{}", missing.join("\n"));
}

/// Whether a test compares values with numbers written down, apart from the derivatives, which a sweep checks.
fn has_values(source: &str) -> bool {
    let tests = source.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests);
    let others = tests.split("#[test]").skip(1).filter(|test| !test.contains("fn derivatives("));
    let compares = ["assert_eq!", "points::exact(", "points::close(", ".all_close("];
    others.into_iter().any(|test| !test.contains("#[should_panic") && compares.iter().any(|call| test.contains(call)))
}

/// A forward pass that is wrong, with a derivative that fits it, passes every sweep.
#[test]
fn every_operation_has_values_from_outside() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/golden/ops.json");
    let golden = std::fs::read_to_string(&golden).unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
    let missing = op_files().into_iter().filter(|file| {
        let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
        // Values of PyTorch under its name, or of the file's own tests. `points` is a tool of those.
        stem != "points" && !golden.contains(&format!("\"op\":\"{stem}\"")) && !has_values(&read(file))
    });
    let missing: Vec<String> = missing.map(|file| file_name(&file)).collect();
    assert!(missing.is_empty(), "only their derivatives are tested, by their own forward passes: {missing:?}");
}

#[test]
fn every_file_is_a_module() {
    let list = read(&source_folder().join("ops/mod.rs"));
    for file in op_files() {
        let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let listed = list.lines().any(|line| line.trim() == format!("mod {stem};"));
        assert!(listed, "ops/{} is not compiled: there is no line `mod {stem};` in ops/mod.rs", file_name(&file));
    }
}

/// Where the tests above would not see it. (`record.rs` names what is no operation.)
#[test]
fn no_operation_is_declared_elsewhere() {
    let source = source_folder();
    let looked_through = ["ops", "sweep", "gradcheck", "record.rs"].map(|name| source.join(name));
    for file in files_below(&source).iter().filter(|file| !looked_through.iter().any(|known| file.starts_with(known))) {
        let names = op_names(&read(file));
        assert!(names.is_empty(), "{} declares {names:?}; an operation belongs in ops/", file.display());
    }
}

#[test]
fn the_reader_reads() {
    let source = r#"
        impl Op for A { fn name(&self) -> &'static str { "a" } fn forward(&self) { "not a name" } }
        impl Op for B {
            fn name(&self) -> &'static str {
                match self { B::Min => { "min" } B::Max => "max" }
            }
        }
        mod tests { fn derivatives() { sweep::unary("a", x); sweep::binary(
            "min", y); let sweep = "max"; } }
    "#;
    assert_eq!(op_names(source), ["a", "max", "min"].map(str::to_owned).into());
    assert_eq!(swept_names(source), ["a", "min"].map(str::to_owned).into());
    let values = "#[cfg(test)] mod tests { #[test] fn values() { points::exact(f, f, &table); } }";
    assert!(has_values(values) && has_values(&values.replace("points::exact(", "assert_eq!(")));
    for none in
        ["fn values() { assert_eq!(1, 1) }", &values.replace("values", "derivatives"), "#[cfg(test)] mod tests {}"]
    {
        assert!(!has_values(none), "{none}");
    }
    let found: Vec<&str> = declared_ops().iter().map(|op| op.name.as_str()).collect();
    assert!(["add", "embed", "gate", "matmul"].iter().all(|name| found.contains(name)), "{found:?}");
}
