//! Fourteen exercises, four or five for each level. Each is a program in `examples/exercises/` with one gap,
//! a hint, an answer in `examples/solutions/` that differs from it in the gap alone, and a check in
//! `src/bin/`.
//!
//! Here is the list of them and what the checks share. `cargo exercise` is `src/bin/exercise/`.

mod check;
#[cfg(feature = "level3")]
mod gradients;
#[cfg(feature = "level3")]
mod host;
#[cfg(feature = "kernel")]
mod kernel;
mod pace;
#[cfg(feature = "level2")]
mod ranks;
mod threads;

pub use check::{CHECK, check, expect, not_yet};
#[cfg(feature = "level3")]
pub use gradients::replace_gradients;
#[cfg(feature = "level3")]
pub use host::Host;
#[cfg(feature = "kernel")]
pub use kernel::{floats, gpu};
pub use pace::Pace;
#[cfg(feature = "level2")]
pub use ranks::check_on_ranks;
pub use threads::Threads;

use std::path::{Path, PathBuf};

/// The reader's file as the module `exercise`, and the `main` that runs it or checks it: with the
/// function `check`, or with `rank` in jobs of so many ranks. Its unused lines are no news while the
/// gap is open.
///
/// It comes from the folder that the variable `EXERCISES` names while the check is compiled:
/// `cargo exercise` sets it, and elsewhere `.cargo/config.toml` names the starters.
#[macro_export]
macro_rules! exercise {
    ($file:literal) => {
        $crate::exercise!($file: $crate::check(exercise::program, check));
    };
    ($file:literal, $jobs:expr) => {
        $crate::exercise!($file: $crate::check_on_ranks(exercise::program, $jobs, rank));
    };
    ($file:literal: $main:expr) => {
        #[allow(dead_code, unreachable_code, unused_imports, unused_mut, unused_variables)]
        mod exercise {
            include!(concat!(env!("EXERCISES"), "/", $file));

            /// The file's own `main`.
            pub fn program() -> std::process::ExitCode {
                main()
            }
        }

        fn main() -> std::process::ExitCode {
            $main
        }
    };
}

/// The answer to an exercise as the module `answer`, to measure the reader's file against.
#[macro_export]
macro_rules! answer {
    ($file:literal) => {
        #[allow(dead_code, unused_imports)]
        mod answer {
            include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/solutions/", $file));
        }
    };
}

/// An exercise, as `cargo exercise` lists it.
#[derive(Debug)]
pub struct Exercise {
    /// 1 to 14.
    pub number: u64,
    /// The name of its files and of its check, such as `1_order`.
    pub name: &'static str,
    /// The features of this crate that its check needs.
    pub features: &'static [&'static str],
    /// What is to be done.
    pub title: &'static str,
}

const fn exercise(
    number: u64,
    name: &'static str,
    features: &'static [&'static str],
    title: &'static str,
) -> Exercise {
    Exercise { number, name, features, title }
}

/// All exercises, level by level.
pub const EXERCISES: [Exercise; 14] = [
    exercise(1, "1_order", &[], "share a loop among workers, keep the order"),
    exercise(2, "2_grain", &[], "keep tiny loops in one piece"),
    exercise(3, "3_sum", &[], "get the same bits from any number of workers"),
    exercise(4, "4_histogram", &[], "speed: count without a shared lock"),
    exercise(13, "13_sharing", &[], "give every counter a line of its own"),
    exercise(5, "5_slices", &["level2"], "cut slices without gap or overlap"),
    exercise(6, "6_everyone", &["level2"], "let every rank know pi"),
    exercise(7, "7_deadlock", &["level2"], "mend a halo exchange that hangs"),
    exercise(8, "8_messages", &["level2"], "speed: one message instead of a thousand"),
    exercise(9, "9_device", &["level3"], "move the digits to the device once"),
    exercise(10, "10_shapes", &["level3"], "add a second convolution"),
    exercise(11, "11_batch", &["level3"], "speed: hand over a batch instead of images"),
    exercise(12, "12_gradients", &["level2", "level3"], "train one network on several ranks"),
    exercise(14, "14_kernel", &["kernel"], "stop the threads beyond the edge"),
];

