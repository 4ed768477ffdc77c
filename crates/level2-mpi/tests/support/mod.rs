//! Runs the programs under a real mpirun: `MPIRUN`, or the first in PATH.

use std::process::Command;
use std::sync::{Mutex, MutexGuard};

use testkit::{example, program, repository};

/// One job at a time: ranks that wait keep a core busy.
pub fn machine() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    MACHINE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The command that starts so many ranks of an example.
pub fn ranks(number: u32, name: &str, args: &[&str]) -> Command {
    let mut command = program(repository().join("scripts/mpirun.sh"));
    command.args(["-n", &number.to_string()]).arg(example(name).get_program()).args(args);
    command.current_dir(std::env::temp_dir());
    command
}
