//! Options that several commands share.

pub(crate) mod batch;
pub(crate) mod corpus;
pub(crate) mod crop;
pub(crate) mod input;
pub(crate) mod network;
pub(crate) mod pretraining;
pub(crate) mod subject;
pub(crate) mod tables;
pub(crate) mod training;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dnabert::backend::describe;
use dnabert::{Backend, Datasets, Device, device};

use crate::console::noteln;
use crate::failure::Outcome;

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct GlobalOptions {
    /// Print results and errors only
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Every command")]
    pub(crate) quiet: bool,
    /// Also print details of failures
    #[arg(long, short, global = true, help_heading = "Every command")]
    pub(crate) verbose: bool,
    /// Read options from this file (TOML, as --save-config writes it); options of the command line
    /// override them
    #[arg(long, global = true, value_name = "FILE", help_heading = "Every command")]
    pub(crate) config: Option<PathBuf>,
    /// Write all options of this run, with defaults, to a file; --config with this file repeats the
    /// run
    #[arg(long, global = true, value_name = "FILE", help_heading = "Every command")]
    pub(crate) save_config: Option<PathBuf>,
}

/// The device that tensors live on.
#[derive(Debug, Clone, Args)]
pub(crate) struct DeviceOptions {
    /// Device: flex (CPU), wgpu or cuda [default: the first that was compiled in]
    #[arg(long, value_name = "DEVICE", help_heading = "Device and data")]
    pub(crate) device: Option<Backend>,
}

impl DeviceOptions {
    /// The requested backend.
    pub(crate) fn backend(&self) -> Backend {
        self.device.unwrap_or_else(Backend::first)
    }

    /// Opens the device, and prints its name.
    pub(crate) fn open(&self) -> Outcome<Device> {
        let device = device(Some(self.backend()))?;
        noteln!("on {}", describe(&device));
        Ok(device)
    }
}

/// Where the shipped data are.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatasetsOptions {
    /// The project's `datasets` folder [default: ./datasets, then $DNABERT_DATASETS]
    #[arg(long, value_name = "FOLDER", help_heading = "Device and data")]
    datasets: Option<PathBuf>,
}

impl DatasetsOptions {
    /// The folder that was given, or found.
    pub(crate) fn find(&self) -> Outcome<Datasets> {
        match &self.datasets {
            Some(folder) => Ok(Datasets::new(folder)),
            None => Ok(Datasets::find()?),
        }
    }
}

/// Strands of a sequence that are read, by their names on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strands {
    /// The strand as given
    One,
    /// Also the reverse complement
    Both,
}

/// Parses a fraction below 1.
pub(crate) fn fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|fraction| (0.0..1.0).contains(fraction));
    fraction.ok_or_else(|| "must lie in [0, 1)".to_owned())
}

/// Parses a number that is at least 1.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "must be 1 or more".to_owned())
}
