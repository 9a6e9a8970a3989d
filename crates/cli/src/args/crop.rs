//! Changes of a task's sequences.

use clap::Args;
use dnabert::BoxedTask;
use dnabert::tasks::{CentreCrop, OffsetNegatives};

use crate::failure::{Outcome, usage};

/// How sequences are cut, and where sites lie in them.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Sequences")]
pub(crate) struct CropOptions {
    /// Keep this many bases of each sequence, those around its middle; shorter ones stay as they
    /// are
    #[arg(long, value_name = "BASES", value_parser = clap::value_parser!(u16).range(1..))]
    crop: Option<u16>,
    /// Also learn where a site is, as a model needs that scans sequences: take this many bases from
    /// both ends of every sequence (of what --crop leaves), and add each site once more, up to as
    /// many bases beside the middle, as class 0
    #[arg(long, value_name = "BASES", value_parser = clap::value_parser!(u16).range(1..))]
    offset_negatives: Option<u16>,
}

impl CropOptions {
    /// Whether sites lie elsewhere, or with less around them, than in sequences of `width` bases.
    pub(crate) fn moves_sites(self, width: u16) -> bool {
        self.offset_negatives.is_some() || self.crop.is_some_and(|crop| crop < width)
    }

    /// The task with these changes.
    pub(crate) fn apply(self, mut task: BoxedTask) -> Outcome<BoxedTask> {
        if let Some(width) = self.crop {
            if let Some(offset) = self.offset_negatives.filter(|offset| width <= 2 * offset) {
                return Err(usage(format!(
                    "--offset-negatives {offset} leaves nothing of --crop {width}"
                )));
            }
            task = Box::new(CentreCrop::new(task, width.into()));
        }
        if let Some(offset) = self.offset_negatives {
            // All seeds of training see the same rows.
            task = Box::new(OffsetNegatives::new(task, offset.into(), 1));
        }
        Ok(task)
    }
}
