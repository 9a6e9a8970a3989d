//! What a data set gives away: rows that stand in several splits, or twice, or under two labels.

use std::collections::{HashMap, HashSet};
use std::fmt;

use dnabert_core::{Example, Sequence, Split};

/// What is wrong with the splits of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Length of the k-mers that rows of two splits should not share.
    pub k: usize,
    /// Each split by itself.
    pub splits: Vec<SplitAudit>,
    /// Each pair of splits.
    pub pairs: Vec<PairAudit>,
}

/// A split by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitAudit {
    /// The split.
    pub split: Split,
    /// Rows of each class.
    pub classes: Vec<usize>,
    /// Rows that stand there before with the same label, as they are or reversed and complemented.
    pub duplicates: usize,
    /// Names of two rows with the same bases, as they are or reversed and complemented, and
    /// different labels.
    pub conflicts: Vec<[String; 2]>,
}

/// What the rows of one split share with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairAudit {
    /// The split that is learned from.
    pub from: Split,
    /// The split whose rows are counted.
    pub to: Split,
    /// Rows that stand in both, as they are.
    pub identical: usize,
    /// Rows that stand in the other reversed and complemented.
    pub reversed: usize,
    /// Rows that share a k-mer with the other, on either strand.
    pub sharing: usize,
    /// Names of a row of `from` and one of `to` with the same bases, as they are or reversed and complemented, and different
    /// labels; each row of `to` once.
    pub conflicts: Vec<[String; 2]>,
}

impl Audit {
    /// Compares the rows of train, dev and test; `k` is 40 in the project's own sets. Of pairs of
    /// sequences only the first is looked at.
    ///
    /// Memory grows with the bases of the training rows, or of the dev rows where these are more.
    ///
    /// # Panics
    ///
    /// If `k` is 0.
    pub fn of(train: &[Example], dev: &[Example], test: &[Example], k: usize) -> Self {
        assert!(k > 0, "no k-mer");
        let all = [(Split::Train, train), (Split::Dev, dev), (Split::Test, test)];
        let splits = all.iter().map(|(split, rows)| SplitAudit::of(*split, rows)).collect();
        let pairs = [(0, 1), (0, 2), (1, 2)];
        let pairs = pairs.map(|(from, to)| PairAudit::of(all[from], all[to], k)).to_vec();
        Self { k, splits, pairs }
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.splits.iter().all(|split| split.duplicates == 0 && split.conflicts.is_empty())
            && self.pairs.iter().all(|pair| pair.identical + pair.reversed + pair.sharing == 0)
    }
}

impl SplitAudit {
    fn of(split: Split, rows: &[Example]) -> Self {
        let classes = rows.iter().map(|row| row.label + 1).max().unwrap_or(0);
        let mut found =
            Self { split, classes: vec![0; classes], duplicates: 0, conflicts: Vec::new() };
        let mut seen = HashMap::<Sequence, Vec<&Example>>::new();
        for row in rows {
            found.classes[row.label] += 1;
            let before = seen.entry(one_strand(&row.sequence)).or_default();
            if before.iter().any(|before| before.label == row.label) {
                found.duplicates += 1;
                continue;
            }
            if let Some(first) = before.first() {
                found.conflicts.push([first.name.clone(), row.name.clone()]);
            }
            before.push(row);
        }
        found
    }
}

