//! The program `dnabert`.
//!
//! Exit codes: 0 success; 2 usage; 65 bad input data; 74 a file cannot be opened, read or written;
//! 75 try again (out of memory, no usable device); 70 a bug in this program.

mod args;
mod commands;
mod config;
mod console;
mod failure;
mod files;

use std::process::ExitCode;

/// Keeps the memory pages of freed tensors. The system's allocator returns them to the kernel, and
/// clearing them again costs a third of the training time on a CPU.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    failure::catch(|| {
        let matches = config::parse(std::env::args_os())?;
        commands::run(&matches)
    })
}
