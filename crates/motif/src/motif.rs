//! A motif with its names.

use crate::{Background, Counts, Frequencies, Weights};

/// A motif as collections hold it.
#[derive(Debug, Clone, PartialEq)]
pub struct Motif {
    /// Its identifier (`MA0139.2`).
    pub id: String,
    /// What it is called (`CTCF`).
    pub name: String,
    /// How often each base stands at each place.
    pub counts: Counts,
}

/// Sites that are added to each place, spread as the background is, before shares are taken.
const PSEUDO_SITES: f64 = 1.0;

impl Motif {
    /// The number of places.
    pub fn width(&self) -> usize {
        self.counts.width()
    }

    /// Shares with a quarter of a site added to each count, so that none is 0.
    pub fn frequencies(&self) -> Frequencies {
        self.counts.frequencies(PSEUDO_SITES / 4.0)
    }

    /// Log odds of these shares over a background.
    pub fn weights(&self, background: &Background) -> Weights {
        self.frequencies().weights(background)
    }

    /// The same motif on the other strand.
    #[must_use]
    pub fn reverse_complement(&self) -> Self {
        Self { counts: self.counts.reverse_complement(), ..self.clone() }
    }
}
