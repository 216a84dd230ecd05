use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::Csv;

fn frame(text: &str) -> Frame {
    Csv::default().parse_frame(text).unwrap()
}

fn birds() -> Frame {
    frame("species,mass,sex,year\nAdelie,3750,male,2007\nGentoo,NA,?,2008\nAdelie,-0,female,2009\nDodo,1e3,,2007\n")
}

fn message<T: std::fmt::Debug>(result: Result<T, DataError>) -> String {
    result.expect_err("an error").to_string()
}

#[test]
fn columns_of_any_type() {
    let birds = birds();
    assert_eq!(birds.names().collect::<Vec<_>>(), ["species", "mass", "sex", "year"]);
    assert_eq!((birds.len(), birds.is_empty()), (4, false));
    let types: Vec<bool> = birds.names().map(|name| birds.is_text(name).unwrap()).collect();
    assert_eq!(types, [true, false, true, false]);
    assert_eq!(birds.texts("sex").unwrap(), [Some("male".into()), None, Some("female".into()), None]);
    // Numbers in their shortest form.
    assert_eq!(birds.texts(1).unwrap(), [Some("3750".into()), None, Some("0".into()), Some("1000".into())]);
    assert_eq!(birds.numbers::<f64>("year").unwrap(), Tensor::from([[2007.0], [2008.0], [2009.0], [2007.0]]));
    let whole = birds.drop_missing("mass").unwrap();
    assert_eq!(
        whole.numbers::<f32>(["year", "mass"]).unwrap(),
        Tensor::from([[2007.0, 3750.0], [2009.0, 0.0], [2007.0, 1000.0]])
    );
    // By index, from the end too, and twice.
    assert_eq!(whole.numbers::<f32>([-1, 1, -1]).unwrap().shape(), [3, 3]);
    assert_eq!(whole.numbers::<f32>(Columns::except(["species", "sex"])).unwrap().shape(), [3, 2]);
    assert_eq!(whole.numbers::<f32>(Vec::<Column>::new()).unwrap().shape(), [3, 0]);
}

#[test]
fn missing_values() {
    let birds = birds();
    assert_eq!(birds.count_missing("sex").unwrap(), 2);
    assert_eq!(birds.count_missing(Columns::All).unwrap(), 3);
    assert_eq!(birds.drop_missing(Columns::All).unwrap().len(), 2);
    assert_eq!(birds.drop_missing(["species", "year"]).unwrap(), birds);
    // A column of nothing else can be both.
    let none = frame("a,b\nNA,1\n,2\n");
    assert!(!none.is_text("a").unwrap());
    assert!(none.drop_missing("a").unwrap().is_empty());
    assert_eq!(none.drop_missing("a").unwrap().numbers::<f64>(Columns::All).unwrap().shape(), [0, 2]);
}

/// An `f64` has 53 bits: as numbers, these would be equal.
#[test]
fn large_integers_are_kept_apart() {
    let ids = frame("id,x\n9007199254740992,9007199254740991\n9007199254740993,-9007199254740991\n");
    assert_eq!((ids.is_text("id").unwrap(), ids.is_text("x").unwrap()), (true, false));
    assert_eq!(ids.classes("id").unwrap().names, ["9007199254740992", "9007199254740993"]);
    assert_eq!(ids.numbers::<f64>("id").unwrap().to_vec(), [9007199254740992.0; 2]);
    assert!(!frame("x,y\n12345678901234567890.5,1e20\n").is_text("x").unwrap());
}

#[test]
fn what_is_not_a_number_names_line_and_column() {
    let birds = birds();
    assert_eq!(
        message(birds.numbers::<f64>(["year", "sex"])),
        "<text>, line 2, column \"sex\" (index 2): expected a number, found \"male\" (add it to `Csv::missing` if it stands \
         for a missing value; otherwise leave the column out, or encode it as a category)"
    );
    assert_eq!(
        message(birds.numbers::<f64>("mass")),
        "<text>, line 3, column \"mass\" (index 1): expected a number (leave out rows with `drop_missing`, or fill them \
         with an `Encoder`), found a missing value"
    );
    // The line is that of the file, whichever rows are left.
    let left = birds.select(&[3, 1]);
    assert!(
        message(left.numbers::<f64>("sex")).starts_with("<text>, line 5, column \"sex\" (index 2): expected a number")
    );
    for text in ["inf", "1e999", "-Infinity"] {
        let error = message(frame(&format!("a,b\n1,2\n{text},3\n")).numbers::<f64>("a"));
        assert!(error.contains("line 3, column \"a\"") && error.contains(&format!("found {text:?}")), "{error}");
    }
    let large = frame("a\n1e39\n");
    assert_eq!(large.numbers::<f64>("a").unwrap().item(), 1e39);
    assert_eq!(
        message(large.numbers::<f32>("a")),
        "<text>, line 2, column \"a\" (index 0): expected a number in the range of f32, found 1e39"
    );
    let nameless = Csv { header: crate::Header::Absent, ..Csv::default() }.parse_frame("1,x\n").unwrap();
    assert!(
        message(nameless.numbers::<f64>("1")).starts_with("<text>, line 1, column with index 1: expected a number")
    );
}

