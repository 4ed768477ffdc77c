//! The rules, one function each.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::document::{Block, Document, Slide};
use crate::number::{MEASUREMENT, NUMBER, agrees, pattern};

const MOST_WORDS: usize = 50;
const MOST_CODE_LINES: usize = 14;
/// A workshop of an hour keeps ten minutes for questions.
const MINUTES: f64 = 50.0;

static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"!?\[([^\]]*)\]\(([^)\s]+)\)"));
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"`[^`]*`"));
static OWN_PATH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:examples|crates|scripts|slides)/[\w./-]*$"));
static LIST_NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*\d+\.\s"));
static LEVEL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b[Ll]evels? \d(?:(?:,| and| or) \d)*"));

/// Something that is not true, and where it stands.
#[derive(Debug)]
pub struct Fault {
    /// `slides/deck.md:40, slide 3`
    pub place: String,
    /// Why.
    pub reason: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Every fault of a document that lies below `root`, but for its commands, which are run elsewhere.
pub fn check(root: &Path, document: &Document) -> Vec<Fault> {
    let folder = root.join(document.path.parent().unwrap_or(Path::new("")));
    let mut faults = Vec::new();
    let mut minutes = 0.0;
    for slide in &document.slides {
        let mut say = |line: usize, reason: String| {
            let slide =
                if document.deck { format!(", slide {}", slide.number) } else { String::new() };
            let place = format!("{}:{line}{slide}", document.path.display());
            faults.push(Fault { place, reason });
        };
        code(&folder, document.deck, slide, &mut say);
        links(root, &folder, slide, &mut say);
        numbers(&folder, document.deck, slide, &mut say);
        if document.deck {
            minutes += measure(slide, &mut say);
        }
    }
    if document.deck && minutes != MINUTES {
        let reason = format!("the notes' minutes add up to {minutes}, not {MINUTES}");
        faults.push(Fault { place: document.path.display().to_string(), reason });
    }
    faults
}

/// Rule 1: a block is a verbatim piece of the file that it names.
fn code(folder: &Path, deck: bool, slide: &Slide, say: &mut impl FnMut(usize, String)) {
    for block in &slide.blocks {
        let language = block.info.split(' ').next().unwrap_or_default();
        match &block.from {
            None if language == "bash" || (language == "text" && !deck) => {}
            None => say(
                block.line,
                format!("this {language} block needs a link to its file on the line above"),
            ),
            Some(target) => match std::fs::read_to_string(folder.join(target)) {
                Err(error) => say(block.line, format!("cannot read {target}: {error}")),
                Ok(file) => {
                    if let Err(line) = is_piece_of(block, &file) {
                        say(block.line, format!("not in {target} as it stands here: \"{line}\""));
                    }
                }
            },
        }
    }
}

/// Whether the parts of the block, between lines `// ...`, stand in the file one after the other.
/// A block may be indented less than the file. The error is the first line that is not there.
fn is_piece_of(block: &Block, file: &str) -> Result<(), String> {
    let file: Vec<&str> = file.lines().map(str::trim_end).collect();
    let gap = |line: &&str| matches!(line.trim(), "// ..." | "# ...");
    let code: Vec<&str> = block.code.iter().map(|line| line.trim_end()).collect();
    let mut from = 0;
    for part in code.split(|line| gap(line)) {
        let part = dedented(part);
        if part.is_empty() {
            continue;
        }
        let matching = |at: usize| {
            let window = dedented(&file[at..(at + part.len()).min(file.len())]);
            part.iter().zip(&window).take_while(|(a, b)| a == b).count()
        };
        let best = (from..file.len()).max_by_key(|at| (matching(*at), file.len() - at));
        match best {
            Some(at) if matching(at) == part.len() => from = at + part.len(),
            Some(at) => return Err(part[matching(at)].trim().to_string()),
            None => return Err(part[0].trim().to_string()),
        }
    }
    Ok(())
}

fn dedented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let least = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    lines.iter().map(|line| line.get(least..).unwrap_or("")).collect()
}

/// Rule 3: a relative link leads to a file, and so does a path of ours in `code`.
fn links(root: &Path, folder: &Path, slide: &Slide, say: &mut impl FnMut(usize, String)) {
    for (line, text) in &slide.text {
        for found in LINK.captures_iter(text) {
            let target = &found[2];
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = target.starts_with("https://") || target.starts_with("mailto:");
            if !elsewhere && !path.is_empty() && !folder.join(path).exists() {
                say(*line, format!("the link to {target} leads nowhere"));
            }
        }
        for found in CODE.find_iter(text) {
            let path = found.as_str().trim_matches('`');
            // `crates/LEVEL/tests` stands for several.
            let placeholder =
                path.contains(|c: char| c.is_ascii_uppercase()) && !path.contains('.');
            if OWN_PATH.is_match(path) && !placeholder && !root.join(path).exists() {
                say(*line, format!("there is no {path}"));
            }
        }
    }
}

