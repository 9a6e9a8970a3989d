//! The user's own tables.

use std::collections::HashSet;
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
    /// Labels of the classes, in the order of their numbers, such as neither,donor,acceptor
    /// [default: the labels are 0, 1, …]
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    classes: Vec<String>,
}

impl TableOptions {
    /// The three tables, where given.
    pub(crate) fn paths(&self) -> Option<[PathBuf; 3]> {
        Some([self.train.clone()?, self.dev.clone()?, self.test.clone()?])
    }

    /// The tables as a task, where given.
    pub(crate) fn task(&self, name: &str) -> Outcome<Option<BoxedTask>> {
        let Some(tables) = self.paths() else { return Ok(None) };
        let format = TableFormat::default();
        let task = match self.classes()? {
            Some(classes) => TableTask::with_classes(name, classes, tables, format),
            None => TableTask::open(name, tables, format)?,
        };
        Ok(Some(Box::new(task)))
    }

    /// The named classes: at least two, all different.
    pub(crate) fn classes(&self) -> Outcome<Option<Vec<String>>> {
        let names: HashSet<&String> = self.classes.iter().collect();
        match self.classes.len() {
            0 => Ok(None),
            count if count > 1 && names.len() == count => Ok(Some(self.classes.clone())),
            _ => Err(usage("--classes: at least two different labels are needed")),
        }
    }

    /// The error where neither a name nor tables are given.
    pub(crate) fn missing(what: &str) -> Box<dyn std::error::Error> {
        usage(format!("give {what}, or your own tables with --train, --dev and --test"))
    }
}
