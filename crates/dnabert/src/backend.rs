//! The device that tensors live on, among the backends that were compiled in.

use std::str::FromStr;

use burn::tensor::Device;

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

/// Why there is no such device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// A name that is no backend's.
    #[error("unknown device {0:?}: choose flex, wgpu or cuda")]
    Unknown(String),
    /// A backend that was left out when the program was built.
    #[error("the {backend} backend is not in this program: build it with `--features {backend}`")]
    NotCompiled {
        /// Its feature.
        backend: &'static str,
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

    /// The fastest backend of this build; the CPU's name where there is none at all.
    pub fn first() -> Self {
        Self::compiled().first().copied().unwrap_or(Self::Flex)
    }

    /// Cores that should share a training batch: all of them on the CPU, one for a GPU.
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

/// The device of `backend`, or of the first compiled one (CUDA, wgpu, then the CPU).
///
/// # Errors
///
/// [`BackendError::NotCompiled`] where the build lacks the backend.
pub fn device(backend: Option<Backend>) -> Result<Device, BackendError> {
    let backend = backend.or_else(|| Backend::compiled().first().copied()).unwrap_or(Backend::Flex);
    match backend {
        #[cfg(feature = "flex")]
        Backend::Flex => Ok(Device::flex()),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "cuda")]
        Backend::Cuda => Ok(Device::cuda(0)),
        #[allow(unreachable_patterns, reason = "reachable where a backend is left out")]
        missing => Err(BackendError::NotCompiled { backend: missing.feature() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_features() {
        assert_eq!("wgpu".parse(), Ok(Backend::Wgpu));
        assert_eq!("gpu".parse::<Backend>(), Err(BackendError::Unknown("gpu".to_owned())));
    }

    #[test]
    fn every_compiled_backend_has_a_device_and_no_other() {
        for backend in [Backend::Flex, Backend::Wgpu, Backend::Cuda] {
            assert_eq!(device(Some(backend)).is_ok(), Backend::compiled().contains(&backend));
        }
    }
}
