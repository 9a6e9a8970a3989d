//! What can be wrong with a checkpoint.

use std::fmt;
use std::path::PathBuf;

use crate::ConfigError;

/// Why a checkpoint cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A weight that half precision cannot hold.
    #[error("{tensor}: {value} is no number of half precision")]
    NotHalf {
        /// The tensor.
        tensor: String,
        /// The weight.
        value: f32,
    },
    /// The config.
    #[error("the checkpoint's config cannot be used")]
    Config(#[from] ConfigError),
    /// The folder holds no weights file.
    #[error("{}: neither model.safetensors nor pytorch_model.bin", folder.display())]
    NoWeights {
        /// The folder.
        folder: PathBuf,
    },
    /// A file that cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file that is in none of the known formats, or damaged.
    #[error("{}: damaged, or neither safetensors nor PyTorch", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A tensor of a type that no weight has.
    #[error("{}: tensor {name} holds {found}, and weights are floating-point", path.display())]
    NotFloat {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its type.
        found: String,
    },
    /// A tensor with NaN or infinity inside.
    #[error("{}: tensor {name} holds {value} at flat index {index}", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The value.
        value: f32,
        /// Its place in row order.
        index: usize,
    },
    /// A tensor that is stored twice, as aliases must be equal, but differs.
    #[error("{}: {alias} differs from {name}, to which it is tied", path.display())]
    Untied {
        /// The file.
        path: PathBuf,
        /// The second name.
        alias: String,
        /// The first name.
        name: String,
    },
    /// Two tensors that have the same name once `gamma`, `beta` and prefixes are read.
    #[error("{}: {name} is stored twice", path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A head of another kind than the one that was asked for.
    #[error("{}: the weights are a {found}'s, which judges {judges}", path.display())]
    OtherHead {
        /// The file.
        path: PathBuf,
        /// The class that the config names.
        found: String,
        /// What its head is for.
        judges: &'static str,
    },
    /// A network without adapters, where they are to be saved alone.
    #[error("{}: the network has no adapters of rank {rank} to save", path.display())]
    NoAdapters {
        /// The folder.
        path: PathBuf,
        /// Their rank.
        rank: usize,
    },
    /// Adapters of a kind that is not known here.
    #[error("{}: {what} cannot be built", path.display())]
    Adapters {
        /// The file.
        path: PathBuf,
        /// What is not known.
        what: String,
    },
    /// Tensors that do not fit the network.
    #[error("{}: {problems}", path.display())]
    Tensors {
        /// The file.
        path: PathBuf,
        /// Which and why.
        problems: TensorProblems,
    },
}

/// Every tensor that does not fit, by the name it has in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TensorProblems {
    /// Needed by the network, absent from the file.
    pub missing: Vec<String>,
    /// In the file, used by nothing.
    pub unused: Vec<String>,
    /// Of another shape than the network's.
    pub misshapen: Vec<Misshapen>,
}

/// A tensor of another shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misshapen {
    /// Its name in the file.
    pub name: String,
    /// Its shape in the file.
    pub found: Vec<usize>,
    /// The shape that the config asks for.
    pub expected: Vec<usize>,
}

impl TensorProblems {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for TensorProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("missing {}", self.missing.join(", ")));
        }
        if !self.unused.is_empty() {
            parts.push(format!("unused {}", self.unused.join(", ")));
        }
        for Misshapen { name, found, expected } in &self.misshapen {
            parts.push(format!("{name} has shape {found:?} where {expected:?} is expected"));
        }
        f.write_str(&parts.join("; "))
    }
}
