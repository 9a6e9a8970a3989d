//! Tokenizing labelled examples.

use dnabert_core::{Encoding, Example, Sequence, TokenizeError, Tokenizer};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::EncodedExample;

/// The error for an example that cannot be tokenized.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{example}: the sequence cannot be tokenized")]
pub struct EncodeError {
    /// The example's name: file and line, or the FASTA record.
    pub example: String,
    /// The cause.
    #[source]
    pub source: TokenizeError,
}

/// Tokenizes examples (single sequences or pairs) and keeps their order.
///
/// Examples without pairs are tokenized on all cores.
///
/// ```
/// use dnabert_core::Example;
/// use dnabert_kmer::KmerTokenizer;
/// use dnabert_train::encode_examples;
///
/// let tokenizer = KmerTokenizer::new(3)?;
/// let example = |name: &str, text: &str, label| -> Result<_, dnabert_core::SequenceError> {
///     Ok(Example { name: name.into(), sequence: text.parse()?, pair: None, label })
/// };
/// let rows = encode_examples(&tokenizer, &[example("a.tsv:2", "ACGTA", 1)?])?;
/// assert_eq!(rows[0].encoding.len(), 5); // [CLS] ACG CGT GTA [SEP]
/// assert_eq!(rows[0].label, 1);
///
/// let error = encode_examples(&tokenizer, &[example("a.tsv:3", "AC", 0)?]).unwrap_err();
/// assert_eq!(error.example, "a.tsv:3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`EncodeError`] for the first example that fails.
pub fn encode_examples<T: Tokenizer + ?Sized>(
    tokenizer: &T,
    examples: &[Example],
) -> Result<Vec<EncodedExample>, EncodeError> {
    let failed = |example: &Example, source| EncodeError { example: example.name.clone(), source };
    let encodings: Vec<Encoding> = if examples.iter().all(|example| example.pair.is_none()) {
        let sequences: Vec<Sequence> =
            examples.iter().map(|example| example.sequence.clone()).collect();
        tokenizer.encode_batch(&sequences).map_err(|error| match error {
            TokenizeError::InBatch { index, source } => failed(&examples[index], *source),
            error => failed(&examples[0], error),
        })?
    } else {
        let encode = |example: &Example| match &example.pair {
            Some(pair) => tokenizer.encode_pair(&example.sequence, pair),
            None => tokenizer.encode(&example.sequence),
        };
        examples
            .iter()
            .map(|example| encode(example).map_err(|source| failed(example, source)))
            .collect::<Result<_, _>>()?
    };
    let labels = examples.iter().map(|example| example.label);
    Ok(encodings
        .into_iter()
        .zip(labels)
        .map(|(encoding, label)| EncodedExample { encoding, label })
        .collect())
}

/// Returns a copy of `encoding` with its tokens in random order; special tokens stay in place.
///
/// The copy has the same k-mers, but no information about their positions.
pub fn shuffle_tokens(encoding: &Encoding, seed: u64) -> Encoding {
    let mut shuffled = encoding.clone();
    let places: Vec<usize> =
        (0..encoding.len()).filter(|&place| encoding.spans[place].is_some()).collect();
    let mut sources = places.clone();
    sources.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    for (place, source) in places.into_iter().zip(sources) {
        shuffled.ids[place] = encoding.ids[source];
        shuffled.spans[place] = encoding.spans[source].clone();
    }
    shuffled
}

#[cfg(test)]
mod tests {
    use super::*;
    use dnabert_kmer::KmerTokenizer;

    #[test]
    fn shuffling_keeps_the_kmers_and_the_special_tokens() {
        let tokenizer = KmerTokenizer::new(3).unwrap();
        let row = tokenizer.encode(&"ACGTTGCAAGTC".parse().unwrap()).unwrap();
        let shuffled = shuffle_tokens(&row, 1);
        assert_ne!(row.ids, shuffled.ids);
        assert_eq!((shuffled.ids[0], shuffled.ids[row.len() - 1]), (2, 3));
        let sorted = |ids: &[u32]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        assert_eq!(sorted(&row.ids), sorted(&shuffled.ids));
    }

    #[test]
    fn a_short_sequence_is_named_by_its_example() {
        let example = |name: &str, text: &str| Example {
            name: name.to_owned(),
            sequence: text.parse().unwrap(),
            pair: None,
            label: 0,
        };
        let examples = [example("a.tsv:2", "ACGT"), example("a.tsv:3", "AC")];
        let error = encode_examples(&KmerTokenizer::new(3).unwrap(), &examples).unwrap_err();
        assert_eq!(error.example, "a.tsv:3");
        assert_eq!(error.source, TokenizeError::TooShort { length: 2, minimum: 3 });
    }
}
