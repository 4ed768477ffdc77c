//! A reader's guess: made before the run, scored after it.

use std::{fmt, io};

use crate::prompt::{answer, somebody_is_there};

/// A number that the reader expects of a run, such as a speedup. By default there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Guess(pub Option<f64>);

impl Guess {
    /// Asks for a guess on a terminal. If it is not wanted, or nobody is there, there is none.
    ///
    /// # Errors
    /// If the input ends without an answer.
    pub fn ask(wanted: bool, question: &str) -> anyhow::Result<Self> {
        match wanted && somebody_is_there() {
            true => answer(question, Self(None), Self::read, &mut io::stdin().lock()),
            false => Ok(Self(None)),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        match text.replace('_', "").parse::<f64>() {
            Ok(guess) if guess.is_finite() && guess > 0.0 => Ok(Self(Some(guess))),
            _ => Err(format!("'{}' is not a number above zero, such as 0.5", text.escape_debug())),
        }
    }

    /// Two lines to print after the run: how far off the guess was, and why. None without a guess.
    ///
    /// `unit` follows both numbers (`x`, `s`), and `why` tells what decided the result. `found` is NaN if
    /// the run found nothing: then this is said.
    pub fn score(&self, found: f64, unit: &str, why: &str) -> Option<String> {
        let guess = self.0?;
        if found.is_nan() {
            return Some(format!("you said {guess} {unit}: this run cannot tell, see above"));
        }
        let verdict = match guess / found {
            close if (0.9..=1.1).contains(&close) => "well guessed".to_string(),
            high if high > 1.0 => format!("{high:.1} times too high"),
            low => format!("{:.1} times too low", 1.0 / low),
        };
        Some(format!("you said {guess} {unit}, it is {found:.3} {unit}: {verdict}\nwhy: {why}"))
    }
}

/// What stands in the question as the answer that Return gives.
impl fmt::Display for Guess {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            Some(guess) => guess.fmt(f),
            None => f.write_str("no guess"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_scored_by_its_factor_and_gets_the_reason() {
        let score = |guess| Guess(Some(guess)).score(4.0, "x", "three waves").unwrap();
        assert!(score(4.2).contains("well guessed"), "{}", score(4.2));
        assert!(score(8.0).contains("2.0 times too high"), "{}", score(8.0));
        assert!(score(1.0).contains("4.0 times too low"), "{}", score(1.0));
        assert!(score(1.0).ends_with("\nwhy: three waves"));
        let score = Guess(Some(2.0)).score(f64::NAN, "x", "three waves").unwrap();
        assert_eq!(score, "you said 2 x: this run cannot tell, see above");
    }

    #[test]
    fn without_a_guess_there_is_no_score() {
        assert_eq!(Guess(None).score(1.0, "s", ""), None);
    }

    #[test]
    fn only_a_number_above_zero_is_a_guess() {
        assert_eq!(Guess::read("0.5"), Ok(Guess(Some(0.5))));
        for text in ["0", "-1", "much", "NaN", "inf"] {
            assert!(Guess::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nobody_is_asked_who_did_not_want_it() {
        assert_eq!(Guess::ask(false, "Speedup?").unwrap(), Guess(None));
    }
}
