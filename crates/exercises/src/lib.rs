//! Nine exercises. Each is a program in `examples/exercises/` with one gap, a check in `checks/`,
//! a hint, and an answer in `examples/solutions/` that differs from it in the gap alone.
//!
//! Here is the list of them and what the checks share. `cargo exercise` is `main.rs`.

mod fault;
mod gap;
#[cfg(feature = "level3")]
mod gradients;
#[cfg(feature = "level2")]
pub mod ranks;
mod threads;

pub use fault::{Fault, check, not_yet};
pub use gap::Gap;
#[cfg(feature = "level3")]
pub use gradients::{fingerprint, learning, replace_gradients};
pub use threads::Threads;

use std::path::{Path, PathBuf};

/// An exercise, as `cargo exercise` lists it.
#[derive(Debug)]
pub struct Exercise {
    /// 1 to 9.
    pub number: u8,
    /// The name of its files.
    pub name: &'static str,
    /// What is to be done.
    pub title: &'static str,
    /// The features of this crate that it needs.
    pub features: &'static [&'static str],
    /// The fingerprint of its gap as nobody has touched it yet.
    pub untouched: u64,
}

/// All exercises, three a level.
pub const EXERCISES: [Exercise; 9] = [
    exercise(1, "order", "share a loop among workers, keep the order", &[], 0xb63d_f2f2_088e_4217),
    exercise(2, "grain", "keep tiny loops in one piece", &[], 0xa4eb_ea39_e78a_507f),
    exercise(3, "sum", "the same bits for any number of workers", &[], 0x13bc_8334_b960_99e0),
    exercise(4, "slices", "slices without gap or overlap", &["level2"], 0xb215_83fb_6506_b1da),
    exercise(5, "everyone", "let every rank know pi", &["level2"], 0xdb13_fc8f_dd69_39e8),
    exercise(6, "deadlock", "mend a halo exchange that hangs", &["level2"], 0x7743_af4f_e326_1e2b),
    exercise(
        7,
        "device",
        "move the model and the batch to the device",
        &["level3"],
        0x3451_322e_7574_ac7b,
    ),
    exercise(8, "shapes", "add a second convolution", &["level3"], 0x7df2_a743_6164_75b5),
    exercise(
        9,
        "gradients",
        "train one network on several ranks",
        &["level2", "level3"],
        0xff75_4c85_2647_ca93,
    ),
];

const fn exercise(
    number: u8,
    name: &'static str,
    title: &'static str,
    features: &'static [&'static str],
    untouched: u64,
) -> Exercise {
    Exercise { number, name, title, features, untouched }
}

impl Exercise {
    /// The level whose lesson it practises.
    pub fn level(&self) -> u8 {
        self.number.div_ceil(3)
    }

    /// The file with the gap, below the repository.
    pub fn file(&self) -> PathBuf {
        self.path("exercises", "rs")
    }

    /// The file with the answer.
    pub fn solution(&self) -> PathBuf {
        self.path("solutions", "rs")
    }

    /// The file with the hint.
    pub fn hint(&self) -> PathBuf {
        self.path("exercises", "hint.md")
    }

    fn path(&self, folder: &str, ending: &str) -> PathBuf {
        format!("examples/{folder}/{}_{}.{ending}", self.number, self.name).into()
    }
}

/// The folder that this workspace lies in.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: PathBuf) -> String {
        std::fs::read_to_string(repository().join(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    #[test]
    fn a_solution_differs_from_its_starter_in_the_gap_alone() {
        for exercise in &EXERCISES {
            let starter = Gap::find(&read(exercise.file())).unwrap();
            let solution = Gap::find(&read(exercise.solution())).unwrap();
            assert_eq!(starter.around, solution.around, "{}", exercise.name);
            assert_ne!(starter.inside, solution.inside, "{}", exercise.name);
        }
    }

    #[test]
    fn the_task_stands_in_two_lines_above_the_gap() {
        for exercise in &EXERCISES {
            let above = Gap::find(&read(exercise.file())).unwrap().around[0].clone();
            let lines: Vec<&str> = above.lines().map(str::trim).collect();
            let [.., task, more] = lines.as_slice() else { panic!("{}", exercise.name) };
            assert!(task.starts_with("// TASK: "), "{}: {task}", exercise.name);
            assert!(more.starts_with("// "), "{}: {more}", exercise.name);
        }
    }

    #[test]
    fn every_exercise_has_a_hint() {
        for exercise in &EXERCISES {
            assert!(read(exercise.hint()).lines().count() >= 3, "{}", exercise.name);
        }
    }
}
