//! A classifier of windows led over a long sequence: tracks, calls, and how near the calls are to
//! known sites.

mod calls;
mod hits;
mod windows;

pub use calls::{Call, call_maxima};
pub use hits::{Hits, compare};
pub use windows::{Point, ScanConfig, ScanError, scan};
