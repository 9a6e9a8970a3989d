//! One file (or folder) for each subcommand.

mod audit;
mod benchmark;
mod compare;
mod completions;
mod convert;
mod dataset;
mod devices;
mod embed;
mod evaluate;
mod explain;
mod merge;
mod motifs;
mod mutate;
mod mutation_map;
mod predict;
mod pretrain;
mod scan;
mod train;
mod variants;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::args::GlobalOptions;
use crate::failure::Outcome;
use crate::{config, console};

/// DNABERT in Rust: predict, train, explain and score variants with DNA models.
#[derive(Debug, Parser)]
#[command(
    name = "dnabert",
    version,
    args_override_self = true,
    after_help = "Exit codes: 0; 2 usage; 65 bad input data; 70 a fault of dnabert; 74 a file cannot be \
                  opened, read or written; 75 try again (out of memory, no usable device)."
)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one for each run")]
enum Command {
    // Use a model
    Predict(predict::Arguments),
    Evaluate(evaluate::Arguments),
    Embed(embed::Arguments),
    Scan(scan::Arguments),
    Explain(explain::Arguments),
    Motifs(motifs::Arguments),
    Variants(variants::Arguments),
    MutationMap(mutation_map::Arguments),
    Mutate(mutate::Arguments),
    Merge(merge::Arguments),
    Convert(convert::Arguments),
    // Make a model
    Train(train::Arguments),
    Benchmark(benchmark::Arguments),
    Compare(compare::Arguments),
    Pretrain(pretrain::Arguments),
    // Make data
    Dataset(dataset::Arguments),
    Audit(audit::Arguments),
    // This program
    Devices(devices::Arguments),
    Completions(completions::Completions),
    Man(completions::Man),
}

/// The command line.
pub(crate) fn command() -> clap::Command {
    Cli::command().args_override_self(true).mut_subcommands(overriding)
}

/// If an option is given again, the last value is used. So options override those of a `--config`
/// file.
fn overriding(command: clap::Command) -> clap::Command {
    command.args_override_self(true).mut_subcommands(overriding)
}

/// Runs the requested command.
pub(crate) fn run(matches: &ArgMatches) -> Outcome {
    let Cli { global, command } = Cli::from_arg_matches(matches)?;
    console::set_verbosity(global.quiet, global.verbose);
    config::keep(matches)?;
    if let Some(file) = &global.save_config {
        config::write(file)?;
    }
    match command {
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Embed(arguments) => embed::run(&arguments),
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Motifs(arguments) => motifs::run(&arguments),
        Command::Variants(arguments) => variants::run(&arguments),
        Command::MutationMap(arguments) => mutation_map::run(&arguments),
        Command::Mutate(arguments) => mutate::run(&arguments),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Benchmark(arguments) => benchmark::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Pretrain(arguments) => pretrain::run(&arguments),
        Command::Dataset(arguments) => dataset::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Man(arguments) => completions::man(&arguments),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_options_of_all_commands_fit_together() {
        super::command().debug_assert();
    }
}
