//! A GPU that fails while it is used ends the program: one line, status 1, nothing written.
//!
//! Burn's GPU backend works on threads of its own. When a call of the driver fails there, it panics,
//! catches the panic and goes on with memory that nobody has computed: the training would end with
//! an accuracy that means nothing. So the first panic is the last thing that happens.

use std::panic;
use std::sync::Once;

/// From now on a panic, on whichever thread, ends the program.
///
/// Burn tries several kernels for each operation and keeps the fastest; that one of them cannot be
/// used is an ordinary answer there, no panic.
pub(crate) fn end_on_panic() {
    static FIRST: Once = Once::new();
    let otherwise = panic::take_hook(); // for output that nobody reads any more: see `cli::parse`
    panic::set_hook(Box::new(move |panic| match panic.payload_as_str() {
        Some(words) if words.starts_with("failed printing to stdout") => otherwise(panic),
        // A second thread that fails waits here for the first one to end the program for both.
        words => FIRST.call_once(|| {
            eprintln!("error: {}", line(words.unwrap_or_default()));
            std::process::exit(1) // nothing else ends all threads: what unwinds is caught
        }),
    }));
}

/// What happened, as far as the library's words tell, and what to do.
fn line(words: &str) -> String {
    let error = words.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let error = error.into_iter().find(|word| word.starts_with("CUDA_ERROR_"));
    let memory = // of CUDA, and of wgpu
        ["BufferTooBig", "can't allocate buffer", "CUDA_ERROR_OUT_OF_MEMORY", "Out of Memory"];
    let (cause, cure) = match error {
        _ if memory.iter().any(|sign| words.contains(sign)) => (
            "the GPU's memory ran out".to_string(),
            "take a smaller --batch-size or --size, and see in nvidia-smi who else uses it",
        ),
        Some("CUDA_ERROR_UNSUPPORTED_PTX_VERSION") => (
            "CUDA's run-time compiler is newer than the GPU's driver".to_string(),
            "load a CUDA module that is not newer than what nvidia-smi shows",
        ),
        None if words.starts_with("Missing symbol ") => (
            format!("the NVIDIA driver is too old ({})", beginning(words)),
            "take another node, --device cpu, or a build with --features wgpu",
        ),
        Some(error) => (
            format!("the GPU failed ({error})"),
            "run it once more; if it fails again, see nvidia-smi and take --device cpu",
        ),
        None => (
            format!("the GPU's part of the program failed ({})", beginning(words)),
            "take --device cpu",
        ),
    };
    format!("{cause}; nothing was saved. What to do: {cure}")
}

fn beginning(words: &str) -> String {
    words.lines().next().unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_words_become_one_line_with_a_cure() {
        for (words, cause, cure) in [
            ("value: can't allocate buffer of size: 4096", "memory ran out", "--batch-size"),
            ("BufferTooBig { size: 4096,\nbacktrace: [] }", "memory ran out", "--batch-size"),
            (
                "Err` value: Generic { reason: \"DriverError(CUDA_ERROR_ILLEGAL_ADDRESS, \\\"x\\\")\"",
                "(CUDA_ERROR_ILLEGAL_ADDRESS)",
                "nvidia-smi",
            ),
            (
                "DriverError(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, \"x\")",
                "newer than the GPU's driver",
                "CUDA module",
            ),
            ("Missing symbol cuX: undefined", "driver is too old (Missing symbol cuX", "wgpu"),
            ("Service state not found\nand more", "(Service state not found)", "--device cpu"),
        ] {
            let line = line(words);
            assert!(line.contains(cause) && line.contains(cure), "{line}");
            assert_eq!(line.lines().count(), 1, "{line}");
        }
    }
}
