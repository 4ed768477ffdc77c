//! What `cargo workshop` refuses before it builds, installs or measures anything.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use testkit::{Folder, program, repository, run};

#[test]
fn bad_arguments_and_files_of_somebody_else_are_refused_at_once() {
    let folder = Folder::new();
    let photo = folder.file("photo.jpg");
    let mine = folder.file("level2_scaling.svg");
    for file in [&photo, &mine] {
        fs::write(file, "JFIF").unwrap();
    }
    let runs = repository().join("slides/runs/level2.jsonl").display().to_string();
    for (words, parts) in [
        (&["scaling", "heat", "--json", &photo][..], &["photo.jpg is not a file of records"][..]),
        (&["scaling", "heat", "--out", &folder.file("")], &["level2_scaling.svg is not a chart"]),
        (&["chart", &runs, "--out", &folder.file("")], &["level2_scaling.svg is not a chart"]),
        (&["compare", "2", "--json", &photo], &["photo.jpg is not a file of records"]),
        (&["scaling", "heat", "--ranks", "1"], &["--ranks", "1,2,4"]),
        (&["scaling", "pi", "--repeat", "-5"], &["'-5'", "--repeat"]),
    ] {
        let mut workshop = program(env!("CARGO_BIN_EXE_workshop"));
        let ended = run(workshop.args(words));
        ended.failed(2, parts);
        assert_eq!(ended.stdout, "", "{words:?}");
    }
    for file in [&photo, &mine] {
        assert_eq!(fs::read_to_string(file).unwrap(), "JFIF");
    }
}
