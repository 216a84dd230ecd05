//! No operation without a sweep: reads the sources of a crate as text.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// An operation as its file declares it.
pub struct Declared {
    /// The source file.
    pub file: PathBuf,
    /// What its `name` may return.
    pub name: String,
}

/// The names that the operations in the sources of this crate may return from `fn name`.
pub fn declared_ops(crate_folder: &Path) -> Vec<Declared> {
    let declared = |file: PathBuf| {
        let names = op_names(&read(&file));
        names.into_iter().map(move |name| Declared { file: file.clone(), name })
    };
    source_files(crate_folder).into_iter().flat_map(declared).collect()
}

/// What this crate lacks, one line each: operations that no sweep in their own file names, operations with fields that
/// report no attributes, operations without a formula, and operations without a `compiled!` line.
pub fn missing(crate_folder: &Path) -> Vec<String> {
    let unswept = declared_ops(crate_folder).into_iter().filter(|op| !swept_names(&read(&op.file)).contains(&op.name));
    let mut missing: Vec<String> = unswept
        .map(|Declared { file, name }| format!("{}: no `sweep::…(\"{name}\", ..)` in its tests", file.display()))
        .collect();
    for file in source_files(crate_folder) {
        let source = read(&file);
        let secretive = secretive_ops(&source);
        missing.extend(secretive.into_iter().map(|op| format!("{}: {op} has fields, no attributes", file.display())));
        let unexplained = implementations(&source).into_iter().filter(|(_, body)| !body.contains("fn formula("));
        missing.extend(unexplained.map(|(op, _)| format!("{}: {op} has no `fn formula`", file.display())));
        let generic = implementations(&source).into_iter().map(|(op, _)| op).filter(|op| !is_compiled(&source, op));
        missing.extend(generic.map(|op| format!("{}: no `compiled!(.. {op})`", file.display())));
    }
    missing
}

/// All source files except those of test modules and sweeps, whose operations exist only for tests.
fn source_files(crate_folder: &Path) -> Vec<PathBuf> {
    let sources = crate_folder.join("src");
    let mut files = files_below(&sources);
    let for_tests =
        |part: &std::ffi::OsStr| ["tests", "tests.rs", "sweep", "sweep.rs"].iter().any(|name| part == *name);
    files.retain(|file| !file.strip_prefix(&sources).expect("below").iter().any(for_tests));
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

/// A source file without its comments, because the examples in them are not operations of the library.
fn read(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The text from the first `{` to the `}` that closes it.
fn braces(text: &str) -> &str {
    let body = &text[text.find('{').unwrap_or(text.len())..];
    let mut depth = 0;
    let end = body.find(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    &body[..end.unwrap_or(body.len())]
}

/// The implementations of operations: the type, and the text between the braces.
fn implementations(source: &str) -> Vec<(&str, &str)> {
    let code = source.split("#[cfg(test)]").next().unwrap_or(source);
    let parts = code.split("\nimpl").skip(1).filter_map(|rest| {
        let (head, _) = rest.split_once('{')?;
        let (of, for_type) = head.rsplit_once(" for ")?;
        let is_op = ["Op<F", "OpMany<F", "Elementwise<F"].iter().any(|of_what| of.contains(&format!(" {of_what}")));
        let name = for_type.trim().split(['<', ' ']).next()?;
        // An adapter has the name of the operation it adapts.
        (is_op && name != "Each").then(|| (name, braces(rest)))
    });
    parts.collect()
}

/// The string literals in the bodies of all `fn name(&self)` of operations.
fn op_names(source: &str) -> BTreeSet<String> {
    let bodies = implementations(source).into_iter().filter_map(|(_, body)| body.split("fn name(&self)").nth(1));
    bodies.flat_map(|rest| braces(rest).split('"').skip(1).step_by(2).map(str::to_owned)).collect()
}

/// The first arguments, if they are literals, of all calls `sweep::something("...", ..)`.
fn swept_names(source: &str) -> BTreeSet<String> {
    let calls = source.split("sweep::").skip(1).filter_map(|rest| {
        let (_, arguments) = rest.split_once('(')?;
        let (name, _) = arguments.trim_start().strip_prefix('"')?.split_once('"')?;
        Some(name.to_owned())
    });
    calls.collect()
}

/// Operations with fields but no `fn attributes`.
fn secretive_ops(source: &str) -> Vec<&str> {
    let has_fields = |op: &str| {
        let declared = source.split(&format!("struct {op}")).nth(1);
        declared.is_some_and(|rest| !rest.trim_start().starts_with(';'))
    };
    let secretive =
        implementations(source).into_iter().filter(|(op, body)| has_fields(op) && !body.contains("fn attributes("));
    secretive.map(|(op, _)| op).collect()
}

/// Whether the operation is compiled in the library, once.
fn is_compiled(source: &str, op: &str) -> bool {
    let ends = [format!("> {op});"), format!("> {op}<F>);"), format!("OpMany {op});")];
    source.lines().any(|line| line.starts_with("compiled!(") && ends.iter().any(|end| line.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_reads() {
        let source = r#"
struct A;
struct B { axis: usize }
struct C(usize);
impl<F: Float> Op<F, 1> for A { fn name(&self) -> &'static str { "a" } fn forward(&self) { "not a name" } }
impl<F: Float> Elementwise<F, 2> for B {
    fn name(&self) -> &'static str {
        match self { B::Min => { "min" } B::Max => "max" }
    }
}
impl<F: Float> OpMany<F> for C {
    fn name(&self) -> &'static str { "c" }
    fn attributes(&self) {}
}
impl Display for A { fn name(&self) -> &'static str { "no operation" } }
#[cfg(test)]
mod tests { fn derivatives() { sweep::unary("a", x); sweep::binary(
            "min", y); let sweep = "max"; } }
    "#;
        assert_eq!(op_names(source), ["a", "c", "max", "min"].map(str::to_owned).into());
        assert_eq!(swept_names(source), ["a", "min"].map(str::to_owned).into());
        assert_eq!(secretive_ops(source), ["B"]);
    }

    #[test]
    fn operations_are_found() {
        let ops = declared_ops(Path::new(env!("CARGO_MANIFEST_DIR")));
        for name in ["add", "embed", "gate", "matmul", "concat", "softmax"] {
            assert!(ops.iter().any(|op| op.name == name), "{name} is not found");
        }
    }
}
