//! Numbers that link to a recorded run, and whether they agree with it.

use serde_json::Value;

/// Compares `shown` ("1.50 s", "1.9x", "97 %") with the number that `selector`
/// (`key=value&key=value/result`) finds among `records`, one JSON object per line. Two selectors
/// with a `:` between them are a ratio.
///
/// # Errors
/// A phrase that says what does not agree.
pub fn agrees(records: &str, shown: &str, selector: &str) -> Result<(), String> {
    let records: Vec<Value> = records
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|e| format!("it holds no records: {e}")))
        .collect::<Result<_, _>>()?;
    let value = match selector.split_once(':') {
        Some((above, below)) => select(&records, above)? / select(&records, below)?,
        None => select(&records, selector)?,
    };
    let is_digit = |c: char| c.is_ascii_digit() || ",_.".contains(c);
    let (number, unit) = shown.split_at(shown.find(|c| !is_digit(c)).unwrap_or(shown.len()));
    let number = number.replace([',', '_'], "");
    let wanted: f64 =
        number.parse().map_err(|_| format!("\"{shown}\" does not begin with a number"))?;
    let unit = unit.trim();
    let scale = match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "%" => 1e-2,
        _ => 1.0,
    };
    let recorded = value / scale;
    if (recorded - wanted).abs() <= half_a_digit(&number) * (1.0 + 1e-9) {
        Ok(())
    } else {
        Err(format!("\"{shown}\" is {recorded:.4} {unit} in the record"))
    }
}

/// Half a unit of the last digit that means something: 0.05 for "1.5". The zeros at the end of a
/// large whole number stand for "about": 50 for "5400".
fn half_a_digit(number: &str) -> f64 {
    let exponent = match number.split_once('.') {
        Some((_, fraction)) => -(fraction.len() as i32),
        None if number.len() < 3 => 0,
        None => (number.len() - number.trim_end_matches('0').len()) as i32,
    };
    0.5 * 10f64.powi(exponent)
}

/// `key=value&key=value/result.list.0.field`: exactly one record must match.
fn select(records: &[Value], selector: &str) -> Result<f64, String> {
    let (keys, result) = selector.rsplit_once('/').unwrap_or(("", selector));
    let matches = |record: &&Value| {
        keys.split('&').filter(|key| !key.is_empty()).all(|key| {
            let (name, wanted) = key.split_once('=').unwrap_or((key, ""));
            let (text, number) = (wanted.replace("%20", " "), wanted.parse::<f64>().ok());
            let fits = |v: &Value| *v == text || number.is_some() && v.as_f64() == number;
            fits(&record[name]) || fits(&record["settings"][name])
        })
    };
    let found: Vec<&Value> = records.iter().filter(matches).collect();
    let [record] = found.as_slice() else {
        return Err(format!("{} records match \"{keys}\", not one", found.len()));
    };
    let number = record["results"].pointer(&format!("/{}", result.replace('.', "/")));
    number.and_then(Value::as_f64).ok_or_else(|| format!("the record has no number \"{result}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(shown: &str, selector: &str) -> Result<(), String> {
        let one = |ranks: u64, best: f64| {
            serde_json::json!({
                "example": "level2_pi",
                "settings": {"ranks": ranks, "kernel": "lanes"},
                "results": {"best_s": best, "speedup": 1.946, "points": [{"t": 3.0}], "rate": 5387.2},
            })
        };
        agrees(&format!("{}\n{}\n", one(1, 0.00535), one(2, 0.00275)), shown, selector)
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
        assert!(result("fast", "ranks=2/rate").unwrap_err().contains("a number"));
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
}
