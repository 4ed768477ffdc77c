//! A count and its word: `1 worker`, `4 workers`.

use std::fmt::Display;

/// A count with its word, for every word whose plural is regular: `1 worker`, `4 workers`, `2 passes`.
pub fn plural<N: Display + PartialEq + From<u8>>(count: N, word: &str) -> String {
    let ending = match count == N::from(1) {
        true => "",
        false if word.ends_with('s') => "es",
        false => "s",
    };
    format!("{count} {word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_goes_without_an_s() {
        assert_eq!(plural(0_u64, "task"), "0 tasks");
        assert_eq!(plural(1_usize, "worker"), "1 worker");
        assert_eq!(plural(2_i32, "rank"), "2 ranks");
        assert_eq!(plural(2_i32, "pass"), "2 passes");
    }
}