#[test]
fn columns_that_are_not_there() {
    let birds = birds();
    let names = r#"["species", "mass", "sex", "year"]"#;
    assert_eq!(message(birds.texts("weight")), format!("<text>: expected one column named \"weight\", found {names}"));
    assert_eq!(message(birds.classes(4)), "<text>: expected a column with index 4, found 4 columns");
    assert_eq!(
        message(birds.drop_missing(Columns::except([-5]))),
        "<text>: expected a column with index -5, found 4 columns"
    );
    assert!(message(frame("a,a\n1,2\n").numbers::<f32>("a")).ends_with(r#"found ["a", "a"]"#));
    assert_eq!(
        message(frame("a;b\n1;2\n").numbers::<f32>("b")),
        "<text>: expected one column named \"b\", found [\"a;b\"] (if ';' separates the fields, set `Csv::delimiter`)"
    );
}

#[test]
fn class_labels() {
    let birds = birds();
    let species = birds.classes("species").unwrap();
    assert_eq!(species.names, ["Adelie", "Dodo", "Gentoo"]);
    assert_eq!(species.labels, [0, 2, 0, 1]);
    let years = birds.classes("year").unwrap();
    assert_eq!((years.names, years.labels), (vec!["2007".into(), "2008".into(), "2009".into()], vec![0, 1, 2, 0]));
    // Numerically, not as texts; and one class however a number is spelled.
    let numbers = frame("y\n10\n9\n9.0\n-1.5\n1e1\n").classes("y").unwrap();
    assert_eq!(
        (&numbers.names[..], numbers.labels),
        (&["-1.5".into(), "9".into(), "10".into()][..], vec![2, 1, 1, 0, 2])
    );
    let mixed = frame("y\n2.0\nx\n2\n").classes("y").unwrap();
    assert_eq!((&mixed.names[..], mixed.labels), (&["2".into(), "x".into()][..], vec![0, 1, 0]));
    assert_eq!(
        message(birds.classes("sex")),
        "<text>, line 3, column \"sex\" (index 2): expected a class (leave out rows with `drop_missing`), found a missing \
         value"
    );
}

#[test]
fn labels_by_names_that_are_known() {
    let names: Vec<String> = ["Gentoo", "2", "Adelie"].map(String::from).into();
    let labels = |text: &str| frame(text).labels("y", &names);
    assert_eq!(labels("y\nAdelie\nGentoo\nAdelie\n").unwrap(), [2, 0, 2]);
    assert_eq!(labels("y\n2.0\n+2\n").unwrap(), [1, 1]);
    assert_eq!(labels("y\nGentoo\n20e-1\n").unwrap(), [0, 1]);
    assert!(
        message(labels("y\n2\nadelie\n")).starts_with("<text>, line 3, column \"y\" (index 0): expected one of [\"Gen")
    );
    assert!(message(labels("y\n2\n?\n")).ends_with("found a missing value"));
}

#[test]
fn rows_keep_together() {
    let csv = Csv { row_names: true, ..Csv::default() };
    let cars = csv.parse_frame("x,t\nVolvo,1,a\nFiat,2,b\nNA,3,\n").unwrap();
    let chosen = cars.select(&[2, 0, 0]);
    assert_eq!(chosen.numbers::<f64>("x").unwrap().to_vec(), [3.0, 1.0, 1.0]);
    assert_eq!(chosen.texts("t").unwrap(), [None, Some("a".into()), Some("a".into())]);
    assert_eq!([0, 1, 2].map(|row| chosen.row_name(row)), [None, Some("Volvo"), Some("Volvo")]);
    assert_eq!(birds().row_name(3), None);
    let (first, second) = cars.split(1, &mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!((first.len(), second.len()), (1, 2));
    let mut both = [first, second].map(|part| part.numbers::<f64>("x").unwrap().to_vec()).concat();
    both.sort_by(f64::total_cmp);
    assert_eq!(both, [1.0, 2.0, 3.0]);
}

#[test]
#[should_panic(expected = "select: index 4 is out of range for 4 rows")]
fn a_row_that_is_not_there() {
    let _ = birds().select(&[0, 4]);
}

#[test]
#[should_panic(expected = "row_name: index 4 is out of range for 4 rows")]
fn a_name_of_no_row() {
    birds().row_name(4);
}
