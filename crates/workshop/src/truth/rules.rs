//! The rules, one function each.

use std::path::Path;
use std::process::Command;

use super::document::{Document, Slide};
use super::number::agrees;

const MOST_WORDS: usize = 50;
/// The hand-out is read, not watched.
const MOST_WORDS_ON_PAPER: usize = 140;
const MOST_CODE_LINES: usize = 12;
/// A workshop of an hour keeps ten minutes for questions and five for what goes wrong.
const MOST_MINUTES: f64 = 45.0;
const MOST_SLIDES: usize = 40;
/// The deck of the talk. Another deck has no clock.
const TALK: &str = "deck.md";
const RUN_SHEET: &str = "RUNSHEET.md";
/// In `code`, a path that begins with one of these is ours.
const OWN_FOLDERS: [&str; 5] = ["crates/", "docs/", "examples/", "scripts/", "slides/"];

/// Takes a fault: its line, and what is not true.
type Say<'a> = &'a mut dyn FnMut(usize, String);

/// Every fault of a document that lies below `root`, except in its commands: those are run. Each is a line that
/// says where it stands and what is not true, `slides/deck.md:40, slide 3: 51 words; ...`.
pub fn check(root: &Path, document: &Document) -> Vec<String> {
    let folder = root.join(document.path.parent().unwrap_or(Path::new("")));
    let tested = is_tested(root, &document.path);
    let talk = document.deck && document.path.ends_with(TALK);
    let mut faults = Vec::new();
    for (index, slide) in document.slides.iter().enumerate() {
        let mut say = |line: usize, reason: String| {
            faults.push(format!("{}: {reason}", document.place(index, line)));
        };
        code(&folder, (document.deck, tested), slide, &mut say);
        links(root, &document.path, slide, &mut say);
        numbers(&folder, slide, &mut say);
        if document.deck {
            measure(slide, &mut say);
        }
        if talk && !slide.on_paper() && slide.minutes().is_none() {
            let reason = "the notes have no line with the minutes, such as \"2 min\"";
            say(slide.line, reason.to_string());
        }
    }
    let mut say = |reason: String| faults.push(format!("{}: {reason}", document.path.display()));
    let minutes: f64 = document.shown().filter_map(Slide::minutes).sum();
    let slides = document.shown().count();
    if talk && (minutes > MOST_MINUTES || slides > MOST_SLIDES) {
        let room = format!("the talk has room for {MOST_SLIDES} and {MOST_MINUTES}");
        say(format!("{slides} slides of {minutes} minutes; {room}"));
    }
    if document.path.ends_with(RUN_SHEET) {
        match Document::read(&folder, Path::new(TALK)) {
            Ok(talk) => run_sheet(&talk, &document.slides[0].words, &mut say),
            Err(error) => say(format!("cannot read {TALK}: {error}")),
        }
    }
    faults
}

/// Whether rustdoc compiles the Rust on this page: level 1 includes it in its documentation.
fn is_tested(root: &Path, page: &Path) -> bool {
    let included = format!("include_str!(\"../../../{}\")", page.display());
    let crate_root = std::fs::read_to_string(root.join("crates/level1-cores/src/lib.rs"));
    crate_root.is_ok_and(|text| text.contains(&included))
}

/// Rule 1: a block is a verbatim piece of the file that it names.
fn code(folder: &Path, (deck, tested): (bool, bool), slide: &Slide, say: Say) {
    for block in &slide.blocks {
        let language = block.info.split([' ', ',']).next().unwrap_or_default();
        let Some(target) = &block.from else {
            let alone = match language {
                "bash" => true,
                "text" => !deck,
                _ => language == "rust" && tested,
            };
            if !alone {
                let reason = "needs a link to its file on a line of its own above it";
                say(block.line, format!("this {language} block {reason}"));
            }
            continue;
        };
        match std::fs::read_to_string(folder.join(target)) {
            Err(error) => say(block.line, format!("cannot read {target}: {error}")),
            Ok(file) => {
                if let Err(line) = is_piece_of(&block.code, &file) {
                    say(block.line, format!("not in {target} as it stands here: \"{line}\""));
                }
            }
        }
    }
}

/// Whether the parts of the block, between lines `// ...`, stand in the file one after the other.
///
/// Each part begins and ends where a line of the file does. In between only blanks may differ, so
/// that a long line can be broken where the slide ends. The error is the first line that is not in the
/// file, or the first of a part whose lines stand there in another way.
fn is_piece_of(code: &str, file: &str) -> Result<(), String> {
    let file: Vec<String> = file.lines().map(without_blanks).collect();
    let code: Vec<&str> = code.lines().collect();
    let mut from = 0;
    for part in code.split(|line| matches!(line.trim(), "// ..." | "# ...")) {
        let letters: String = part.iter().copied().map(without_blanks).collect();
        let Some(end) = (from..=file.len()).find_map(|line| end_of(&letters, &file, line)) else {
            let all = file.concat();
            let differs = part.iter().find(|line| !all.contains(&without_blanks(line)));
            return Err(differs.unwrap_or(&part[0]).trim().to_string());
        };
        from = end;
    }
    Ok(())
}

/// Where these letters end, if they are those of whole lines of the file, from this one on.
fn end_of(letters: &str, file: &[String], line: usize) -> Option<usize> {
    if letters.is_empty() {
        return Some(line);
    }
    end_of(letters.strip_prefix(&**file.get(line)?)?, file, line + 1)
}

/// The letters of a line; an empty line is seen.
fn without_blanks(line: &str) -> String {
    match line.trim() {
        "" => "\n".to_string(),
        text => text.split_whitespace().collect(),
    }
}