impl PairAudit {
    fn of((from, known): (Split, &[Example]), (to, rows): (Split, &[Example]), k: usize) -> Self {
        let mut whole = HashMap::<&[u8], Vec<&Example>>::new();
        for row in known {
            whole.entry(row.sequence.as_bytes()).or_default().push(row);
        }
        let kmers: HashSet<&[u8]> = known
            .iter()
            .flat_map(|row| row.sequence.as_bytes().windows(k))
            .filter(|kmer| kmer.iter().all(|letter| b"ACGT".contains(letter)))
            .collect();
        let mut found =
            Self { from, to, identical: 0, reversed: 0, sharing: 0, conflicts: Vec::new() };
        for row in rows {
            let reverse = row.sequence.reverse_complement();
            let strands = [row.sequence.as_bytes(), reverse.as_bytes()];
            found.identical += usize::from(whole.contains_key(strands[0]));
            found.reversed += usize::from(whole.contains_key(strands[1]));
            let mut same = strands.iter().filter_map(|strand| whole.get(strand)).flatten();
            if let Some(other) = same.find(|other| other.label != row.label) {
                found.conflicts.push([other.name.clone(), row.name.clone()]);
            }
            let shares = |strand: &[u8]| strand.windows(k).any(|kmer| kmers.contains(kmer));
            found.sharing += usize::from(strands.into_iter().any(shares));
        }
        found
    }
}

/// The strand that comes first in the alphabet.
fn one_strand(sequence: &Sequence) -> Sequence {
    let reverse = sequence.reverse_complement();
    if reverse.as_bytes() < sequence.as_bytes() { reverse } else { sequence.clone() }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for SplitAudit { split, classes, duplicates, conflicts } in &self.splits {
            let rows: usize = classes.iter().sum();
            let classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
            write!(f, "{split}: {rows} rows ({} by class)", classes.join(", "))?;
            write!(f, ", {duplicates} twice, {} under two labels", conflicts.len())?;
            if let Some([one, other]) = conflicts.first() {
                write!(f, " ({one} and {other})")?;
            }
            writeln!(f)?;
        }
        for PairAudit { from, to, identical, reversed, sharing, conflicts } in &self.pairs {
            write!(
                f,
                "{to} rows that are in {from}: {identical}; reversed: {reversed}; that share a \
                 {}-mer: {sharing}; under another label: {}",
                self.k,
                conflicts.len()
            )?;
            if let Some([one, other]) = conflicts.first() {
                write!(f, " ({one} of {from} and {other} of {to})")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[(&str, usize)]) -> Vec<Example> {
        let row = |(turn, (text, label)): (usize, &(&str, usize))| Example {
            name: format!("row {turn}"),
            sequence: text.parse().unwrap(),
            pair: None,
            label: *label,
        };
        texts.iter().enumerate().map(row).collect()
    }

    #[test]
    fn every_leak_is_counted_once() {
        let train =
            rows(&[("AACCGGTAAA", 0), ("TTTACCGGTT", 0), ("CCCCCAAAAA", 1), ("GTTGTTGTTG", 1)]);
        let dev = rows(&[("CCCCCAAAAA", 1), ("TTTTTGGGGG", 0), ("ACACACACAC", 0)]);
        let test = rows(&[("GGGTTGTTGA", 1), ("AGAGAGAGAG", 1)]);
        let audit = Audit::of(&train, &dev, &test, 6);
        // The second row of train is the first, reversed and complemented.
        assert_eq!((audit.splits[0].duplicates, audit.splits[0].conflicts.len()), (1, 0));
        let names = ["row 0", "row 1"].map(str::to_owned);
        assert_eq!(
            (audit.splits[1].duplicates, audit.splits[1].conflicts.clone()),
            (0, vec![names])
        );
        assert_eq!(audit.splits[2].classes, [0, 2]);
        let found = |pair: usize| {
            let PairAudit { identical, reversed, sharing, conflicts, .. } = &audit.pairs[pair];
            (*identical, *reversed, *sharing, conflicts.len())
        };
        assert_eq!([found(0), found(1), found(2)], [(1, 1, 2, 1), (0, 0, 1, 0), (0, 0, 0, 0)]);
        assert!(!audit.is_clean());
        let text = audit.to_string();
        assert!(text.contains("1 under two labels (row 0 and row 1)"), "{text}");
        let across = "under another label: 1 (row 2 of train and row 1 of dev)";
        assert!(text.contains(across), "{text}");
        assert!(Audit::of(&train[..1], &dev[2..], &test[1..], 6).is_clean());
    }
}
