//! Curves in a terminal: both axes logarithmic, one letter per curve.

use std::fmt::Write;

const COLUMNS: usize = 56;
const ROWS: usize = 6;

/// A curve: the letter that draws it and its points (x, y), all above zero.
pub(crate) type Curve<'a> = (char, &'a [(f64, f64)]);

/// Draws the curves on logarithmic axes; where two meet, a `*` stands for both.
///
/// `label` turns an x or y into text with its unit.
pub(crate) fn chart(curves: &[Curve], label: impl Fn(f64) -> String) -> String {
    let all = || curves.iter().flat_map(|(_, points)| points.iter());
    let x = span(all().map(|point| point.0));
    let y = span(all().map(|point| point.1));
    let mut grid = [[' '; COLUMNS]; ROWS];
    for &(letter, points) in curves {
        for point in points {
            let cell = &mut grid[ROWS - 1 - place(point.1, y, ROWS)][place(point.0, x, COLUMNS)];
            *cell = if *cell == ' ' || *cell == letter { letter } else { '*' };
        }
    }
    let mut text = String::new();
    for (number, row) in grid.iter().enumerate() {
        let mark = match number {
            0 => label(y.1),
            n if n == ROWS - 1 => label(y.0),
            _ => String::new(),
        };
        let line: String = row.iter().collect();
        let _ = writeln!(text, "{mark:>9} |{}", line.trim_end());
    }
    let (left, right) = (label(x.0), label(x.1));
    let _ = writeln!(text, "{:>9} +{}", "", "-".repeat(COLUMNS));
    let _ = writeln!(text, "{:>10} {left}{right:>width$}", "", width = COLUMNS - left.len());
    text
}

/// The smallest and the largest value of an axis.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let widen = |(low, high): (f64, f64), value| (low.min(value), high.max(value));
    values.fold((f64::MAX, f64::MIN_POSITIVE), widen)
}

/// Which of the `cells` between `low` and `high` a value falls into, on a logarithmic scale.
fn place(value: f64, (low, high): (f64, f64), cells: usize) -> usize {
    let share = (value / low).ln() / (high / low).ln(); // NaN for a single value: the first cell
    (share * (cells - 1) as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_is_a_straight_line_from_corner_to_corner() {
        let points: Vec<(f64, f64)> =
            (0..ROWS as i32).map(|n| (2_f64.powi(n), 4_f64.powi(n))).collect();
        let picture = chart(&[('s', &points)], |value| format!("{value}"));
        let columns: Vec<usize> =
            picture.lines().take(ROWS).map(|l| l.find('s').unwrap()).collect();
        assert!(columns.windows(2).all(|pair| pair[0] > pair[1]), "{picture}");
        assert_eq!(columns[0] - columns[ROWS - 1], COLUMNS - 1);
    }

    #[test]
    fn curves_that_meet_show_it() {
        let picture =
            chart(&[('s', &[(1.0, 1.0), (9.0, 9.0)]), ('p', &[(1.0, 1.0)])], |_| "".into());
        assert!(picture.contains('*') && picture.contains('s') && !picture.contains('p'));
    }

    #[test]
    fn a_single_point_can_be_drawn() {
        assert!(chart(&[('s', &[(2.0, 3.0)])], |_| String::new()).contains('s'));
    }
}
