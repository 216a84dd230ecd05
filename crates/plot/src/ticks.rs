//! Where the numbers of an axis are: at round values.

use crate::axis::{Axis, Scale};

/// A tick: its place on the ruler and its label; fine ticks have none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// The ticks of an axis between two places on its ruler, with about `count` labels.
pub(crate) fn ticks(axis: &Axis, (low, high): (f64, f64), count: usize) -> Vec<Tick> {
    if axis.bare {
        return Vec::new();
    }
    if let Some(names) = &axis.names {
        let inside = |&(i, _): &(usize, &String)| (low..=high).contains(&(i as f64));
        return names
            .iter()
            .enumerate()
            .filter(inside)
            .map(|(i, name)| Tick { at: i as f64, label: name.clone() })
            .collect();
    }
    match axis.scale {
        Scale::Linear => linear(low, high, count),
        Scale::Log => log(low, high, count),
    }
}

/// 1, 2 or 5 times a power of ten.
fn round_step(span: f64, count: usize) -> f64 {
    let raw = span / count.max(1) as f64;
    let power = 10.0_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    step.into_iter().find(|&step| step >= 0.7 * raw).unwrap_or(step[3])
}

fn linear(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let step = round_step(high - low, count);
    let first = (low / step).ceil();
    // The step may be smaller than the distance between neighboring numbers.
    if !step.is_normal() || (first + 1.0) * step <= first * step {
        return vec![Tick { at: low, label: number(low, 0.0) }];
    }
    let values = (0..=2 * count).map(|i| (first + i as f64) * step).take_while(|&at| at <= high + 1e-9 * step);
    values.map(|at| Tick { at, label: number(at, step) }).collect()
}

fn log(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let decades = high - low;
    if decades < 2.3 {
        // Round values between the powers, too, as long as they are not too close.
        let fine: &[f64] = if decades < 1.2 { &[1.0, 2.0, 3.0, 5.0, 7.0] } else { &[1.0, 2.0, 5.0] };
        let all =
            (low.floor() as i32..=high.ceil() as i32).flat_map(|e| fine.iter().map(move |m| m * 10.0_f64.powi(e)));
        return all
            .map(|value| Tick { at: value.log10(), label: number(value, 0.0) })
            .filter(|tick| (low..=high).contains(&tick.at))
            .collect();
    }
    let stride = (decades / count.max(1) as f64).ceil().max(1.0) as i32;
    let mut all = Vec::new();
    for exponent in low.floor() as i32..=high.ceil() as i32 {
        if exponent.rem_euclid(stride) == 0 {
            all.push(Tick { at: f64::from(exponent), label: power(exponent) });
        }
        if decades <= 3.0 {
            all.extend((2..10).map(|m| Tick { at: f64::from(exponent) + f64::from(m).log10(), label: String::new() }));
        }
    }
    all.retain(|tick| (low - 1e-9..=high + 1e-9).contains(&tick.at));
    all
}

/// A power of ten as on a logarithmic axis: 0.01, 0.1, 1, 10, 100, and 10⁻⁵.
fn power(exponent: i32) -> String {
    match exponent {
        -2..=3 => number(10.0_f64.powi(exponent), 0.0),
        _ => format!("10{}", superscript(exponent)),
    }
}

fn superscript(exponent: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + (digit as u32 - '0' as u32)).unwrap_or(digit),
    };
    exponent.to_string().chars().map(raised).collect()
}

/// A number with the decimals that its step needs; with step 0, as few as possible.
pub(crate) fn number(value: f64, step: f64) -> String {
    let value = if value.abs() < 1e-9 * step { 0.0 } else { value };
    let size = value.abs().max(step);
    let text = if value == 0.0 && !(1e-4..1.0).contains(&step) {
        "0".to_string()
    } else if (1e-4..1e5).contains(&size) {
        let decimals = if step > 0.0 { (-step.log10().floor()).max(0.0) as usize } else { 0 };
        if step > 0.0 { format!("{value:.decimals$}") } else { format!("{}", (value * 1e9).round() / 1e9) }
    } else {
        let exponent = size.log10().floor() as i32;
        let factor = value / 10.0_f64.powi(exponent);
        match (factor * 100.0).round() / 100.0 {
            1.0 => format!("10{}", superscript(exponent)),
            factor => format!("{factor}·10{}", superscript(exponent)),
        }
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, low: f64, high: f64) -> Vec<String> {
        ticks(axis, (low, high), 5).into_iter().map(|tick| tick.label).filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn labels_are_round() {
        assert_eq!(labels(&Axis::linear(""), -0.03, 1.02), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::linear(""), -900.0, 1600.0), ["−500", "0", "500", "1000", "1500"]);
        assert_eq!(labels(&Axis::log(""), -6.0, 2.0), ["10⁻⁶", "10⁻⁴", "0.01", "1", "100"]);
        assert_eq!(labels(&Axis::log(""), -1.1, 0.05), ["0.1", "0.2", "0.3", "0.5", "0.7", "1"]);
        assert_eq!(labels(&Axis::named("", ["a", "b"]), -0.5, 1.5), ["a", "b"]);
    }

    #[test]
    fn no_range_is_too_wide_or_too_narrow() {
        for (low, high) in [(-1e300, 1e300), (1.0, 1.0 + f64::EPSILON), (0.0, 1e-310), (1e300, 1.0001e300)] {
            let found = ticks(&Axis::linear(""), (low, high), 5);
            assert!((1..=11).contains(&found.len()), "{low} to {high}: {found:?}");
        }
        assert!(ticks(&Axis::log(""), (-330.0, 309.0), 5).len() < 12);
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.1 + 0.2, 0.1, "0.3"),
            (-1e-17, 0.5, "0.0"),
            (0.0, 1e6, "0"),
            (2e6, 1e6, "2·10⁶"),
            (1e-7, 0.0, "10⁻⁷"),
            (-0.25, 0.0, "−0.25"),
        ];
        for (value, step, text) in cases {
            assert_eq!(number(value, step), text);
        }
    }
}
