//! Numbers as people write them.

use std::ops::RangeInclusive;

/// Above this, not every whole number has an `f64` of its own, so `1e17` would be a guess.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0; // 2^53

/// Reads a whole number written as `10000000`, `10_000_000` or `1e7`.
///
/// # Errors
/// A phrase that names the text and what is expected instead.
pub fn parse_count(text: &str) -> Result<u64, String> {
    let plain = text.trim().replace('_', "");
    let is = |what: &str| Err(format!("'{}' is {what}", text.escape_debug()));
    if let Ok(count) = plain.parse() {
        return Ok(count);
    }
    match plain.parse::<f64>() {
        Ok(count) if count > LARGEST_EXACT => is("too large"),
        Ok(count) if plain.contains(['e', 'E']) && count >= 0.0 && count.fract() == 0.0 => {
            Ok(count as u64)
        }
        _ => is("not a whole number such as 10_000_000 or 1e7"),
    }
}

/// The longest time that a person waits for a demonstration, in seconds.
const LONGEST: f64 = 3600.0;

/// Reads a time in seconds, from 0 to an hour.
///
/// # Errors
/// A phrase that names the text and what is expected instead.
pub fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.trim().replace('_', "").parse() {
        Ok(seconds) if (0.0..=LONGEST).contains(&seconds) => Ok(seconds),
        _ => Err(format!(
            "'{}' is not a time from 0 to {LONGEST} seconds, such as 0.5",
            text.escape_debug()
        )),
    }
}

/// A value parser for clap and [`crate::ask`]: a whole number inside `range`.
pub fn count(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<u64, String> + Clone {
    move |text| match parse_count(text)? {
        count if range.contains(&count) => Ok(count),
        count => Err(format!("{count} is not from {} to {}", range.start(), range.end())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_people_write_them() {
        for text in ["10000000", "10_000_000", "1e7", "1E7", " 1e7 ", "0.1e8"] {
            assert_eq!(parse_count(text), Ok(10_000_000), "{text}");
        }
        assert_eq!(parse_count("18446744073709551615"), Ok(u64::MAX));
    }

    #[test]
    fn what_is_not_a_count_is_refused() {
        for text in ["", "-3", "abc", "2.0", "1.5", "1e-3", "1e30", "inf", "NaN", "1e", "e"] {
            assert!(parse_count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_is_told_apart_from_what_is_no_number() {
        for text in ["1e20", "1e17", "18446744073709551616", "99999999999999999999"] {
            assert_eq!(parse_count(text), Err(format!("'{text}' is too large")));
        }
    }

    #[test]
    fn a_count_outside_its_range_says_the_range() {
        assert_eq!(count(1..=9)("10"), Err("10 is not from 1 to 9".to_string()));
        assert_eq!(count(1..=9)("9"), Ok(9));
    }

    #[test]
    fn times_are_from_zero_to_an_hour() {
        assert_eq!(parse_seconds(" 0.5 "), Ok(0.5));
        for text in ["-1", "NaN", "inf", "1e300", "half a second", ""] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
