//! Lines are cut at the frame (Liang and Barsky, "A new concept and method for line clipping", 1984).

use crate::shape::{Frame, Place};

/// The part of a segment that is inside, if any.
fn segment(frame: &Frame, (x0, y0): Place, (x1, y1): Place) -> Option<(Place, Place)> {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (direction, room) in
        [(-dx, x0 - frame.left), (dx, frame.right - x0), (-dy, y0 - frame.top), (dy, frame.bottom - y0)]
    {
        if direction == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if direction < 0.0 {
            enter = enter.max(room / direction);
        } else {
            leave = leave.min(room / direction);
        }
    }
    // Clamped: far outside, rounding errors are larger than a pixel.
    let at = |t: f64| frame.clamp((x0 + t * dx, y0 + t * dy));
    (enter <= leave).then(|| (at(enter), at(leave)))
}

/// The pieces of a line that are inside; a `None` interrupts it. Points that nobody would miss are left out.
pub(crate) fn line(frame: &Frame, points: impl IntoIterator<Item = Option<Place>>) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    let mut last: Option<Place> = None;
    for point in points {
        if let (Some(from), Some(to)) = (last, point)
            && let Some((from, to)) = segment(frame, from, to)
        {
            match pieces.last_mut().filter(|piece| piece.last() == Some(&from)) {
                Some(piece) => piece.push(to),
                None => pieces.push(vec![from, to]),
            }
        } else if point.is_none() {
            pieces.push(Vec::new());
        }
        last = point;
    }
    pieces.iter_mut().for_each(thin);
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

/// Leaves out points that nobody misses: those closer than a quarter of a pixel to the last one, and those closer than a fifth of
/// a pixel to the line without them (Douglas and Peucker, "Algorithms for the reduction of the number of points", 1973).
fn thin(piece: &mut Vec<Place>) {
    let Some(&end) = piece.last() else { return };
    let mut last: Option<Place> = None;
    piece.retain(|&(x, y)| {
        let far = last.is_none_or(|(a, b)| (x - a).abs().max((y - b).abs()) >= 0.25);
        if far {
            last = Some((x, y));
        }
        far
    });
    if piece.last() != Some(&end) {
        piece.push(end);
    }
    let mut keep = vec![false; piece.len()];
    keep[0] = true;
    keep[piece.len() - 1] = true;
    let mut stretches = vec![(0, piece.len() - 1)];
    while let Some((first, last)) = stretches.pop() {
        let farthest = (first + 1..last)
            .map(|i| (distance(piece[i], piece[first], piece[last]), i))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, i)) = farthest.filter(|&(distance, _)| distance > 0.2) {
            keep[i] = true;
            stretches.extend([(first, i), (i, last)]);
        }
    }
    let mut kept = keep.into_iter();
    piece.retain(|_| kept.next() == Some(true));
}

/// From a point to a segment.
fn distance((x, y): Place, (x0, y0): Place, (x1, y1): Place) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 { (((x - x0) * dx + (y - y0) * dy) / squared).clamp(0.0, 1.0) } else { 0.0 };
    (x - x0 - along * dx).hypot(y - y0 - along * dy)
}

/// A line as dashes of `on` pixels with gaps of `off`.
pub(crate) fn dashes(points: &[Place], on: f64, off: f64) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    let (mut drawing, mut left) = (true, on);
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = (x1 - x0).hypot(y1 - y0);
        let mut done = 0.0;
        if drawing && pieces.is_empty() {
            pieces.push(vec![(x0, y0)]);
        }
        while length - done > left {
            done += left;
            let at = (x0 + (x1 - x0) * done / length, y0 + (y1 - y0) * done / length);
            if drawing {
                pieces.last_mut().expect("a dash was begun").push(at);
            } else {
                pieces.push(vec![at]);
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        left -= length - done;
        if drawing {
            pieces.last_mut().expect("a dash was begun").push((x1, y1));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };

    #[test]
    fn lines_are_cut_where_they_leave() {
        let crossing = [Some((-5.0, 5.0)), Some((5.0, 5.0)), Some((5.0, 25.0)), Some((8.0, 25.0))];
        assert_eq!(line(&FRAME, crossing), [[(0.0, 5.0), (5.0, 5.0), (5.0, 10.0)]]);
        assert!(line(&FRAME, [Some((-5.0, 0.0)), Some((0.0, 20.0))]).is_empty());
    }

    #[test]
    fn gaps_interrupt_and_enormous_values_stay_inside() {
        let with_gap = [Some((1.0, 1.0)), Some((2.0, 1.0)), None, Some((3.0, 1.0)), Some((4.0, 1.0))];
        assert_eq!(line(&FRAME, with_gap).len(), 2);
        for piece in line(&FRAME, [Some((5.0, 5.0)), Some((1e300, -1e300)), Some((5.0, 5.0))]) {
            assert!(piece.iter().all(|&place| FRAME.contains(place)), "{piece:?}");
        }
    }

    /// A straight line needs two points, and of a circle no point is far from the chords.
    #[test]
    fn thin_lines_look_the_same() {
        let straight = line(&FRAME, (0..100).map(|i| Some((f64::from(i) / 10.0, 3.0))));
        assert_eq!(straight, [[(0.0, 3.0), (9.9, 3.0)]]);
        let circle: Vec<Place> =
            (0..=600).map(|i| 0.01 * f64::from(i)).map(|t: f64| (5.0 + 4.0 * t.cos(), 5.0 + 4.0 * t.sin())).collect();
        let thinned = line(&FRAME, circle.iter().copied().map(Some));
        assert!((8..30).contains(&thinned[0].len()), "{thinned:?}");
        for &point in &circle {
            let nearest =
                thinned[0].windows(2).map(|pair| distance(point, pair[0], pair[1])).fold(f64::INFINITY, f64::min);
            assert!(nearest < 0.3, "{point:?} is {nearest} from the line");
        }
    }

    #[test]
    fn dashes_cover_their_share() {
        let pieces = dashes(&[(0.0, 0.0), (3.0, 0.0), (10.0, 0.0)], 2.0, 2.0);
        assert_eq!(pieces, [vec![(0.0, 0.0), (2.0, 0.0)], vec![(4.0, 0.0), (6.0, 0.0)], vec![(8.0, 0.0), (10.0, 0.0)]]);
    }
}
