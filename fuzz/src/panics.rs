//! What is seen of panics: nothing on the screen, but where they happened.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{Location, PanicHookInfo, set_hook};
use std::sync::Mutex;

thread_local!(static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) });

/// The places in the library, outside of this package, where a program's panic was said to have happened, how often, and
/// one of the messages.
static ELSEWHERE: Mutex<BTreeMap<String, (u64, String)>> = Mutex::new(BTreeMap::new());

/// Takes down panics from here on instead of printing them.
pub fn take_down() {
    set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let place = info.location().map_or(String::new(), Location::to_string);
        let message = text(info.payload()).to_owned();
        LAST.set(Some((place, message)));
    }));
}

/// Looks at the latest panic of this thread.
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

/// The places that are not this package's, where programs panicked.
pub fn elsewhere() -> Vec<String> {
    let elsewhere = ELSEWHERE.lock().expect("no panic while it is held");
    elsewhere.iter().map(|(place, (count, message))| format!("{count} × {place}: {message}")).collect()
}

/// The latest panic of this thread, in words.
pub(crate) fn latest() -> String {
    LAST.take().map_or("no panic".to_owned(), |(place, message)| format!("{place}: {message}"))
}

/// What a panic said.
fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
