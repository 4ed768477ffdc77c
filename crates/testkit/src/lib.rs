//! What the integration tests share: a program is started as a user starts it, on a terminal or without
//! one, and the test looks at its exit status, at what it printed and at the records that it left.
//!
//! ```no_run
//! use testkit::{Folder, example, records, run};
//!
//! let folder = Folder::new();
//! let mut race = example("level1_cores");
//! race.args(["--weight", "0", "--json", &folder.file("runs.jsonl")]);
//! assert!(run(&mut race).succeeded().stdout.contains("1 worker"));
//! assert_eq!(records(&folder.file("runs.jsonl"))[0]["settings"]["workers"], 1);
//! ```

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod ended;
mod start;

pub use ended::{Ended, records};
pub use start::{example, on_a_terminal, program, repository, run, run_within, shell};

use std::path::Path;

/// A temporary folder, removed at the end of the test.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// An empty folder.
    #[expect(clippy::new_without_default, reason = "it makes something outside the program")]
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file in it, as it is typed on a command line.
    pub fn file(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_string()
    }
}
