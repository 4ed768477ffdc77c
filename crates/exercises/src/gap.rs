//! The gap of an exercise: what stands between its two marks.

const BEGIN: &str = "// --- gap";
const END: &str = "// --- end of gap";

/// An exercise's file, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Gap {
    /// What stands above and below, the marks left out.
    pub around: [String; 2],
    /// What the reader writes.
    pub inside: String,
}

impl Gap {
    /// Takes a file apart.
    ///
    /// # Errors
    /// A phrase if the file has not both marks, once each and in this order.
    pub fn find(text: &str) -> Result<Self, String> {
        let lines: Vec<&str> = text.lines().collect();
        let only = |mark| {
            let mut found = (0..lines.len()).filter(|&at| lines[at].trim() == mark);
            match (found.next(), found.next()) {
                (Some(at), None) => Ok(at),
                _ => Err(format!("the line `{mark}` must stand there once; put it back")),
            }
        };
        let (begin, end) = (only(BEGIN)?, only(END)?);
        if end < begin {
            return Err(format!("`{BEGIN}` must stand above `{END}`"));
        }
        Ok(Self {
            around: [lines[..begin].join("\n"), lines[end + 1..].join("\n")],
            inside: lines[begin + 1..end].join("\n"),
        })
    }

    /// A number for what stands inside, blanks left out (FNV-1a, 64 bits).
    pub fn fingerprint(&self) -> u64 {
        let visible = self.inside.bytes().filter(|byte| !byte.is_ascii_whitespace());
        visible.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "fn f() {\n    // --- gap\n    1\n    // --- end of gap\n}\n";

    #[test]
    fn a_file_is_taken_apart_at_its_marks() {
        let gap = Gap::find(FILE).unwrap();
        assert_eq!(gap.inside, "    1");
        assert_eq!(gap.around, ["fn f() {", "}"]);
    }

    #[test]
    fn a_fingerprint_sees_words_and_no_blanks() {
        let of = |text: &str| Gap::find(text).unwrap().fingerprint();
        assert_eq!(of(FILE), of(&FILE.replace("    1", "1  ")));
        assert_ne!(of(FILE), of(&FILE.replace("    1", "    2")));
    }

    #[test]
    fn a_mark_that_is_missing_or_doubled_is_named() {
        for text in ["", &FILE.replace("--- gap", ""), &FILE.repeat(2)] {
            assert!(Gap::find(text).unwrap_err().contains("--- gap"), "{text}");
        }
    }
}
