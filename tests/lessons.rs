//! Every lesson prints what the comment at its top says.
//!
//! Times are not compared, and a number may be off by one in its last digit, as processors round differently. Numbers
//! below a millionth are rounding errors in a difference of equal values, and match any other such number.

use std::fs;

use downhill_tests::example::{repository, run};

/// The allowed difference, in units of the last printed digit.
const ROUNDING: f64 = 1.0;

fn check(lesson: &str, slack: f64) {
    let output = run(lesson, &[]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{lesson}: {}\n{errors}", output.status);
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let promised = promised(lesson);
    assert_eq!(printed.lines().count(), promised.len(), "{lesson} prints a different number of lines:\n{printed}");
    for (printed, promised) in printed.lines().zip(&promised) {
        assert!(same_line(printed, promised, slack), "{lesson} prints\n{printed}\ninstead of\n{promised}");
        assert!(printed.chars().count() <= 100, "{lesson}: longer than 100 columns:\n{printed}");
    }
}

/// The block after "Expected output" in the comment at the top of the lesson.
fn promised(lesson: &str) -> Vec<String> {
    let source = fs::read_to_string(repository().join(format!("examples/{lesson}.rs"))).expect("a lesson");
    let comment = source.lines().map_while(|line| line.strip_prefix("//!"));
    let mut block = comment.skip_while(|line| !line.contains("Expected output")).skip_while(|line| *line != " ```text");
    block.next().expect("a block of expected output");
    let lines = block.take_while(|line| *line != " ```");
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()).collect()
}

fn same_line(printed: &str, promised: &str, slack: f64) -> bool {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (words(printed), words(promised));
    printed.trim_end() == promised || (a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same_word(a, b, slack)))
}

fn same_word(printed: &str, promised: &str, slack: f64) -> bool {
    let bare = |word: &str| word.trim_matches(['(', ')', '[', ']', ',', ';', ':', '%']).to_owned();
    let (a, b) = (bare(printed), bare(promised));
    if printed == promised || (is_time(&a) && is_time(&b)) {
        return true;
    }
    let (Ok(x), Ok(y)) = (a.parse::<f64>(), b.parse::<f64>()) else { return false };
    (x - y).abs() <= 1.001 * slack * last_digit(&b) || (x.abs() < 1e-6 && y.abs() < 1e-6)
}

fn is_time(word: &str) -> bool {
    let number = word.trim_end_matches(char::is_alphabetic);
    ["ns", "µs", "ms", "s"].contains(&&word[number.len()..]) && number.parse::<f64>().is_ok()
}

/// One unit in the last digit of a number: 0.01 for `-1.25`, 1e-5 for `3.2e-4`, 1 for `12`.
fn last_digit(number: &str) -> f64 {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len()) as i32;
    10.0_f64.powi(exponent.parse::<i32>().unwrap_or(0) - decimals)
}

#[test]
fn the_comparison_sees_differences() {
    assert_eq!(last_digit("-1.25"), 0.01);
    assert!((last_digit("3.2e-4") - 1e-5).abs() < 1e-20);
    for (printed, promised) in [
        ("x 1.25  12.5ms", "x 1.24  1.0µs"),
        ("(0.500, 3e-12)", "(0.501, -2.1e-9)"),
        ("98.15 %", "98.15 %"),
        ("a  ", "a"),
    ] {
        assert!(same_line(printed, promised, ROUNDING), "{printed}, {promised}");
    }
    for (printed, promised) in
        [("1.25", "1.23"), ("1.25 a", "1.25 b"), ("1.25 a", "1.25"), ("1ms", "1 ms"), ("2e-6", "3e-8"), ("NaN", "0.5")]
    {
        assert!(!same_line(printed, promised, ROUNDING), "{printed}, {promised}");
    }
}

macro_rules! lessons {
    ($($lesson:ident $slack:expr;)*) => {
        $(
            #[test]
            fn $lesson() {
                check(stringify!($lesson), $slack);
            }
        )*

        #[test]
        fn every_lesson_is_checked() {
            let here = [$(stringify!($lesson)),*];
            let files = fs::read_dir(repository().join("examples")).expect("examples");
            let names = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
            let mut lessons: Vec<String> = names.filter(|name| name.starts_with("lesson_")).collect();
            lessons.sort();
            assert_eq!(lessons, here.map(|name| format!("{name}.rs")));
        }
    };
}

/// The other example that prints the same every time.
#[test]
fn tabular() {
    check("tabular", ROUNDING);
}

lessons! {
    lesson_01_derivatives ROUNDING;
    lesson_02_ladder ROUNDING;
    lesson_03_custom_op ROUNDING;
    lesson_04_curvature ROUNDING;
    lesson_05_himmelblau ROUNDING;
    lesson_06_moons ROUNDING;
    lesson_07_two_momentums ROUNDING;
    lesson_08_where_adam_fails ROUNDING;
    lesson_09_sparse_features ROUNDING;
    // In f32, where rounding errors grow over 5,000 steps: 60 hundredths of a percent.
    lesson_10_mnist_in_20_lines 60.0;
    lesson_11_learning_rate ROUNDING;
}
