//! Weights files: names, shapes and lazily read values of their tensors.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use pytorch_reader::{DType, PytorchReader};
use safetensors::tensor::{Dtype, Metadata};

use super::CheckpointError;

/// One tensor of a file whose bytes have not been read yet.
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) kind: Kind,
    read: Box<dyn Fn() -> io::Result<Vec<u8>> + Send + Sync>,
}

/// The supported element types, and the name of any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    F64,
    F32,
    F16,
    BF16,
    Other(String),
}

/// The longest allowed safetensors header, as in the safetensors library.
const MAX_HEADER: u64 = 100_000_000;

impl Stored {
    /// Reads all values in row order as f32, which holds half-precision values exactly.
    pub(super) fn read(&self) -> io::Result<Vec<f32>> {
        let bytes = (self.read)()?;
        Ok(match self.kind {
            Kind::F64 => words(&bytes).map(|word| f64::from_le_bytes(word) as f32).collect(),
            Kind::F32 => words(&bytes).map(f32::from_le_bytes).collect(),
            Kind::F16 => words(&bytes).map(|word| half::f16::from_le_bytes(word).into()).collect(),
            Kind::BF16 => {
                words(&bytes).map(|word| half::bf16::from_le_bytes(word).into()).collect()
            }
            Kind::Other(_) => Vec::new(),
        })
    }
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.chunks_exact(N).map(|word| word.try_into().expect("N bytes"))
}

/// Returns the tensors of a file in any supported format; only names and shapes are read.
pub(super) fn open(path: &Path) -> Result<Vec<Stored>, CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.into(), source };
    let mut file = File::open(path).map_err(io)?;
    let mut start = Vec::new();
    file.by_ref().take(9).read_to_end(&mut start).map_err(io)?;
    // A safetensors file starts with the header length in 8 bytes, then the header's opening brace.
    let format = |source| CheckpointError::Format { path: path.into(), source };
    if start.get(8) == Some(&b'{') {
        open_safetensors(file).map_err(format)
    } else {
        let reader = PytorchReader::new(path).map_err(|error| format(error.into()))?;
        Ok(reader.into_tensors().into_iter().map(from_pytorch).collect())
    }
}

fn from_pytorch((name, tensor): (String, pytorch_reader::Tensor)) -> Stored {
    let (_, dtype, shape, read) = tensor.into_parts();
    let kind = match dtype {
        DType::F64 => Kind::F64,
        DType::F32 => Kind::F32,
        DType::F16 => Kind::F16,
        DType::BF16 => Kind::BF16,
        other => Kind::Other(format!("{other:?}")),
    };
    // The reader returns native bytes. They are read as little-endian here: weights files and
    // burn's CPU backend know no other order.
    Stored { name, shape, kind, read: Box::new(read) }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn open_safetensors(mut file: File) -> Result<Vec<Stored>, AnyError> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut word = [0; 8];
    file.read_exact(&mut word)?;
    let header = u64::from_le_bytes(word);
    if header > MAX_HEADER || header > length - 8 {
        return Err(format!("the header has {header} bytes, but the file has {length}").into());
    }
    let mut text = vec![0; usize::try_from(header)?];
    file.read_exact(&mut text)?;
    // Deserialising checks that shapes, types and offsets agree and leave no gap.
    let metadata: Metadata = serde_json::from_slice(&text)?;
    let data = 8 + header;
    let declared = data + metadata.data_len() as u64;
    if declared != length {
        return Err(format!("the header declares {declared} bytes, the file has {length}").into());
    }
    let file = Arc::new(Mutex::new(file));
    let stored = metadata.tensors().into_iter().map(|(name, info)| {
        let kind = match info.dtype {
            Dtype::F64 => Kind::F64,
            Dtype::F32 => Kind::F32,
            Dtype::F16 => Kind::F16,
            Dtype::BF16 => Kind::BF16,
            other => Kind::Other(format!("{other:?}")),
        };
        let (start, end) = info.data_offsets;
        let file = Arc::clone(&file);
        let read = move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(data + start as u64))?;
            let mut bytes = vec![0; end - start];
            file.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        Stored { name, shape: info.shape.clone(), kind, read: Box::new(read) }
    });
    Ok(stored.collect())
}
