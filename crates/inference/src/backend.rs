//! The device for tensors, from the backends that were compiled in.

use std::str::FromStr;
#[cfg(feature = "cuda")]
use std::sync::Arc;
#[cfg(feature = "gpu")]
use std::sync::OnceLock;

use burn::tensor::{Device, FloatDType};
use dnabert_model::Precision;

#[cfg(feature = "gpu")]
pub use crate::gpu_cache::{CachePart, gpu_cache};

/// burn's CUDA crate, for programs that set up a runtime of their own.
#[cfg(feature = "cuda")]
pub use burn_cuda as cuda;
/// burn's wgpu crate, for programs that set up a runtime of their own.
#[cfg(feature = "wgpu")]
pub use burn_wgpu as wgpu;

/// A backend of burn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The CPU, in pure Rust.
    Flex,
    /// A GPU through Vulkan, Metal, DirectX or WebGPU.
    Wgpu,
    /// An NVIDIA GPU.
    Cuda,
}

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The name is not that of a backend.
    #[error("unknown device {0:?}: choose flex, wgpu or cuda")]
    Unknown(String),
    /// The backend was not compiled into the program.
    #[error("the {backend} backend is not in this program: build it with `--features {backend}`")]
    NotCompiled {
        /// Its feature.
        backend: &'static str,
    },
    /// None of the backends that were tried has a usable device.
    #[error(
        "no usable GPU ({}): install its driver, or choose the CPU (`flex`)",
        tried.join("; ")
    )]
    NoDevice {
        /// Each backend, and why it cannot be used.
        tried: Vec<String>,
    },
    /// The device does not support the precision, or the precision was set too late.
    #[error("{precision} cannot be used on this device: {reason}")]
    Precision {
        /// The requested precision.
        precision: Precision,
        /// The message of burn.
        reason: String,
    },
}

impl Backend {
    /// The backends of this build, the fastest first.
    pub fn compiled() -> &'static [Self] {
        &[
            #[cfg(feature = "cuda")]
            Self::Cuda,
            #[cfg(feature = "wgpu")]
            Self::Wgpu,
            #[cfg(feature = "flex")]
            Self::Flex,
        ]
    }

    /// The fastest backend of this build. If there is none, the CPU's.
    pub fn first() -> Self {
        Self::compiled().first().copied().unwrap_or(Self::Flex)
    }

    /// Number of workers for a training batch: all cores for the CPU, one for a GPU.
    pub fn workers(self) -> usize {
        match self {
            Self::Flex => std::thread::available_parallelism().map_or(1, usize::from),
            Self::Wgpu | Self::Cuda => 1,
        }
    }

    /// Its Cargo feature.
    pub fn feature(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }
}

impl FromStr for Backend {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Flex, Self::Wgpu, Self::Cuda]
            .into_iter()
            .find(|backend| backend.feature() == name)
            .ok_or_else(|| BackendError::Unknown(name.to_owned()))
    }
}

/// A usable device of `backend`. With `None`, of the first compiled backend of CUDA and wgpu, or of
/// the CPU where neither was compiled in.
///
/// A GPU is opened here, so that a missing GPU is an error now, instead of a panic later. A program
/// with a GPU backend never falls back to the CPU unless it is told to.
///
/// ```
/// use dnabert_inference::backend::{Backend, describe, device};
///
/// let cpu = device(Some(Backend::Flex))?;
/// println!("{}", describe(&cpu));
/// // The fastest backend of this build that works on this machine.
/// let fastest = device(None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`BackendError::NotCompiled`] where the build lacks the backend. [`BackendError::NoDevice`]
/// where no device that was tried can be used.
pub fn device(backend: Option<Backend>) -> Result<Device, BackendError> {
    let all: Vec<Backend> = match backend {
        Some(backend) => vec![backend],
        None => {
            let gpus = Backend::compiled().iter().copied().filter(|b| *b != Backend::Flex);
            let gpus: Vec<Backend> = gpus.collect();
            if gpus.is_empty() { vec![Backend::Flex] } else { gpus }
        }
    };
    let mut tried = Vec::new();
    for backend in all {
        match open(backend) {
            Ok(device) => return Ok(device),
            Err(Failure::NotCompiled) => {
                return Err(BackendError::NotCompiled { backend: backend.feature() });
            }
            Err(Failure::Unusable(reason)) => {
                tried.push(format!("{}: {reason}", backend.feature()));
            }
        }
    }
    Err(BackendError::NoDevice { tried })
}

