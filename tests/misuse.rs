//! Helpers for tests of misuse: it must panic at the user's line with the right message.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// The message of a panic.
fn payload(payload: &dyn std::any::Any) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("")
}

/// A panic of this thread: its message and its reported location.
#[derive(Clone, Debug)]
struct Report {
    message: String,
    file: String,
    line: u32,
}

thread_local! {
    static LAST: RefCell<Option<Report>> = const { RefCell::new(None) };
    static EXPECTED: RefCell<bool> = const { RefCell::new(false) };
}

/// Records the panics that a test expects; all others are printed as usual.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !EXPECTED.with_borrow(|expected| *expected) {
                return before(info);
            }
            let location = info.location().expect("a panic has a location");
            let report = Report {
                message: payload(info.payload()).to_owned(),
                file: location.file().to_owned(),
                line: location.line(),
            };
            LAST.with_borrow_mut(|last| *last = Some(report));
        }));
    });
}

/// Asserts that `body`, on line `line` of the calling file, panics there with a message that contains all `parts`.
#[track_caller]
pub fn fails<T>(line: u32, parts: &[&str], body: impl FnOnce() -> T) {
    let Report { message, file, line: reported } = panic_of(parts, body);
    assert!(
        file == Location::caller().file() && reported == line,
        "the panic is reported at {file}:{reported}, not at the user's line {line}: {message}"
    );
}

/// Like [`fails`], for a call and closure that may span several lines.
#[track_caller]
pub fn refuses<T>(parts: &[&str], body: impl FnOnce() -> T) {
    let Report { message, file, line } = panic_of(parts, body);
    let here = Location::caller();
    assert!(
        file == here.file() && (here.line()..here.line() + 5).contains(&line),
        "the panic is reported at {file}:{line}, not at the user's line {}: {message}",
        here.line()
    );
}

/// Asserts that `body` panics anywhere with a message that contains all `parts`.
#[track_caller]
pub fn says<T>(parts: &[&str], body: impl FnOnce() -> T) {
    panic_of(parts, body);
}

#[track_caller]
fn panic_of<T>(parts: &[&str], body: impl FnOnce() -> T) -> Report {
    install_hook();
    EXPECTED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| drop(body())));
    EXPECTED.set(false);
    let report = LAST.take();
    assert!(outcome.is_err(), "no panic");
    let report = report.expect("the hook records the panic");
    for part in parts {
        assert!(report.message.contains(part), "{part:?} is not in the message {:?}", report.message);
    }
    report
}
