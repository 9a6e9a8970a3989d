//! Similarity and clustering of motifs.

use crate::FrequencyMatrix;

/// The similarity of two motifs in their best alignment, on either strand: the cosine of the two
/// matrices after subtracting 1/4 from each frequency, with 0 outside the overlap.
///
/// It is 1 for equal motifs, about 0.7 for a motif and one half of it, and near 0 for unrelated
/// motifs. Positions with equal frequencies of all bases do not contribute.
///
/// ```
/// use dnabert_motif::{CountMatrix, similarity};
///
/// let motif = |site: &str| {
///     CountMatrix::from_sites(&[site.parse().unwrap()]).unwrap().frequencies(0.0)
/// };
/// let (forward, reverse) = (motif("GGACATGT"), motif("ACATGTCC"));
/// assert!((similarity(&forward, &reverse) - 1.0).abs() < 1e-9);
/// assert!(similarity(&forward, &motif("TTTTTTTT")) < 0.5);
/// ```
pub fn similarity(a: &FrequencyMatrix, b: &FrequencyMatrix) -> f64 {
    let norm = norm(a) * norm(b);
    if norm == 0.0 {
        return 0.0;
    }
    let product = best_product(a, b).max(best_product(a, &b.reverse_complement()));
    product / norm
}

fn centred(row: &[f64; 4]) -> [f64; 4] {
    row.map(|frequency| frequency - 0.25)
}

fn product(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    centred(a).iter().zip(centred(b)).map(|(a, b)| a * b).sum()
}

fn norm(motif: &FrequencyMatrix) -> f64 {
    motif.rows().iter().map(|row| product(row, row)).sum::<f64>().sqrt()
}

/// The highest product over all alignments.
fn best_product(a: &FrequencyMatrix, b: &FrequencyMatrix) -> f64 {
    let (a, b) = (a.rows(), b.rows());
    let at = |offset: isize| -> f64 {
        let pairs = a.iter().enumerate().filter_map(|(place, row)| {
            let other = usize::try_from(place as isize - offset).ok()?;
            Some((row, b.get(other)?))
        });
        pairs.map(|(a, b)| product(a, b)).sum()
    };
    (1 - b.len() as isize..a.len() as isize).map(at).fold(0.0, f64::max)
}

/// Groups motifs so that any two motifs of a group have a [`similarity`] of at least `least`.
///
/// The most similar groups are joined first (complete linkage), so a chain of similar motifs does
/// not bring two dissimilar ones together. A group is a sorted list of indices into `motifs`.
///
/// ```
/// use dnabert_motif::{CountMatrix, cluster};
///
/// let motifs = ["GGACATGT", "TATAAAAG", "ACATGTCC"]
///     .map(|site| CountMatrix::from_sites(&[site.parse().unwrap()]).unwrap().frequencies(0.0));
/// assert_eq!(cluster(&motifs, 0.9), [vec![0, 2], vec![1]]);
/// ```
pub fn cluster(motifs: &[FrequencyMatrix], least: f64) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = (0..motifs.len()).map(|motif| vec![motif]).collect();
    let table: Vec<Vec<f64>> =
        motifs.iter().map(|a| motifs.iter().map(|b| similarity(a, b)).collect()).collect();
    loop {
        let mut best: Option<(f64, usize, usize)> = None;
        for (i, one) in groups.iter().enumerate() {
            for (j, other) in groups.iter().enumerate().skip(i + 1) {
                let pairs = one.iter().flat_map(|&a| other.iter().map(move |&b| (a, b)));
                let weakest = pairs.map(|(a, b)| table[a][b]).fold(f64::INFINITY, f64::min);
                if weakest >= least && best.is_none_or(|best| weakest > best.0) {
                    best = Some((weakest, i, j));
                }
            }
        }
        let Some((_, i, j)) = best else { break };
        let joined = groups.remove(j);
        groups[i].extend(joined);
    }
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CountMatrix;

    fn motif(consensus: &str) -> FrequencyMatrix {
        let row = |letter: u8| b"ACGT".map(|base| if base == letter { 17.0 } else { 1.0 });
        CountMatrix::new(consensus.bytes().map(row).collect()).unwrap().frequencies(0.0)
    }

    #[test]
    fn similarity_finds_the_best_strand_and_offset() {
        let whole = motif("GGACATGTCC");
        assert!((similarity(&whole, &whole) - 1.0).abs() < 1e-9);
        let shifted = motif("CATGTCCA").reverse_complement();
        let expected = 7.0 / 80_f64.sqrt();
        assert!((similarity(&whole, &shifted) - expected).abs() < 0.02);
        assert!((similarity(&whole, &motif("GGACA")) - 0.5_f64.sqrt()).abs() < 1e-9);
        assert!(similarity(&whole, &motif("TTTTTTTTTT")) < 0.35);
        let even = CountMatrix::new(vec![[1.0; 4]; 3]).unwrap().frequencies(0.0);
        assert_eq!(similarity(&even, &whole), 0.0);
    }

    #[test]
    fn a_chain_does_not_join_dissimilar_motifs() {
        let motifs = ["AAAACCCC", "CCCCGTGA", "AAAACCCC", "GTGATATA"].map(motif);
        assert_eq!(cluster(&motifs, 0.9), [vec![0, 2], vec![1], vec![3]]);
        // Each shares a half with the next; the first and the last share nothing.
        let groups = cluster(&motifs, 0.45);
        assert!(
            groups.iter().all(|group| !(group.contains(&0) && group.contains(&3))),
            "{groups:?}"
        );
    }
}