/// The first `count` CUDA devices, for training on several of them.
///
/// # Errors
///
/// As [`device`], and also if there are fewer devices.
pub fn cuda_devices(count: u16) -> Result<Vec<Device>, BackendError> {
    #[cfg_attr(
        feature = "cuda",
        expect(unused_variables, reason = "opened, to see that it can be")
    )]
    let first = device(Some(Backend::Cuda))?;
    #[cfg(feature = "cuda")]
    let devices: Vec<Device> =
        Device::enumerate(burn::tensor::DeviceType::Cuda).into_iter().collect();
    #[cfg(not(feature = "cuda"))]
    let devices = vec![first];
    if devices.len() < count.into() {
        let tried = format!("cuda: {} devices, where {count} are asked for", devices.len());
        return Err(BackendError::NoDevice { tried: vec![tried] });
    }
    Ok(devices.into_iter().take(count.into()).collect())
}

/// Why a backend has no device.
enum Failure {
    NotCompiled,
    #[cfg_attr(not(feature = "gpu"), expect(dead_code))]
    Unusable(String),
}

fn open(backend: Backend) -> Result<Device, Failure> {
    #[cfg(feature = "gpu")]
    if backend != Backend::Flex {
        crate::gpu_cache::keep();
    }
    match backend {
        #[cfg(feature = "flex")]
        Backend::Flex => Ok(Device::flex()),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => open_wgpu(),
        #[cfg(feature = "cuda")]
        Backend::Cuda => open_cuda(),
        #[allow(unreachable_patterns, reason = "reachable where a backend is left out")]
        _ => Err(Failure::NotCompiled),
    }
}

/// Opens the default adapter, only once per program.
#[cfg(feature = "wgpu")]
fn open_wgpu() -> Result<Device, Failure> {
    static OPENED: OnceLock<Result<Device, String>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| {
        // With an options object, the runtime returns an error; Device::wgpu panics instead.
        Device::wgpu_options().init().map_err(|error| {
            let mut reason = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                reason = format!("{reason}: {cause}");
                source = cause.source();
            }
            reason
        })
    });
    opened.clone().map_err(Failure::Unusable)
}

/// Opens the first CUDA device, only once per program.
#[cfg(feature = "cuda")]
fn open_cuda() -> Result<Device, Failure> {
    static OPENED: OnceLock<Result<Device, String>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| {
        // Asked before anything is opened: a failed attempt would also close the devices of wgpu.
        if Device::enumerate(burn::tensor::DeviceType::Cuda).is_empty() {
            return Err("there is no NVIDIA driver, or it has no device".to_owned());
        }
        // burn's CUDA runtime reports a missing driver or device only by panics. First, a thread of
        // its own panics with the cause. Then this thread panics because it got no result. The
        // first message is kept.
        let cause = Arc::new(OnceLock::new());
        let hook = std::panic::take_hook();
        let first = Arc::clone(&cause);
        std::panic::set_hook(Box::new(move |panic| {
            let reason = panic.payload_as_str().unwrap_or("no driver or no device");
            let _told_before = first.set(reason.to_owned());
        }));
        let opened = std::panic::catch_unwind(|| {
            let device = Device::cuda(0);
            burn::tensor::Tensor::<1>::zeros([1], &device).into_data();
            device
        });
        std::panic::set_hook(hook);
        opened.map_err(|_| cause.get().cloned().unwrap_or_default())
    });
    opened.clone().map_err(Failure::Unusable)
}

