//! Builds a corpus from FASTA files.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use dnabert_genome::Runs;

use super::kmer_set::Window;
use super::repeats::{Repeats, WORD};
use super::store::StoreWriter;
use super::{CorpusConfig, CorpusError, KmerSet, Pieces};

/// Pieces to train on, pieces to evaluate on, and a report.
#[derive(Debug)]
pub struct Corpus {
    /// Pieces to train on.
    pub train: Pieces,
    /// Pieces of the held-out regions; `None` if no piece fits into them.
    pub held_out: Option<Pieces>,
    /// Counts of the bases.
    pub report: CorpusReport,
}

/// Counts of the bases of a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct CorpusReport {
    /// Bases in the files, without ambiguous letters.
    pub read: u64,
    /// Bases to train on.
    pub train: u64,
    /// Bases that are held out.
    pub held_out: u64,
    /// Bases left out because they are in a k-mer of the excluded set.
    pub excluded: u64,
    /// Bases left out as repeats.
    pub repeated: u64,
    /// Bases in stretches that are too short for a piece.
    pub short: u64,
}

/// Longer runs are read in parts of this many bases.
pub(super) const PART: usize = 1 << 20;

impl Corpus {
    /// Builds a corpus from FASTA `files`, plain or gzip; they are read twice if
    /// [`repeats`](CorpusConfig::repeats) are left out, and once otherwise.
    ///
    /// No piece contains a k-mer of `excluded`, on either strand. The set usually holds the 31-mers of
    /// all sequences that models will be evaluated on.
    ///
    /// # Errors
    ///
    /// [`CorpusError`] if a file cannot be read, a setting is out of range, or no base is left.
    pub fn build(
        files: &[PathBuf],
        config: &CorpusConfig,
        excluded: &KmerSet,
    ) -> Result<Self, CorpusError> {
        config.check()?;
        let repeats = match config.repeats {
            Some(factor) => Some(Repeats::count(files, config.letters, factor)?),
            None => None,
        };
        let mut builder = Builder::new(config, excluded, repeats)?;
        for file in files {
            for run in Runs::open(file, config.letters, PART)? {
                let run = run?;
                builder.part(&run.record, run.start, run.sequence.as_bytes())?;
            }
            builder.end()?;
        }
        builder.finish()
    }
}

/// A base that is not yet stored, because a k-mer that starts at it may be excluded or a repeat.
#[derive(Debug, Clone, Copy)]
struct Pending {
    base: u8,
    excluded: bool,
    repeated: bool,
}

struct Builder<'a> {
    config: &'a CorpusConfig,
    excluded: &'a KmerSet,
    window: Window,
    repeats: Option<Repeats>,
    word: Window,
    pending: VecDeque<Pending>,
    record: Arc<str>,
    /// Position after the last pending base.
    position: usize,
    /// The part of the last base, until the run ends.
    open: Option<Part>,
    train: StoreWriter,
    held_out: StoreWriter,
    report: CorpusReport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    HeldOut,
}

impl<'a> Builder<'a> {
    fn new(
        config: &'a CorpusConfig,
        excluded: &'a KmerSet,
        repeats: Option<Repeats>,
    ) -> Result<Self, CorpusError> {
        let store = || StoreWriter::new().map_err(CorpusError::Store);
        Ok(Self {
            config,
            excluded,
            window: Window::new(excluded.k()),
            repeats,
            word: Window::new(WORD),
            pending: VecDeque::new(),
            record: "".into(),
            position: 0,
            open: None,
            train: store()?,
            held_out: store()?,
            report: CorpusReport::default(),
        })
    }

