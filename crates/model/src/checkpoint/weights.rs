//! A weights file with canonical tensor names, read tensor by tensor.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::CheckpointError;
use super::names::{TIED, canonical, is_ignored};
use super::shards;
use super::source::{self, Kind, Stored};

/// All tensors of a file by canonical name; their values stay in the file until they are needed.
pub(super) struct Weights {
    path: PathBuf,
    tensors: BTreeMap<String, Stored>,
    /// Aliases of tied tensors, by the name of the tensor that they are tied to.
    aliases: BTreeMap<&'static str, (&'static str, Stored)>,
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What training programs put before the name of every tensor.
const WRAPPERS: [&str; 4] = ["module.", "_orig_mod.", "state_dict.", "model."];

/// The length of the prefixes that all tensors of a file have.
fn wrapper(stored: &[Stored]) -> usize {
    let mut length = 0;
    let follows = |wrapper: &&&str, at: usize| {
        stored.iter().all(|tensor| tensor.name[at..].starts_with(**wrapper))
    };
    while let Some(wrapper) = WRAPPERS.iter().find(|wrapper| follows(wrapper, length)) {
        if stored.is_empty() {
            break;
        }
        length += wrapper.len();
    }
    length
}

impl Weights {
    pub(super) fn open(path: PathBuf) -> Result<Self, CheckpointError> {
        let mut tensors = BTreeMap::new();
        let stored = match shards::is_index(&path) {
            true => shards::open(&path)?,
            false => source::open(&path)?,
        };
        let wrapper = wrapper(&stored);
        for stored in stored {
            let name = canonical(&stored.name[wrapper..]);
            if is_ignored(&name) {
                continue;
            }
            if let Kind::Other(found) = stored.kind {
                return Err(CheckpointError::NotFloat { path, name, found });
            }
            if tensors.insert(name.clone(), stored).is_some() {
                return Err(CheckpointError::Duplicate { path, name });
            }
        }
        let mut weights = Self { path, tensors, aliases: BTreeMap::new() };
        weights.untie();
        Ok(weights)
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// The number of weights in the file.
    pub(super) fn count(&self) -> u128 {
        let size =
            |stored: &Stored| stored.shape.iter().map(|&size| size as u128).product::<u128>();
        self.tensors.values().map(size).sum()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|stored| stored.shape.as_slice())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.tensors.keys()
    }

    /// Returns the values of a tensor in row order; they are finite and equal those of its alias.
    ///
    /// The caller compares the shape first, so that a file cannot make it allocate more than the
    /// network needs.
    ///
    /// # Panics
    ///
    /// If the tensor does not exist.
    pub(super) fn values(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let stored = &self.tensors[name];
        let read = |stored: &Stored| {
            stored.read().map_err(|source| CheckpointError::Format {
                path: self.path.clone(),
                source: source.into(),
            })
        };
        let values = read(stored)?;
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(CheckpointError::NotFinite {
                path: self.path.clone(),
                name: name.to_owned(),
                value: values[index],
                index,
            });
        }
        if let Some((alias, tied)) = self.aliases.get(name)
            && (tied.shape != stored.shape || read(tied)? != values)
        {
            return Err(CheckpointError::Untied {
                path: self.path.clone(),
                alias: (*alias).to_owned(),
                name: name.to_owned(),
            });
        }
        Ok(values)
    }

    /// Moves aliases to `aliases`; an alias without its original is renamed to the original.
    fn untie(&mut self) {
        for (alias, name) in TIED {
            let Some(aliased) = self.tensors.remove(alias) else {
                continue;
            };
            if self.tensors.contains_key(name) {
                self.aliases.insert(name, (alias, aliased));
            } else {
                self.tensors.insert(name.to_owned(), aliased);
            }
        }
    }
}
