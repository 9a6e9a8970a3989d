//! The two strands of DNA.

use std::fmt;
use std::str::FromStr;

/// The strand of a genomic feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Strand {
    /// The strand that the sequence file holds, `+`.
    Forward,
    /// The reverse complement of that strand, `-`.
    Reverse,
    /// No strand is given, `.`.
    #[default]
    Unknown,
}

/// The error for text that is not a strand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown strand {found:?}: expected +, - or .")]
pub struct StrandError {
    /// The text.
    pub found: String,
}

impl fmt::Display for Strand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "+",
            Self::Reverse => "-",
            Self::Unknown => ".",
        })
    }
}

impl FromStr for Strand {
    type Err = StrandError;

    fn from_str(text: &str) -> Result<Self, StrandError> {
        match text {
            "+" => Ok(Self::Forward),
            "-" => Ok(Self::Reverse),
            "." | "?" => Ok(Self::Unknown),
            other => Err(StrandError { found: other.to_owned() }),
        }
    }
}
