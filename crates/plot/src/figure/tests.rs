use super::*;
use crate::{Axis, Band, Bars, Contours, Descent, Dots, Guide, HeatMap, Line, Mark, Note};

fn pixels(png: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    (info.width, info.height, bytes)
}

/// A line of a pixel and a half covers a pixel and a half of each column, wherever it is.
#[test]
fn lines_of_a_bitmap_are_antialiased() {
    for (low, high) in [(0.0, 1.0), (0.04, 1.0), (0.0, 1.07)] {
        let flat = Line::new([(0.0, 0.5), (1.0, 0.5)]).wide(1.5).colored(crate::palette::BLACK);
        let panel = Panel::new(Axis::bare().over(0.0, 1.0), Axis::bare().over(low, high)).with(flat);
        let (width, height, bytes) = pixels(&Figure::new(120, 90).with(panel).png());
        assert_eq!((width, height), (120, 90));
        // In the middle of the figure, away from the frame.
        let ink = |row: usize| 1.0 - f64::from(bytes[3 * (row * 120 + 60)]) / 255.0;
        let covered: f64 = (20..75).map(ink).sum();
        assert!((covered - 1.5).abs() < 0.05, "{covered} pixels");
    }
}

/// Every mark, on every kind of axis, with data that nobody wants.
#[test]
fn hostile_data_are_drawn() {
    let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 5e-324, 1e308, -1e308, 1.0];
    let series: Vec<Vec<f64>> = vec![
        vec![],
        vec![0.0],
        vec![3.0; 5],
        vec![f64::NAN; 4],
        bad.to_vec(),
        vec![-f64::MAX, f64::MAX],
        vec![1e-320; 3],
    ];
    for x in &series {
        for y in &series {
            let points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
            let one = y.first().copied().unwrap_or(f64::NAN);
            let marks: Vec<Mark> = vec![
                Line::new(points.clone()).named("line").dotted().into(),
                Line::new(points.clone()).dashed().into(),
                Band::new(points.iter().map(|&(x, y)| (x, y, one))).named("band").into(),
                Dots::new(points.clone()).named("").into(),
                Descent::new(points.clone()).named("path").into(),
                Bars::of(y.clone()).into(),
                Bars::histogram(y, 3).into(),
                Guide::horizontal(one, "guide").into(),
                Guide::vertical(one, "").into(),
                Note::new((one, one), "note <&>").into(),
                HeatMap::new(vec![x.clone(), y.clone()]).numbered().into(),
                Contours {
                    values: vec![x.clone(), y.clone()],
                    x: (one, 1.0),
                    y: (0.0, one),
                    levels: y.clone(),
                    labelled: true,
                }
                .into(),
            ];
            for axis in [Axis::linear("value"), Axis::log("value"), Axis::named("names", ["a", "b"]), Axis::bare()] {
                for mark in &marks {
                    let panel = Panel::new(axis.clone(), axis.clone()).with(mark.clone());
                    let svg = Figure::new(200, 100).with(panel).svg();
                    assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{mark:?}");
                }
            }
        }
    }
    let all = Panel::new(Axis::log("x"), Axis::linear("y")).with(Line::of(bad)).with(Bars::of(bad));
    Figure::new(1, 1).with(all.clone()).png();
    Figure::new(30, 20).columns(0).with(all.clone()).with(all.squared()).png();
    Figure::new(30, 20).svg();
}

#[test]
fn titles_are_escaped() {
    let svg = Figure::new(50, 50).titled("a < b & c").svg();
    assert!(svg.contains("<title>a &lt; b &amp; c</title>") && svg.matches("a &lt; b &amp; c").count() == 2, "{svg}");
}

/// Each panel has its part, and the parts fill the figure below the title.
#[test]
fn panels_are_in_a_grid() {
    let panel = || Panel::new(Axis::bare(), Axis::bare());
    let figure = Figure::new(300, 230).titled("title").columns(3).with_all((0..4).map(|_| panel()));
    let Frame { left, top, right, bottom } = figure.part(3);
    assert_eq!((left, top, right, bottom), (0.0, 130.0, 100.0, 230.0));
    assert_eq!(figure.part(2).right, 300.0);
}

#[test]
fn files_have_their_format() {
    let directory = std::env::temp_dir().join(format!("downhill-plot-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let figure = Figure::new(40, 30);
    figure.save(directory.join("a.png")).unwrap();
    assert_eq!(pixels(&std::fs::read(directory.join("a.png")).unwrap()).0, 40);
    figure.save(directory.join("a.svg")).unwrap();
    let message = figure.save(directory.join("a.pdf")).unwrap_err().to_string();
    assert!(message.contains("a.pdf: the name of a figure's file must end in .svg or .png"), "{message}");
    let message = figure.save(directory.join("missing").join("a.svg")).unwrap_err().to_string();
    assert!(message.contains("missing") && message.contains("a.svg"), "{message}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
#[should_panic(expected = "Figure: the size must be from 1 x 1 to 4000 x 4000 pixels, got 0 x 5")]
fn a_figure_has_a_size() {
    Figure::new(0, 5).svg();
}
