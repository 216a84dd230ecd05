//! Colors that the colorblind can tell apart.
//!
//! Okabe and Ito, "Color Universal Design: how to make figures and presentations that are friendly to colorblind people",
//! 2008.

/// A color: red, green, blue and, last, the opacity from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Color(pub u8, pub u8, pub u8, pub f64);

/// Black.
pub const BLACK: Color = Color(0, 0, 0, 1.0);
/// White.
pub const WHITE: Color = Color(255, 255, 255, 1.0);
/// The gray of guides and of what is only there for comparison.
pub const GRAY: Color = Color(120, 120, 120, 1.0);
/// Orange.
pub const ORANGE: Color = Color(230, 159, 0, 1.0);
/// Sky blue.
pub const SKY: Color = Color(86, 180, 233, 1.0);
/// Bluish green.
pub const GREEN: Color = Color(0, 158, 115, 1.0);
/// Yellow; faint on white.
pub const YELLOW: Color = Color(240, 228, 66, 1.0);
/// Blue.
pub const BLUE: Color = Color(0, 114, 178, 1.0);
/// Vermilion.
pub const VERMILION: Color = Color(213, 94, 0, 1.0);
/// Reddish purple.
pub const PURPLE: Color = Color(204, 121, 167, 1.0);

/// The colors of lines, in the order in which to use them.
pub const CYCLE: [Color; 7] = [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK];

impl Color {
    /// The `i`th color of [`CYCLE`], from the start again after the last.
    pub fn nth(i: usize) -> Self {
        CYCLE[i % CYCLE.len()]
    }

    /// This color, mixed with a share from 0 to 1 of another.
    pub fn mixed(self, other: Color, share: f64) -> Self {
        let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - share) + f64::from(b) * share).round() as u8;
        Color(
            mix(self.0, other.0),
            mix(self.1, other.1),
            mix(self.2, other.2),
            self.3 * (1.0 - share) + other.3 * share,
        )
    }

    /// This color with an opacity from 0 (invisible) to 1.
    pub fn opacity(self, opacity: f64) -> Self {
        Color(self.0, self.1, self.2, opacity)
    }

    /// How bright it looks, from 0 to 1 (the luma of ITU-R BT.601): whether text on it should be black or white.
    pub fn luma(self) -> f64 {
        (0.299 * f64::from(self.0) + 0.587 * f64::from(self.1) + 0.114 * f64::from(self.2)) / 255.0
    }
}

/// From stop to stop: `at` from 0 to 1.
pub(crate) fn between(stops: &[Color], at: f64) -> Color {
    let place = at.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
    let first = (place as usize).min(stops.len() - 2);
    stops[first].mixed(stops[first + 1], place - first as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_meets_its_stops() {
        let stops = [BLACK, BLUE, WHITE];
        assert_eq!([0.0, 0.5, 1.0].map(|at| between(&stops, at)), stops);
        assert_eq!(between(&[BLACK, WHITE], 0.6), Color(153, 153, 153, 1.0));
        assert_eq!(between(&stops, 7.0), WHITE);
    }

    /// Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009:
    /// the linear maps of severity 1 for protanopia and deuteranopia. No two colors of the cycle fall together.
    #[test]
    fn colors_stay_apart_for_the_colorblind() {
        let protanopia =
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
        let deuteranopia =
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
        for seen in [protanopia, deuteranopia] {
            let look = |c: Color| {
                seen.map(|row: [f64; 3]| row[0] * f64::from(c.0) + row[1] * f64::from(c.1) + row[2] * f64::from(c.2))
            };
            for (i, &a) in CYCLE.iter().enumerate() {
                for &b in &CYCLE[..i] {
                    let (a, b) = (look(a), look(b));
                    let distance = (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
                    assert!(distance > 35.0, "{a:?} and {b:?} look alike: {distance}");
                }
            }
        }
    }
}
