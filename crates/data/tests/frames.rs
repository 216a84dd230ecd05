//! Tables as they are found: notes before the header, comments, runs of blanks, names of rows, text, dates, gaps.

mod common;

use common::{TemporaryDirectory, gzip};
use downhill_data::{Column, Columns, Csv, DataError, Header, TensorDataset};
use downhill_tensor::Tensor;
use ndarray::array;

fn error<T: std::fmt::Debug>(result: Result<T, DataError>) -> String {
    result.expect_err("the table is bad").to_string()
}

fn only<const N: usize>(columns: [&str; N]) -> Csv {
    Csv { columns: columns.into(), ..Csv::default() }
}

#[test]
fn chosen_columns() {
    let text = "id,area,town,rooms,price\na1,50,Ulm,2,130\nb2,72,Bonn,3,185\n";
    let table = only(["rooms", "area"]).parse::<f64>(text).unwrap();
    // In the order of the file; the target is read besides.
    assert_eq!((table.feature_names, table.target_name), (vec!["area".into(), "rooms".into()], "price".into()));
    assert_eq!((table.features, table.targets), (array![[50.0, 2.0], [72.0, 3.0]], array![130.0, 185.0]));

    let without = Csv { columns: Columns::except(["id", "town"]), target: "area".into(), ..Csv::default() };
    let table = without.parse::<f64>(text).unwrap();
    assert_eq!((table.features, table.targets), (array![[2.0, 130.0], [3.0, 185.0]], array![50.0, 72.0]));

    let by_index = Csv { columns: Columns::except([0, -2]), target: 2.into(), ..Csv::default() };
    let table = by_index.parse_classes::<f64>(text).unwrap();
    assert_eq!(table.feature_names, ["area", "price"]);
    assert_eq!((table.class_names, table.targets), (vec!["Bonn".into(), "Ulm".into()], vec![1, 0]));

    let frame = only(["price", "town"]).parse_frame(text).unwrap();
    assert_eq!(frame.names().collect::<Vec<_>>(), ["town", "price"]);
    assert_eq!(frame.numbers::<f64>(["price"]).unwrap(), Tensor::from([[130.0], [185.0]]));
    // An error names the column as it is in the file.
    assert!(
        error(frame.numbers::<f64>("town")).starts_with("<text>, line 2, column \"town\" (index 2): expected a number")
    );
}

/// What is left out may be anything, and does not count when detecting the header.
#[test]
fn columns_that_are_left_out() {
    let csv = Csv { columns: Columns::except([1]), ..Csv::default() };
    assert_eq!(csv.parse::<f64>("1,x,3\n4,,6\n").unwrap().features, array![[1.0], [4.0]]);
    assert_eq!(csv.parse::<f64>("a,1,c\n4,5,6\n").unwrap().feature_names, ["a"]);
    assert_eq!(csv.parse_frame("1,x,3\n4,y,6\n").unwrap().len(), 2);
    // Of the columns that are read, one must be left.
    let text = "a,b\n1,2\n";
    let none = "none that `Csv::columns` and `Csv::row_names` leave";
    assert_eq!(
        error(only(["b"]).parse::<f64>(text)),
        format!("<text>, line 1: expected at least one column beside the target, found {none}")
    );
    assert_eq!(
        error(only([]).parse_frame(text)),
        format!("<text>, line 1: expected at least one column, found {none}")
    );
    assert_eq!(
        error(only(["a", "c"]).parse_frame(text)),
        "<text>, line 1: expected one column named \"c\", found [\"a\", \"b\"]"
    );
    let index = Csv { columns: [Column::Index(2)].into(), ..Csv::default() };
    assert_eq!(error(index.parse_frame(text)), "<text>, line 1: expected a column with index 2, found 2 columns");
    let absent = Csv { header: Header::Absent, ..only(["a"]) };
    assert_eq!(
        error(absent.parse_frame("1,2\n")),
        "<text>, line 1: expected one column named \"a\", found [\"0\", \"1\"]"
    );
}

