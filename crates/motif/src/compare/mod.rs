//! Which known motifs a motif resembles.
//!
//! The method is that of TOMTOM (Gupta et al. 2007, doi 10.1186/gb-2007-8-2-r24) with complete
//! scores (Tanaka et al. 2011, doi 10.1093/bioinformatics/btr257). Every column of the query is
//! compared with every column of the targets. The median score of a query column is subtracted from
//! its scores, so that a column outside the overlap scores 0. The null distribution of the best
//! alignment, for each width of target, assumes targets whose columns are drawn at random from the
//! collection.
//!
//! ```
//! use dnabert_motif::compare::{Collection, ColumnScore};
//! use dnabert_motif::file::MotifFormat;
//!
//! let known = ">a TATA\nA [0 9 0 9 9 9]\nC [0 0 0 0 0 0]\nG [0 0 0 0 0 0]\nT [9 0 9 0 0 0]\n\
//!              >b GC\nA [0 0 0 0]\nC [0 9 0 0]\nG [9 0 9 9]\nT [0 0 0 0]\n";
//! let known = MotifFormat::Jaspar.parse(known)?;
//! let collection = Collection::new(&known, ColumnScore::Euclidean);
//! let query = &known[1].counts.frequencies(0.0);
//! let best = collection.search(query)[0]; // the best match comes first
//! assert_eq!(known[best.target].name, "GC");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod column;
mod null;
mod search;

pub use column::ColumnScore;
pub use search::{Collection, Match};
