//! Leaks between the splits of a data set: rows in several splits, duplicates, conflicting labels.

use std::collections::{HashMap, HashSet};
use std::fmt;

use dnabert_core::{Example, Sequence, Split};

/// What is wrong with the splits of a data set; printed, it is a report of one line per split and
/// pair of splits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Length of the k-mers that rows of two splits should not share.
    pub k: usize,
    /// Each split that has rows, by itself.
    pub splits: Vec<SplitAudit>,
    /// Each pair of splits that both have rows.
    pub pairs: Vec<PairAudit>,
}

/// A split by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitAudit {
    /// The split.
    pub split: Split,
    /// Rows of each class.
    pub classes: Vec<usize>,
    /// Rows that repeat an earlier row with the same label, on either strand.
    pub duplicates: usize,
    /// Names of two rows with the same bases, on either strand, and different labels.
    pub conflicts: Vec<[String; 2]>,
}

/// What the rows of one split share with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairAudit {
    /// The split that a model learns from.
    pub from: Split,
    /// The split whose rows are counted.
    pub to: Split,
    /// Rows of `to` that are in `from`, on the same strand.
    pub identical: usize,
    /// Rows of `to` whose reverse complement is in `from`.
    pub reversed: usize,
    /// Rows of `to` that share a k-mer with `from`, on either strand.
    pub sharing: usize,
    /// Names of a row of `from` and one of `to` with the same bases, on either strand, and different
    /// labels; each row of `to` is listed once.
    pub conflicts: Vec<[String; 2]>,
}

impl Audit {
    /// Compares the rows of train, dev and test; `k` is 40 in the project's own sets.
    ///
    /// A split without rows is absent: it is not reported and not compared, so an audit of one or two
    /// tables gives the other splits as `&[]`. Of a pair of sequences only the first one is compared.
    /// Memory grows with the bases of the training rows, or of the dev rows if these are more.
    ///
    /// # Panics
    ///
    /// If `k` is 0.
    ///
    /// ```
    /// use dnabert_core::Example;
    /// use dnabert_tasks::audit::Audit;
    ///
    /// let row = |name: &str, bases: &str, label| Example {
    ///     name: name.into(),
    ///     sequence: bases.parse().unwrap(),
    ///     pair: None,
    ///     label,
    /// };
    /// let train = [row("a", "AACCGGTAAA", 0), row("b", "GTTGTTGTTG", 1)];
    /// let test = [row("c", "TTTACCGGTT", 0), row("d", "ACACACACAC", 1)];
    /// let audit = Audit::new(&train, &[], &test, 8);
    /// assert!(!audit.is_clean());
    /// assert_eq!(audit.pairs[0].reversed, 1); // row c is the reverse complement of row a
    /// ```
    pub fn new(train: &[Example], dev: &[Example], test: &[Example], k: usize) -> Self {
        assert!(k > 0, "k is 0");
        let all = [(Split::Train, train), (Split::Dev, dev), (Split::Test, test)];
        let present: Vec<_> = all.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
        let splits = present.iter().map(|(split, rows)| SplitAudit::of(*split, rows)).collect();
        let pairs = present.iter().enumerate().flat_map(|(at, from)| {
            present[at + 1..].iter().map(move |to| PairAudit::of(*from, *to, k))
        });
        Self { k, pairs: pairs.collect(), splits }
    }

    /// Whether no duplicate, conflict or shared k-mer was found.
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
        let sharing = sharing(known, rows, k).into_iter().filter(|&shares| shares).count();
        let mut found =
            Self { from, to, identical: 0, reversed: 0, sharing, conflicts: Vec::new() };
        for row in rows {
            let reverse = row.sequence.reverse_complement();
            let strands = [row.sequence.as_bytes(), reverse.as_bytes()];
            found.identical += usize::from(whole.contains_key(strands[0]));
            found.reversed += usize::from(whole.contains_key(strands[1]));
            let mut same = strands.iter().filter_map(|strand| whole.get(strand)).flatten();
            if let Some(other) = same.find(|other| other.label != row.label) {
                found.conflicts.push([other.name.clone(), row.name.clone()]);
            }
        }
        found
    }
}

