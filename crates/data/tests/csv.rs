//! CSV tables: their content and their errors.

mod common;

use std::path::Path;

use common::{TemporaryDirectory, gzip};
use downhill_data::{Column, Csv, DataError, Header};
use downhill_tensor::Tensor;
use ndarray::array;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn by(target: impl Into<Column>) -> Csv {
    Csv { target: target.into(), ..Csv::default() }
}

fn error(csv: &Csv, text: &str) -> String {
    csv.parse::<f64>(text).expect_err("the table is bad").to_string()
}

/// As spreadsheets save it: byte order mark, CRLF, quotation marks, blank lines.
#[test]
fn a_file_from_a_spreadsheet() {
    let houses = Csv { delimiter: ';', ..by("price, in thousands") };
    let table = houses.read::<f64>(fixture("houses.csv")).unwrap();
    assert_eq!(table.feature_names, ["area", "rooms", "height \"clear\""]);
    assert_eq!(table.target_name, "price, in thousands");
    assert_eq!(table.features, array![[50.0, 2.0, 2.45], [72.5, 3.0, 2.6], [120.0, 5.0, -0.5]]);
    assert_eq!(table.targets, array![130.0, 185.0, 1200.0]);
}

#[test]
fn a_file_of_classes_without_a_header() {
    let table = Csv::default().read_classes::<f32>(fixture("flowers.csv")).unwrap();
    assert_eq!(table.feature_names, ["0", "1", "2", "3"]);
    assert_eq!(table.target_name, "4");
    assert_eq!(table.features.shape(), [6, 4]);
    assert_eq!(table.features.row(2), array![7.0, 3.2, 4.7, 1.4]);
    assert_eq!(table.class_names, ["setosa", "versicolor", "virginica"]);
    assert_eq!(table.targets, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn compressed_tables() {
    let directory = TemporaryDirectory::new("csv-gz");
    let path = directory.write("t.csv.gz", &gzip(b"x,y\n1,2\n"));
    assert_eq!(Csv::default().read::<f32>(path).unwrap().targets, array![2.0]);
}

#[test]
fn the_target_by_name_and_by_index() {
    let text = "a,b,c\n1,2,3\n";
    for (csv, target, features) in [
        (Csv::default(), 3.0, ["a", "b"]),
        (by("b"), 2.0, ["a", "c"]),
        (by(0), 1.0, ["b", "c"]),
        (by(-2), 2.0, ["a", "c"]),
        (by(-3), 1.0, ["b", "c"]),
    ] {
        let table = csv.parse::<f64>(text).unwrap();
        assert_eq!((table.targets[0], table.feature_names.as_slice()), (target, &features.map(String::from)[..]));
    }
    for index in [3, -4, isize::MAX, isize::MIN] {
        let expected = format!("<text>, line 1: expected a target column with index {index}, found 3 columns");
        assert_eq!(error(&by(index), text), expected);
    }
    assert_eq!(
        error(&by("price"), text),
        r#"<text>, line 1: expected one column named "price", found ["a", "b", "c"]"#
    );
    assert_eq!(
        error(&by("a"), "a,b,a\n1,2,3\n"),
        r#"<text>, line 1: expected one column named "a", found ["a", "b", "a"]"#
    );
}

#[test]
fn with_and_without_a_header() {
    let header = |header| Csv { header, ..Csv::default() };
    let targets = |csv: &Csv, text: &str| csv.parse::<f64>(text).unwrap().targets.to_vec();
    assert_eq!(targets(&header(Header::Detect), "a,b\n1,2\n"), [2.0]);
    assert_eq!(targets(&header(Header::Detect), "3,4\n1,2\n"), [4.0, 2.0]);
    // Numeric column names look like a sample, so the header must be declared.
    assert_eq!(targets(&header(Header::Present), "3,4\n1,2\n"), [2.0]);
    assert_eq!(
        error(&header(Header::Absent), "a,b\n1,2\n"),
        r#"<text>, line 1, column with index 0: expected a finite number (`Csv::read_frame` also reads text and missing values), found "a""#
    );
    // Some names and some numbers: neither a header nor a sample, and no sample is lost silently.
    assert_eq!(
        error(&header(Header::Detect), "1,oops\n1,2\n"),
        "<text>, line 1: expected only names or only numbers, to detect a header (or set `Csv::header`), found \"oops\" \
         and \"1\""
    );
    assert_eq!(
        error(&Csv { header: Header::Absent, ..by("b") }, "1,2\n"),
        r#"<text>, line 1: expected one column named "b", found ["0", "1"]"#
    );
}

#[test]
fn a_cell_that_is_not_a_number() {
    let bad = |cell: &str| error(&Csv::default(), &format!("x,y\n1,2\n\n{cell},4\n"));
    let start = r#"<text>, line 4, column "x" (index 0): expected a finite number"#;
    let hint = "(`Csv::read_frame` also reads text and missing values)";
    assert_eq!(bad("three"), format!(r#"{start} {hint}, found "three""#));
    assert_eq!(bad(""), format!("{start} {hint}, found an empty field"));
    assert_eq!(bad("NaN"), format!(r#"{start}, found "NaN""#));
    assert_eq!(bad("-inf"), format!(r#"{start}, found "-inf""#));
    assert_eq!(bad("1e999"), format!(r#"{start}, found "1e999""#));
    assert_eq!(bad(&"9x".repeat(100)), format!(r#"{start} {hint}, found "{}"..."#, "9x".repeat(20)));
    // Overflows f32, but not f64.
    let text = "x,y\n1,1e39\n";
    assert_eq!(Csv::default().parse::<f64>(text).unwrap().targets, array![1e39]);
    assert_eq!(
        Csv::default().parse::<f32>(text).unwrap_err().to_string(),
        r#"<text>, line 2, column "y" (index 1): expected a finite number, found "1e39""#
    );
}

#[test]
fn numbers_of_every_shape() {
    let table = Csv::default().parse::<f64>("-1, +2 ,.5\n1.,-2e-3,\"7\"\n").unwrap();
    assert_eq!(table.features, array![[-1.0, 2.0], [1.0, -0.002]]);
    assert_eq!(table.targets, array![0.5, 7.0]);
    // Parsed directly as f32: rounded once, not first to f64.
    let table = Csv::default().parse::<f32>("0,1.00000017881393432617187499\n").unwrap();
    assert_eq!(table.targets, array![1.0000001_f32]);
}

#[test]
fn lines_of_unequal_length() {
    assert_eq!(
        error(&Csv::default(), "a,b\r\n1,2\r\n\r\n3,4,5\r\n"),
        "<text>, line 4: expected 2 fields, as in the first line, found 3"
    );
    assert_eq!(
        error(&Csv::default(), "a,b,c\n1,2\n"),
        "<text>, line 2: expected 3 fields, as in the first line, found 2"
    );
    assert_eq!(
        error(&Csv::default(), "a;b\n1;2\n"),
        "<text>, line 1: expected two or more columns, features and a target, found one, \"a;b\" (if ';' separates the \
         fields, set `Csv::delimiter`)"
    );
}

#[test]
fn nothing_to_read() {
    assert_eq!(error(&Csv::default(), ""), "<text>: expected a table of numbers, found nothing but blank lines");
    assert_eq!(error(&Csv::default(), "\n \r\n"), "<text>: expected a table of numbers, found nothing but blank lines");
    assert_eq!(error(&Csv::default(), "a,b\n"), "<text>: expected lines of numbers after the header, found none");
    let error = Csv::default().read::<f64>("no/table.csv").unwrap_err();
    assert!(matches!(error, DataError::Missing { .. }));
    assert_eq!(error.to_string(), "no/table.csv: no such file or directory, expected a file");
}

#[test]
fn text_in_another_encoding() {
    let directory = TemporaryDirectory::new("latin-1");
    let path = directory.write("t.csv", b"x,y\r\n1,2\r\n3,M\xfcnchen\r\n");
    let error = Csv::default().read::<f64>(&path).unwrap_err().to_string();
    assert!(error.ends_with("t.csv, line 3: expected text in UTF-8, found the byte 0xfc"), "{error}");
}

#[test]
fn class_names() {
    let classes = |text: &str| {
        let table = Csv::default().parse_classes::<f32>(text).unwrap();
        (table.class_names, table.targets)
    };
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(classes("1,b\n2,a\n3,b\n"), (names(&["a", "b"]), vec![1, 0, 1]));
    // Numbers are sorted numerically, text lexicographically.
    assert_eq!(classes("1,10\n2,9\n3,-1\n"), (names(&["-1", "9", "10"]), vec![2, 1, 0]));
    assert_eq!(classes("1,10\n2,9\n3,x\n"), (names(&["10", "9", "x"]), vec![0, 1, 2]));
    // Equal numbers are one class however they are spelled, also with a text among them.
    let spellings = "1,2\n1,2.0\n1,+2\n1,2e0\n1,  2 \n1,\"2\"\n1,-0\n1,0\n1,10\n";
    assert_eq!(classes(spellings), (names(&["0", "2", "10"]), vec![1, 1, 1, 1, 1, 1, 0, 0, 2]));
    let mixed = format!("{spellings}1,other\n");
    assert_eq!(classes(&mixed), (names(&["0", "10", "2", "other"]), vec![2, 2, 2, 2, 2, 2, 0, 0, 1, 3]));
    assert_eq!(classes("1,v2\n1,v2.0\n1,V2\n"), (names(&["V2", "v2", "v2.0"]), vec![1, 2, 0]));
    let error = Csv::default().parse_classes::<f32>("x,class\n1,\n").unwrap_err().to_string();
    assert_eq!(error, r#"<text>, line 2, column "class" (index 1): expected a class name, found an empty field"#);
}

#[test]
fn what_is_no_text_is_not_read() {
    let directory = TemporaryDirectory::new("no-text");
    let read = |bytes: &[u8]| {
        let error = Csv::default().read::<f64>(directory.write("t", bytes)).unwrap_err().to_string();
        error.replace(&format!("{}/", directory.path().display()), "")
    };
    assert_eq!(read(b"1,2\n3,\0\n"), "t, line 2: expected text in UTF-8, found the byte 0x00");
    // UTF-16, which spreadsheets call "Unicode text".
    assert_eq!(read(b"\xff\xfe1\0,\0"), "t, line 1: expected text in UTF-8, found the byte 0xff");
    let late = [&b"1,2\n".repeat(30_000)[..], b"1,\0\n"].concat();
    assert_eq!(read(&late), "t, line 30001: expected text in UTF-8, found the byte 0x00");
    assert_eq!(read(&gzip(&late)), "t, line 30001: expected text in UTF-8, found the byte 0x00");
}

#[test]
fn how_much_may_be_in_a_gzip_file() {
    let directory = TemporaryDirectory::new("expansion");
    let path = directory.write("t.gz", &gzip(&b"1,2\n".repeat(1 << 20)));
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size * 100 < 4 << 20, "{size}");
    let error = Csv::default().read::<f64>(&path).unwrap_err().to_string();
    let limit = (size * 100).max(1 << 20);
    assert!(error.contains(&format!("t.gz: expected at most {limit} bytes of text")), "{error}");
    assert!(error.ends_with("(raise `Csv::expansion` to allow more), found more"), "{error}");
    let table = Csv { expansion: 1032, ..Csv::default() }.read::<f64>(&path).unwrap();
    assert_eq!((table.targets.len(), table.targets.sum()), (1 << 20, 2.0 * f64::from(1 << 20)));
}

#[test]
fn how_many_columns_there_may_be() {
    let line = |columns: usize| format!("{}1", "1,".repeat(columns - 1));
    let wide = |columns: usize| Csv::default().parse::<f32>(&line(columns));
    assert_eq!(wide(65_536).unwrap().features.ncols(), 65_535);
    assert_eq!(
        wide(65_537).unwrap_err().to_string(),
        "<text>, line 1: expected at most 65536 columns (raise `Csv::max_columns` to allow more), found more"
    );
    let table = Csv { max_columns: 70_000, ..Csv::default() }.parse::<f32>(&line(70_000)).unwrap();
    assert_eq!(table.feature_names[69_998], "69998");
    assert_eq!(
        error(&Csv { max_columns: 2, ..Csv::default() }, "a,b,c\n1,2,3\n").split(" (").next().unwrap(),
        "<text>, line 1: expected at most 2 columns"
    );
    // Only the first of many names are listed.
    let header: Vec<String> = (0..1000).map(|i| format!("c{i}")).collect();
    let message = error(&by("x"), &header.join(","));
    assert!(message.ends_with(r#""c18", "c19", and 980 more]"#), "{message}");
}

#[test]
fn a_line_that_is_wrong_in_two_ways() {
    assert_eq!(
        error(&Csv::default(), "1,2\nx,2,3\n"),
        "<text>, line 2: expected 2 fields, as in the first line, found 3"
    );
    let message = error(&Csv::default(), "1,2\nx,y\n");
    assert!(message.contains("column with index 0: expected a finite number"), "{message}");
    assert!(message.ends_with(r#"found "x""#), "{message}");
}

#[test]
fn tables_give_batches() {
    // Large enough that the tensor takes over the memory; a few elements would be copied.
    let table = Csv::default().parse::<f32>(&"0,0,0\n".repeat(20)).unwrap();
    let address = table.features.as_ptr();
    let set = table.into_dataset();
    assert_eq!(set.features.view().as_ptr(), address, "copied");
    let set = Csv::default().parse::<f32>("1,2,3\n4,5,6\n7,8,9\n").unwrap().into_dataset();
    let (features, targets): (Tensor, Tensor) = set.batches(2).last().unwrap();
    assert_eq!((features, targets), (Tensor::from([[7.0, 8.0]]), Tensor::from([[9.0]])));
    let set = Csv::default().parse_classes::<f64>("1,2,x\n4,5,y\n").unwrap().into_dataset();
    assert_eq!(set.batches(2).next().unwrap(), (Tensor::from([[1.0, 2.0], [4.0, 5.0]]), vec![0, 1]));
}

#[test]
#[should_panic(expected = r#"Csv: '"' cannot be the delimiter"#)]
fn a_delimiter_that_cannot_be() {
    let _ = Csv { delimiter: '"', ..Csv::default() }.parse::<f32>("1,2");
}
