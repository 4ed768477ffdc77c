//! Heat on a square plate: a band of rows for every rank. Plain mathematics, nothing of MPI.

use std::ops::Range;

use multiversion::multiversion;

/// The temperature of a spot that is hot at the start, in degrees. The rest, and everything
/// around the plate, is at 0.
const HOT: f64 = 100.0;

/// A band of rows of a square plate, with one halo row above and one below.
///
/// ```text
///   halo above    what the rank above last sent; 0 above the plate
///   first row  \
///   ...         > rows, what this rank computes; a column of 0 left and right of them
///   last row   /
///   halo below    what the rank below last sent; 0 below the plate
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Plate {
    /// Cells per row, with the column of zeros at either end.
    stride: usize,
    /// The halos and the rows, now.
    now: Vec<f64>,
    /// The same, one step later.
    next: Vec<f64>,
}

/// The rows of a [`Plate`] that travel, and those that need none of them.
pub struct Rows<'a> {
    /// Where the last row of the rank above belongs.
    pub halo_above: &'a mut [f64],
    /// My first row, for the rank above.
    pub first: &'a [f64],
    /// The rows that touch no halo, ready for the next step.
    pub interior: Interior<'a>,
    /// My last row, for the rank below.
    pub last: &'a [f64],
    /// Where the first row of the rank below belongs.
    pub halo_below: &'a mut [f64],
}

/// The rows of a band between its first and its last.
pub struct Interior<'a> {
    stride: usize,
    band: &'a [f64],
    next: &'a mut [f64],
}

impl Interior<'_> {
    /// Computes these rows one step later; [`Plate::update_edges`] does the others.
    pub fn update(self) {
        relax(self.band, self.next, self.stride);
    }
}

impl Plate {
    /// A band of the plate with `size` rows of `size` cells: a large hot spot and a small one.
    ///
    /// `rows` are those of the band, and not empty.
    pub fn new(size: u64, rows: Range<u64>) -> Self {
        let stride = size as usize + 2;
        let mut now = vec![0.0; stride * (rows.end - rows.start + 2) as usize];
        for (band_row, row) in (1..).zip(rows) {
            for column in 0..size {
                now[band_row * stride + 1 + column as usize] = at_start(size, row, column);
            }
        }
        Self { stride, next: now.clone(), now }
    }

    /// Computes the whole band one step later. The halos must be those of the neighbours.
    pub fn update(&mut self) {
        let band = self.stride..self.next.len() - self.stride;
        relax(&self.now, &mut self.next[band], self.stride);
        std::mem::swap(&mut self.now, &mut self.next);
    }

    /// Takes the band apart, to send rows, receive rows, and compute the others meanwhile.
    pub fn rows(&mut self) -> Rows<'_> {
        let stride = self.stride;
        let (halo_above, rest) = self.now.split_at_mut(stride);
        let (band, halo_below) = rest.split_at_mut(rest.len() - stride);
        let band = &*band;
        // A band of one or two rows has no interior.
        let inside = 2 * stride..(self.next.len() - 2 * stride).max(2 * stride);
        Rows {
            halo_above,
            first: &band[..stride],
            interior: Interior { stride, band, next: &mut self.next[inside] },
            last: &band[band.len() - stride..],
            halo_below,
        }
    }

    /// Computes the first and the last row one step later, after [`Interior::update`].
    pub fn update_edges(&mut self) {
        let stride = self.stride;
        for row in [1, self.now.len() / stride - 2] {
            let next = &mut self.next[row * stride..][..stride];
            relax(&self.now[(row - 1) * stride..][..3 * stride], next, stride);
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }

    /// The temperatures of the band, row by row, without halos and borders.
    pub fn cells(&self) -> Vec<f64> {
        let band = &self.now[self.stride..self.now.len() - self.stride];
        let rows = band.chunks_exact(self.stride);
        rows.flat_map(|row| &row[1..row.len() - 1]).copied().collect()
    }
}

/// The temperature of a cell at the start, in degrees.
fn at_start(size: u64, row: u64, column: u64) -> f64 {
    let size = size as f64;
    let (y, x) = ((row as f64 + 0.5) / size, (column as f64 + 0.5) / size);
    let inside =
        |cy: f64, cx: f64, radius: f64| (y - cy).powi(2) + (x - cx).powi(2) < radius * radius;
    if inside(0.55, 0.4, 0.3) || inside(0.15, 0.85, 0.06) { HOT } else { 0.0 }
}

/// Jacobi's step: every cell becomes the mean of its four neighbours.
///
/// `now` has one row more than `next` at the top and one at the bottom. The order of the
/// additions is fixed, so the result is the same to the last bit however the rows are split.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
fn relax(now: &[f64], next: &mut [f64], stride: usize) {
    for (row, next) in next.chunks_exact_mut(stride).enumerate() {
        let above = &now[row * stride..][1..stride - 1];
        let left = &now[(row + 1) * stride..][..stride - 2];
        let right = &now[(row + 1) * stride..][2..stride];
        let below = &now[(row + 2) * stride..][1..stride - 1];
        let next = &mut next[1..stride - 1];
        for i in 0..next.len() {
            next[i] = 0.25 * ((above[i] + below[i]) + (left[i] + right[i]));
        }
    }
}

