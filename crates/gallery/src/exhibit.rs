//! What a figure of the gallery is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use downhill_plot::{Animation, Figure};

/// A figure: data, what they show, and the drawing.
pub(crate) trait Exhibit {
    /// Computes the data; what is random has a seed.
    fn data() -> Self;

    /// Panics if the data do not show what the caption says.
    fn check(&self);

    /// Draws the data.
    fn draw(&self) -> Drawing;
}

/// A figure that stands still, or moves.
pub(crate) enum Drawing {
    Still(Figure),
    Moving(Animation),
}

impl Drawing {
    pub(crate) fn svg(&self) -> String {
        match self {
            Drawing::Still(figure) => figure.svg(),
            Drawing::Moving(animation) => animation.svg(),
        }
    }

    pub(crate) fn figure(&self) -> &Figure {
        match self {
            Drawing::Still(figure) => figure,
            Drawing::Moving(animation) => &animation.figure,
        }
    }
}

impl From<Figure> for Drawing {
    fn from(figure: Figure) -> Self {
        Drawing::Still(figure)
    }
}

/// A line of the gallery's list.
pub(crate) struct Entry {
    /// The name of its file.
    pub(crate) name: &'static str,
    pub(crate) caption: &'static str,
    /// Whether it is committed under `docs/gallery`.
    pub(crate) in_docs: bool,
    /// Computes, checks and draws; false if the check failed.
    pub(crate) make: fn() -> (Drawing, bool),
}

impl Entry {
    pub(crate) fn of<E: Exhibit>(name: &'static str, caption: &'static str) -> Self {
        let make = || {
            let data = E::data();
            // What fails is drawn, too, since the drawing shows why.
            let holds = catch_unwind(AssertUnwindSafe(|| data.check())).is_ok();
            (data.draw(), holds)
        };
        Entry { name, caption, in_docs: false, make }
    }

    /// Committed under `docs/gallery`.
    pub(crate) fn in_docs(mut self) -> Self {
        self.in_docs = true;
        self
    }
}

/// What the command does with a figure, but failing at once.
#[cfg(test)]
#[track_caller]
pub(crate) fn holds<E: Exhibit>() {
    let data = E::data();
    data.check();
    let svg = data.draw().svg();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
}