/// Whether each of `rows` shares a k-mer with `known`, on either strand.
///
/// ```
/// use dnabert_core::Example;
/// use dnabert_tasks::audit::sharing;
///
/// let row = |bases: &str| Example {
///     name: bases.into(),
///     sequence: bases.parse().unwrap(),
///     pair: None,
///     label: 0,
/// };
/// let rows = [row("TTTACCGGTT"), row("ACACACACAC")];
/// assert_eq!(sharing(&[row("AACCGGTAAA")], &rows, /* k */ 8), [true, false]);
/// ```
///
/// # Panics
///
/// If `k` is 0.
pub fn sharing(known: &[Example], rows: &[Example], k: usize) -> Vec<bool> {
    let kmers: HashSet<&[u8]> = known
        .iter()
        .flat_map(|row| row.sequence.as_bytes().windows(k))
        .filter(|kmer| kmer.iter().all(|letter| b"ACGT".contains(letter)))
        .collect();
    let shares = |strand: &[u8]| strand.windows(k).any(|kmer| kmers.contains(kmer));
    rows.iter()
        .map(|row| {
            let reverse = row.sequence.reverse_complement();
            shares(row.sequence.as_bytes()) || shares(reverse.as_bytes())
        })
        .collect()
}

/// The strand that comes first in alphabetical order.
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
            write!(f, "; duplicates: {duplicates}; conflicting labels: {}", conflicts.len())?;
            if let Some([one, other]) = conflicts.first() {
                write!(f, " ({one} and {other})")?;
            }
            writeln!(f)?;
        }
        for PairAudit { from, to, identical, reversed, sharing, conflicts } in &self.pairs {
            write!(
                f,
                "{to} rows that are in {from}: {identical}; as reverse complement: {reversed}; \
                 sharing a {}-mer: {sharing}; with another label: {}",
                self.k,
                conflicts.len()
            )?;
            if let Some([one, other]) = conflicts.first() {
                write!(f, " ({one} of {from} and {other} of {to})")?;
            }
            writeln!(f)?;
        }
        match &self.splits[..] {
            [] => writeln!(f, "no rows"),
            [only] => writeln!(f, "no other split to compare with {}", only.split),
            _ => Ok(()),
        }
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
        let audit = Audit::new(&train, &dev, &test, 6);
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
        assert!(text.contains("conflicting labels: 1 (row 0 and row 1)"), "{text}");
        let across = "with another label: 1 (row 2 of train and row 1 of dev)";
        assert!(text.contains(across), "{text}");
        assert!(Audit::new(&train[..1], &dev[2..], &test[1..], 6).is_clean());
    }

    #[test]
    fn absent_splits_are_neither_reported_nor_compared() {
        let train = rows(&[("AACCGGTAAA", 0), ("TTTACCGGTT", 0), ("GTTGTTGTTG", 1)]);
        let test = rows(&[("GGGTTGTTGA", 1)]);
        let audit = Audit::new(&train, &[], &test, 6);
        let splits: Vec<Split> = audit.splits.iter().map(|found| found.split).collect();
        assert_eq!(splits, [Split::Train, Split::Test]);
        let [pair] = &audit.pairs[..] else { panic!("one pair, not {}", audit.pairs.len()) };
        assert_eq!((pair.from, pair.to, pair.sharing), (Split::Train, Split::Test, 1));
        assert!(!audit.to_string().contains("dev"), "{audit}");
        let alone = Audit::new(&train, &[], &[], 6);
        assert_eq!(
            alone.to_string(),
            "train: 3 rows (2, 1 by class); duplicates: 1; conflicting labels: 0\n\
             no other split to compare with train\n"
        );
        assert!(!alone.is_clean() && Audit::new(&train[1..], &[], &[], 6).is_clean());
        let nothing = Audit::new(&[], &[], &[], 6);
        assert!(nothing.is_clean() && nothing.to_string() == "no rows\n");
    }
}