/// Rule 4: measured numbers agree with their record; others are covered by code or by `Facts:`.
fn numbers(folder: &Path, deck: bool, slide: &Slide, say: &mut impl FnMut(usize, String)) {
    let mut covered: Vec<String> = Vec::new();
    let code = slide.code().chain(
        slide.text.iter().flat_map(|(_, text)| CODE.find_iter(text).map(|found| found.as_str())),
    );
    for text in code.chain([slide.facts()]) {
        covered.extend(NUMBER.find_iter(text).map(|found| found.as_str().replace([',', '_'], "")));
    }
    for (line, text) in &slide.text {
        for found in LINK.captures_iter(text) {
            let (shown, target) = (&found[1], &found[2]);
            if target.contains(".jsonl#")
                && let Err(reason) = agrees(folder, shown, target)
            {
                say(*line, reason);
            }
        }
        // Pictures and links to records are dealt with; other links count with their label.
        let prose = LINK.replace_all(text, |found: &regex::Captures| {
            let dealt_with = found[0].starts_with('!') || found[2].contains(".jsonl#");
            if dealt_with { String::new() } else { found[1].to_string() }
        });
        let prose = CODE.replace_all(&prose, "");
        let prose = LIST_NUMBER.replace(&prose, "");
        let prose = LEVEL.replace_all(&prose, "");
        // On a slide every number counts, in a text those with a unit of a measurement.
        let wanted: &Regex = if deck { &NUMBER } else { &MEASUREMENT };
        for found in wanted.find_iter(&prose) {
            let number = NUMBER.find(found.as_str()).map_or("", |n| n.as_str());
            if !covered.contains(&number.replace([',', '_'], "")) {
                let found = found.as_str();
                say(
                    *line,
                    format!(
                        "where does \"{found}\" come from? Link its record or add it to Facts:"
                    ),
                );
            }
        }
    }
    // What is said aloud must be on the slide, so that it is checked there.
    let spoken = slide.notes.split("Facts:").next().unwrap_or_default();
    let shown: Vec<String> = slide.text.iter().map(|(_, text)| text.clone()).collect();
    let on_slide: Vec<String> = NUMBER
        .find_iter(&shown.join("\n"))
        .map(|found| found.as_str().replace([',', '_'], ""))
        .chain(covered)
        .collect();
    for found in MEASUREMENT.find_iter(spoken).filter(|found| !found.as_str().ends_with("min")) {
        let number = NUMBER.find(found.as_str()).map_or("", |n| n.as_str());
        if !on_slide.contains(&number.replace([',', '_'], "")) {
            say(slide.line, format!("the notes say \"{}\", the slide does not", found.as_str()));
        }
    }
}

/// Rule 5: few words, few lines, minutes in the notes. Returns the minutes.
fn measure(slide: &Slide, say: &mut impl FnMut(usize, String)) -> f64 {
    let text = slide.text.iter().map(|(_, text)| LINK.replace_all(text, "$1").to_string());
    let shown = text.filter(|line| !line.starts_with("![") && !line.starts_with("> "));
    let words: usize = shown
        .map(|line| {
            line.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
        })
        .sum();
    if words > MOST_WORDS {
        say(slide.line, format!("{words} words; a slide bears {MOST_WORDS}"));
    }
    let lines = slide.code().count();
    if lines > MOST_CODE_LINES {
        say(slide.line, format!("{lines} lines of code; a slide bears {MOST_CODE_LINES}"));
    }
    let first = slide.notes.lines().find(|line| line.ends_with("min"));
    let minutes = first.and_then(|line| line.strip_suffix("min")?.trim().parse().ok());
    minutes.unwrap_or_else(|| {
        say(slide.line, "the notes have no line with the minutes, such as \"2 min\"".to_string());
        0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(code: &str) -> Block {
        let code = code.lines().map(String::from).collect();
        Block { line: 1, info: "rust".into(), code, from: None }
    }

    const FILE: &str = "fn main() {\n    let a = 1;\n    let b = 2;\n\n    call(a, b);\n}\n";

    #[test]
    fn a_piece_may_be_indented_less_and_skip_lines() {
        assert_eq!(is_piece_of(&block("let a = 1;\nlet b = 2;"), FILE), Ok(()));
        assert_eq!(is_piece_of(&block("fn main() {\n// ...\n    call(a, b);\n}"), FILE), Ok(()));
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        let error = is_piece_of(&block("let a = 1;\nlet b = 3;"), FILE);
        assert_eq!(error, Err("let b = 3;".to_string()));
    }

    #[test]
    fn lines_in_another_order_or_with_one_left_out_are_no_piece() {
        assert!(is_piece_of(&block("let b = 2;\nlet a = 1;"), FILE).is_err());
        assert!(is_piece_of(&block("call(a, b);\n// ...\nlet a = 1;"), FILE).is_err());
        assert!(is_piece_of(&block("let b = 2;\ncall(a, b);"), FILE).is_err());
    }
}