/// All devices of a backend. [`device`] opens the first one.
///
/// ```
/// use dnabert_inference::Backend;
/// use dnabert_inference::backend::{describe, devices};
///
/// for backend in Backend::compiled() {
///     match devices(*backend) {
///         Ok(devices) => devices.iter().for_each(|device| println!("{}", describe(device))),
///         Err(error) => println!("{error}"),
///     }
/// }
/// ```
///
/// # Errors
///
/// As [`device`].
pub fn devices(backend: Backend) -> Result<Vec<Device>, BackendError> {
    let first = device(Some(backend))?;
    #[cfg(feature = "gpu")]
    {
        use burn::tensor::DeviceType;
        let kind = match backend {
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => Some(DeviceType::Wgpu),
            #[cfg(feature = "cuda")]
            Backend::Cuda => Some(DeviceType::Cuda),
            _ => None,
        };
        let all: Vec<Device> = kind.into_iter().flat_map(Device::enumerate).collect();
        if !all.is_empty() {
            return Ok(all);
        }
    }
    Ok(vec![first])
}

/// A readable name of the device: for a GPU, the name from its driver, and the backend with the
/// device's number, if it has one. The name `llvmpipe` is not a GPU, but Mesa's emulation on the
/// processor.
pub fn describe(device: &Device) -> String {
    let debug = format!("{device:?}");
    let backends = [Backend::Flex, Backend::Wgpu, Backend::Cuda];
    let Some(backend) = backends.into_iter().find(|one| debug.contains(&format!("{one:?}"))) else {
        return debug;
    };
    let number: String = debug.chars().filter(char::is_ascii_digit).collect();
    let place = format!("{} {number}", backend.feature());
    #[cfg(feature = "gpu")]
    if let Some(identity) = device.identity() {
        return format!("{} ({})", identity.name, place.trim_end());
    }
    format!("the CPU ({})", place.trim_end())
}

/// A usable device, as from [`device`], on which networks can predict with `precision`.
///
/// Half precision on a GPU, and f16 on the CPU, is the format of all tensors from now on. This
/// applies to the whole program, and only before its first tensor. With bf16 and int8 on the CPU,
/// tensors stay as they are: there it is the weights of a model that are packed
/// ([`Model::with_precision`](crate::Model::with_precision)).
///
/// ```
/// use dnabert_inference::{Precision, device_with};
///
/// let device = device_with(None, Precision::F32)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`BackendError::Precision`] where the device does not support the precision, or already has a
/// tensor. Else as [`device`].
pub fn device_with(backend: Option<Backend>, precision: Precision) -> Result<Device, BackendError> {
    let mut device = device(backend)?;
    let failure = |reason| BackendError::Precision { precision, reason };
    let dtype = match precision {
        Precision::F32 => return Ok(device),
        Precision::Bf16 | Precision::Int8 if is_cpu(&device) => return Ok(device),
        Precision::F16 => FloatDType::F16,
        Precision::Bf16 => FloatDType::BF16,
        _ => return Err(failure("it is for the CPU, `flex`".to_owned())),
    };
    device.configure(dtype).map_err(|error| failure(error.to_string()))?;
    Ok(device)
}

/// Whether tensors of the device, with gradients or without, are on the CPU.
pub fn is_cpu(device: &Device) -> bool {
    #[cfg(feature = "flex")]
    return device.clone().inner() == Device::flex();
    #[cfg(not(feature = "flex"))]
    return {
        let _ = device;
        false
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_features() {
        assert_eq!("wgpu".parse(), Ok(Backend::Wgpu));
        assert_eq!("gpu".parse::<Backend>(), Err(BackendError::Unknown("gpu".to_owned())));
    }

    #[cfg(feature = "flex")]
    #[test]
    fn a_device_has_a_name() {
        let described = describe(&device(Some(Backend::Flex)).unwrap());
        assert_eq!(described, "the CPU (flex)");
    }

    #[test]
    fn a_backend_that_is_left_out_is_named() {
        for backend in [Backend::Flex, Backend::Wgpu, Backend::Cuda] {
            let left_out = matches!(
                device(Some(backend)),
                Err(BackendError::NotCompiled { backend: name }) if name == backend.feature()
            );
            assert_eq!(left_out, !Backend::compiled().contains(&backend), "{backend:?}");
        }
    }
}