/// A fingerprint of temperatures: equal only if every bit is equal (FNV-1a, 64 bits).
pub fn fingerprint(cells: &[f64]) -> u64 {
    let bytes = cells.iter().flat_map(|cell| cell.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// From cold to hot.
const SHADES: &[u8] = b" .:-=+*#%@";

/// Draws a square plate with at most 16 by 8 characters: each is the mean of its cells.
pub fn draw(cells: &[f64], size: u64) -> String {
    let size = size as usize;
    let (columns, rows) = (size.min(16), size.div_ceil(2).min(8));
    let mut picture = String::new();
    for row in 0..rows {
        for column in 0..columns {
            let (top, bottom) = (row * size / rows, (row + 1) * size / rows);
            let (left, right) = (column * size / columns, (column + 1) * size / columns);
            let lines = cells.chunks_exact(size).take(bottom).skip(top);
            let sum: f64 = lines.flat_map(|line| &line[left..right]).sum();
            let mean = sum / ((bottom - top) * (right - left)) as f64;
            let shade = (mean / HOT * SHADES.len() as f64) as usize;
            picture.push(SHADES[shade.min(SHADES.len() - 1)] as char);
        }
        picture.push('\n');
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice_of;

    /// The plate after `steps`, by one band: the serial solution.
    fn serial(size: u64, steps: u64) -> Vec<f64> {
        let mut plate = Plate::new(size, 0..size);
        for _ in 0..steps {
            plate.update();
        }
        plate.cells()
    }

    /// The same by several bands in one process, with the halos copied by hand.
    fn in_bands(size: u64, steps: u64, bands: i32, overlap: bool) -> Vec<f64> {
        let band = |rank| Plate::new(size, slice_of(size, rank, bands));
        let mut bands: Vec<Plate> = (0..bands).map(band).collect();
        for _ in 0..steps {
            for upper in 1..bands.len() {
                let (above, below) = bands.split_at_mut(upper);
                let (above, below) = (above[upper - 1].rows(), below[0].rows());
                above.halo_below.copy_from_slice(below.first);
                below.halo_above.copy_from_slice(above.last);
            }
            for band in &mut bands {
                if overlap {
                    band.rows().interior.update();
                    band.update_edges();
                } else {
                    band.update();
                }
            }
        }
        bands.iter().flat_map(Plate::cells).collect()
    }

    #[test]
    fn every_split_gives_the_serial_solution_to_the_last_bit() {
        for size in [7, 16, 33] {
            let expected = fingerprint(&serial(size, 50));
            for bands in 1..=7 {
                for overlap in [false, true] {
                    let found = fingerprint(&in_bands(size, 50, bands, overlap));
                    assert_eq!(found, expected, "size {size}, {bands} bands, overlap {overlap}");
                }
            }
        }
    }

    #[test]
    fn one_step_is_the_mean_of_the_four_neighbours() {
        let (before, after) = (serial(20, 0), serial(20, 1));
        let at = |row: usize, column: usize| before[row * 20 + column];
        for row in 1..19 {
            for column in 1..19 {
                let (vertical, horizontal) = (
                    at(row - 1, column) + at(row + 1, column),
                    at(row, column - 1) + at(row, column + 1),
                );
                assert_eq!(after[row * 20 + column], (vertical + horizontal) / 4.0);
            }
        }
    }

    #[test]
    fn heat_spreads_and_leaves_over_the_cold_edge() {
        let hottest = |cells: &[f64]| cells.iter().copied().fold(0.0, f64::max);
        let (start, later, late) = (serial(32, 0), serial(32, 100), serial(32, 20_000));
        assert_eq!(hottest(&start), HOT);
        assert!(
            later.iter().filter(|&&t| t > 0.0).count() > start.iter().filter(|&&t| t > 0.0).count()
        );
        assert!(hottest(&later) < HOT);
        assert!(hottest(&late) < 1e-6);
    }

    #[test]
    fn a_fingerprint_sees_one_bit() {
        let mut cells = serial(16, 10);
        let before = fingerprint(&cells);
        cells[100] = f64::from_bits(cells[100].to_bits() ^ 1);
        assert_ne!(fingerprint(&cells), before);
    }

    #[test]
    fn a_picture_fits_the_terminal_and_shows_hot_and_cold() {
        for size in [1, 2, 5, 64, 100, 333] {
            let picture = draw(&serial(size, 0), size);
            assert!(picture.lines().count() <= 8);
            assert!(picture.lines().all(|line| line.len() as u64 == size.min(16)), "{size}");
        }
        let picture = draw(&serial(333, 10), 333);
        assert!(picture.contains('@') && picture.contains(' '), "{picture}");
    }
}
