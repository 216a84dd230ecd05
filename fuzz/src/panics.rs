//! Records panics, with message and location, instead of printing them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{Location, PanicHookInfo, set_hook};
use std::sync::Mutex;

thread_local! {
    /// The location and the message of the latest panic.
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// The locations outside this package that panics reported: how often each, and one of the messages.
static ELSEWHERE: Mutex<BTreeMap<String, (u64, String)>> = Mutex::new(BTreeMap::new());

/// Records panics from now on instead of printing them.
pub fn take_down() {
    set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let place = info.location().map_or(String::new(), Location::to_string);
        let message = text(info.payload()).to_owned();
        LAST.set(Some((place, message)));
    }));
}

/// Checks the latest panic of this thread: panics again if its message shows a bug rather than misuse, and counts it if
/// its location is not the caller's.
pub(crate) fn examine() {
    let Some((place, message)) = LAST.take() else { return };
    let nonsense =
        ["CONTRADICTION", "internal error", "unreachable", "attempt to", "index out of bounds", "capacity overflow"];
    if let Some(nonsense) = nonsense.into_iter().find(|nonsense| message.contains(nonsense)) {
        panic!("{nonsense}: {place}: {message}");
    }
    if !place.contains("fuzz/src") {
        let mut elsewhere = ELSEWHERE.lock().expect("no panic while it is held");
        elsewhere.entry(place).or_insert((0, message)).0 += 1;
    }
}

/// The locations outside this package that panics of programs reported.
pub fn elsewhere() -> Vec<String> {
    let elsewhere = ELSEWHERE.lock().expect("no panic while it is held");
    elsewhere.iter().map(|(place, (count, message))| format!("{count} × {place}: {message}")).collect()
}

/// The latest panic of this thread, as text.
pub(crate) fn latest() -> String {
    LAST.take().map_or("no panic".to_owned(), |(place, message)| format!("{place}: {message}"))
}

/// The message of a panic.
fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
