//! `docs/parity.md` is up to date. After changing a rule, a layer, an option or the golden data, regenerate it:
//! `cargo run --release -p downhill-tests --example parity_table`.

use downhill_tests::example::repository;
use downhill_tests::parity::table;

/// The differences in the last column of a line, and the rest of the line.
fn parts(line: &str) -> (String, Vec<f64>) {
    let Some((front, differences)) = line.strip_suffix(" |").and_then(|line| line.rsplit_once("| ")) else {
        return (line.to_owned(), Vec::new());
    };
    let (mut rest, mut numbers) = (front.to_owned(), Vec::new());
    for difference in differences.split("; ") {
        let (what, number) = difference.rsplit_once(": ").unwrap_or((difference, ""));
        rest += what;
        match number.parse() {
            Ok(number) => numbers.push(number),
            Err(_) => rest += number,
        }
    }
    (rest, numbers)
}

/// Whether two differences are equivalent: the last digits depend on the machine.
fn alike(a: f64, b: f64) -> bool {
    const ROUNDING: f64 = 1e-14;
    a.max(b) <= ROUNDING || a.max(b) <= 30.0 * a.min(b)
}

#[test]
fn the_document_is_the_present_one() {
    let path = repository().join("docs/parity.md");
    let document = std::fs::read_to_string(&path).expect("the document is in the repository");
    let (text, ..) = table::text();
    let stale =
        |what: &str| panic!("docs/parity.md is out of date: {what}; regenerate it with the program `parity_table`");
    let mut lines = document.lines();
    for now in text.lines() {
        let Some(then) = lines.next() else { stale(&format!("it lacks {now:?}")) };
        let ((rest, numbers), (rest_then, numbers_then)) = (parts(now), parts(then));
        if rest != rest_then || !numbers.iter().zip(&numbers_then).all(|(&a, &b)| alike(a, b)) {
            stale(&format!("it says {then:?} instead of {now:?}"));
        }
    }
    if let Some(surplus) = lines.next() {
        stale(&format!("it has the extra line {surplus:?}"));
    }
}

#[test]
fn a_line_is_taken_apart() {
    let (rest, numbers) = parts("| Sgd | lr 0.02 | function: 1e-16; replay, f32: 2e-7; other: differs on purpose |");
    assert_eq!(numbers, [1e-16, 2e-7]);
    assert!(rest.contains("lr 0.02") && rest.contains("replay, f32") && rest.contains("differs on purpose"), "{rest}");
    assert_eq!(parts("A sentence: 3 of it."), ("A sentence: 3 of it.".to_owned(), Vec::new()));
    assert!(alike(0.0, 1e-15) && alike(1e-7, 9e-8) && !alike(1e-7, 1e-5) && !alike(0.0, 1e-6));
}
