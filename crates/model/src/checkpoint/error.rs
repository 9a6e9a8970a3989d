//! Errors of checkpoints.

use std::fmt;
use std::path::PathBuf;

use crate::ConfigError;

/// The error for a checkpoint that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A weight does not fit in half precision.
    #[error("{tensor}: {value} does not fit in half precision (f16)")]
    NotHalf {
        /// The tensor.
        tensor: String,
        /// The value of the weight.
        value: f32,
    },
    /// The weights are packed for prediction, and those in f32 are gone.
    #[error("{}: weights in bf16 or int8 cannot be saved: open the model in f32", folder.display())]
    Packed {
        /// The folder to write.
        folder: PathBuf,
    },
    /// The config cannot be read or used.
    #[error("the checkpoint's config cannot be used")]
    Config(#[from] ConfigError),
    /// The folder has no weights file.
    #[error("{}: neither model.safetensors nor pytorch_model.bin, nor an index of either", folder.display())]
    NoWeights {
        /// The folder.
        folder: PathBuf,
    },
    /// The config describes a network that is much larger than the file.
    #[error("{}: {found} weights, but the config describes a network of {described}", path.display())]
    Larger {
        /// The weights file.
        path: PathBuf,
        /// The number of weights of the network, at least.
        described: u128,
        /// The number of weights of the file.
        found: u128,
    },
    /// An index of several weights files cannot be used.
    #[error("{}: {what}", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file is damaged or has an unknown format.
    #[error("{}: the file is damaged, or is neither safetensors nor PyTorch", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The error of the reader.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A tensor does not hold floating-point numbers.
    #[error("{}: tensor {name} has type {found}; weights must be floating-point", path.display())]
    NotFloat {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The type of its elements.
        found: String,
    },
    /// A tensor holds NaN or infinity.
    #[error("{}: tensor {name} holds {value} at flat index {index}", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The value.
        value: f32,
        /// The index of the value in row order.
        index: usize,
    },
    /// Two tied tensors must be equal, but differ.
    #[error("{}: the tied tensors {alias} and {name} differ", path.display())]
    Untied {
        /// The file.
        path: PathBuf,
        /// The second name.
        alias: String,
        /// The first name.
        name: String,
    },
    /// Two tensors have the same name after `gamma`, `beta` and prefixes are normalised.
    #[error("{}: tensor {name} is stored twice", path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// The checkpoint has a head of another kind.
    #[error("{}: the weights belong to a {found}, which classifies {classifies}", path.display())]
    OtherHead {
        /// The file.
        path: PathBuf,
        /// The class that the config names.
        found: String,
        /// What the head classifies: `tokens` or `sequences`.
        classifies: &'static str,
    },
    /// The network has no adapters that could be saved.
    #[error("{}: the network has no adapters of rank {rank} to save", path.display())]
    NoAdapters {
        /// The folder.
        path: PathBuf,
        /// The rank of the adapters that were asked for.
        rank: usize,
    },
    /// The adapters are of an unsupported kind.
    #[error("{}: {what}: not supported", path.display())]
    Adapters {
        /// The file.
        path: PathBuf,
        /// What is not supported.
        what: String,
    },
    /// Tensors do not fit the network.
    #[error("{}: {problems}", path.display())]
    Tensors {
        /// The file.
        path: PathBuf,
        /// All tensors that do not fit.
        problems: TensorProblems,
    },
}

/// All tensors that do not fit a network, by their names in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TensorProblems {
    /// Tensors that the network needs and the file does not have.
    pub missing: Vec<String>,
    /// Tensors in the file that the network does not use.
    pub unused: Vec<String>,
    /// Tensors with another shape than in the network.
    pub misshapen: Vec<Misshapen>,
}

/// A tensor with an unexpected shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misshapen {
    /// Its name in the file.
    pub name: String,
    /// Its shape in the file.
    pub found: Vec<usize>,
    /// The shape that follows from the config.
    pub expected: Vec<usize>,
}

impl TensorProblems {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The number of tensors that a message names.
const NAMED: usize = 8;

/// The first names, and how many more there are.
fn shortened(names: &[String]) -> String {
    let first = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

impl fmt::Display for TensorProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (what, names) in [("missing", &self.missing), ("unused", &self.unused)] {
            if !names.is_empty() {
                parts.push(format!("{what} {}", shortened(names)));
            }
        }
        let misshapen = self.misshapen.iter().map(|Misshapen { name, found, expected }| {
            format!("{name} has shape {found:?} where {expected:?} is expected")
        });
        let misshapen: Vec<String> = misshapen.collect();
        if !misshapen.is_empty() {
            parts.push(shortened(&misshapen));
        }
        f.write_str(&parts.join("; "))
    }
}
