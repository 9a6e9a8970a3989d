//! `dnabert compare`: compares many runs.

mod experiments;
mod fractions;
mod masked;
mod methods;

use clap::{Args, Subcommand};

use crate::failure::Outcome;

/// Compare models with baselines over seeds, folds, fractions of the data, or many experiments.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert compare methods ctcf --seeds 5 --baselines cnn,kmers")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one for each run")]
enum What {
    Methods(methods::Arguments),
    Fractions(fractions::Arguments),
    Masked(masked::Arguments),
    Experiments(experiments::Arguments),
}

/// Runs the comparison.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.what {
        What::Methods(arguments) => methods::run(arguments),
        What::Fractions(arguments) => fractions::run(arguments),
        What::Masked(arguments) => masked::run(arguments),
        What::Experiments(arguments) => experiments::run(arguments),
    }
}
