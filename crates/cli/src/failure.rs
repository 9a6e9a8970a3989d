//! How the program ends: one error message, and an exit code that scripts can rely on.

use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use dnabert::ExperimentError;
use dnabert::inference::{BackendError, ModelFolderError};
use dnabert::kmer::VocabularyError;
use dnabert::model::CheckpointError;
use dnabert::tasks::DataError;
use dnabert::tasks::corpus::CorpusError;
use dnabert::train::TrainError;
use dnabert::variants::WriterError;

use crate::console::tell;

/// The result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The options cannot be used as they are.
pub(crate) const USAGE: u8 = 2;
/// The data cannot be used.
const DATA: u8 = 65;
/// A bug in this program.
const INTERNAL: u8 = 70;
/// A file cannot be opened, read or written.
pub(crate) const IO: u8 = 74;
/// May work later, or on another machine: memory or a device is missing.
const TRY_AGAIN: u8 = 75;

/// Options that exclude each other, or do not fit the model.
#[derive(Debug)]
pub(crate) struct Usage(String);

/// An error that says which option is wrong, and why.
pub(crate) fn usage(message: impl Into<String>) -> Box<dyn Error> {
    Box::new(Usage(message.into()))
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

/// Runs a command, and returns its exit code.
pub(crate) fn catch(command: impl FnOnce() -> Outcome) -> ExitCode {
    let panic_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if crate::console::is_verbose() {
            panic_hook(panic);
        }
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(|place| format!(" ({place})")).unwrap_or_default();
        tell(format_args!("error: {message}{place}\n"));
    }));
    match catch_unwind(AssertUnwindSafe(command)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => ExitCode::from(report(&*error)),
        Err(panic) => {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or_default()
                .to_lowercase();
            if ["out of memory", "device lost", "device is lost"]
                .iter()
                .any(|w| message.contains(w))
            {
                tell(format_args!(
                    "  try again with a smaller --batch-size, or on another --device\n"
                ));
                return ExitCode::from(TRY_AGAIN);
            }
            tell(format_args!("  this is a fault of dnabert: please report it with the command\n"));
            ExitCode::from(INTERNAL)
        }
    }
}

/// Prints an error with its causes, and returns its exit code.
fn report(error: &(dyn Error + 'static)) -> u8 {
    if let Some(clap) = error.downcast_ref::<clap::Error>() {
        // Help and version are not errors, and go to standard output.
        let _nobody_listens = clap.print();
        return if clap.use_stderr() { USAGE } else { 0 };
    }
    if chain(error).into_iter().any(is_closed_pipe) {
        return 0;
    }
    tell(format_args!("error: {error}\n"));
    let mut told = error.to_string();
    for cause in chain(error).iter().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            tell(format_args!("  because: {cause}\n"));
        }
        told = cause;
    }
    chain(error).into_iter().find_map(code).unwrap_or(DATA)
}

/// An error and its causes, the last cause at the end.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut all = vec![error];
    while let Some(cause) = all[all.len() - 1].source() {
        all.push(cause);
    }
    all
}

fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Whether a library has refused the value of an option.
fn is_setting(error: &(dyn Error + 'static)) -> bool {
    let is_k = |error: &VocabularyError| matches!(error, VocabularyError::UnsupportedK(_));
    if let Some(ExperimentError::Vocabulary(error)) = error.downcast_ref() {
        return is_k(error);
    }
    error.downcast_ref().is_some_and(is_k)
        || matches!(
            error.downcast_ref(),
            Some(TrainError::Setting { .. } | TrainError::OtherRun { .. })
        )
        || matches!(error.downcast_ref(), Some(WriterError::Format { .. }))
        || matches!(error.downcast_ref(), Some(DataError::Setting { .. }))
        || matches!(error.downcast_ref(), Some(CorpusError::Setting { .. }))
}

/// The exit code of one error of a chain, if it determines one.
fn code(error: &(dyn Error + 'static)) -> Option<u8> {
    if error.is::<Usage>() || is_setting(error) {
        return Some(USAGE);
    }
    match (error.downcast_ref::<CheckpointError>(), error.downcast_ref::<ModelFolderError>()) {
        (Some(CheckpointError::NoWeights { .. }), _) => return Some(IO),
        (_, Some(ModelFolderError::NoFolder(_))) => return Some(IO),
        (_, Some(ModelFolderError::NoHub(_))) => return Some(USAGE),
        _ => (),
    }
    if let Some(error) = error.downcast_ref::<BackendError>() {
        return Some(match error {
            BackendError::NoDevice { .. } => TRY_AGAIN,
            _ => USAGE,
        });
    }
    let error = error.downcast_ref::<io::Error>()?;
    Some(match error.kind() {
        // These mean wrong content of a file, not a failure to read it.
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => DATA,
        io::ErrorKind::OutOfMemory => TRY_AGAIN,
        _ => IO,
    })
}
