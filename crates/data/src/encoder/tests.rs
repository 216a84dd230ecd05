use downhill_tensor::Tensor;

use super::*;
use crate::Csv;

fn frame(text: &str) -> Frame {
    Csv::default().parse_frame(text).unwrap()
}

fn message<T: std::fmt::Debug>(result: Result<T, DataError>) -> String {
    result.expect_err("an error").to_string()
}

/// Four rows: a number with a gap, a category with a gap, a year, a date with a gap.
fn train() -> Frame {
    frame("mass,sex,year,seen\n1,m,2007,1970-01-11\nNA,f,2009,NA\n4,NA,2007,1970-01-01\n4,m,2008,1970-01-04\n")
}

fn lenient() -> Encoder {
    Encoder {
        dates: vec!["seen".into()],
        missing_numbers: MissingNumber::Mean,
        missing_categories: MissingCategory::MostFrequent,
        ..Encoder::default()
    }
}

#[test]
fn every_kind_of_column() {
    let encoding = lenient().fit(&train()).unwrap();
    assert_eq!(encoding.feature_names(), ["mass", "sex=f", "sex=m", "year", "seen"]);
    assert_eq!((encoding.len(), encoding.is_empty()), (5, false));
    let expected = [
        [1.0, 0.0, 1.0, 2007.0, 10.0],
        [3.0, 1.0, 0.0, 2009.0, 13.0 / 3.0],
        [4.0, 0.0, 1.0, 2007.0, 0.0],
        [4.0, 0.0, 1.0, 2008.0, 3.0],
    ];
    assert_eq!(encoding.transform::<f64>(&train()).unwrap(), Tensor::from(expected));
    assert_eq!(encoding.transform::<f32>(&train()).unwrap().shape(), [4, 5]);
    // The same as it was learned, whatever the new data are.
    let new = frame("seen,year,other,sex,mass\n1969-12-31,1,x,f,7\n?,2,y,?,?\n");
    let expected = [[7.0, 1.0, 0.0, 1.0, -1.0], [3.0, 0.0, 1.0, 2.0, 13.0 / 3.0]];
    assert_eq!(encoding.transform::<f64>(&new).unwrap(), Tensor::from(expected));
    assert_eq!(encoding.transform::<f64>(&new.select(&[])).unwrap().shape(), [0, 5]);
}

#[test]
fn numbers_as_categories_and_columns_in_the_order_given() {
    let encoder = Encoder { columns: ["year", "mass"].into(), categorical: vec![2.into()], ..lenient() };
    let encoding = encoder.fit(&train()).unwrap();
    assert_eq!(encoding.feature_names(), ["year=2007", "year=2008", "year=2009", "mass"]);
    assert_eq!(encoding.transform::<f64>(&train()).unwrap().to_vec()[..8], [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 3.0]);
    // A text among the new data changes the column's type, not what its numbers are.
    let new = frame("year,mass\n2008.0,1\nunknown,2\n");
    let ignoring = Encoder { unknown: Unknown::Ignore, ..encoder }.fit(&train()).unwrap();
    assert_eq!(ignoring.transform::<f64>(&new).unwrap(), Tensor::from([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 2.0]]));
}

/// One word among numbers is not taken for a column of categories.
#[test]
fn text_among_numbers() {
    let power = frame("power\n130\n--\n165\n150\n");
    assert!(power.is_text("power").unwrap());
    assert_eq!(
        message(Encoder::default().fit(&power)),
        "<text>, line 3, column \"power\" (index 0): expected a number, found \"--\" (add it to `Csv::missing` if it stands \
         for a missing value; otherwise leave the column out, or encode it as a category)"
    );
    let categories = Encoder { categorical: vec!["power".into()], ..Encoder::default() };
    assert_eq!(categories.fit(&power).unwrap().len(), 4);
    // As many words as numbers are text; large integers, which are kept as text to be exact, are numbers.
    assert_eq!(
        Encoder::default().fit(&frame("x\n1\na\n2\nb\n")).unwrap().feature_names(),
        ["x=1", "x=2", "x=a", "x=b"]
    );
    let large = frame("x\n9007199254740993\n1\n");
    assert_eq!(Encoder::default().fit(&large).unwrap().feature_names(), ["x"]);
}

#[test]
fn ordinal() {
    let encoder = Encoder { columns: "sex".into(), encode: Encode::Ordinal, ..lenient() };
    let encoding = encoder.fit(&train()).unwrap();
    assert_eq!(encoding.feature_names(), ["sex"]);
    assert_eq!(encoding.transform::<f64>(&train()).unwrap().to_vec(), [1.0, 0.0, 1.0, 1.0]);
    let new = frame("sex\nx\nf\n");
    assert_eq!(
        message(encoding.transform::<f64>(&new)),
        "<text>, line 2, column \"sex\" (index 0): expected one of [\"f\", \"m\"], as in the training data (or set \
         `Encoder::unknown` to ignore others), found \"x\""
    );
    let ignoring = Encoder { unknown: Unknown::Ignore, ..encoder }.fit(&train()).unwrap();
    assert_eq!(ignoring.transform::<f64>(&new).unwrap().to_vec(), [-1.0, 0.0]);
}

