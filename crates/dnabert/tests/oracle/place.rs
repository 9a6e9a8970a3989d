//! Where networks are compared, and in which numbers.

use std::sync::OnceLock;

use dnabert::backend::describe;
use dnabert::model::Bert;
use dnabert::{Backend, BackendError, Device, Precision, device_with};

/// What `DNABERT_DEVICE` (flex, wgpu, cuda) and `DNABERT_PRECISION` (f32, f16, bf16, int8) ask for; by
/// default the first backend of the build, in single precision.
pub(crate) fn precision() -> Precision {
    set("DNABERT_PRECISION").map_or(Precision::F32, |name| name.parse().expect("a precision"))
}

static DEVICE: OnceLock<Device> = OnceLock::new();

/// Opens the device of every comparison.
pub(crate) fn open() -> Result<(), BackendError> {
    let backend: Option<Backend> = set("DNABERT_DEVICE").map(|name| name.parse()).transpose()?;
    let device = device_with(backend, precision())?;
    println!("on {} in {}", describe(&device), precision());
    DEVICE.get_or_init(|| device);
    Ok(())
}

/// The device that was opened.
pub(crate) fn device() -> Device {
    DEVICE.get().expect("opened first").clone()
}

/// The network in the precision of every comparison. DNABERT-2's is not packed on the CPU.
pub(crate) fn in_precision(encoder: Bert) -> Bert {
    encoder.with_precision(precision()).expect("the device was opened for it")
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
