//! From shapes to files, with `plotters`.
//!
//! Its backends count in whole pixels, and its bitmaps have jagged edges. So everything is drawn enlarged: an SVG is scaled
//! back by its `viewBox`, and a bitmap by averaging squares of pixels.

use std::error::Error;
use std::sync::Once;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontStyle, FontTransform, register_font};

use crate::palette::Color;
use crate::shape::{Anchor, Place, Shape, Text};

/// How much larger than in the end everything is drawn.
const ENLARGED: u32 = 4;

/// In an SVG, the browser's font: Verdana is as wide.
const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

fn font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = include_bytes!("../font/DejaVuSans.ttf");
        assert!(register_font(FAMILY, FontStyle::Normal, font).is_ok(), "the crate's own font is valid");
    });
}

/// The width of a text in pixels.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    font();
    // Measured large, since the result is in whole pixels.
    let wide = (FAMILY, 100.0 * LINE).into_font().box_size(text).map_or(0.0, |(width, _)| f64::from(width));
    wide * size / 100.0
}

/// `plotters` counts the height of a line of text, not the size of the font: in bitmaps, ascent and descent of this one, 2384 of
/// 2048 units; in an SVG, where it does not know the font, 1.24 times the size.
const LINE: f64 = 2384.0 / 2048.0;
const SVG_LINE: f64 = 1.24;

pub(crate) fn svg(shapes: &[Shape], (width, height): (u32, u32), title: &str) -> String {
    let (wide, high) = (width * ENLARGED, height * ENLARGED);
    let mut text = String::new();
    draw(shapes, SVGBackend::with_string(&mut text, (wide, high)), false).expect("memory takes everything");
    let size = format!("<svg width=\"{wide}\" height=\"{high}\"");
    let text = text.replacen(&size, &format!("<svg width=\"{width}\" height=\"{height}\" role=\"img\""), 1);
    let escaped = title.replace('&', "&amp;").replace('<', "&lt;");
    text.replacen(">\n", &format!(">\n<title>{escaped}</title>\n"), 1).replace(" opacity=\"1\"", "")
}

pub(crate) fn png(shapes: &[Shape], (width, height): (u32, u32)) -> Vec<u8> {
    let (wide, high) = (width * ENLARGED, height * ENLARGED);
    let mut large = vec![255; 3 * wide as usize * high as usize];
    draw(shapes, BitMapBackend::with_buffer(&mut large, (wide, high)), true).expect("memory takes everything");
    let small = averaged(&large, wide as usize, ENLARGED as usize);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("memory takes everything");
    writer.write_image_data(&small).expect("memory takes everything");
    writer.finish().expect("memory takes everything");
    file
}

/// The means of squares of `side` by `side` pixels of three bytes.
fn averaged(large: &[u8], wide: usize, side: usize) -> Vec<u8> {
    let rows = large.chunks_exact(3 * wide * side);
    let area = (side * side) as u32;
    let mut small = Vec::with_capacity(large.len() / (side * side));
    for block in rows {
        for column in 0..wide / side {
            for channel in 0..3 {
                let at = |row: usize, x: usize| u32::from(block[3 * (row * wide + column * side + x) + channel]);
                let sum: u32 = (0..side).flat_map(|row| (0..side).map(move |x| (row, x))).map(|(r, x)| at(r, x)).sum();
                small.push(((sum + area / 2) / area) as u8);
            }
        }
    }
    small
}

fn rgba(color: Color) -> RGBAColor {
    RGBAColor(color.0, color.1, color.2, color.3)
}

fn enlarged(length: f64) -> i32 {
    (length * f64::from(ENLARGED)).round() as i32
}

/// Draws on one of the backends. In a bitmap every segment is drawn alone, with round joints: `plotters` draws sharp corners of
/// thick lines as long spikes.
fn draw<DB: DrawingBackend>(shapes: &[Shape], backend: DB, by_segment: bool) -> Result<(), Box<dyn Error>>
where
    DB::ErrorType: 'static,
{
    font();
    let root = backend.into_drawing_area();
    root.fill(&WHITE)?;
    let corner = |(x, y): Place| (enlarged(x), enlarged(y));
    for shape in shapes {
        match shape {
            Shape::Line { points, color, width } => {
                // In a bitmap, the pixels of both edges count.
                let wide = enlarged(*width) - i32::from(by_segment);
                let style = rgba(*color).stroke_width(wide.max(1) as u32);
                if by_segment {
                    for pair in points.windows(2) {
                        root.draw(&PathElement::new([corner(pair[0]), corner(pair[1])], style))?;
                    }
                    for &joint in points.iter().take(points.len() - 1).skip(1) {
                        root.draw(&Circle::new(corner(joint), enlarged(width / 2.0), rgba(*color).filled()))?;
                    }
                } else {
                    root.draw(&PathElement::new(points.iter().copied().map(corner).collect::<Vec<_>>(), style))?;
                }
            }
            Shape::Area { points, color } => {
                let points: Vec<_> = points.iter().copied().map(corner).collect();
                root.draw(&Polygon::new(points, rgba(*color).filled()))?;
            }
            Shape::Rectangle { from, to, color } => {
                root.draw(&Rectangle::new([corner(*from), corner(*to)], rgba(*color).filled()))?;
            }
            Shape::Disc { at, radius, color } => {
                root.draw(&Circle::new(corner(*at), enlarged(*radius), rgba(*color).filled()))?;
            }
            Shape::Text(text) => {
                root.draw_text(&text.text, &style(text, if by_segment { LINE } else { SVG_LINE }), corner(text.at))?;
            }
        }
    }
    root.present()?;
    Ok(())
}

fn style(text: &Text, line: f64) -> TextStyle<'static> {
    let font = (FAMILY, text.size * line * f64::from(ENLARGED)).into_font();
    let font = if text.upright { font.transform(FontTransform::Rotate270) } else { font };
    let across = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    TextStyle { font, color: rgba(text.color).to_backend_color(), pos: Pos::new(across, VPos::Center) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_of_squares() {
        let row = |values: [u8; 4]| values.into_iter().flat_map(|v| [v, 0, 255]).collect::<Vec<u8>>();
        let large = [row([0, 100, 8, 8]), row([100, 200, 9, 9])].concat();
        assert_eq!(averaged(&large, 4, 2), [100, 0, 255, 9, 0, 255]);
    }

    #[test]
    fn wide_letters_are_wide() {
        let (narrow, wide) = (text_width("iiii", 10.0), text_width("MMMM", 10.0));
        // DejaVu Sans: 569 and 1767 of 2048 units.
        assert!(
            (narrow - 4.0 * 569.0 / 204.8).abs() < 0.5 && (wide - 4.0 * 1767.0 / 204.8).abs() < 0.5,
            "{narrow} {wide}"
        );
    }
}
