//! Where a network is that only predicts, and in which precision.

use std::path::Path;

use clap::Args;
use dnabert::backend::describe;
use dnabert::{
    AnyClassifier, Backend, Device, Ensemble, Model, Precision, ReadOptions, device_with,
    model_folder,
};

use crate::console::noteln;
use crate::failure::Outcome;

/// The device and the precision of networks that only predict.
#[derive(Debug, Clone, Args)]
pub(crate) struct NetworkOptions {
    /// Device: flex (CPU), wgpu or cuda [default: the first that was compiled in]
    #[arg(long, value_name = "DEVICE", help_heading = "Device and data")]
    device: Option<Backend>,
    /// Number format of the network: f32, f16, bf16 or int8 (fewer bits need less memory and time)
    #[arg(long, default_value = "f32", help_heading = "Device and data")]
    precision: Precision,
}

impl NetworkOptions {
    /// Opens the device, and prints its name.
    pub(crate) fn device(&self) -> Outcome<Device> {
        let device = device_with(self.device, self.precision)?;
        noteln!("on {} in {}", describe(&device), self.precision);
        Ok(device)
    }

    /// The precision of the networks.
    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// Opens a network.
    pub(crate) fn model(&self, folder: &Path, device: &Device) -> Outcome<Model> {
        Ok(Model::open_with(folder, &self.read_options(), device)?)
    }

    /// Opens a network or an ensemble that classifies.
    pub(crate) fn classifier(&self, folder: &Path, device: &Device) -> Outcome<AnyClassifier> {
        Ok(AnyClassifier::open_with(folder, &self.read_options(), device)?)
    }

    /// Opens networks and ensembles as one ensemble, by their folders or their names on the Hub.
    pub(crate) fn ensemble(&self, models: &[String], device: &Device) -> Outcome<Ensemble> {
        let open = |model: &String| self.classifier(&model_folder(model)?, device);
        let members: Vec<_> = models.iter().map(open).collect::<Outcome<_>>()?;
        Ok(Ensemble::new(members)?)
    }

    fn read_options(&self) -> ReadOptions {
        ReadOptions { precision: self.precision, ..ReadOptions::default() }
    }
}
