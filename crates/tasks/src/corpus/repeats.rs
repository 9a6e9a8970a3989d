//! Words (short k-mers) that occur far more often than by chance.

use std::path::PathBuf;

use dnabert_core::LetterPolicy;
use dnabert_genome::Runs;

use super::CorpusError;
use super::build::PART;
use super::kmer_set::Window;

/// The length of the words that are counted. There are 33.6 million of them, counting a word and its
/// reverse complement once: enough that most words of a genome are rare, and short enough that
/// diverged repeats still share many.
pub(super) const WORD: usize = 13;

/// A word that occurs less often is not a repeat, however small the genome.
const FEWEST: f64 = 5.0;

/// How often each word of [`WORD`] bases occurs in some files, on both strands, and the least count of a
/// repeat.
#[derive(Debug)]
pub(super) struct Repeats {
    counts: Vec<u16>,
    at_least: u16,
}

impl Repeats {
    /// Counts the words of all `files`; those that occur `factor` times as often as by chance are
    /// repeats.
    pub(super) fn count(
        files: &[PathBuf],
        letters: LetterPolicy,
        factor: f64,
    ) -> Result<Self, CorpusError> {
        let mut counts = vec![0_u16; 1 << (2 * WORD)];
        let mut words = 0_u64;
        for file in files {
            for run in Runs::open(file, letters, PART)? {
                // A long run is read in parts; the few words between two parts are not counted.
                let mut window = Window::new(WORD);
                for word in run?.sequence.as_bytes().iter().filter_map(|&base| window.push(base)) {
                    let count = &mut counts[word as usize];
                    *count = count.saturating_add(1);
                    words += 1;
                }
            }
        }
        let by_chance = words as f64 / (counts.len() / 2) as f64;
        let at_least = (factor * by_chance).ceil().clamp(FEWEST, u16::MAX.into()) as u16;
        Ok(Self { counts, at_least })
    }

    /// Whether a word is a repeat.
    pub(super) fn contains(&self, word: u64) -> bool {
        self.counts[word as usize] >= self.at_least
    }
}
