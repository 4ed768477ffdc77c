//! The repository tells the truth, and altered copies of its slides do not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use workshop::programs::repository;
use workshop::truth::{Block, Document, Place, check, commands, markdown_files};

const DECK: &str = "slides/deck.md";

fn deck() -> String {
    std::fs::read_to_string(repository().join(DECK)).unwrap()
}

/// What is wrong with a deck of this text, as lines.
fn faults(root: &Path, text: &str) -> Vec<String> {
    let document = Document::parse(Path::new(DECK), text);
    check(root, &document).iter().map(ToString::to_string).collect()
}

/// The text with one piece of it replaced; it must be there.
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1)
}

/// The only fault that the altered deck has: it names its slide.
fn only_fault(text: &str) -> String {
    let faults = faults(repository(), text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].contains("slides/deck.md:") && faults[0].contains(", slide "), "{faults:?}");
    faults[0].clone()
}

/// The first code block of the deck that comes from a lesson, with the number of its slide.
fn first_piece() -> (usize, Block) {
    let slides = Document::parse(Path::new(DECK), &deck()).slides.into_iter().enumerate();
    let mut pieces =
        slides.flat_map(|(i, slide)| slide.blocks.into_iter().map(move |b| (i + 1, b)));
    let is_lesson = |block: &Block| block.from.as_ref().is_some_and(|f| f.contains("examples/"));
    pieces.find(|(_, block)| is_lesson(block)).unwrap()
}

fn long_line(code: &str) -> &str {
    code.lines().find(|line| line.len() > 20).unwrap()
}

#[test]
fn the_repository_tells_the_truth() {
    let root = repository();
    let mut all = Vec::new();
    for file in markdown_files(root).unwrap() {
        let document = Document::read(root, file.strip_prefix(root).unwrap()).unwrap();
        all.extend(check(root, &document).iter().map(ToString::to_string));
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn a_line_changed_on_the_slide_is_found() {
    let (slide, block) = first_piece();
    let line = long_line(&block.code);
    let fault = only_fault(&with(&deck(), line, &format!("{line} + 1")));
    assert!(fault.contains(&format!("slide {slide}:")) && fault.contains("+ 1"), "{fault}");
}

#[test]
fn a_line_changed_in_the_lesson_is_found() {
    let (_, block) = first_piece();
    let lesson = block.from.unwrap();
    let text = format!("[the lesson]({lesson})\n\n```rust\n{}```\n", block.code);
    let source = std::fs::read_to_string(repository().join("slides").join(&lesson)).unwrap();

    let root = tempfile::tempdir().unwrap();
    let copy = root.path().join("slides").join(&lesson);
    std::fs::create_dir_all(root.path().join("slides")).unwrap();
    std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
    std::fs::write(&copy, &source).unwrap();
    assert_eq!(faults(root.path(), &text), [""; 0]);

    let line = long_line(&block.code);
    std::fs::write(&copy, with(&source, line.trim(), "something_else();")).unwrap();
    let found = faults(root.path(), &text);
    assert!(found.len() == 1 && found[0].contains(line.trim()), "{found:?}");
}

#[test]
fn a_renamed_flag_fails_when_its_command_runs() {
    let altered = with(&deck(), "cargo level1 --weight 0 ", "cargo level1 --wait 0 ");
    let document = Document::parse(Path::new(DECK), &altered);
    let command = commands(&document).into_iter().find(|c| c.line.contains("--wait 0")).unwrap();
    assert_eq!(command.place, Place::Here);
    let fault = command.run(repository()).unwrap_err().to_string();
    assert!(fault.contains("exit status 2") && fault.contains("--wait"), "{fault}");
    assert!(fault.contains("slides/deck.md:") && fault.contains(", slide "), "{fault}");
}

#[test]
fn a_flag_renamed_in_a_command_for_elsewhere_is_found_in_the_help() {
    let typed = |line: &str| {
        let text = format!("```bash cluster\n{line}\n```\n");
        commands(&Document::parse(Path::new("README.md"), &text)).remove(0)
    };
    for (right, wrong) in [
        ("scripts/setup.sh --check", "scripts/setup.sh --look"),
        ("cargo workshop scaling pi --ranks 1,2", "cargo workshop scaling pi --rank 1,2"),
    ] {
        assert!(typed(right).compare_with_help(repository()).is_ok());
        let fault = typed(wrong).compare_with_help(repository()).unwrap_err().to_string();
        assert!(fault.contains("does not know --"), "{fault}");
    }
}

#[test]
fn an_altered_number_is_found() {
    // The first measurement that the deck quotes: `[1.93x](runs/level1.jsonl#...)`.
    let document = Document::parse(Path::new(DECK), &deck());
    let mut links = document.slides.iter().flat_map(|slide| &slide.links);
    let quoted = links.find(|link| link.target.contains(".jsonl#")).unwrap();
    let altered = with(&deck(), &format!("[{}](", quoted.label), "[9.87x](");
    assert!(only_fault(&altered).contains("\"9.87x\" is "));
}

#[test]
fn an_altered_record_is_found() {
    let root = tempfile::tempdir().unwrap();
    let text = "[1.5 s](level1.jsonl#tasks=10/parallel_s)\n";
    std::fs::create_dir(root.path().join("slides")).unwrap();
    let record = |seconds: f64| {
        let line =
            serde_json::json!({"settings": {"tasks": 10}, "results": {"parallel_s": seconds}});
        std::fs::write(root.path().join("slides/level1.jsonl"), line.to_string()).unwrap();
    };
    record(1.5008);
    assert_eq!(faults(root.path(), text), [""; 0]);
    record(1.5612);
    let found = faults(root.path(), text);
    assert!(found.len() == 1 && found[0].contains("\"1.5 s\" is 1.5612 s"), "{found:?}");
}

#[test]
fn a_link_and_a_path_that_lead_nowhere_are_found() {
    let altered = with(&deck(), "[README](../README.md)", "[README](../README.txt)");
    assert!(only_fault(&altered).contains("../README.txt leads nowhere"));
    let altered = with(&deck(), "`examples/exercises/`", "`examples/exercise/`");
    assert!(only_fault(&altered).contains("there is no examples/exercise/"));
}

#[test]
fn a_path_that_git_ignores_need_not_exist() {
    let text = "`slides/deck.html` and `slides/deck.htm`\n";
    let found = faults(repository(), text);
    assert!(found.len() == 1 && found[0].contains("there is no slides/deck.htm"), "{found:?}");
}

#[test]
fn a_crowded_slide_and_one_without_minutes_are_found() {
    let words = "word ".repeat(60);
    let altered = with(&deck(), "# The cluster\n", &format!("# The cluster\n\n{words}\n"));
    assert!(only_fault(&altered).contains("a slide has room for"));
    let altered = with(&deck(), "\n1 min\n", "\n\n");
    let found = faults(repository(), &altered);
    assert!(found.iter().any(|fault| fault.contains("no line with the minutes")), "{found:?}");
    assert!(found.iter().any(|fault| fault.contains("add up to")), "{found:?}");
}

#[test]
fn a_page_of_the_hand_out_needs_no_minutes_but_has_its_measure() {
    let page = |words: usize| {
        let words = "word ".repeat(words);
        format!("{}\n\n---\n\n<!-- _class: handout -->\n\n# Page\n\n{words}\n", deck().trim_end())
    };
    assert_eq!(faults(repository(), &page(100)), [""; 0]);
    assert!(only_fault(&page(150)).contains("a slide has room for 140"));
}