#[test]
fn missing_values_by_hand() {
    let text = "x,c\n1,b\n2,a\n2,a\n7,b\n?,?\n";
    let last = |missing_numbers, missing_categories: &MissingCategory| {
        let encoder = Encoder { missing_numbers, missing_categories: missing_categories.clone(), ..Encoder::default() };
        let encoding = encoder.fit(&frame(text)).unwrap();
        encoding.transform::<f64>(&frame(text).select(&[4])).unwrap().to_vec()
    };
    let most = MissingCategory::MostFrequent;
    assert_eq!(last(MissingNumber::Mean, &most), [3.0, 1.0, 0.0]);
    assert_eq!(last(MissingNumber::Median, &most), [2.0, 1.0, 0.0]);
    assert_eq!(last(MissingNumber::MostFrequent, &most), [2.0, 1.0, 0.0]);
    assert_eq!(last(MissingNumber::Constant(-1.0), &MissingCategory::Constant("b".into())), [-1.0, 0.0, 1.0]);
    // A category of its own, in the order of the others.
    assert_eq!(last(MissingNumber::Mean, &MissingCategory::Constant("aa".into())), [3.0, 0.0, 1.0, 0.0]);
}

#[test]
fn missing_values_are_errors_unless_something_replaces_them() {
    let strict = Encoder { columns: ["mass", "sex"].into(), ..Encoder::default() };
    // Learning needs no replacement, and rows without gaps none either.
    let encoding = strict.fit(&train()).unwrap();
    assert_eq!(encoding.transform::<f64>(&train().select(&[0, 3])).unwrap().shape(), [2, 3]);
    assert_eq!(
        message(encoding.transform::<f64>(&train())),
        "<text>, line 3, column \"mass\" (index 0): expected a value (leave out rows with `drop_missing`, or set \
         `Encoder::missing_numbers`), found a missing value"
    );
    assert_eq!(
        message(encoding.transform::<f64>(&train().select(&[0, 2]))),
        "<text>, line 4, column \"sex\" (index 1): expected a value (leave out rows with `drop_missing`, or set \
         `Encoder::missing_categories`), found a missing value"
    );
    let none = frame("x,y\n?,1\n");
    assert_eq!(
        message(lenient_without_dates().fit(&none)),
        "<text>: expected a value in column \"x\" (index 0) to replace the missing ones, found none"
    );
    let categories = Encoder { categorical: vec!["x".into()], ..lenient_without_dates() };
    assert!(message(categories.fit(&none)).contains("to replace the missing ones"));
}

fn lenient_without_dates() -> Encoder {
    Encoder { dates: Vec::new(), ..lenient() }
}

#[test]
fn what_cannot_be_learned() {
    let names = frame("name,x\na,1\nb,2\nc,3\n");
    let few = Encoder { max_categories: 2, ..Encoder::default() };
    assert_eq!(
        message(few.fit(&names)),
        "<text>: expected at most 2 categories in column \"name\" (index 0) (leave it out, or raise \
         `Encoder::max_categories`), found 3"
    );
    assert!(Encoder { max_categories: 3, ..Encoder::default() }.fit(&names).is_ok());
    let dates = Encoder { dates: vec!["name".into()], ..Encoder::default() };
    assert_eq!(
        message(dates.fit(&names)),
        "<text>, line 2, column \"name\" (index 0): expected a date such as \"2007-11-11\", found \"a\""
    );
    assert!(message(Encoder { dates: vec!["z".into()], ..Encoder::default() }.fit(&names)).contains("named \"z\""));
    assert!(message(Encoder::default().fit(&frame("a,a\n1,2\n"))).contains("expected one column named \"a\""));
    let none = Encoder { columns: Columns::Only(Vec::new()), ..Encoder::default() };
    assert_eq!(
        message(none.fit(&names)),
        "<text>: expected at least one column, found none that `Encoder::columns` leaves"
    );
}

#[test]
fn new_data_that_do_not_fit() {
    let encoding = lenient().fit(&train()).unwrap();
    let transform = |text: &str| message(encoding.transform::<f32>(&frame(text)));
    assert!(transform("mass,year\n1,2\n").contains("expected one column named \"sex\", found [\"mass\", \"year\"]"));
    let error = transform("mass,sex,year,seen\nheavy,m,2007,1970-01-01\n");
    assert!(
        error.starts_with("<text>, line 2, column \"mass\" (index 0): expected a number, found \"heavy\""),
        "{error}"
    );
    let error = transform("mass,sex,year,seen\n1e39,m,2007,1970-01-01\n");
    assert!(error.contains("expected a number in the range of f32"), "{error}");
    let error = transform("mass,sex,year,seen\n1,m,2007,soon\n");
    assert!(error.contains("line 2, column \"seen\" (index 3): expected a date"), "{error}");
}
