//! Where networks are compared, and in which numbers.

use std::sync::OnceLock;

use dnabert::{Backend, Device, Precision, device_with};

/// What `DNABERT_DEVICE` (flex, wgpu, cuda) and `DNABERT_PRECISION` (f32, f16, bf16) ask for; by
/// default the first backend of the build, in single precision.
pub(crate) fn precision() -> Precision {
    set("DNABERT_PRECISION").map_or(Precision::F32, |name| name.parse().expect("a precision"))
}

/// The device of every comparison.
pub(crate) fn device() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    let open = || {
        let backend: Option<Backend> =
            set("DNABERT_DEVICE").map(|name| name.parse().expect("a device"));
        device_with(backend, precision()).unwrap_or_else(|error| panic!("{error}"))
    };
    DEVICE.get_or_init(open).clone()
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
