//! What a panel shows.

use crate::axis::Axis;
use crate::legend::Key;
use crate::plane::Plane;
use crate::shape::Shape;
use crate::{Band, Bars, Contours, Descent, Dots, Guide, HeatMap, Line, Note};

/// What every mark can do.
pub(crate) trait Draw {
    /// The points that decide over the range of the axes.
    fn extent(&self) -> Vec<(f64, f64)>;

    /// Its shapes.
    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape>;

    /// Its line in the legend.
    fn key(&self) -> Option<Key> {
        None
    }

    /// Whether it fills the plane to its edges, so that the axes leave no room.
    fn snug(&self) -> bool {
        false
    }
}

macro_rules! marks {
    ($($mark:ident: $what:literal,)*) => {
        /// Anything that a panel shows; every mark converts into it.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Mark {
            $(#[doc = $what] $mark($mark),)*
        }

        impl Mark {
            pub(crate) fn as_draw(&self) -> &dyn Draw {
                match self {
                    $(Mark::$mark(mark) => mark,)*
                }
            }
        }

        $(impl From<$mark> for Mark {
            fn from(mark: $mark) -> Self {
                Mark::$mark(mark)
            }
        })*
    };
}

marks! {
    Band: "An area between two curves.",
    Bars: "Bars, or a histogram.",
    Contours: "Lines of equal height.",
    Descent: "The path of an optimizer.",
    Dots: "Points.",
    Guide: "A straight line at a value.",
    HeatMap: "A matrix as colors.",
    Line: "A curve.",
    Note: "A text.",
}

/// The extent of all marks along both axes, of what the axes show.
pub(crate) fn extents(marks: &[Mark], x: &Axis, y: &Axis) -> [Option<(f64, f64)>; 2] {
    let mut ends = [None, None];
    for (a, b) in marks.iter().flat_map(|mark| mark.as_draw().extent()) {
        for (end, (axis, value)) in ends.iter_mut().zip([(x, a), (y, b)]) {
            if axis.shows(value) {
                let (low, high) = end.unwrap_or((value, value));
                *end = Some((value.min(low), value.max(high)));
            }
        }
    }
    ends
}
