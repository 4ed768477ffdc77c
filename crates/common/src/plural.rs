//! A count and the word for what is counted.

use std::fmt::Display;

/// A count with its word, for every word whose plural is regular: `1 worker`, `4 workers`, `2 passes`.
pub fn plural(count: impl Display, word: &str) -> String {
    let count = count.to_string();
    let ending = match word.ends_with('s') {
        _ if count == "1" => "",
        true => "es",
        false => "s",
    };
    format!("{count} {word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_goes_without_an_s() {
        assert_eq!(plural(0, "task"), "0 tasks");
        assert_eq!(plural(1, "worker"), "1 worker");
        assert_eq!(plural("1", "CPU"), "1 CPU");
        assert_eq!(plural(2, "pass"), "2 passes");
    }
}