/// Rule 3: a relative link leads to a file, or a heading in it, and so does a path of ours in `code`.
fn links(root: &Path, page: &Path, slide: &Slide, say: Say) {
    for link in &slide.links {
        let (path, heading) = link.target.split_once('#').unwrap_or((&link.target, ""));
        let elsewhere = path.starts_with("https://") || path.starts_with("mailto:");
        let file = root.join(if path.is_empty() { page.into() } else { page.with_file_name(path) });
        let in_a_page = !heading.is_empty() && file.extension().is_some_and(|end| end == "md");
        if !elsewhere && (!file.exists() || in_a_page && !has_heading(&file, heading)) {
            say(link.line, format!("the link to {} leads nowhere", link.target));
        }
    }
    for (line, code) in &slide.inline_code {
        let path = code.split_whitespace().next().unwrap_or_default();
        let own = OWN_FOLDERS.iter().any(|folder| path.starts_with(folder));
        // `crates/LEVEL/tests` and `scripts/slurm/{level1,level2}.sbatch` stand for several.
        let several = path.contains(['*', '{'])
            || path.contains(|c: char| c.is_ascii_uppercase()) && !path.contains('.');
        if own && !several && !root.join(path).exists() && !is_generated(root, path) {
            say(*line, format!("there is no {path}"));
        }
    }
}

/// Whether a page has this heading, as it is written in links: lower case, a dash for each blank.
fn has_heading(page: &Path, wanted: &str) -> bool {
    let text = std::fs::read_to_string(page).unwrap_or_default();
    let is_kept = |c: &char| c.is_alphanumeric() || "- _".contains(*c);
    let mut headings = text.lines().filter_map(|line| line.split_once("# "));
    headings.any(|(_, title)| {
        let letters: String = title.to_lowercase().chars().filter(is_kept).collect();
        letters.replace(' ', "-") == wanted
    })
}

/// Whether git ignores this path: then a program makes it, and it need not be there yet.
fn is_generated(root: &Path, path: &str) -> bool {
    let asked =
        Command::new("git").args(["check-ignore", "--quiet", path]).current_dir(root).status();
    asked.is_ok_and(|status| status.success())
}

/// Rule 4: a number that links to its record agrees with it.
fn numbers(folder: &Path, slide: &Slide, say: Say) {
    for link in &slide.links {
        let Some((file, selector)) = link.target.split_once(".jsonl#") else { continue };
        // A file that is missing is a broken link, which rule 3 reports.
        let Ok(records) = std::fs::read_to_string(folder.join(format!("{file}.jsonl"))) else {
            continue;
        };
        if let Err(reason) = agrees(&records, &link.label, selector) {
            say(link.line, format!("{}: {reason}", link.target));
        }
    }
}

/// Rule 5: few words, few lines.
fn measure(slide: &Slide, say: Say) {
    let room = if slide.on_paper() { MOST_WORDS_ON_PAPER } else { MOST_WORDS };
    let is_word = |word: &&str| word.contains(char::is_alphanumeric);
    let words = slide.words.split_whitespace().filter(is_word).count();
    if words > room {
        say(slide.line, format!("{words} words; a slide has room for {room}"));
    }
    let lines: usize = slide.blocks.iter().map(|block| block.code.lines().count()).sum();
    if lines > MOST_CODE_LINES {
        say(slide.line, format!("{lines} lines of code; a slide has room for {MOST_CODE_LINES}"));
    }
}

/// Rule 6: the run sheet has a row for each slide that is shown, and no other row with a number.
fn run_sheet(talk: &Document, sheet: &str, say: &mut impl FnMut(String)) {
    let rows = sheet.split("\n\n").map(|row| row.trim_start().lines().take(3).collect::<Vec<_>>());
    let mut rows = rows.filter(|row| row.first().is_some_and(|cell| cell.parse::<u8>().is_ok()));
    for (number, slide) in (1..).zip(talk.shown()) {
        let minutes = slide.minutes().unwrap_or_default();
        let wanted = [format!("{number}"), slide.title().to_string(), format!("{minutes}")];
        if rows.next().is_none_or(|row| row != wanted) {
            say(format!("the row of this slide of {TALK} is: | {} |", wanted.join(" | ")));
        }
    }
    if let Some(row) = rows.next() {
        say(format!("{TALK} has no slide for the row | {} |", row.join(" | ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "fn main() {\n    let a = 1;\n    let b = 2;\n\n    call(a, b);\n}\n";

    #[test]
    fn a_piece_may_be_indented_less_and_skip_lines() {
        assert_eq!(is_piece_of("let a = 1;\nlet b = 2;", FILE), Ok(()));
        assert_eq!(is_piece_of("fn main() {\n// ...\n    call(a, b);\n}", FILE), Ok(()));
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        let error = is_piece_of("let a = 1;\nlet b = 3;", FILE);
        assert_eq!(error, Err("let b = 3;".to_string()));
    }

    #[test]
    fn a_long_line_may_be_broken_where_the_slide_ends() {
        assert_eq!(is_piece_of("let a =\n    1;\nlet b = 2;", FILE), Ok(()));
        assert!(is_piece_of("let a =\n    1", FILE).is_err(), "half a line is no line");
        assert!(is_piece_of("a = 1;", FILE).is_err(), "nor is its end");
    }

    #[test]
    fn lines_in_another_order_or_with_one_left_out_are_no_piece() {
        assert!(is_piece_of("let b = 2;\nlet a = 1;", FILE).is_err());
        assert!(is_piece_of("call(a, b);\n// ...\nlet a = 1;", FILE).is_err());
        assert!(is_piece_of("let b = 2;\ncall(a, b);", FILE).is_err());
    }
}
