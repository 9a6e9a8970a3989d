//! A built data set as a task, without writing tables.

use std::convert::Infallible;

use dnabert_core::{Example, Split, Task};

use super::{Built, Splits};

/// The windows of a built set, divided into splits, as a task.
#[derive(Debug, Clone)]
pub struct BuiltTask {
    name: String,
    classes: Vec<String>,
    built: Built,
    dealt: Vec<Option<Split>>,
}

impl BuiltTask {
    /// The windows of `built`, divided by `splits`; the name of an example is its interval.
    ///
    /// # Panics
    ///
    /// If the label of a window is not an index of `classes`.
    pub fn new(name: impl Into<String>, classes: &[&str], built: Built, splits: &Splits) -> Self {
        assert!(
            built.windows.iter().all(|window| window.label < classes.len()),
            "a label is not a class"
        );
        let classes = classes.iter().map(|&class| class.to_owned()).collect();
        let dealt = splits.deal(&built.windows);
        Self { name: name.into(), classes, built, dealt }
    }
}

impl Task for BuiltTask {
    type Error = Infallible;

    fn name(&self) -> &str {
        &self.name
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, Infallible> {
        let windows = self.built.windows.iter().zip(&self.dealt);
        let of_split = windows.filter(|(_, dealt)| **dealt == Some(split));
        let example = |(window, _): (&super::Window, _)| Example {
            name: window.interval.to_string(),
            sequence: window.sequence.clone(),
            pair: None,
            label: window.label,
        };
        Ok(of_split.map(example).collect())
    }
}

#[cfg(test)]
mod tests {
    use dnabert_genome::{Interval, Strand};

    use super::*;
    use crate::build::{LeftOut, Window};

    #[test]
    fn windows_are_examples_of_their_split() {
        let window = |start: usize, label| Window {
            interval: Interval::new("c", start, start + 4, Strand::Forward).unwrap(),
            label,
            sequence: "ACGT".parse().unwrap(),
        };
        let windows = vec![window(0, 0), window(12, 1), window(22, 1), window(8, 0)];
        let built = Built { windows, left_out: LeftOut::default() };
        let splits = Splits::Position { dev: 10, test: 20 };
        let task = BuiltTask::new("set", &["other", "bound"], built, &splits);
        let of = |split| -> Vec<usize> {
            task.examples(split).unwrap().iter().map(|example| example.label).collect()
        };
        // The last one is across a border.
        assert_eq!([Split::Train, Split::Dev, Split::Test].map(of), [vec![0], vec![1], vec![1]]);
    }
}
