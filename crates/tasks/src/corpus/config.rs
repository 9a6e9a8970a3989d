//! Settings of a corpus.

use dnabert_core::{LetterPolicy, derive_seed};
use serde::{Deserialize, Serialize};

use super::CorpusError;

/// How a corpus is built from FASTA files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorpusConfig {
    /// K-mer length of the tokens.
    pub k: usize,
    /// The lengths of pieces.
    pub lengths: Lengths,
    /// Where pieces start.
    pub cutting: Cutting,
    /// Whether half of the pieces are reverse complements.
    pub both_strands: bool,
    /// The regions that are kept for evaluation.
    pub held_out: HeldOut,
    /// Leaves out 13-mers that occur this many times as often as by chance, counted on both strands,
    /// and at least five times: simple repeats and the remains of transposons. `None` keeps them.
    ///
    /// A model can only memorise repeats, which teaches it little else; Benegas et al. 2023 (doi
    /// 10.1073/pnas.2311219120) give them less weight for this reason. The counts take 128 MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<f64>,
    /// Draws the pieces, their order and their strands.
    pub seed: u64,
    /// How lower-case letters, `U` and ambiguous letters are read.
    #[serde(skip)]
    pub letters: LetterPolicy,
}

/// The lengths of pieces, in k-mers: a fraction has the longest length, the others any length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// The shortest piece.
    pub shortest: usize,
    /// The longest piece.
    pub longest: usize,
    /// Fraction of pieces that have the longest length; `full_share` in older files.
    #[serde(alias = "full_share")]
    pub full_fraction: f64,
}

impl Default for Lengths {
    /// 5 to 510 k-mers, half of the pieces 510 (Ji et al. 2021, doi 10.1093/bioinformatics/btab083).
    fn default() -> Self {
        Self { shortest: 5, longest: 510, full_fraction: 0.5 }
    }
}

/// Where pieces start: the two options of DNABERT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cutting {
    /// Each where the previous one ends. An epoch has every piece once, in its own random order.
    NoOverlap,
    /// Anywhere, drawn at random for each piece.
    #[default]
    Sampled,
}

/// Regions that are kept for evaluation: blocks of a fixed size, chosen by the name of the record and
/// the position, so that they do not depend on the rest of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Fraction of the blocks; `share` in older files.
    #[serde(alias = "share")]
    pub fraction: f64,
    /// Bases of a block.
    pub block: usize,
    /// Draws the blocks.
    pub seed: u64,
}

impl Default for HeldOut {
    /// A fraction of 0.02, in blocks of 2¹⁶ bases.
    fn default() -> Self {
        Self { fraction: 0.02, block: 1 << 16, seed: 0 }
    }
}

impl HeldOut {
    /// Whether the base at `position` of `record` is held out.
    pub fn contains(&self, record: &str, position: usize) -> bool {
        let name = record.bytes().fold(self.seed, |seed, byte| derive_seed(seed, &[byte.into()]));
        let block = derive_seed(name, &[(position / self.block.max(1)) as u64]);
        (block as f64) < self.fraction * 2_f64.powi(64)
    }
}

impl CorpusConfig {
    /// DNABERT's settings for k-mers of length `k`, on both strands.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            lengths: Lengths::default(),
            cutting: Cutting::default(),
            both_strands: true,
            held_out: HeldOut::default(),
            repeats: None,
            seed: 0,
            letters: LetterPolicy::default(),
        }
    }

    /// Checks that the settings are in range.
    pub(super) fn check(&self) -> Result<(), CorpusError> {
        let Lengths { shortest, longest, full_fraction } = self.lengths;
        let failed =
            |field, value: String, reason| Err(CorpusError::Setting { field, value, reason });
        if self.k == 0 {
            return failed("k", "0".to_owned(), "must be positive");
        }
        if shortest == 0 || shortest > longest {
            let reason = "must be at least 1 and at most `longest`";
            return failed("shortest", shortest.to_string(), reason);
        }
        if self.bases(longest) >= 1 << 16 {
            return failed(
                "longest",
                longest.to_string(),
                "a piece must have fewer than 65536 bases",
            );
        }
        if let Some(factor) = self.repeats.filter(|factor| !(*factor > 1.0 && factor.is_finite())) {
            return failed("repeats", factor.to_string(), "must be above 1");
        }
        for (field, fraction) in
            [("full_fraction", full_fraction), ("held_out.fraction", self.held_out.fraction)]
        {
            if !(0.0..=1.0).contains(&fraction) {
                return failed(field, fraction.to_string(), "must be in [0, 1]");
            }
        }
        Ok(())
    }

    /// The number of bases that `kmers` consecutive k-mers cover.
    pub(super) fn bases(&self, kmers: usize) -> usize {
        kmers + self.k - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_names_of_fields_are_still_read() {
        let lengths: Lengths =
            serde_json::from_str(r#"{"shortest": 5, "longest": 510, "full_share": 0.5}"#).unwrap();
        assert_eq!(lengths, Lengths::default());
        let held_out: HeldOut =
            serde_json::from_str(r#"{"share": 0.02, "block": 65536, "seed": 0}"#).unwrap();
        assert_eq!(held_out, HeldOut::default());
        assert!(serde_json::to_string(&held_out).unwrap().contains("\"fraction\":0.02"));
    }
}