    /// Adds a part of a run.
    fn part(&mut self, record: &Arc<str>, start: usize, bases: &[u8]) -> Result<(), CorpusError> {
        if *record != self.record || start != self.position {
            self.end()?;
            self.record = Arc::clone(record);
            self.position = start;
        }
        self.report.read += bases.len() as u64;
        for &base in bases {
            self.pending.push_back(Pending { base, excluded: false, repeated: false });
            self.position += 1;
            let kmer = self.window.push(base);
            if kmer.is_some_and(|kmer| self.excluded.contains(kmer)) {
                let begin = self.pending.len().saturating_sub(self.excluded.k());
                self.pending.range_mut(begin..).for_each(|pending| pending.excluded = true);
            }
            let word = self.word.push(base);
            let is_repeat = |repeats: &Repeats| word.is_some_and(|word| repeats.contains(word));
            if self.repeats.as_ref().is_some_and(is_repeat) {
                let begin = self.pending.len().saturating_sub(WORD);
                self.pending.range_mut(begin..).for_each(|pending| pending.repeated = true);
            }
            if self.pending.len() >= self.excluded.k().max(WORD) {
                self.settle()?;
            }
        }
        Ok(())
    }

    /// Ends the run: no k-mer spans two runs.
    fn end(&mut self) -> Result<(), CorpusError> {
        while !self.pending.is_empty() {
            self.settle()?;
        }
        self.window = Window::new(self.excluded.k());
        self.word = Window::new(WORD);
        self.open = None;
        Ok(())
    }

    /// Stores the first pending base, or leaves it out.
    fn settle(&mut self) -> Result<(), CorpusError> {
        let position = self.position - self.pending.len();
        let Some(Pending { base, excluded, repeated }) = self.pending.pop_front() else {
            return Ok(());
        };
        if excluded || repeated {
            let count =
                if excluded { &mut self.report.excluded } else { &mut self.report.repeated };
            *count += 1;
            self.open = None;
            return Ok(());
        }
        let part = match self.config.held_out.contains(&self.record, position) {
            true => Part::HeldOut,
            false => Part::Train,
        };
        let store = match part {
            Part::Train => &mut self.train,
            Part::HeldOut => &mut self.held_out,
        };
        if self.open != Some(part) {
            store.begin(&self.record, position);
            self.open = Some(part);
        }
        store.push(base).map_err(CorpusError::Store)
    }

