//! Options that several commands share.

pub(crate) mod corpus;
pub(crate) mod crop;
pub(crate) mod input;
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
    /// replace them
    #[arg(long, global = true, value_name = "FILE", help_heading = "Every command")]
    pub(crate) config: Option<PathBuf>,
    /// Write all options of this run, defaults too, to a file that repeats it by --config
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
    /// The backend that was asked for.
    pub(crate) fn backend(&self) -> Backend {
        self.device.unwrap_or_else(Backend::first)
    }

    /// Opens the device, and tells which it is.
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
    /// The folder that was named, or found.
    pub(crate) fn find(&self) -> Outcome<Datasets> {
        match &self.datasets {
            Some(folder) => Ok(Datasets::new(folder)),
            None => Ok(Datasets::find()?),
        }
    }
}

/// Strands that are read of every sequence, as the command line calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strands {
    /// As it stands
    One,
    /// And reversed and complemented
    Both,
}

/// A fraction below 1.
pub(crate) fn fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|fraction| (0.0..1.0).contains(fraction));
    fraction.ok_or_else(|| "must lie in [0, 1)".to_owned())
}

/// A number from 1 on.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "must be 1 or more".to_owned())
}
