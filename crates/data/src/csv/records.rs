//! Splits CSV text into lines and fields, by RFC 4180.
//!
//! Not the `csv` crate (1.4), because the messages need exact line numbers: its numbers are off by one after every
//! CRLF, blank lines are attributed to the wrong record, an unclosed quotation mark is accepted at the end of the file,
//! and `"1"x` is read as `1x`.

use std::borrow::Cow;
use std::path::Path;

use super::Csv;
use super::message::is_the_delimiter;
use crate::DataError;

/// A cursor over the lines of a text, skipping blank ones and comments. A line ends with LF, CRLF or CR, except within
/// quotation marks. Fields are returned one at a time, so that a line of a million fields takes no extra memory.
#[derive(Clone)]
pub(super) struct Records<'a> {
    path: &'a Path,
    rest: &'a str,
    line: usize,
    delimiter: char,
    comment: Option<&'a str>,
}

impl<'a> Records<'a> {
    pub(super) fn new(csv: &'a Csv, path: &'a Path, text: &'a str) -> Self {
        // Spreadsheets start UTF-8 files with a byte order mark.
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut records = Records { path, rest, line: 1, delimiter: csv.delimiter, comment: csv.comment.as_deref() };
        let mut skipped = 0;
        while skipped < csv.skip_lines && !records.rest.is_empty() {
            records.skip_line();
            skipped += 1;
        }
        records
    }

    /// Whether any run of blanks separates two fields.
    fn by_blanks(&self) -> bool {
        self.delimiter == ' '
    }

    /// Whether a character ends a field that is not quoted.
    fn ends_a_field(&self, c: char) -> bool {
        c == self.delimiter || c == '\n' || c == '\r' || (c == '\t' && self.by_blanks())
    }

    fn skip_blanks(&mut self) {
        let kept = if self.by_blanks() { None } else { Some(self.delimiter) };
        self.rest = self.rest.trim_start_matches(|c| (c == ' ' || c == '\t') && Some(c) != kept);
    }

    /// Skips everything up to the end of the line, and that.
    fn skip_line(&mut self) {
        let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
        self.rest = &self.rest[end..];
        self.end_of_line();
    }

