//! Lines of equal height of a function on a grid: marching squares.
//!
//! Each square of four neighbors whose values are on both sides of the level is crossed by one line, from edge to edge, or by
//! two if opposite corners are on one side; then the mean of the corners decides which of them are connected. The lines of
//! neighboring squares meet on their common edge.

use std::collections::BTreeMap;

/// An edge of the grid: its first corner (column, row), and whether it goes to the next column.
type Edge = (usize, usize, bool);

/// The lines at `level` of `values[row][column]`, in units of columns and rows. A closed line ends where it starts. Squares
/// with a corner that is not finite have none.
pub(crate) fn isolines(values: &[Vec<f64>], level: f64) -> Vec<Vec<(f64, f64)>> {
    let mut neighbors: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
    let mut connect = |a: Edge, b: Edge| {
        neighbors.entry(a).or_default().push(b);
        neighbors.entry(b).or_default().push(a);
    };
    for row in 0..values.len().saturating_sub(1) {
        for column in 0..values[row].len().min(values[row + 1].len()).saturating_sub(1) {
            // Counterclockwise, as the edges between them.
            let corners =
                [values[row][column], values[row][column + 1], values[row + 1][column + 1], values[row + 1][column]];
            if !corners.iter().all(|corner| corner.is_finite()) {
                continue;
            }
            let edges = [(column, row, true), (column + 1, row, false), (column, row + 1, true), (column, row, false)];
            let above = corners.map(|corner| corner > level);
            let crossed: Vec<Edge> = (0..4).filter(|&i| above[i] != above[(i + 1) % 4]).map(|i| edges[i]).collect();
            match crossed[..] {
                [a, b] => connect(a, b),
                [a, b, c, d] => {
                    // Of opposite corners: those on the side of the middle are connected, the other two cut off.
                    let middle = corners.iter().map(|corner| corner / 4.0).sum::<f64>() > level;
                    if middle == above[0] {
                        connect(a, b);
                        connect(c, d);
                    } else {
                        connect(d, a);
                        connect(b, c);
                    }
                }
                _ => {}
            }
        }
    }
    let place = |(column, row, across): Edge| {
        let (from, to) = (values[row][column], if across { values[row][column + 1] } else { values[row + 1][column] });
        // Halved, so that the difference of enormous values does not overflow.
        let share = ((level / 2.0 - from / 2.0) / (to / 2.0 - from / 2.0)).clamp(0.0, 1.0);
        if across { (column as f64 + share, row as f64) } else { (column as f64, row as f64 + share) }
    };
    chains(neighbors).into_iter().map(|chain| chain.into_iter().map(place).collect()).collect()
}

/// Walks from edge to edge: first the open lines from their ends, then the closed ones.
fn chains(mut neighbors: BTreeMap<Edge, Vec<Edge>>) -> Vec<Vec<Edge>> {
    let mut lines = Vec::new();
    let ends: Vec<Edge> = neighbors.iter().filter(|(_, next)| next.len() == 1).map(|(&edge, _)| edge).collect();
    let all: Vec<Edge> = neighbors.keys().copied().collect();
    for start in ends.into_iter().chain(all) {
        let mut line = vec![start];
        let mut here = start;
        while let Some(next) = neighbors.get_mut(&here).and_then(Vec::pop) {
            if let Some(back) = neighbors.get_mut(&next)
                && let Some(position) = back.iter().position(|&edge| edge == here)
            {
                back.swap_remove(position);
            }
            line.push(next);
            here = next;
        }
        if line.len() > 1 {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(n: usize, f: impl Fn(f64, f64) -> f64) -> Vec<Vec<f64>> {
        (0..n).map(|row| (0..n).map(|column| f(column as f64, row as f64)).collect()).collect()
    }

    #[test]
    fn a_circle_is_one_closed_line() {
        let lines = isolines(&grid(21, |x, y| (x - 10.0).hypot(y - 10.0)), 7.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        assert!(lines[0].iter().all(|&(x, y)| ((x - 10.0).hypot(y - 10.0) - 7.0).abs() < 0.05));
        let length: f64 = lines[0].windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum();
        assert!((length / (14.0 * std::f64::consts::PI) - 1.0).abs() < 0.01, "{length}");
    }

    /// The saddle x·y at 0.1: a hyperbola of two open branches, which do not meet.
    #[test]
    fn a_saddle_has_two_branches() {
        let saddle = grid(12, |x, y| (x - 5.5) * (y - 5.5));
        for (level, side) in [(0.1, 1.0), (-0.1, -1.0)] {
            let lines = isolines(&saddle, level);
            assert_eq!(lines.len(), 2, "{lines:?}");
            for line in lines {
                assert!(line.iter().all(|&(x, y)| (x - 5.5) * (y - 5.5) * side > 0.0));
                // Each on its side of the middle.
                assert!(line.iter().all(|&(x, _)| (x - 5.5) * (line[0].0 - 5.5) > 0.0));
            }
        }
    }

    #[test]
    fn what_is_not_finite_has_no_lines() {
        assert!(isolines(&grid(4, |_, _| f64::NAN), 0.0).is_empty());
        assert!(isolines(&[], 0.0).is_empty() && isolines(&grid(1, |_, _| 1.0), 0.0).is_empty());
        let half = isolines(&grid(5, |x, y| if x > 2.5 { f64::INFINITY } else { y }), 1.5);
        assert_eq!(half, [[(0.0, 1.5), (1.0, 1.5), (2.0, 1.5)]]);
        let enormous = isolines(&grid(2, |x, _| if x > 0.5 { f64::MAX } else { -f64::MAX }), 0.0);
        assert_eq!(enormous, [[(0.5, 0.0), (0.5, 1.0)]]);
    }
}
