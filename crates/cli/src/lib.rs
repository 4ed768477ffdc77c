//! The command line of every program here: flags that all levels share, a question that never
//! hangs, a reader's guess, one line of JSON per run, and an exit status that means something.

mod contract;
mod file;
mod flags;
mod guess;
mod number;
mod prompt;
mod record;
mod terminal;

pub use contract::{Misuse, exit_code, misuse, parse, try_parse};
pub use file::{Named, cannot_read, check_kind, check_replaceable, read_at_most, replace_file};
pub use flags::{RunFlags, WorkersFlag, name_of, quoted};
pub use guess::Guess;
pub use number::{count, parse_count, parse_seconds};
pub use prompt::ask;
pub use record::{Record, check_records};
pub use terminal::{colour, verdict, wrapped};
