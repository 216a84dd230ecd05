//! Axes.

/// How values become lengths.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Scale {
    /// Equal differences are equally long.
    #[default]
    Linear,
    /// Equal ratios are equally long; values that are not positive are left out.
    Log,
}

/// One of the two axes of a panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What it measures, with the unit.
    pub label: String,
    /// Linear or logarithmic.
    pub scale: Scale,
    /// The first and the last value; without, those of the data.
    pub range: Option<(f64, f64)>,
    /// Names instead of numbers, at 0, 1, 2, ...
    pub names: Option<Vec<String>>,
    /// Without ticks: an image.
    pub bare: bool,
}

impl Axis {
    /// A linear axis over the range of the data.
    pub fn linear(label: impl Into<String>) -> Self {
        Axis { label: label.into(), ..Axis::default() }
    }

    /// A logarithmic axis over the range of the data.
    pub fn log(label: impl Into<String>) -> Self {
        Axis { label: label.into(), scale: Scale::Log, ..Axis::default() }
    }

    /// An axis with a name at each of the places 0, 1, 2, ...
    pub fn named<T: ToString>(label: impl Into<String>, names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
        let range = Some((-0.5, names.len() as f64 - 0.5));
        Axis { label: label.into(), range, names: Some(names), ..Axis::default() }
    }

    /// An axis without ticks.
    pub fn bare() -> Self {
        Axis { bare: true, ..Axis::default() }
    }

    /// This axis, from `first` to `last`.
    pub fn over(mut self, first: f64, last: f64) -> Self {
        self.range = Some((first, last));
        self
    }

    /// Whether this axis has a place for the value.
    pub(crate) fn shows(&self, value: f64) -> bool {
        value.is_finite() && (self.scale == Scale::Linear || value > 0.0)
    }

    /// Where a value is on a ruler of equal lengths.
    pub(crate) fn ruler(&self, value: f64) -> f64 {
        match self.scale {
            // Half of the range of numbers, so that no difference overflows.
            Scale::Linear => value.clamp(-1e300, 1e300),
            Scale::Log => value.log10(),
        }
    }

    /// The ends of the axis on the ruler, the first less than the last, for the extent of the data.
    pub(crate) fn ends(&self, extent: Option<(f64, f64)>, snug: bool) -> (f64, f64) {
        let asked = self.range.filter(|&(a, b)| self.shows(a) && self.shows(b) && a < b);
        let Some((low, high)) = asked.or(extent) else {
            return (0.0, 1.0);
        };
        let (low, high) = (self.ruler(low), self.ruler(high));
        if asked.is_some() && high > low {
            return (low, high);
        }
        if high - low <= 1e-12 * low.abs().max(high.abs()) {
            let room = if self.scale == Scale::Log { 0.5 } else { (0.1 * low.abs()).max(f64::MIN_POSITIVE / 1e-12) };
            let room = if low == 0.0 { 0.5 } else { room };
            return (low - room, high + room);
        }
        let room = if snug { 0.0 } else { 0.04 * (high - low) };
        (low - room, high + room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_data_have_a_range_around_them() {
        for value in [0.0, 1.0, -1e-300, 1e300, 5e-324] {
            let (low, high) = Axis::linear("").ends(Some((value, value)), false);
            assert!(low < value && value < high && (high - low).is_finite(), "{value}: {low} to {high}");
        }
        assert_eq!(Axis::log("").ends(Some((100.0, 100.0)), false), (1.5, 2.5));
    }

    #[test]
    fn impossible_ranges_are_ignored() {
        for (a, b) in [(f64::NAN, 1.0), (1.0, 1.0), (2.0, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(Axis::linear("").over(a, b).ends(Some((0.0, 1.0)), true), (0.0, 1.0));
        }
        assert_eq!(Axis::log("").over(0.0, 1.0).ends(Some((0.1, 1.0)), true), (-1.0, 0.0));
        assert_eq!(Axis::log("").ends(None, true), (0.0, 1.0));
    }
}
