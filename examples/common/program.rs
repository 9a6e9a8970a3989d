//! What every example needs: memory, and a way to end.

use std::error::Error;
use std::process::ExitCode;

/// Keeps the pages of freed tensors: the system's allocator gives them back to the kernel, and
/// clearing them again costs a third of the time of training on a CPU.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Ends a program: an error is printed with its causes, and the exit status is 1.
pub(crate) fn finish(result: Result<(), Box<dyn Error>>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
