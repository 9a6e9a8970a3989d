//! Changes of a task's sequences.

use clap::Args;
use dnabert::BoxedTask;
use dnabert::tasks::{CentreCrop, OffsetNegatives};

use crate::failure::{Outcome, usage};

/// How sequences are cropped, and where their sites may lie.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Sequences")]
pub(crate) struct CropOptions {
    /// Keep only this many bases in the middle of each sequence; shorter sequences stay as they are
    #[arg(long, value_name = "BASES", value_parser = clap::value_parser!(u16).range(1..))]
    crop: Option<u16>,
    /// Also learn the position of a site, which a model needs for scanning sequences. Cuts this
    /// many bases from both ends of every sequence (after --crop). Also adds each site once more as
    /// class 0, shifted from the middle by up to this many bases
    #[arg(long, value_name = "BASES", value_parser = clap::value_parser!(u16).range(1..))]
    offset_negatives: Option<u16>,
}

impl CropOptions {
    /// Whether sites are not in the middle, or have less context than in sequences of `width`
    /// bases.
    pub(crate) fn moves_sites(self, width: u16) -> bool {
        self.offset_negatives.is_some() || self.crop.is_some_and(|crop| crop < width)
    }

    /// Whether sequences are changed at all.
    pub(crate) fn is_set(self) -> bool {
        self.crop.is_some() || self.offset_negatives.is_some()
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
            // The same rows for all training seeds.
            task = Box::new(OffsetNegatives::new(task, offset.into(), 1));
        }
        Ok(task)
    }
}
