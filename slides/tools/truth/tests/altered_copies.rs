//! The repository tells the truth, and altered copies of its slides do not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use truth::{Block, Document, Place, check, commands, markdown_files, repository};

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
    let faults = faults(&repository(), text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].contains("slides/deck.md:") && faults[0].contains(", slide "), "{faults:?}");
    faults[0].clone()
}

/// The first code block of the deck that comes from `folder`, with the number of its slide.
fn first_piece_of(folder: &str) -> (usize, Block) {
    let deck = Document::parse(Path::new(DECK), &deck());
    let pieces = deck.slides.into_iter().flat_map(|slide| {
        let number = slide.number;
        slide.blocks.into_iter().map(move |block| (number, block))
    });
    let from = |block: &Block| block.from.as_deref().is_some_and(|from| from.contains(folder));
    pieces.into_iter().find(|(_, block)| from(block)).unwrap()
}

#[test]
fn the_repository_tells_the_truth() {
    let root = repository();
    let mut all = Vec::new();
    for file in markdown_files(&root).unwrap() {
        let document = Document::read(&root, file.strip_prefix(&root).unwrap()).unwrap();
        all.extend(check(&root, &document).iter().map(ToString::to_string));
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn a_line_changed_on_the_slide_is_found() {
    let (slide, block) = first_piece_of("examples/");
    let line = block.code.iter().find(|line| line.len() > 20).unwrap();
    let altered = with(&deck(), line, &format!("{line} + 1"));
    let fault = only_fault(&altered);
    assert!(fault.contains(&format!("slide {slide}")) && fault.contains("+ 1"), "{fault}");
}

#[test]
fn a_line_changed_in_the_example_is_found() {
    let (slide, block) = first_piece_of("examples/");
    let example = block.from.clone().unwrap();
    let line = block.code.iter().find(|line| line.len() > 20).unwrap();

    // A copy of the repository in which everything is a link but the one example.
    let root = std::env::temp_dir().join(format!("truth-altered-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    mirror(&repository(), &root);
    let path = root.join("slides").join(&example);
    let source = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, with(&source, line.trim(), "something_else();")).unwrap();

    let found = faults(&root, &deck());
    std::fs::remove_dir_all(&root).unwrap();
    assert!(!found.is_empty());
    let expected = |fault: &String| fault.contains(&format!("slide {slide}:"));
    assert!(found.iter().any(expected), "{found:#?}");
    assert!(found.iter().all(|fault| fault.contains(&example)), "{found:#?}");
}

/// Copies the folders that slides refer to; their files are links to the originals.
fn mirror(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().to_string();
        let skipped = name.starts_with('.') || name.starts_with("target") || name == "node_modules";
        if !skipped && entry.path().is_dir() {
            mirror(&entry.path(), &to.join(name));
        } else if !skipped {
            std::os::unix::fs::symlink(entry.path(), to.join(name)).unwrap();
        }
    }
}

#[test]
fn a_renamed_flag_fails_when_its_command_runs() {
    let altered = with(&deck(), "cargo level1 --weight 0 ", "cargo level1 --wait 0 ");
    let document = Document::parse(Path::new(DECK), &altered);
    let command = commands(&document).into_iter().find(|c| c.line.contains("--wait 0")).unwrap();
    assert_eq!(command.place, Place::Here);
    let fault = command.run(&repository()).unwrap_err().to_string();
    assert!(fault.contains("exit status 2") && fault.contains("--wait"), "{fault}");
    assert!(fault.contains("slides/deck.md:") && fault.contains(", slide "), "{fault}");
}

#[test]
fn a_flag_renamed_in_a_command_for_elsewhere_is_found_in_the_help() {
    let altered =
        with(&deck(), "scripts/slurm/interactive.sh --cpu", "scripts/slurm/interactive.sh --cores");
    let document = Document::parse(Path::new(DECK), &altered);
    let command = commands(&document).into_iter().find(|c| c.line.contains("--cores")).unwrap();
    assert_eq!(command.place, Place::Cluster);
    let fault = command.compare_with_help(&repository()).unwrap_err().to_string();
    assert!(fault.contains("--cores"), "{fault}");
}

#[test]
fn an_altered_number_is_found() {
    let text = deck();
    // A quoted measurement: the label of a link to a record.
    let quoted =
        text.split('[').find(|part| part.contains("](runs/") && part.contains("x]")).unwrap();
    let label = quoted.split(']').next().unwrap();
    let target = quoted.split('(').nth(1).unwrap().split(')').next().unwrap();
    let altered = with(&text, &format!("[{label}]({target})"), &format!("[9.87x]({target})"));
    let fault = only_fault(&altered);
    assert!(fault.contains("\"9.87x\" is "), "{fault}");
}

#[test]
fn a_number_from_nowhere_is_found() {
    let altered = with(&deck(), "Guess first: who wins each race", "Guess: 77 % win each race");
    assert!(only_fault(&altered).contains("where does \"77\" come from?"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let altered = with(&deck(), "[README](../README.md)", "[README](../README.txt)");
    assert!(only_fault(&altered).contains("../README.txt leads nowhere"));
}

#[test]
fn a_crowded_slide_and_one_without_minutes_are_found() {
    let words = "word ".repeat(60);
    let altered = with(&deck(), "# The cluster\n", &format!("# The cluster\n\n{words}\n"));
    assert!(only_fault(&altered).contains("a slide bears"));
    let altered = with(&deck(), "\n1 min\n", "\n\n");
    let found = faults(&repository(), &altered);
    assert!(found.iter().any(|fault| fault.contains("no line with the minutes")), "{found:?}");
    assert!(found.iter().any(|fault| fault.contains("add up to")), "{found:?}");
}
