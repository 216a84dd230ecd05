//! Runs the program on a small data set of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use downhill_tests::example::program;
use serde_json::Value;

/// A temporary directory with tiny images in MNIST's four files. Images of class `d` have pixel `d` of 16 lit.
pub(crate) struct Fixture(pub(crate) PathBuf);

impl Fixture {
    pub(crate) fn new(test: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("downhill-cli-{test}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let fixture = Fixture(directory);
        fixture.write_set("train", 200);
        fixture.write_set("t10k", 50);
        fixture
    }

    pub(crate) fn write_set(&self, name: &str, count: u8) {
        let label = |i: u8| i % 10 * 7 % 10;
        let pixel = |i: u8, k: u8| if k == label(i) { 200 } else { (i ^ k.wrapping_mul(37)) % 64 };
        let mut images = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 4, 0, 0, 0, 4];
        images.extend((0..count).flat_map(|i| (0..16).map(move |k| pixel(i, k))));
        let mut labels = vec![0, 0, 8, 1, 0, 0, 0, count];
        labels.extend((0..count).map(label));
        fs::write(self.path(&format!("{name}-images-idx3-ubyte")), images).unwrap();
        fs::write(self.path(&format!("{name}-labels-idx1-ubyte")), labels).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn model(&self) -> String {
        self.path("model.bin").display().to_string()
    }

    /// Runs the program on these images with these options, saving to `model.bin` in the directory unless they say
    /// otherwise.
    pub(crate) fn run(&self, options: &[&str]) -> Output {
        let mut command = Command::new(program("mnist_mlp"));
        command.arg("--data").arg(&self.0).args(options).current_dir(&self.0);
        if !options.iter().any(|option| ["--save", "--eval-only"].contains(option)) {
            command.args(["--save", &self.model()]);
        }
        command.output().unwrap()
    }

    /// The output lines of a run with `--json`, which must succeed.
    pub(crate) fn json(&self, options: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["--json"], options].concat());
        assert!(output.status.success() && output.stderr.is_empty(), "{options:?}: {}", stderr(&output));
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A run that must fail with this exit code and one line that contains these words.
    pub(crate) fn fails(&self, options: &[&str], code: i32, words: &[&str]) {
        assert_failure(&self.run(options), code, words, &format!("{options:?}"));
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn assert_failure(output: &Output, code: i32, words: &[&str], what: &str) {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{what}: {message}");
    assert_eq!(message.lines().count(), 1, "{what}: {message}");
    assert!(message.starts_with("mnist_mlp: ") && !message.contains("panicked"), "{what}: {message}");
    for word in words {
        assert!(message.contains(word), "{what}: {message} does not contain {word}");
    }
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
