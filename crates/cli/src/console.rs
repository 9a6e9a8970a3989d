//! Standard output and standard error.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
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

/// A text without control characters but line ends, tabs and returns: names in files may contain
/// commands for the terminal.
fn visible(text: &str) -> Cow<'_, str> {
    let is_command = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t' | '\r');
    if !text.contains(is_command) {
        return text.into();
    }
    let show = |letter: char| match is_command(letter) {
        true => letter.escape_unicode().to_string(),
        false => letter.to_string(),
    };
    text.chars().map(show).collect()
}

/// Writes results to standard output. If the reader has closed the pipe, as `head` does, the
/// program ends without an error.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let text = text.to_string();
    // A file gets names as they are.
    let text = if io::stdout().is_terminal() { visible(&text) } else { text.into() };
    if let Err(error) = io::stdout().lock().write_all(text.as_bytes()) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        // Standard output does not work, so the results are lost.
        tell(format_args!("error: standard output cannot be written: {error}\n"));
        std::process::exit(crate::failure::IO.into());
    }
}

/// Standard output for many lines. On a terminal, control characters are shown as in other messages.
pub(crate) fn output() -> impl io::Write {
    let stdout = io::stdout().lock();
    let output: Box<dyn io::Write> =
        if io::stdout().is_terminal() { Box::new(Visible(stdout)) } else { Box::new(stdout) };
    BufWriter::new(output)
}

/// Shows the control characters of ASCII; a buffer may divide other letters.
struct Visible<W>(W);

impl<W: io::Write> io::Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_command =
            |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\t' | b'\r');
        for piece in bytes.split_inclusive(is_command) {
            match piece.split_last() {
                Some((last, rest)) if is_command(last) => {
                    self.0.write_all(rest)?;
                    write!(self.0, "{}", char::from(*last).escape_unicode())?;
                }
                _ => self.0.write_all(piece)?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes to standard error, even with `--quiet`.
pub(crate) fn tell(text: fmt::Arguments<'_>) {
    // Where standard error is closed, the error is ignored.
    let _nobody_listens = io::stderr().lock().write_all(visible(&text.to_string()).as_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_for_the_terminal_are_shown_as_text() {
        assert_eq!(visible("a\x1b[2Jb\u{9b}1m\tc\n"), "a\\u{1b}[2Jb\\u{9b}1m\tc\n");
        assert_eq!(visible("chr1 é"), "chr1 é");
        let mut output = Visible(Vec::new());
        output.write_all("é\x1b[2J\tb\n".as_bytes()).unwrap();
        assert_eq!(output.0, "é\\u{1b}[2J\tb\n".as_bytes());
    }
}
