//! The larger examples reach what they promise. Their numbers depend on the last digits of matrix products, which differ
//! between processors, so they are not compared line by line as the lessons are.

use downhill_tests::example::run;

/// What the example prints.
fn output(example: &str) -> String {
    let output = run(example, &[]);
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
