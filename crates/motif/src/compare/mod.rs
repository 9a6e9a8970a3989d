//! Which known motifs a motif looks like.
//!
//! The method is that of TOMTOM (Gupta et al. 2007, doi 10.1186/gb-2007-8-2-r24) with complete scores
//! (Tanaka et al. 2011, doi 10.1093/bioinformatics/btr257): every column of the query is compared with
//! every column of the targets; scores are counted from the column's median, which is also what a column
//! beside the overlap gets; and the null distribution of the best alignment with a target of some width
//! follows from the scores against all columns of the collection, as if they stood there at random.

mod column;
mod null;
mod search;

pub use column::ColumnScore;
pub use search::{Collection, Match};