impl Exercise {
    /// Its program in a folder: [`STARTERS`], [`SOLUTIONS`], or the reader's.
    pub fn program(&self, folder: impl AsRef<Path>) -> PathBuf {
        folder.as_ref().join(self.name).with_extension("rs")
    }

    /// The file with the hint.
    pub fn hint(&self) -> PathBuf {
        self.program(STARTERS).with_extension("hint.md")
    }
}

/// The folder of the programs as they are handed out, below the repository. Nobody edits them.
pub const STARTERS: &str = "examples/exercises";

/// The folder of the programs with their gaps filled.
pub const SOLUTIONS: &str = "examples/solutions";

/// The folder that this workspace lies in.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// What stands above the gap of a program, in it, and below it. `None` without the two marks.
pub fn around_gap(text: &str) -> Option<[&str; 3]> {
    let (above, rest) = text.split_once("// --- gap\n")?;
    let (inside, below) = rest.split_once("// --- end of gap\n")?;
    Some([above, inside, below])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: PathBuf) -> String {
        std::fs::read_to_string(repository().join(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    #[test]
    fn a_program_is_taken_apart_at_its_marks() {
        let text = "fn f() {\n    // --- gap\n    1\n    // --- end of gap\n}\n";
        assert_eq!(around_gap(text), Some(["fn f() {\n    ", "    1\n    ", "}\n"]));
        assert_eq!(around_gap("fn f() {\n    // --- gap\n"), None);
    }

    #[test]
    fn a_solution_differs_from_its_starter_in_the_gap_alone() {
        for exercise in &EXERCISES {
            let (starter, solution) =
                (read(exercise.program(STARTERS)), read(exercise.program(SOLUTIONS)));
            let [above, gap, below] = around_gap(&starter).unwrap();
            let [same_above, answer, same_below] = around_gap(&solution).unwrap();
            assert_eq!([above, below], [same_above, same_below], "{}", exercise.name);
            assert_ne!(gap, answer, "{}", exercise.name);
        }
    }

    #[test]
    fn the_task_stands_in_two_lines_above_the_gap() {
        for exercise in &EXERCISES {
            let starter = read(exercise.program(STARTERS));
            let above: Vec<&str> = around_gap(&starter).unwrap()[0].trim_end().lines().collect();
            let [.., task, more] = above.as_slice() else { panic!("{}", exercise.name) };
            assert!(task.trim().starts_with("// TASK: "), "{}: {task}", exercise.name);
            assert!(more.trim().starts_with("// "), "{}: {more}", exercise.name);
        }
    }

    #[test]
    fn every_exercise_has_its_number_and_a_hint_that_names_it() {
        for number in 1..=EXERCISES.len() as u64 {
            let exercise = EXERCISES.iter().find(|exercise| exercise.number == number).unwrap();
            assert!(exercise.name.starts_with(&format!("{}_", exercise.number)));
            let hint = read(exercise.hint());
            assert!(hint.starts_with(&format!("# Hint {}: ", exercise.number)), "{hint}");
            assert!(hint.lines().all(|line| line.chars().count() <= 80), "{hint}");
        }
    }

    /// rustfmt follows `mod` and not `include!`, so `cargo fmt` does not come here.
    #[test]
    fn starters_and_answers_are_formatted() {
        for exercise in &EXERCISES {
            let files = [exercise.program(STARTERS), exercise.program(SOLUTIONS)];
            let mut rustfmt = std::process::Command::new("rustfmt");
            rustfmt.args(["--check", "--edition", "2024"]).args(files).current_dir(repository());
            let output = rustfmt.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
    }
}
