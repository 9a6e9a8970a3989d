//! Words that occur more often in high-scoring stretches of positives than in stretches of
//! negatives.

use super::half::{Half, Row};

/// The rank of a word in base 4, with digits `A C G T`; `None` if a letter is not a base.
fn number(word: &[u8]) -> Option<usize> {
    word.iter().try_fold(0, |number, letter| {
        let base = b"ACGT".iter().position(|base| base == letter)?;
        Some(4 * number + base)
    })
}

/// The rank of the reverse complement.
fn reverse_complement(number: usize, width: usize) -> usize {
    (0..width).fold(0, |result, place| 4 * result + (3 - (number >> (2 * place) & 3)))
}

fn spelled(number: usize, width: usize) -> String {
    (0..width).rev().map(|place| char::from(b"ACGT"[number >> (2 * place) & 3])).collect()
}

/// The number of rows in which the centre of each word lies in a high-scoring stretch. If sites can
/// lie on both strands, a word and its reverse complement count as one.
fn rows_with(rows: &[Row], width: usize, both_strands: bool) -> Vec<u32> {
    let words = 1 << (2 * width);
    let mut counts = vec![0_u32; words];
    let mut last_seen = vec![u32::MAX; words];
    for (row, sequence) in rows.iter().enumerate() {
        for (start, window) in sequence.sequence.as_bytes().windows(width).enumerate() {
            if !sequence.high[start + width / 2] {
                continue;
            }
            let Some(word) = number(window) else { continue };
            let word = if both_strands { word.min(reverse_complement(word, width)) } else { word };
            if last_seen[word] != row as u32 {
                last_seen[word] = row as u32;
                counts[word] += 1;
            }
        }
    }
    counts
}

/// The z-score of the difference between the fractions of positives and negatives with a word.
pub(super) fn z(positives_with: f64, positives: f64, negatives_with: f64, negatives: f64) -> f64 {
    let fraction = (positives_with + negatives_with) / (positives + negatives);
    let variance = fraction * (1.0 - fraction) * (1.0 / positives + 1.0 / negatives);
    if variance > 0.0 {
        (positives_with / positives - negatives_with / negatives) / variance.sqrt()
    } else {
        0.0
    }
}

/// The `count` words with the highest z-scores, without words that are nearly equal to a better
/// one.
pub(super) fn best_words(
    half: &Half,
    width: usize,
    both_strands: bool,
    count: usize,
) -> Vec<String> {
    let (positives, negatives) = (half.positives.len() as f64, half.negatives.len() as f64);
    let with = rows_with(&half.positives, width, both_strands);
    let without = rows_with(&half.negatives, width, both_strands);
    let mut scored: Vec<(f64, usize)> = with
        .iter()
        .zip(&without)
        .enumerate()
        .filter(|(_, (with, _))| **with > 1)
        .map(|(word, (&a, &b))| (z(a.into(), positives, b.into(), negatives), word))
        .filter(|(z, _)| *z > 0.0)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut words: Vec<String> = Vec::new();
    for (_, word) in scored {
        let own = spelled(word, width);
        let other = spelled(reverse_complement(word, width), width);
        let is_like = |kept: &String| {
            [&own, if both_strands { &other } else { &own }]
                .iter()
                .any(|word| crate::overlap(word.as_bytes(), kept.as_bytes()).score + 1 >= width)
        };
        if !words.iter().any(is_like) {
            words.push(own);
        }
        if words.len() == count {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_reverse_complements() {
        let word = number(b"AACGT").unwrap();
        assert_eq!(spelled(word, 5), "AACGT");
        assert_eq!(spelled(reverse_complement(word, 5), 5), "ACGTT");
        assert_eq!(number(b"AANGT"), None);
    }

    #[test]
    fn equal_fractions_have_a_z_score_of_zero() {
        assert_eq!(z(5.0, 10.0, 10.0, 20.0), 0.0);
        assert_eq!(z(0.0, 10.0, 0.0, 20.0), 0.0);
        assert!(z(9.0, 10.0, 1.0, 10.0) > 3.5);
    }
}
