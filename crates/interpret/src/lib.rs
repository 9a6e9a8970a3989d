#![doc = include_str!("../README.md")]

mod agreement;
mod attention;
mod gradient;
mod mean;
mod mutagenesis;
pub mod reference;
mod rollout;
mod track;

pub use agreement::{rank_correlation, site_auroc, top_overlap};
pub use attention::{AttentionScores, HeadScores, Heads, Query};
pub use gradient::{Integrated, gradient_times_input, integrated_gradients};
pub use mean::MeanOf;
pub use mutagenesis::{Mutagenesis, MutationEffects};
pub use rollout::Rollout;
pub use track::{TrackBuilder, Tracks, mean_track, unit_norm};
