//! Initial embeddings of k-mers that are built from the vectors of their bases.

use dnabert_kmer::Vocabulary;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

/// Initial word embeddings for a network, `[vocabulary, hidden]`, row by row. A k-mer is the sum of
/// k vectors, one for each position and the base there. The vectors are drawn from `seed`. Special
/// tokens are drawn as in BERT. All have variance `standard_deviation`².
///
/// With random embeddings, a network has to learn for each of the 4^k k-mers separately which four
/// k-mers may follow it. For a long time it learns only the k-mer frequencies. With these
/// embeddings, the neighbours of a k-mer are a linear map away, so that what is learned for one
/// k-mer applies to all.
///
/// # Panics
///
/// If `standard_deviation` is negative or not finite.
pub fn kmer_embeddings(
    vocabulary: &Vocabulary,
    hidden_size: usize,
    standard_deviation: f64,
    seed: u64,
) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |deviation: f64| -> Vec<f32> {
        let normal = Normal::new(0.0, deviation).expect("a finite standard deviation");
        (0..hidden_size).map(|_| normal.sample(&mut random) as f32).collect()
    };
    let share = standard_deviation / (vocabulary.k() as f64).sqrt();
    let bases: Vec<[Vec<f32>; 4]> =
        (0..vocabulary.k()).map(|_| [(); 4].map(|()| draw(share))).collect();
    let row = |(id, token): (usize, String)| {
        if !vocabulary.is_kmer(id as u32) {
            return draw(standard_deviation);
        }
        let mut sum = vec![0.0; hidden_size];
        for (letter, vectors) in token.bytes().zip(&bases) {
            let base = b"ACGT".iter().position(|&base| base == letter).unwrap_or_default();
            sum.iter_mut().zip(&vectors[base]).for_each(|(sum, part)| *sum += part);
        }
        sum
    };
    vocabulary.tokens().enumerate().flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kmers_differ_by_the_vectors_of_the_bases_in_which_they_differ() {
        let vocabulary = Vocabulary::new(3).unwrap();
        let table = kmer_embeddings(&vocabulary, 64, 0.1, 7);
        assert_eq!(table.len(), 69 * 64);
        let row = |kmer: &str| {
            let id = vocabulary.id(kmer).unwrap() as usize;
            &table[64 * id..64 * (id + 1)]
        };
        let difference = |a: &str, b: &str| -> Vec<f32> {
            row(a).iter().zip(row(b)).map(|(a, b)| a - b).collect()
        };
        let (one, other) = (difference("ACG", "ATG"), difference("TCC", "TTC"));
        assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(one.iter().any(|value| value.abs() > 0.01));
        let square: f32 = table.iter().map(|value| value * value).sum();
        let deviation = (square / table.len() as f32).sqrt();
        assert!((deviation - 0.1).abs() < 0.02, "{deviation}");
        assert_ne!(table[..64], table[64..128]);
    }
}
