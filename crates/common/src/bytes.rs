//! Sizes of arrays and caches.

/// A size as caches are counted: `24 KiB`, `1.5 MiB`, `128 MiB`.
pub fn in_bytes(bytes: u64) -> String {
    let power = bytes.max(1).ilog2().clamp(10, 39) / 10;
    let value = bytes as f64 / 1024_f64.powi(power as i32);
    let unit = ["KiB", "MiB", "GiB"][power as usize - 1];
    let decimals = if value < 9.95 && value.fract() != 0.0 { 1 } else { 0 };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_the_unit_that_suits_it() {
        let texts = [24 << 10, 1 << 20, 3 << 19, 1_000_000_000, 4 << 30].map(in_bytes);
        assert_eq!(texts, ["24 KiB", "1 MiB", "1.5 MiB", "954 MiB", "4 GiB"]);
    }
}
