//! K-mer sentences, read word by word as DNABERT's Python tokenizer reads text.
//!
//! A sentence is text such as `ATG TGA GAC`: words separated by white space, one token each.
//! Special tokens keep their ids, each punctuation character is a word, and a word outside the
//! vocabulary is `[UNK]`. DNABERT's data files have this format. To read a sentence as DNA, with
//! its overlaps checked, use [`Sequence::from_kmers`](crate::Sequence::from_kmers) instead.

use crate::{SPECIAL_TOKENS, Vocabulary, vocabulary::SPECIAL_NAMES};

/// The words of a sentence: special tokens, single punctuation characters, and runs of other
/// letters.
pub fn words(sentence: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = sentence.trim_start();
    while !rest.is_empty() {
        let length = word_length(rest);
        let (word, after) = rest.split_at(length);
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// The length in bytes of the first word of `text`, which must not start with white space.
fn word_length(text: &str) -> usize {
    if let Some(special) = special_at_start(text) {
        return special.len();
    }
    let mut letters = text.char_indices();
    match letters.next() {
        Some((_, first)) if first.is_ascii_punctuation() => first.len_utf8(),
        _ => letters
            .find(|&(_, letter)| letter.is_whitespace() || letter.is_ascii_punctuation())
            .map_or(text.len(), |(end, _)| end),
    }
}

fn special_at_start(text: &str) -> Option<&'static str> {
    SPECIAL_NAMES.into_iter().find(|name| text.starts_with(name))
}

/// The ids of the words of a sentence, and how many words are outside the vocabulary.
///
/// No special tokens are added. A word written `[UNK]` is not counted.
///
/// ```
/// use dnabert_kmer::{Vocabulary, sentence};
///
/// let (ids, unknown) = sentence::ids(&Vocabulary::new(3)?, "ATG TGA XYZ");
/// assert_eq!((ids, unknown), (vec![12, 33, 1], 1));
/// # Ok::<(), dnabert_kmer::VocabularyError>(())
/// ```
pub fn ids(vocabulary: &Vocabulary, sentence: &str) -> (Vec<u32>, usize) {
    let mut unknown = 0;
    let ids = words(sentence)
        .into_iter()
        .map(|word| {
            vocabulary.id(word).unwrap_or_else(|| {
                unknown += 1;
                SPECIAL_TOKENS.unk
            })
        })
        .collect();
    (ids, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_white_space_punctuation_and_special_tokens() {
        let found = words("  ATG\tTGA-GAC[MASK]ACG ");
        assert_eq!(found, ["ATG", "TGA", "-", "GAC", "[MASK]", "ACG"]);
    }

    #[test]
    fn unknown_words_are_counted_but_a_written_unk_is_not() {
        let vocabulary = Vocabulary::new(3).unwrap();
        let (ids, unknown) = ids(&vocabulary, "AAA aaa [UNK] AAAA");
        assert_eq!((ids, unknown), (vec![5, 1, 1, 1], 2));
    }
}