#[test]
fn lines_before_the_header_and_comments() {
    let text = "Table 3. \"Heights\n\n# made by hand\na,b\n1,2\n  # 3,4\n5,6\n#\n";
    let csv = Csv { skip_lines: 1, comment: Some("#".into()), ..Csv::default() };
    assert_eq!(csv.parse::<f64>(text).unwrap().targets, array![2.0, 6.0]);
    assert_eq!(csv.parse_frame(text).unwrap().numbers::<f64>("a").unwrap().to_vec(), [1.0, 5.0]);
    // Line numbers are those of the file.
    assert!(error(csv.parse::<f64>(&format!("{text}7,x\n"))).starts_with("<text>, line 9, column \"b\" (index 1)"));
    assert!(error(csv.parse_frame(&format!("{text}7\n"))).starts_with("<text>, line 9: expected 2 fields"));
    let everything = Csv { skip_lines: 100, ..Csv::default() };
    assert_eq!(error(everything.parse_frame(text)), "<text>: expected a table, found nothing but blank lines");
    // scikit-learn's files start with counts and the names of the classes.
    let iris =
        Csv { skip_lines: 1, ..Csv::default() }.parse_classes::<f64>("2,1,setosa,virginica\n5.1,0\n6.3,1\n").unwrap();
    assert_eq!((iris.features, iris.targets), (array![[5.1], [6.3]], vec![0, 1]));
}

#[test]
fn runs_of_blanks() {
    let csv = Csv { delimiter: ' ', ..Csv::default() };
    let table = csv.parse::<f64>("  mpg  cyl\t name\n 18.0   8 \t 1\n\n9 4 2  \n").unwrap();
    assert_eq!(table.feature_names, ["mpg", "cyl"]);
    assert_eq!(table.features, array![[18.0, 8.0], [9.0, 4.0]]);
    let cars = csv.parse_frame("18.0   8   \"chevrolet malibu\"\n9 ? fiat\n");
    assert!(error(cars).contains("to detect a header (or set `Csv::header`)"));
    let cars =
        Csv { header: Header::Absent, ..csv }.parse_frame("18.0   8   \"chevrolet malibu\"\n9 ? fiat\n").unwrap();
    assert_eq!(cars.texts("2").unwrap(), [Some("chevrolet malibu".into()), Some("fiat".into())]);
    assert_eq!(cars.count_missing("1").unwrap(), 1);
}

#[test]
fn names_of_rows() {
    let csv = Csv { row_names: true, ..Csv::default() };
    // R's `write.csv` has a name for them, `write.table` none.
    for header in ["\"\",x,y", "name,x,y", "x,y"] {
        let text = format!("{header}\nVolvo,1,2\nFiat,3,4\n");
        let table = csv.parse::<f64>(&text).unwrap();
        assert_eq!((table.feature_names, table.features), (vec!["x".to_owned()], array![[1.0], [3.0]]), "{header}");
        let frame = csv.parse_frame(&text).unwrap();
        assert_eq!((frame.names().collect::<Vec<_>>(), frame.row_name(1)), (vec!["x", "y"], Some("Fiat")), "{header}");
    }
    // Names that are numbers, without a header, and with gaps.
    let frame = csv.parse_frame("1,5,6\n2,7,8\nNA,9,10\n").unwrap();
    assert_eq!(frame.numbers::<f64>([0]).unwrap().to_vec(), [5.0, 7.0, 9.0]);
    assert_eq!((frame.row_name(1), frame.row_name(2)), (Some("2"), None));
    // Its index counts the row's name.
    let second = Csv { columns: [Column::Index(2)].into(), target: 1.into(), ..csv.clone() };
    assert_eq!(second.parse::<f64>("x,y\nVolvo,1,2\n").unwrap().features, array![[2.0]]);
    assert_eq!(
        error(Csv::default().parse::<f64>("x,y\n1,1,2\n2,3,4\n")),
        "<text>, line 2: expected 2 fields, as in the first line, found 3 (if the first of them is the name of the row, set \
         `Csv::row_names`)"
    );
    assert!(error(Csv::default().parse_frame("x,y\n1,1,2\n")).ends_with("set `Csv::row_names`)"));
    // Only where it may be: not in a later line, and not without a header.
    assert!(error(Csv::default().parse_frame("x,y\n1,2\n1,1,2\n")).ends_with("found 3"));
    assert!(error(Csv::default().parse::<f64>("1,2\n1,1,2\n")).ends_with("found 3"));
}

