//! Numbers in prose, and the records that they must agree with.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// A number with digits, groups and a fraction: `3`, `60,000`, `1.50`. Not the digit in `mpi4py`.
pub static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b\d+(?:[,_]\d{3})*(?:\.\d+)?"));

/// A number with a unit of a measurement behind it.
pub static MEASUREMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b\d+(?:[,_]\d{3})*(?:\.\d+)?\s?(?:(?:ns|us|µs|ms|s|min|x|h|images/s|seconds|minutes|times (?:as|faster|slower|more|less))\b|[×%])",
    )
});

/// A pattern that the tests of this module have compiled once.
pub fn pattern(text: &str) -> Regex {
    #[allow(clippy::unwrap_used, reason = "every pattern is a constant of this crate")]
    Regex::new(text).unwrap()
}

/// Compares `shown` ("1.50 s", "1.9x", "97 %") with what `target` ("runs/x.jsonl#key=value/result")
/// leads to. Two targets behind the `#`, with a `:` between, are a ratio.
///
/// # Errors
/// A phrase that says what does not agree.
pub fn agrees(folder: &Path, shown: &str, target: &str) -> Result<(), String> {
    let (file, selectors) = target.split_once('#').ok_or("the link names no record behind a #")?;
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).map_err(|e| format!("cannot read {file}: {e}"))?;
    let records: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|e| format!("{file} holds no records: {e}")))
        .collect::<Result<_, _>>()?;
    let value = match selectors.split_once(':') {
        Some((above, below)) => select(&records, above)? / select(&records, below)?,
        None => select(&records, selectors)?,
    };
    let (number, unit) = (leading_number(shown)?, unit_of(shown));
    let scale = match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "%" => 1e-2,
        _ => 1.0,
    };
    let recorded = value / scale;
    if (recorded - number.value).abs() <= number.half_digit * (1.0 + 1e-9) {
        Ok(())
    } else {
        Err(format!("\"{shown}\" is {recorded:.4} {unit} in the record {target}"))
    }
}

struct Shown {
    value: f64,
    /// Half a unit of the last digit that means something.
    half_digit: f64,
}

fn leading_number(shown: &str) -> Result<Shown, String> {
    let text = NUMBER.find(shown).ok_or_else(|| format!("\"{shown}\" has no number"))?.as_str();
    let plain = text.replace([',', '_'], "");
    let value = plain.parse().map_err(|e| format!("\"{text}\": {e}"))?;
    let half_digit = match plain.split_once('.') {
        Some((_, fraction)) => 0.5 * 10f64.powi(-(fraction.len() as i32)),
        // The zeros at the end of a large whole number stand for "about".
        None => {
            let zeros = plain.len() - plain.trim_end_matches('0').len();
            0.5 * 10f64.powi(if plain.len() >= 3 { zeros as i32 } else { 0 })
        }
    };
    Ok(Shown { value, half_digit })
}

fn unit_of(shown: &str) -> &str {
    let end = NUMBER.find(shown).map_or(0, |found| found.end());
    shown[end..].trim()
}

/// `key=value&key=value/result.list.0.field`: exactly one record must match.
fn select(records: &[Value], selector: &str) -> Result<f64, String> {
    let (keys, result) = selector.rsplit_once('/').unwrap_or(("", selector));
    let matches = |record: &&Value| {
        keys.split('&').filter(|key| !key.is_empty()).all(|key| {
            let (name, wanted) = key.split_once('=').unwrap_or((key, ""));
            let found = [&record[name], &record["settings"][name]];
            found.iter().any(|value| match value {
                Value::String(text) => text == &wanted.replace("%20", " "),
                Value::Number(number) => Ok(number.as_f64()) == wanted.parse().map(Some),
                _ => false,
            })
        })
    };
    let found: Vec<&Value> = records.iter().filter(matches).collect();
    let [record] = found.as_slice() else {
        return Err(format!("{} records match \"{keys}\", not one", found.len()));
    };
    let mut value = &record["results"];
    for step in result.split('.') {
        value = match step.parse::<usize>() {
            Ok(index) => &value[index],
            Err(_) => &value[step],
        };
    }
    if value.is_null() {
        value = &record["settings"][result];
    }
    value.as_f64().ok_or_else(|| format!("the record has no number \"{result}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test's own with two records in it.
    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("truth-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let one = |ranks: u64, best: f64| {
            serde_json::json!({
                "example": "level2_pi",
                "settings": {"ranks": ranks, "kernel": "lanes"},
                "results": {"best_s": best, "speedup": 1.946, "points": [{"t": 3.0}], "rate": 5387.2},
            })
            .to_string()
        };
        let text = format!("{}\n{}\n", one(1, 0.00535), one(2, 0.00275));
        std::fs::write(folder.join("pi.jsonl"), text).unwrap();
        folder
    }

    fn result(shown: &str, selector: &str) -> Result<(), String> {
        let folder = folder(&shown.replace(['/', ' '], "-"));
        let result = agrees(&folder, shown, &format!("pi.jsonl#{selector}"));
        std::fs::remove_dir_all(folder).unwrap();
        result
    }

    #[test]
    fn a_number_agrees_as_far_as_its_digits_go() {
        assert_eq!(result("5.35 ms", "ranks=1/best_s"), Ok(()));
        assert_eq!(result("5.4 ms", "ranks=1&kernel=lanes/best_s"), Ok(()));
        assert!(result("5.36 ms", "ranks=1/best_s").is_err());
        assert!(result("5.35 us", "ranks=1/best_s").is_err());
        assert_eq!(result("1.95x", "ranks=2/speedup"), Ok(()));
        assert_eq!(result("195 %", "ranks=2/speedup"), Ok(()));
        assert_eq!(result("5,400 images/s", "ranks=2/rate"), Ok(()));
        assert!(result("5,300 images/s", "ranks=2/rate").is_err());
    }

    #[test]
    fn a_ratio_of_two_records_and_a_place_in_a_list_can_be_quoted() {
        assert_eq!(result("1.9x", "ranks=1/best_s:ranks=2/best_s"), Ok(()));
        assert_eq!(result("3 s", "ranks=1/points.0.t"), Ok(()));
    }

    #[test]
    fn exactly_one_record_must_match() {
        assert!(result("5 ms", "kernel=lanes/best_s").unwrap_err().contains("2 records match"));
        assert!(result("6 ms", "ranks=3/best_s").unwrap_err().contains("0 records match"));
        assert!(result("7 ms", "ranks=1/worst_s").unwrap_err().contains("no number"));
    }

    #[test]
    fn measurements_are_told_from_other_numbers() {
        for text in
            ["1.5 s", "3.3x", "20 %", "11 ms", "5,400 images/s", "2 min", "1.9×", "3 times as fast"]
        {
            assert!(MEASUREMENT.is_match(text), "{text}");
        }
        for text in ["10 tasks", "level 2", "28x28", "60,000 images", "run it 4 times"] {
            assert!(!MEASUREMENT.is_match(text), "{text}");
        }
    }
}
