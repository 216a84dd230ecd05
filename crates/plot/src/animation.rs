//! Animations: points that move over a figure, as an SVG that every browser plays (SMIL).

use crate::figure::Figure;
use crate::palette::Color;

/// A point that moves through a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Mover {
    /// The panel, counted from 0.
    pub panel: usize,
    /// Where it is, at equal intervals of time; where the axes do not show it, it stays.
    pub points: Vec<(f64, f64)>,
    /// The color.
    pub color: Color,
}

/// A figure over which points move, again and again.
///
/// ```
/// use downhill_plot::{Animation, Axis, Figure, Line, Mover, Panel, palette};
/// let path: Vec<(f64, f64)> = (0..50).map(|t| (f64::from(t), 0.9_f64.powi(t))).collect();
/// let panel = Panel::new(Axis::linear("step"), Axis::log("loss")).with(Line::new(path.clone()));
/// let figure = Figure::new(400, 300).with(panel);
/// let movers = vec![Mover { panel: 0, points: path, color: palette::BLUE }];
/// assert!(Animation { figure, movers, seconds: 5.0 }.svg().contains("<animate "));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Animation {
    /// What stands still.
    pub figure: Figure,
    /// What moves.
    pub movers: Vec<Mover>,
    /// How long a round takes.
    pub seconds: f64,
}

impl Animation {
    /// The animation as an SVG document.
    ///
    /// # Panics
    /// As [`Figure::svg`], or if a mover is in a panel that the figure does not have.
    #[track_caller]
    pub fn svg(&self) -> String {
        let still = self.figure.svg();
        let panels = self.figure.panels.len();
        let mut moving = String::new();
        for mover in &self.movers {
            assert!(mover.panel < panels, "Animation: no panel {}, the figure has {panels}", mover.panel);
            let plane = self.figure.panels[mover.panel].plane(self.figure.part(mover.panel));
            let (mut xs, mut ys) = (Vec::new(), Vec::new());
            for (x, y) in mover.points.iter().filter_map(|&point| plane.place(point)) {
                let (x, y) = plane.frame.clamp((x, y));
                xs.push(format!("{:.0}", 4.0 * x));
                ys.push(format!("{:.0}", 4.0 * y));
            }
            let (Some(x), Some(y)) = (xs.first(), ys.first()) else { continue };
            let Color(red, green, blue, _) = mover.color;
            moving += &format!(
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"24\" fill=\"#{red:02X}{green:02X}{blue:02X}\" stroke=\"#000\" stroke-width=\"5\">"
            );
            for (name, values) in [("cx", &xs), ("cy", &ys)] {
                let (values, seconds) = (values.join(";"), self.seconds);
                moving += &format!(
                    "<animate attributeName=\"{name}\" dur=\"{seconds}s\" repeatCount=\"indefinite\" values=\"{values}\"/>"
                );
            }
            moving += "</circle>\n";
        }
        let end = still.rfind("</svg>").unwrap_or(still.len());
        format!("{}{moving}{}", &still[..end], &still[end..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Axis, Dots, Panel};

    /// A point that moves starts where a dot is that stands still.
    #[test]
    fn movers_have_the_coordinates_of_their_panel() {
        let (points, color) = (vec![(2.0, 10.0), (3.0, 1e9), (f64::NAN, 1.0)], Color(1, 2, 3, 1.0));
        let panel = || Panel::new(Axis::linear("").over(0.0, 5.0), Axis::log("").over(1.0, 100.0));
        let dots = panel().with(Dots::new([points[0]]));
        let figure = Figure::new(400, 200).columns(2).with(panel()).with(dots);
        let svg = Animation { figure, movers: vec![Mover { panel: 1, points, color }], seconds: 3.0 }.svg();
        let places: Vec<&str> =
            svg.split("<circle cx=\"").skip(1).map(|rest| rest.split(" r=").next().unwrap()).collect();
        assert_eq!(places.len(), 2);
        assert_eq!(places[0], places[1]);
        // The second place is cut at the upper edge of the frame, and the third left out.
        let values: Vec<&str> = svg.split("values=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(values.iter().map(|list| list.split(';').count()).collect::<Vec<_>>(), [2, 2]);
        assert!(svg.contains("fill=\"#010203\"") && svg.contains("dur=\"3s\"") && svg.ends_with("</svg>\n"));
    }

    #[test]
    #[should_panic(expected = "Animation: no panel 0, the figure has 0")]
    fn a_mover_needs_a_panel() {
        let mover = Mover { panel: 0, points: vec![], color: Color(0, 0, 0, 1.0) };
        Animation { figure: Figure::new(10, 10), movers: vec![mover], seconds: 1.0 }.svg();
    }
}
