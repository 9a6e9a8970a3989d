#![doc = include_str!("../README.md")]

pub mod annotation;
pub mod bed;
pub mod fasta;
pub mod fps;
mod genome;
mod genotype;
mod index;
mod interval;
mod lines;
mod runs;
pub mod vcf;

pub use dnabert_core::text::open;
pub use dnabert_core::{
    AmbiguityRule, LetterPolicy, LetterReport, LetterRule, Sequence, SequenceError, Strand,
    StrandError,
};
pub use genome::{Genome, GenomeError, Naming};
pub use genotype::{Genotype, GenotypeError};
pub use interval::{Interval, IntervalError};
pub use lines::{LineError, TableError};
pub use runs::{Run, Runs};
