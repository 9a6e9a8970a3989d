//! Standard output and standard error.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

static IS_QUIET: AtomicBool = AtomicBool::new(false);
static IS_VERBOSE: AtomicBool = AtomicBool::new(false);

/// Sets how much is printed to standard error.
pub(crate) fn set_verbosity(quiet: bool, verbose: bool) {
    IS_QUIET.store(quiet, Ordering::Relaxed);
    IS_VERBOSE.store(verbose, Ordering::Relaxed);
}

/// Whether progress is hidden.
pub(crate) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Whether details are printed.
pub(crate) fn is_verbose() -> bool {
    IS_VERBOSE.load(Ordering::Relaxed)
}

/// Writes results to standard output. If the reader has closed the pipe, as `head` does, the
/// program ends without an error.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    if let Err(error) = io::stdout().lock().write_fmt(text) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        // Standard output does not work, so the results are lost.
        tell(format_args!("error: standard output cannot be written: {error}\n"));
        std::process::exit(crate::failure::IO.into());
    }
}

/// Writes to standard error, even with `--quiet`.
pub(crate) fn tell(text: fmt::Arguments<'_>) {
    // Where standard error is closed, the error is ignored.
    let _nobody_listens = io::stderr().lock().write_fmt(text);
}

/// Writes a line of progress to standard error, unless `--quiet` was given.
pub(crate) fn progress(text: fmt::Arguments<'_>) {
    if is_quiet() {
        return;
    }
    if io::stderr().is_terminal() {
        tell(text);
    } else {
        // A file has no counter that this line would replace.
        tell(format_args!("{}\n", text.to_string().trim()));
    }
}

/// Writes a counter to standard error, if it is a terminal. The next counter replaces it.
pub(crate) fn count(text: fmt::Arguments<'_>) {
    if !is_quiet() && io::stderr().is_terminal() {
        tell(text);
    }
}

/// Prints a result.
macro_rules! out {
    ($($text:tt)*) => { $crate::console::print(format_args!($($text)*)) };
}

/// Prints a line of a result.
macro_rules! outln {
    ($($text:tt)*) => { $crate::console::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line of progress, which replaces the last such line.
macro_rules! note {
    ($($text:tt)*) => { $crate::console::count(format_args!($($text)*)) };
}

/// Prints a line of progress.
macro_rules! noteln {
    ($($text:tt)*) => { $crate::console::progress(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {note, noteln, out, outln};
