//! What tokenizers do with ambiguous bases and with rows that are too long.

use crate::TokenizeError;

/// What a tokenizer does with tokens that cover an ambiguous base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AmbiguityPolicy {
    /// Reject the sequence.
    #[default]
    Reject,
    /// Replace each such token by `[UNK]`, as DNABERT does; counted in `unknown_tokens`.
    Unknown,
    /// Leave such tokens out; counted in `skipped_tokens`. The row continues with the next
    /// unambiguous stretch; [`tiles`](crate::Tokenizer::tiles) starts a new row there.
    Split,
}

/// The maximum length of a row, including special tokens, and what happens to longer rows.
///
/// ```
/// use dnabert_core::LengthPolicy;
///
/// assert_eq!(LengthPolicy::default(), LengthPolicy::Reject(512));
/// assert_eq!(LengthPolicy::Truncate(512).surplus(520)?, 8);
/// assert!(LengthPolicy::Reject(512).surplus(520).is_err());
/// # Ok::<(), dnabert_core::TokenizeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthPolicy {
    /// Any length.
    Unlimited,
    /// Reject a sequence that needs more tokens than this.
    Reject(usize),
    /// Cut the row to this many tokens by dropping the last ones; counted in `truncated_tokens`.
    Truncate(usize),
}

impl Default for LengthPolicy {
    /// Rejects rows longer than the 512 tokens of the published models.
    fn default() -> Self {
        Self::Reject(512)
    }
}

impl LengthPolicy {
    /// How many tokens to drop so that a row of `tokens`, including special tokens, fits.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::TooLong`] if the policy rejects the row.
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

    /// The maximum number of tokens; `None` if the length is unlimited.
    pub fn maximum(self) -> Option<usize> {
        match self {
            Self::Unlimited => None,
            Self::Reject(maximum) | Self::Truncate(maximum) => Some(maximum),
        }
    }
}

/// The numbers of tokens that two sequences of one row keep after `surplus` tokens are dropped.
///
/// The longer sequence loses its last token until the pair fits; if both are equally long, the
/// second one does.
///
/// ```
/// assert_eq!(dnabert_core::shorten_pair([10, 6], 5), [6, 5]);
/// ```
pub fn shorten_pair([mut first, mut second]: [usize; 2], surplus: usize) -> [usize; 2] {
    for _ in 0..surplus {
        let longer = if first > second { &mut first } else { &mut second };
        *longer = longer.saturating_sub(1);
    }
    [first, second]
}
