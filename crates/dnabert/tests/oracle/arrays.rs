//! Named arrays of a safetensors file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use safetensors::{Dtype, SafeTensors};

/// One array, as f64 whatever its type was.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// All arrays of a file; knows which of them were asked for.
#[derive(Debug)]
pub(crate) struct Arrays {
    arrays: BTreeMap<String, Array>,
    asked: RefCell<BTreeSet<String>>,
}

impl Arrays {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| error.to_string())?;
        let arrays = file
            .iter()
            .map(|(name, view)| {
                let words = view.data().chunks_exact(4).map(|word| word.try_into().unwrap());
                let values = match view.dtype() {
                    Dtype::F32 => words.map(|word| f64::from(f32::from_le_bytes(word))).collect(),
                    Dtype::I32 => words.map(|word| f64::from(i32::from_le_bytes(word))).collect(),
                    other => return Err(format!("{name} holds {other:?}")),
                };
                Ok((name.to_owned(), Array { shape: view.shape().to_vec(), values }))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { arrays, asked: RefCell::default() })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.arrays.contains_key(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.arrays.keys()
    }

    /// # Panics
    ///
    /// If there is no such array.
    pub(crate) fn get(&self, name: &str) -> &Array {
        self.asked.borrow_mut().insert(name.to_owned());
        self.arrays.get(name).unwrap_or_else(|| panic!("no array {name}"))
    }

    pub(crate) fn ints(&self, name: &str) -> Vec<i32> {
        self.get(name).values.iter().map(|&value| value as i32).collect()
    }

    /// Arrays that nobody asked for, but for those to be ignored.
    pub(crate) fn forgotten(&self, ignored: &[&str]) -> Vec<String> {
        let asked = self.asked.borrow();
        self.names()
            .filter(|name| !asked.contains(*name) && !ignored.contains(&name.as_str()))
            .cloned()
            .collect()
    }
}
