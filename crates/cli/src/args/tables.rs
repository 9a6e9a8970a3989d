//! The user's own tables.

use std::path::PathBuf;

use clap::Args;
use dnabert::BoxedTask;
use dnabert::tasks::{TableFormat, TableTask};

use crate::failure::{Outcome, usage};

/// Tables of labelled sequences.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Your own tables")]
pub(crate) struct TableOptions {
    /// Training table (TSV or CSV, plain or .gz: sequence, label)
    #[arg(long, value_name = "TABLE", requires_all = ["dev", "test"])]
    pub(crate) train: Option<PathBuf>,
    /// Table that chooses the epoch
    #[arg(long, value_name = "TABLE", requires = "train")]
    pub(crate) dev: Option<PathBuf>,
    /// Table that is evaluated once, at the end
    #[arg(long, value_name = "TABLE", requires = "train")]
    pub(crate) test: Option<PathBuf>,
}

impl TableOptions {
    /// The three tables, where given.
    pub(crate) fn paths(&self) -> Option<[PathBuf; 3]> {
        Some([self.train.clone()?, self.dev.clone()?, self.test.clone()?])
    }

    /// The tables as a task, where given.
    pub(crate) fn task(&self, name: &str) -> Outcome<Option<BoxedTask>> {
        let Some(tables) = self.paths() else { return Ok(None) };
        Ok(Some(Box::new(TableTask::open(name, tables, TableFormat::default())?)))
    }

    /// The error where neither a name nor tables are given.
    pub(crate) fn missing(what: &str) -> Box<dyn std::error::Error> {
        usage(format!("give {what}, or your own tables with --train, --dev and --test"))
    }
}