    fn finish(self) -> Result<Corpus, CorpusError> {
        let shortest = self.config.bases(self.config.lengths.shortest);
        let close = |writer: StoreWriter| {
            let store = writer.finish(shortest as u64)?;
            let bases = store.bases();
            let pieces = (bases > 0).then(|| Pieces::new(store, self.config.clone()));
            // A run may be long enough although each of its pieces is too short.
            let pieces = pieces.transpose()?.filter(|pieces| pieces.epoch() != Some(0));
            Ok((pieces, bases))
        };
        let (train, train_bases) = close(self.train).map_err(CorpusError::Store)?;
        let (held_out, held_out_bases) = close(self.held_out).map_err(CorpusError::Store)?;
        let mut report = self.report;
        (report.train, report.held_out) = (train_bases, held_out_bases);
        report.short =
            report.read - report.excluded - report.repeated - train_bases - held_out_bases;
        match train {
            Some(train) => Ok(Corpus { train, held_out, report }),
            None => {
                let CorpusReport { read: bases, excluded, repeated, .. } = report;
                Err(CorpusError::Empty { shortest, bases, excluded, repeated })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use dnabert_core::{Sequence, derive_seed};

    use super::*;
    use crate::corpus::{Cutting, HeldOut, Lengths};

    /// Two records of random bases with a stretch of N, and a file that holds them.
    fn genome() -> (tempfile::TempDir, PathBuf, [String; 2]) {
        let bases = |salt: u64, len: u64| -> String {
            (0..len).map(|i| ["A", "C", "G", "T"][derive_seed(salt, &[i]) as usize % 4]).collect()
        };
        let first = format!("{}{}{}", bases(1, 9000), "N".repeat(50), bases(2, 7000));
        let records = [first, bases(3, 5000)];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.fa");
        let text = format!(">one\n{}\n>two x\n{}\n", records[0], records[1]);
        std::fs::write(&path, text).unwrap();
        (folder, path, records)
    }

    fn config(cutting: Cutting) -> CorpusConfig {
        CorpusConfig {
            cutting,
            lengths: Lengths { shortest: 5, longest: 100, full_fraction: 0.5 },
            held_out: HeldOut { fraction: 0.2, block: 500, seed: 1 },
            ..CorpusConfig::new(6)
        }
    }

    fn forward(piece: &super::super::Piece) -> Sequence {
        if piece.reverse { piece.sequence.reverse_complement() } else { piece.sequence.clone() }
    }

    #[test]
    fn pieces_are_bases_of_the_genome_and_train_and_held_out_are_disjoint() {
        let (_folder, path, records) = genome();
        for cutting in [Cutting::Sampled, Cutting::NoOverlap] {
            let none = KmerSet::new(31);
            let corpus =
                Corpus::build(std::slice::from_ref(&path), &config(cutting), &none).unwrap();
            let report = corpus.report;
            assert_eq!(report.read, 21_000);
            assert_eq!(report.train + report.held_out + report.short, 21_000);
            assert!((2_000..7_000).contains(&report.held_out), "{report:?}");
            let held_out = corpus.held_out.unwrap();
            let mut strands = HashSet::new();
            for (pieces, in_part) in [(&corpus.train, false), (&held_out, true)] {
                for number in 0..300 {
                    let piece = pieces.piece(number).unwrap();
                    let record = &records[usize::from(&*piece.record == "two")];
                    let end = piece.start + piece.sequence.len();
                    assert_eq!(forward(&piece).to_string(), record[piece.start..end]);
                    assert!((10..=105).contains(&piece.sequence.len()));
                    for position in [piece.start, end - 1] {
                        let held = config(cutting).held_out.contains(&piece.record, position);
                        assert_eq!(held, in_part);
                    }
                    strands.insert(piece.reverse);
                }
            }
            assert_eq!(strands.len(), 2);
        }
    }

    #[test]
    fn an_epoch_without_overlap_has_every_piece_once_in_its_own_order() {
        let (_folder, path, _) = genome();
        let config = CorpusConfig {
            held_out: HeldOut { fraction: 0.0, ..HeldOut::default() },
            ..config(Cutting::NoOverlap)
        };
        let corpus = Corpus::build(&[path], &config, &KmerSet::new(31)).unwrap();
        assert!(corpus.held_out.is_none());
        let epoch = corpus.train.epoch().unwrap();
        let places = |numbers: std::ops::Range<u64>| -> Vec<(String, usize, usize)> {
            let piece = |number| corpus.train.piece(number).unwrap();
            let place = |p: super::super::Piece| (p.record.to_string(), p.start, p.sequence.len());
            numbers.map(|number| place(piece(number))).collect()
        };
        let (first, second) = (places(0..epoch), places(epoch..2 * epoch));
        assert_ne!(first, second);
        let sorted = |mut places: Vec<_>| {
            places.sort();
            places
        };
        let (first, second) = (sorted(first), sorted(second));
        assert_eq!(first, second);
        assert!(first.windows(2).all(|p| p[0].0 != p[1].0 || p[0].1 + p[0].2 <= p[1].1));
        let bases: usize = first.iter().map(|(_, _, len)| len).sum();
        assert!(bases > 20_500, "{bases} of 21000 bases");
    }

    #[test]
    fn sampled_pieces_have_the_published_lengths_and_come_from_everywhere() {
        let (_folder, path, _) = genome();
        let config = CorpusConfig {
            held_out: HeldOut { fraction: 0.0, ..HeldOut::default() },
            ..config(Cutting::Sampled)
        };
        let corpus = Corpus::build(&[path], &config, &KmerSet::new(31)).unwrap();
        let pieces: Vec<_> = (0..4000).map(|n| corpus.train.piece(n).unwrap()).collect();
        let full = pieces.iter().filter(|piece| piece.sequence.len() == 105).count();
        assert!((1900..2140).contains(&full), "{full} of 4000"); // and one in 96 of the others
        let two = pieces.iter().filter(|piece| &*piece.record == "two").count();
        assert!((850..1060).contains(&two), "{two} of 4000, of which 5/21 are expected");
        assert_eq!(pieces[7], corpus.train.piece(7).unwrap());
    }

    #[test]
    fn stretches_cover_all_bases_and_overlap() {
        let (_folder, path, records) = genome();
        let corpus = Corpus::build(&[path], &config(Cutting::Sampled), &KmerSet::new(31)).unwrap();
        let (mut bases, mut end) = (0, ("".into(), 0));
        for stretch in corpus.train.stretches(700, 30) {
            let stretch = stretch.unwrap();
            let record = &records[usize::from(&*stretch.record == "two")];
            let stop = stretch.start + stretch.sequence.len();
            assert_eq!(stretch.sequence.to_string(), record[stretch.start..stop]);
            bases += stretch.sequence.len();
            if end == (Arc::clone(&stretch.record), stretch.start + 30) {
                bases -= 30;
            }
            end = (stretch.record, stop);
        }
        assert_eq!(bases as u64, corpus.train.bases());
    }

    #[test]
    fn no_piece_shares_a_31_mer_with_an_excluded_sequence() {
        let (_folder, path, records) = genome();
        let mut excluded = KmerSet::new(31);
        let tested: [Sequence; 3] = [
            records[0][1000..1300].parse().unwrap(),
            records[1][4980..].parse::<Sequence>().unwrap().reverse_complement(), // too short
            records[1][700..731].parse::<Sequence>().unwrap().reverse_complement(),
        ];
        tested.iter().for_each(|sequence| excluded.add(sequence));
        for cutting in [Cutting::Sampled, Cutting::NoOverlap] {
            let corpus =
                Corpus::build(std::slice::from_ref(&path), &config(cutting), &excluded).unwrap();
            assert_eq!(corpus.report.excluded, 331);
            for number in 0..2000 {
                let piece = corpus.train.piece(number).unwrap();
                assert_eq!(excluded.shared(&piece.sequence), 0);
            }
            let inside = corpus.train.regions().chain(corpus.held_out.as_ref().unwrap().regions());
            for (record, start, end) in inside {
                assert!(record != "one" || end <= 1000 || start >= 1300, "{start}..{end}");
            }
        }
    }

    #[test]
    fn repeats_are_left_out_on_either_strand() {
        let (folder, _, records) = genome();
        let repeat = &records[1][100..140];
        let turned = repeat.parse::<Sequence>().unwrap().reverse_complement().to_string();
        let mut text = String::from(">r\n");
        for copy in 0..12 {
            text += &records[0][copy * 300..(copy + 1) * 300];
            text += if copy % 2 == 0 { repeat } else { &turned };
        }
        let path = folder.path().join("r.fa");
        std::fs::write(&path, text + "\n").unwrap();
        // In such a small genome no word repeats by chance.
        let config = CorpusConfig { repeats: Some(25.0), ..config(Cutting::Sampled) };
        let corpus =
            Corpus::build(std::slice::from_ref(&path), &config, &KmerSet::new(31)).unwrap();
        // By chance one or two bases next to the copies are equal, too.
        assert!((480..560).contains(&corpus.report.repeated), "{:?}", corpus.report);
        let copies = |piece: &str| [repeat, &turned].iter().any(|copy| piece.contains(&copy[..13]));
        for number in 0..500 {
            let piece = corpus.train.piece(number).unwrap();
            assert!(!copies(piece.sequence.as_str()), "{}", piece.sequence);
        }
        let error = Corpus::build(
            &[path],
            &CorpusConfig { repeats: Some(0.5), ..config },
            &KmerSet::new(31),
        );
        assert!(matches!(error, Err(CorpusError::Setting { field: "repeats", .. })));
    }

    #[test]
    fn an_empty_corpus_and_settings_out_of_range_are_errors() {
        let (folder, _, _) = genome();
        let path = folder.path().join("n.fa");
        std::fs::write(&path, ">n\nNNNNACGTNNN\n").unwrap();
        let build = |config: &CorpusConfig| {
            Corpus::build(std::slice::from_ref(&path), config, &KmerSet::new(31)).unwrap_err()
        };
        let error = build(&config(Cutting::Sampled));
        assert!(matches!(error, CorpusError::Empty { shortest: 10, bases: 4, .. }), "{error}");
        let lengths = Lengths { shortest: 9, longest: 8, full_fraction: 0.5 };
        let error = build(&CorpusConfig { lengths, ..CorpusConfig::new(6) });
        assert!(matches!(error, CorpusError::Setting { field: "shortest", .. }), "{error}");
    }
}
