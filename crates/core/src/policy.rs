//! What tokenizers do with what they cannot take as it is.

use crate::TokenizeError;

/// What a tokenizer does with tokens that cover an ambiguous letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AmbiguityPolicy {
    /// Refuse the sequence.
    #[default]
    Reject,
    /// Make each of them `[UNK]`, as the reference does; counted as `unknown_tokens`.
    Unknown,
    /// Leave them out: the row goes on with the next unambiguous stretch, and
    /// [`tiles`](crate::Tokenizer::tiles) start a new row there; counted as `skipped_tokens`.
    Split,
}

/// How long a row may be, special tokens included, and what happens to longer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthPolicy {
    /// Any length.
    Unlimited,
    /// Refuse a sequence that needs more tokens than this.
    Reject(usize),
    /// Cut at the right to this many tokens; counted as `truncated_tokens`.
    Truncate(usize),
}

impl Default for LengthPolicy {
    /// Refuse more than the 512 tokens of the published models.
    fn default() -> Self {
        Self::Reject(512)
    }
}

impl LengthPolicy {
    /// How many of `tokens` (special tokens counted) must go for the row to fit.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::TooLong`] where the policy refuses the row.
    pub fn surplus(self, tokens: usize) -> Result<usize, TokenizeError> {
        match self {
            Self::Unlimited => Ok(0),
            Self::Truncate(maximum) => Ok(tokens.saturating_sub(maximum)),
            Self::Reject(maximum) if tokens > maximum => {
                Err(TokenizeError::TooLong { tokens, maximum })
            }
            Self::Reject(_) => Ok(0),
        }
    }

    /// The longest row; `None` for any length.
    pub fn maximum(self) -> Option<usize> {
        match self {
            Self::Unlimited => None,
            Self::Reject(maximum) | Self::Truncate(maximum) => Some(maximum),
        }
    }
}

/// What two sequences of one row keep when `surplus` tokens must go: the longer one loses its last
/// token again and again, the second where both are equal.
pub fn shorten_pair([mut first, mut second]: [usize; 2], surplus: usize) -> [usize; 2] {
    for _ in 0..surplus {
        let longer = if first > second { &mut first } else { &mut second };
        *longer = longer.saturating_sub(1);
    }
    [first, second]
}
