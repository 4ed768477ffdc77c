//! A deck of one slide tells the truth until a word of it is altered. Whether the whole repository does, is a stage of
//! `scripts/test.sh`: `cargo workshop truth`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use testkit::{records, repository};
use workshop::truth::{Command, Document, check, commands};

/// What is wrong with a deck of this text, as lines.
fn faults(text: &str) -> Vec<String> {
    let document = Document::parse(Path::new("slides/deck.md"), text);
    check(repository(), &document)
}

/// A slide with a piece of a lesson, the figure of a run, a path and its minutes, with `old` replaced.
fn slide_with(old: &str, new: &str) -> String {
    let lesson = fs::read_to_string(repository().join("examples/level1_cores.rs")).unwrap();
    let line = lesson.lines().find(|line| line.contains("into_par_iter()")).unwrap();
    let run = records(repository().join("slides/runs/level1.jsonl")).swap_remove(0);
    let speedup = run["results"]["speedup"].as_f64().unwrap();
    let slide = format!(
        "---\ntitle: A deck\n---\n\n# A slide\n\n\
         [the lesson](../examples/level1_cores.rs)\n\n```rust\n{line}\n```\n\n\
         [{speedup:.2}x](runs/level1.jsonl#weight_s=0.5/speedup) in `examples/exercises/`\n\n\
         <!--\n45 min\n-->\n"
    );
    assert!(slide.contains(old), "{old}");
    slide.replacen(old, new, 1)
}

/// The command in a block of this kind.
fn command(kind: &str, line: &str) -> Command {
    let text = format!("```{kind}\n{line}\n```\n");
    commands(&Document::parse(Path::new("README.md"), &text)).remove(0)
}

#[test]
fn a_slide_is_true_until_it_is_altered() {
    assert_eq!(faults(&slide_with("", "")), [""; 0]);
    let words = "word ".repeat(60);
    for (old, new, found) in [
        ("into_par_iter()", "into_iter()", "not in ../examples/level1_cores.rs as it stands here"),
        ("[the lesson](../examples/level1_cores.rs)", "", "needs a link to its file"),
        ("exercises/`", "exercise/`", "there is no examples/exercise/"),
        ("[the lesson](../", "[the lesson](", "the link to examples/level1_cores.rs leads nowhere"),
        ("x](runs", "9x](runs", "in the record"),
        ("# A slide", &format!("# A slide\n\n{words}"), "a slide has room for 50"),
        ("45 min", "", "no line with the minutes"),
        ("45 min", "46 min", "1 slides of 46 minutes; the talk has room for 40 and 45"),
    ] {
        let faults = faults(&slide_with(old, new));
        assert!(faults.iter().any(|fault| fault.contains(found)), "{new}: {faults:#?}");
        assert!(faults[0].starts_with("slides/deck.md"), "{faults:#?}");
    }
}

#[test]
fn a_page_of_the_hand_out_needs_no_minutes_but_has_its_measure() {
    let page = |words: usize| {
        let words = "word ".repeat(words);
        let page = format!("-->\n\n---\n\n<!-- _class: handout -->\n\n# Page\n\n{words}");
        faults(&slide_with("-->", &page))
    };
    assert_eq!(page(100), [""; 0]);
    let found = page(150);
    assert!(found.len() == 1 && found[0].contains("slide 2: 151 words"), "{found:?}");
}

#[test]
fn the_run_sheet_has_the_row_of_every_slide_and_no_other() {
    let talk = Document::read(repository(), Path::new("slides/deck.md")).unwrap();
    let rows: Vec<String> = (1..)
        .zip(talk.shown())
        .map(|(n, slide)| format!("| {n} | {} | {} | |\n", slide.title(), slide.minutes().unwrap()))
        .collect();
    let faults = |rows: &[String]| {
        let text =
            format!("| slide | title | min | from |\n| --- | --- | --- | --- |\n{}", rows.concat());
        let sheet = Document::parse(Path::new("slides/RUNSHEET.md"), &text);
        check(repository(), &sheet)
    };
    assert_eq!(faults(&rows), [""; 0]);
    let fewer = faults(&rows[..rows.len() - 1]);
    assert!(
        fewer.len() == 1 && fewer[0].contains(rows[rows.len() - 1].trim_end_matches(" |\n")),
        "{fewer:?}"
    );
    let more = faults(&[&rows[..], &["| 99 | Title | 1 | |\n".to_string()]].concat());
    assert!(
        more.len() == 1 && more[0].contains("no slide for the row | 99 | Title | 1 |"),
        "{more:?}"
    );
    for (old, new) in [("| 2 | ", "| 3 | "), ("| 0.5 |", "| 5.5 |"), ("workers", "waiters")] {
        let i = rows.iter().position(|row| row.contains(old)).unwrap();
        let mut rows = rows.clone();
        rows[i] = rows[i].replacen(old, new, 1);
        assert_eq!(faults(&rows).len(), 1, "{new}");
    }
}

#[test]
fn a_path_that_git_ignores_need_not_exist() {
    let found = faults("`slides/deck.html` and `slides/deck.htm`\n");
    assert!(found.len() == 1 && found[0].contains("there is no slides/deck.htm"), "{found:?}");
}

#[test]
fn a_link_to_a_heading_that_is_not_there_leads_nowhere() {
    let found = faults("[one](../docs/gpu.md#the-data) [two](../docs/gpu.md#the-date)\n");
    assert!(found.len() == 1 && found[0].contains("gpu.md#the-date leads nowhere"), "{found:?}");
}

#[test]
fn rust_needs_no_file_where_rustdoc_compiles_it() {
    let faults = |page: &str| {
        let document = Document::parse(Path::new(page), "```rust,compile_fail\nx\n```\n");
        check(repository(), &document).len()
    };
    assert_eq!([faults("docs/rust.md"), faults("docs/gpu.md")], [0, 1]);
}

#[test]
fn a_renamed_flag_fails_when_its_command_runs() {
    let fault = command("bash", "cargo level1 --wait 0").run().unwrap_err();
    assert!(fault.starts_with("README.md:1: "), "{fault}");
    assert!(fault.contains("unexpected argument '--wait'"), "{fault}");
}