    /// Skips the end of a line, and returns whether there was one (the end of the text counts).
    fn end_of_line(&mut self) -> bool {
        match self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r'])) {
            Some(rest) => {
                self.rest = rest;
                self.line += 1;
                true
            }
            None => self.rest.is_empty(),
        }
    }

    /// The rest of the text.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Advances to the next line that is neither blank nor a comment, and returns its number, from 1.
    pub(super) fn next_line(&mut self) -> Option<usize> {
        loop {
            self.skip_blanks();
            if self.rest.is_empty() {
                return None;
            }
            if self.comment.is_some_and(|comment| self.rest.starts_with(comment)) {
                self.skip_line();
            } else if !self.end_of_line() {
                return Some(self.line);
            }
        }
    }

    /// The next field of the line, unquoted and trimmed, and whether it is the last one; the end of the line is then
    /// skipped.
    pub(super) fn field(&mut self) -> Result<(Cow<'a, str>, bool), DataError> {
        let field = self.content()?;
        if self.by_blanks() {
            self.skip_blanks();
            return Ok((field, self.end_of_line()));
        }
        match self.rest.strip_prefix(self.delimiter) {
            Some(rest) => {
                self.rest = rest;
                Ok((field, false))
            }
            None => {
                self.end_of_line();
                Ok((field, true))
            }
        }
    }

    /// All fields of the line.
    pub(super) fn fields(&mut self) -> impl Iterator<Item = Result<Cow<'a, str>, DataError>> {
        let mut ended = false;
        std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let field = self.field();
            ended = !matches!(field, Ok((_, false)));
            Some(field.map(|(field, _)| field))
        })
    }

    /// The content of the next field, up to its delimiter or the end of the line.
    fn content(&mut self) -> Result<Cow<'a, str>, DataError> {
        self.skip_blanks();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted_field(quoted);
        }
        let rest = self.rest;
        let end = rest.find(|c| self.ends_a_field(c)).unwrap_or(rest.len());
        self.rest = &rest[end..];
        Ok(Cow::Borrowed(rest[..end].trim_end_matches([' ', '\t'])))
    }

    /// A field, after its opening quotation mark. Doubled quotation marks in it are an escaped one.
    fn quoted_field(&mut self, mut rest: &'a str) -> Result<Cow<'a, str>, DataError> {
        // Find the closing quotation mark: the first that is not doubled.
        let (start, opened_in) = (rest, self.line);
        let mut escaped = false;
        let inside = loop {
            let Some(end) = rest.find('"') else {
                return Err(self.error(opened_in, "a closing quotation mark", "the end of the file"));
            };
            rest = &rest[end + 1..];
            match rest.strip_prefix('"') {
                Some(behind) => (rest, escaped) = (behind, true),
                None => break &start[..start.len() - rest.len() - 1],
            }
        };
        // Line breaks in the field count, CRLF once.
        self.line += inside.matches(['\n', '\r']).count() - inside.matches("\r\n").count();
        self.rest = rest;
        if !self.by_blanks() {
            self.skip_blanks();
        }
        match self.rest.chars().next() {
            Some(c) if !self.ends_a_field(c) => {
                let expected = format!("{:?} or the end of the line after a closing quotation mark", self.delimiter);
                let mut text = [0; 4];
                let hint = is_the_delimiter(self.delimiter, c.encode_utf8(&mut text));
                Err(self.error(self.line, &expected, &format!("{c:?}{hint}")))
            }
            _ if escaped => Ok(Cow::Owned(inside.replace("\"\"", "\""))),
            _ => Ok(Cow::Borrowed(inside)),
        }
    }

    fn error(&self, line: usize, expected: &str, found: &str) -> DataError {
        DataError::Line {
            path: self.path.to_owned(),
            line,
            column: None,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, delimiter: char) -> Vec<(usize, Vec<String>)> {
        split_by(&Csv { delimiter, ..Csv::default() }, text)
    }

    fn split_by(csv: &Csv, text: &str) -> Vec<(usize, Vec<String>)> {
        let mut records = Records::new(csv, Path::new("t.csv"), text);
        let mut lines = Vec::new();
        while let Some(line) = records.next_line() {
            lines.push((line, records.fields().map(|field| field.unwrap().into_owned()).collect()));
        }
        lines
    }

    fn error(text: &str) -> String {
        let csv = Csv::default();
        let mut records = Records::new(&csv, Path::new("t.csv"), text);
        while records.next_line().is_some() {
            if let Some(error) = records.fields().find_map(Result::err) {
                return error.to_string();
            }
        }
        panic!("no error")
    }

    #[test]
    fn every_line_end_counts_once() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "1,2", " ", "3,4"].join(end);
            for text in [text.clone(), text + end] {
                let records = split(&text, ',');
                assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 3, 5], "{text:?}");
                assert_eq!(records[2].1, ["3", "4"], "{text:?}");
            }
        }
    }

    #[test]
    fn quoted_fields() {
        let records = split("\"a,b\" , \"say \"\"hi\"\"\",\"\"\r\n\"two\r\nlines\",2,3\r\nlast,,\r\n", ',');
        assert_eq!(records[0], (1, vec!["a,b".into(), "say \"hi\"".into(), "".into()]));
        assert_eq!(records[1], (2, vec!["two\r\nlines".into(), "2".into(), "3".into()]));
        assert_eq!(records[2], (4, vec!["last".into(), "".into(), "".into()]));
    }

    #[test]
    fn byte_order_mark_blanks_and_tabs() {
        assert_eq!(split("\u{feff}a , b\n", ','), [(1, vec!["a".into(), "b".into()])]);
        assert_eq!(
            split("1\t\t 3 \n\t\t\n", '\t'),
            [(1, vec!["1".into(), "".into(), "3".into()]), (2, vec!["".into(), "".into(), "".into()]),]
        );
        assert!(split("", ',').is_empty() && split("\u{feff}\n \r\n", ',').is_empty());
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed() {
        assert_eq!(
            error("a,b\r\n1,\"2\r\n3,4\r\n"),
            "t.csv, line 2: expected a closing quotation mark, found the end of the file"
        );
    }

    #[test]
    fn text_after_a_closing_quotation_mark() {
        assert_eq!(
            error("a,b\n\n\"1\n\"x,2\n"),
            "t.csv, line 4: expected ',' or the end of the line after a closing quotation mark, found 'x'"
        );
    }

    #[test]
    fn runs_of_blanks() {
        let fields = |text: &str| split(text, ' ').into_iter().map(|(_, fields)| fields).collect::<Vec<_>>();
        assert_eq!(fields("a b\n  1 \t 2\t\n3\t4"), [["a", "b"], ["1", "2"], ["3", "4"]]);
        assert_eq!(fields(" \t\r\n\"x y\"  \"\" \r\n"), [["x y", ""]]);
        assert_eq!(fields("\"1\"\t2 ,"), [["1", "2", ","]]);
        let csv = Csv { delimiter: ' ', ..Csv::default() };
        let error = Records::new(&csv, Path::new("t"), "\"a\"b c").field().unwrap_err().to_string();
        assert_eq!(error, "t, line 1: expected ' ' or the end of the line after a closing quotation mark, found 'b'");
    }

    #[test]
    fn lines_to_skip_and_comments() {
        let csv = Csv { skip_lines: 3, comment: Some("//".into()), ..Csv::default() };
        for end in ["\n", "\r\n", "\r"] {
            let lines = ["\u{feff}a \"quotation mark", "", "// x", "//", "1,2", " // \"", "3,//", "//"];
            let records = split_by(&csv, &lines.join(end));
            assert_eq!(records, [(5, vec!["1".into(), "2".into()]), (7, vec!["3".into(), "//".into()])], "{end:?}");
        }
        assert!(split_by(&Csv { skip_lines: usize::MAX, ..csv }, "1\n2\n").is_empty());
    }

    #[test]
    fn another_delimiter_after_a_closing_quotation_mark() {
        assert_eq!(
            error("\"a\";\"b\"\n"),
            "t.csv, line 1: expected ',' or the end of the line after a closing quotation mark, found ';' (if ';' separates \
             the fields, set `Csv::delimiter`)"
        );
    }
}
