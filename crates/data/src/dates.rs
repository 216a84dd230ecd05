//! Dates as numbers.
//!
//! The number of days from 1 January 1970 in the Gregorian calendar, by counting years from 1 March, so that the leap
//! day is the last of a year. Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`:
//! <https://howardhinnant.github.io/date_algorithms.html>.

use crate::csv::quote;
use crate::{DataError, Frame};

/// A date in ISO 8601, `2007-11-11`, as days since 1 January 1970; with a time of day, `2007-11-11T18:00:00`, as a
/// fraction. A blank may stand for the `T`; the seconds may have decimals or be left out, and a final `Z` is ignored.
/// `None` if it is something else, or no date of the Gregorian calendar.
///
/// ```
/// use downhill_data::days_since_1970;
/// assert_eq!(days_since_1970("1970-01-02"), Some(1.0));
/// assert_eq!(days_since_1970("2000-03-01 12:00"), Some(11_017.5));
/// assert_eq!(days_since_1970("2001-02-29"), None);
/// assert_eq!(days_since_1970("11/11/2007"), None); // month or day first?
/// ```
pub fn days_since_1970(date: &str) -> Option<f64> {
    let (day, time) = match date.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (date, None),
    };
    let mut parts = day.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=days_in_month).contains(&day) {
        return None;
    }
    // January and February belong to the year before.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days as f64 + time.map_or(Some(0.0), seconds)? / 86_400.0)
}

impl Frame {
    /// A date in days since 1970; `None` if it is missing.
    pub(crate) fn date(&self, column: usize, row: usize) -> Result<Option<f64>, DataError> {
        let Some(spelling) = self.columns[column].values.spelling(row) else { return Ok(None) };
        let date = days_since_1970(&spelling);
        date.map(Some).ok_or_else(|| self.error(column, row, "a date such as \"2007-11-11\"", quote(&spelling)))
    }
}

/// The time of day, in seconds.
fn seconds(time: &str) -> Option<f64> {
    let mut parts = time.strip_suffix('Z').unwrap_or(time).split(':');
    let (hour, minute, second) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, parts.next().unwrap_or("00"));
    let (whole, decimals) = second.split_once('.').unwrap_or((second, "0"));
    let whole = digits(whole, 2)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || whole > 59 || digits(decimals, decimals.len()).is_none() {
        return None;
    }
    Some((hour * 3600 + minute * 60) as f64 + second.parse::<f64>().ok()?)
}

/// A number of exactly so many digits, at least one and at most 18.
fn digits(text: &str, count: usize) -> Option<i64> {
    let all_digits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By counting one day after the other.
    #[test]
    fn every_day_of_seven_centuries() {
        // 1 January 1600 is 135,140 days before 1970: 370 years of which 90 are leap years (1700, 1800, 1900 are not).
        let mut days = -f64::from(370 * 365 + 90);
        for year in 1600..2300 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for day in 1..=length {
                    assert_eq!(days_since_1970(&format!("{year}-{month:02}-{day:02}")), Some(days));
                    days += 1.0;
                }
                assert_eq!(days_since_1970(&format!("{year}-{month:02}-{:02}", length + 1)), None);
            }
        }
    }

    #[test]
    fn the_first_and_the_last_year() {
        // By Python's `datetime.date(1, 1, 1).toordinal()` and `date(9999, 12, 31)`, less that of 1970.
        assert_eq!(days_since_1970("0001-01-01"), Some(-719_162.0));
        assert_eq!(days_since_1970("9999-12-31"), Some(2_932_896.0));
        assert_eq!(days_since_1970("0000-03-01"), Some(-719_468.0));
        assert_eq!(days_since_1970("0000-02-29"), Some(-719_469.0));
    }

    #[test]
    fn times_of_day() {
        for (time, day) in [
            ("00:00", 0.0),
            ("06:00:00", 0.25),
            ("18:00:00Z", 0.75),
            ("00:00:08.64", 0.0001),
            ("23:59:59.999", 86_399.999 / 86_400.0),
        ] {
            for separator in ["T", " "] {
                let text = format!("1970-01-01{separator}{time}");
                assert!((days_since_1970(&text).unwrap() - day).abs() < 1e-15, "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "-",
            "--",
            "1970",
            "1970-01",
            "1970-1-1",
            "70-01-01",
            "1970-00-01",
            "1970-13-01",
            "1970-01-00",
            "1970-04-31",
            "1900-02-29",
            "1970-01-01-",
            "+970-01-01",
            "1970-01-01T",
            "1970-01-01T24:00",
            "1970-01-01T12:60",
            "1970-01-01T12",
            "1970-01-01T12:00:60",
            "1970-01-01T12:00:5",
            "1970-01-01T12:00:05.",
            "1970-01-01T12:00:05.x",
            "1970-01-01T12:00:00:00",
            "1970-01-01 12:00:00+01:00",
            "１970-01-01",
            "1970-01-01\u{0}",
        ] {
            assert_eq!(days_since_1970(text), None, "{text:?}");
        }
    }
}
