//! The larger examples reach what they promise. Their numbers depend on the last digits of matrix products, which differ
//! between processors, so they are not compared line by line as the lessons are.

use std::fs;

use downhill::data::{ImageSet, Mnist};
use downhill_tests::example::{repository, run};

/// What the example prints.
fn output(example: &str) -> String {
    output_with(example, &[])
}

fn output_with(example: &str, options: &[&str]) -> String {
    let output = run(example, options);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{example}: {}\n{errors}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The numbers that follow `start` in the last line that has `N` of them.
fn numbers<const N: usize>(text: &str, start: &str) -> [f64; N] {
    let lines = text.lines().rev().filter_map(|line| line.trim_start().strip_prefix(start));
    let parse = |word: &str| word.parse().ok();
    let mut numbers = lines.map(|line| line.split_whitespace().map_while(parse).collect::<Vec<f64>>());
    let found = numbers.find_map(|numbers| numbers.try_into().ok());
    found.unwrap_or_else(|| panic!("no line {start:?} with {N} numbers in\n{text}"))
}

#[test]
fn physics() {
    let text = output("physics");
    let ([_, _, adam], [_, _, lbfgs]) = (numbers(&text, "Adam"), numbers(&text, "L-BFGS"));
    assert!(adam < 1e-2 && lbfgs <= 1e-4, "{text}");
}

#[test]
fn cart_pole() {
    // At least 475 of 500 steps counts as solved.
    let text = output("cart_pole");
    let [steps] = numbers(&text, "always the more probable action:");
    assert!(steps >= 475.0, "{text}");
}

#[test]
fn adversarial() {
    let text = output("adversarial");
    let [step, _, _, good] = numbers(&text, "");
    assert!(step == 4000.0 && good >= 85.0, "{text}");
    let last = text.lines().find(|line| line.trim_start().starts_with("4000")).expect("the last line of the table");
    assert!(last.ends_with(" 8"), "{text}");
}

#[test]
fn autoencoder() {
    let text = output("autoencoder");
    let [epoch, _, _, nats] = numbers(&text, "");
    assert!(epoch == 8.0 && nats <= 118.0, "{text}");
}

/// The first images of a set, as a pair of IDX files.
fn write_idx(set: &ImageSet, count: u16, directory: &str, name: &str) {
    let [high, low] = count.to_be_bytes();
    let mut images = vec![0, 0, 8, 3, 0, 0, high, low, 0, 0, 0, 28, 0, 0, 0, 28];
    let mut labels = vec![0, 0, 8, 1, 0, 0, high, low];
    for i in 0..usize::from(count) {
        images.extend(set.image(i));
        labels.push(set.label(i) as u8);
    }
    fs::write(format!("{directory}/{name}-images-idx3-ubyte"), images).unwrap();
    fs::write(format!("{directory}/{name}-labels-idx1-ubyte"), labels).unwrap();
}

/// A small part of MNIST is another set; what the whole gives takes minutes, and is at the top of the example.
#[test]
fn lenet() {
    let mnist = Mnist::load(repository().join("data/mnist")).unwrap();
    let directory = format!("{}/lenet", env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(&directory).unwrap();
    write_idx(&mnist.train, 3000, &directory, "train");
    write_idx(&mnist.test, 1000, &directory, "t10k");
    for augment in [&[][..], &["--augment"]] {
        let text = output_with("lenet", &[&["--data", &directory], augment].concat());
        assert!(text.contains("3000 training images, 1000 test images"), "{text}");
        let [epoch, _, accuracy] = numbers(&text, "");
        assert!(epoch == 3.0 && accuracy >= 85.0, "{text}");
    }
}

/// Knowing how frequent the characters are costs 3.3 nats each.
#[test]
fn char_model() {
    for model in ["lstm", "transformer"] {
        let run =
            |options: &[&str]| output_with("char_model", &[&["--model", model, "--length", "50"], options].concat());
        let text = run(&["--steps", "150"]);
        let [step, _, held_out, _] = numbers(&text, "");
        assert!(step == 150.0 && held_out < 2.8, "{text}");
        // The text after the table depends on the seed and on nothing else.
        let written = |seed: &str| run(&["--steps", "1", "--seed", seed]).lines().skip(4).collect::<String>();
        assert_eq!(written("1"), written("1"));
        assert_ne!(written("1"), written("2"));
    }
}
