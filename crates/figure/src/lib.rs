#![doc = include_str!("../README.md")]

mod confusion;
mod curves;
mod heat_map;
mod loss_curve;
#[cfg(feature = "raster")]
mod raster;
pub mod report;
mod scan;
mod svg;
mod tracks;

pub use confusion::confusion;
pub use curves::{RankingCurve, ranking_curves, reliability_curve};
pub use heat_map::{HeatAxes, HeatMap, heat_maps};
pub use loss_curve::{LossHistory, loss_curve};
#[cfg(feature = "raster")]
pub use raster::png;
pub use scan::{ScanPoint, scan_track};
pub use tracks::{BaseTrack, Mark, base_tracks};

/// Why a figure cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// There is nothing to draw.
    #[error("there is nothing to draw: {0}")]
    Empty(&'static str),
    /// The drawing failed.
    #[error("the figure cannot be drawn: {0}")]
    Drawing(String),
}

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>>
    for FigureError
{
    fn from(error: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self::Drawing(error.to_string())
    }
}
