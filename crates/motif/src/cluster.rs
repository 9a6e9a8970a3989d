//! Which motifs are one and the same.

use crate::Frequencies;

/// How alike two motifs are where they lie best over each other, on either strand: the cosine of the two
/// matrices, less a quarter everywhere and 0 beside the overlap. 1 for the same motif, about 0.7 for half
/// of one, near 0 for motifs that have nothing in common. Even places count for nothing.
pub fn similarity(a: &Frequencies, b: &Frequencies) -> f64 {
    let norm = norm(a) * norm(b);
    if norm == 0.0 {
        return 0.0;
    }
    let product = best_product(a, b).max(best_product(a, &b.reverse_complement()));
    product / norm
}

fn centred(row: &[f64; 4]) -> [f64; 4] {
    row.map(|share| share - 0.25)
}

fn product(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    centred(a).iter().zip(centred(b)).map(|(a, b)| a * b).sum()
}

fn norm(motif: &Frequencies) -> f64 {
    motif.rows().iter().map(|row| product(row, row)).sum::<f64>().sqrt()
}

/// The highest product over all offsets.
fn best_product(a: &Frequencies, b: &Frequencies) -> f64 {
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

/// Groups of motifs in which each is at least so [`similarity`] to each of the others: a chain of
/// neighbours does not bring two motifs together that have little in common. The closest groups are
/// joined first (complete linkage); members are given by their place, groups by their first member.
pub fn cluster(motifs: &[Frequencies], least: f64) -> Vec<Vec<usize>> {
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
    use crate::Counts;

    fn motif(consensus: &str) -> Frequencies {
        let row = |letter: u8| b"ACGT".map(|base| if base == letter { 17.0 } else { 1.0 });
        Counts::new(consensus.bytes().map(row).collect()).unwrap().frequencies(0.0)
    }

    #[test]
    fn similarity_knows_strands_offsets_and_halves() {
        let whole = motif("GGACATGTCC");
        assert!((similarity(&whole, &whole) - 1.0).abs() < 1e-9);
        let shifted = motif("CATGTCCA").reverse_complement();
        let expected = 7.0 / 80_f64.sqrt();
        assert!((similarity(&whole, &shifted) - expected).abs() < 0.02);
        assert!((similarity(&whole, &motif("GGACA")) - 0.5_f64.sqrt()).abs() < 1e-9);
        assert!(similarity(&whole, &motif("TTTTTTTTTT")) < 0.35);
        let even = Frequencies::clone(&Counts::new(vec![[1.0; 4]; 3]).unwrap().frequencies(0.0));
        assert_eq!(similarity(&even, &whole), 0.0);
    }

    #[test]
    fn chains_do_not_swallow_strangers() {
        let motifs = ["AAAACCCC", "CCCCGTGA", "AAAACCCC", "GTGATATA"].map(motif);
        assert_eq!(cluster(&motifs, 0.9), [vec![0, 2], vec![1], vec![3]]);
        // Each has half in common with the next; the first and the last have nothing.
        let groups = cluster(&motifs, 0.45);
        assert!(
            groups.iter().all(|group| !(group.contains(&0) && group.contains(&3))),
            "{groups:?}"
        );
    }
}