#[test]
fn several_targets_and_targets_in_another_file() {
    let frame = Csv::default().parse_frame("a,up,down\n1,2,3\n4,5,6\n").unwrap();
    let set: TensorDataset<f32, Tensor> =
        TensorDataset::new(frame.numbers("a").unwrap(), frame.numbers(["up", "down"]).unwrap());
    assert_eq!(set.targets, Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    // One column is enough for a frame.
    let directory = TemporaryDirectory::new("two-files");
    let targets = Csv::default().read_frame(directory.write("y.csv.gz", &gzip(b"0.5\n1.5\n"))).unwrap();
    assert_eq!(targets.numbers::<f64>(0).unwrap(), Tensor::from([[0.5], [1.5]]));
}

#[test]
fn spellings_of_missing_values() {
    let gaps =
        |csv: &Csv| csv.parse_frame("x,t\n-999,a\n,b\nNA,\"\"\n?,none\n").unwrap().count_missing(Columns::All).unwrap();
    assert_eq!(gaps(&Csv::default()), 4);
    assert_eq!(gaps(&Csv { missing: vec!["-999".into(), "none".into()], ..Csv::default() }), 2);
    // Without any, the empty text is a text.
    let none = Csv { missing: vec![], ..Csv::default() }.parse_frame("x,t\n1,\n").unwrap();
    assert_eq!(none.texts("t").unwrap(), [Some("".into())]);
}

#[test]
fn a_hint_at_the_delimiter() {
    let error = |text: &str| error(Csv::default().parse::<f64>(text));
    for (text, found, delimiter) in
        [("a;b\n", r#""a;b""#, "';'"), ("a\tb\n", r#""a\tb""#, r"'\t'"), ("a|b\n", r#""a|b""#, "'|'")]
    {
        let hint = format!("found one, {found} (if {delimiter} separates the fields, set `Csv::delimiter`)");
        assert!(error(text).ends_with(&hint), "{}", error(text));
    }
    assert!(
        error("a b\n").ends_with("(if blanks separate the fields, set `Csv::delimiter` to ' ', for any run of them)")
    );
    assert!(error("ab\n").ends_with(r#"found one, "ab""#));
    // Not at the one that is used, inside quotation marks.
    assert!(error("\"a,b\"\n").ends_with(r#"found one, "a,b""#));
    let semicolon = Csv { delimiter: ';', ..only(["a"]) };
    assert!(semicolon.parse_frame("a,b\n1,2\n").unwrap_err().to_string().contains("(if ',' separates the fields"));
}

#[test]
fn nothing_to_read() {
    let parse = |text: &str| error(Csv::default().parse_frame(text));
    assert_eq!(parse(" \n"), "<text>: expected a table, found nothing but blank lines");
    assert_eq!(parse("a,b\n"), "<text>: expected lines after the header, found none");
    assert!(error(Csv::default().read_frame("no/table.csv")).starts_with("no/table.csv: no such file"));
    let directory = TemporaryDirectory::new("frame-latin-1");
    let path = directory.write("t.csv", b"x,y\r\n1,2\r\n3,M\xfcnchen\r\n");
    assert!(error(Csv::default().read_frame(path)).ends_with("line 3: expected text in UTF-8, found the byte 0xfc"));
}

#[test]
fn hostile_texts() {
    let parse = |text: &str| error(Csv::default().parse_frame(text));
    let unclosed = "<text>, line 2: expected a closing quotation mark, found the end of the file";
    assert_eq!(parse(&format!("a,b\n\"1,2\n{}", "3,4\n".repeat(1000))), unclosed);
    assert_eq!(
        parse(&",".repeat(500_000)),
        "<text>, line 1: expected at most 65536 columns (raise `Csv::max_columns` to allow more), found more"
    );
    // The line after a short header counts, too.
    let names = Csv { row_names: true, max_columns: 3, ..Csv::default() };
    assert!(error(names.parse_frame("a,b\n1,2,3,4\n")).starts_with("<text>, line 2: expected at most 3 columns"));
    assert!(error(names.parse_frame("a,b\n\"1")).starts_with("<text>, line 2: expected a closing quotation mark"));
    // In columns that are left out as well.
    let only = Csv { columns: ["a"].into(), ..Csv::default() };
    assert!(error(only.parse_frame("a,b\n1,\"2")).starts_with("<text>, line 2: expected a closing quotation mark"));
    let skipped = Csv { skip_lines: usize::MAX, ..Csv::default() };
    assert!(error(skipped.parse_frame(&"\n".repeat(1000))).ends_with("found nothing but blank lines"));
}

#[test]
#[should_panic(expected = "Csv: every line starts with the empty text")]
fn a_comment_that_cannot_be() {
    let _ = Csv { comment: Some(String::new()), ..Csv::default() }.parse_frame("1,2");
}
