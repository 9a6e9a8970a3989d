//! Scans a long sequence with a classifier of windows: tracks, calls, and their distance from known
//! sites.
//!
//! ```
//! use dnabert_core::{Classifier, Sequence, Strand};
//! use dnabert_tasks::scan::{ScanConfig, call_maxima, compare, scan};
//!
//! /// Finds `TATAAA` at the start of a window.
//! struct Tata;
//!
//! impl Classifier for Tata {
//!     type Error = std::convert::Infallible;
//!
//!     fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
//!         let score = |bases: &Sequence| f32::from(u8::from(bases.as_str().starts_with("TATAAA")));
//!         Ok(sequences.iter().map(|bases| vec![1.0 - score(bases), score(bases)]).collect())
//!     }
//! }
//!
//! let sequence = format!("{}TATAAA{}", "C".repeat(40), "G".repeat(60)).parse()?;
//! let mut points = Vec::new();
//! let config = ScanConfig { width: 10, before: 0, stride: 1, class: 1 };
//! scan(&Tata, &sequence, config, |point| points.push(point))?;
//! let calls = call_maxima(&points, 0.5, 10);
//! assert_eq!((calls.len(), calls[0].position), (1, 40));
//! let hits = compare(&calls, &[(42, Strand::Forward)], 5, sequence.len(), 1);
//! assert_eq!((hits.recall(), hits.median_distance), (1.0, Some(2)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calls;
mod hits;
mod windows;

pub use calls::{Call, call_maxima};
pub use hits::{Hits, compare};
pub use windows::{Point, ScanConfig, ScanError, scan};
