//! The options that name a corpus.

use std::path::PathBuf;

use crate::console::noteln;
use clap::Args;
use dnabert::Datasets;
use dnabert::tasks::corpus::{Corpus, CorpusConfig, Cutting, HeldOut, KmerSet, Lengths};
use dnabert::tasks::{FileRole, Manifest, TableFormat, read_inputs, sha256};

use super::{DatasetsOptions, fraction};
use crate::failure::Outcome;

/// Genomes, and how they are prepared.
#[derive(Debug, Args)]
pub(crate) struct CorpusOptions {
    /// FASTA files, plain or .gz [default: the shipped genomes, without what shares a 31-mer with
    /// any row that models are tested on]
    genomes: Vec<PathBuf>,
    /// Table or FASTA file of sequences that models will be tested on. Parts of the genomes that
    /// share a 31-mer with them, on either strand, are left out. May be given again
    #[arg(long, requires = "genomes")]
    exclude: Vec<PathBuf>,
    #[command(flatten)]
    datasets: DatasetsOptions,
    /// K-mers in the longest pieces
    #[arg(long, default_value_t = 318, help_heading = "Corpus")]
    pub(crate) longest: usize,
    /// Fraction of the pieces that have the longest length; the others have a random length from 5
    /// up
    #[arg(long, default_value_t = 0.1, value_parser = fraction, help_heading = "Corpus")]
    longest_fraction: f64,
    /// Cut genomes into pieces without overlap, instead of sampling them
    #[arg(long, help_heading = "Corpus")]
    no_overlap: bool,
    /// Read all pieces from the forward strand of the file only
    #[arg(long, help_heading = "Corpus")]
    one_strand: bool,
    /// Leave out 13-mers that occur at least this many times as often as expected by chance (and at
    /// least five times): transposons and simple repeats; 0 keeps them
    #[arg(long, default_value_t = 25.0, help_heading = "Corpus")]
    repeats: f64,
    /// Fraction of the genomes that is held out for evaluation
    #[arg(long, default_value_t = 0.02, value_parser = fraction, help_heading = "Corpus")]
    held_out: f64,
}

/// The files of a corpus, and its settings.
#[derive(Debug)]
pub(crate) struct CorpusFiles {
    genomes: Vec<PathBuf>,
    exclude: Vec<PathBuf>,
    config: CorpusConfig,
}

impl CorpusOptions {
    /// The shipped data.
    pub(crate) fn datasets(&self) -> Outcome<Datasets> {
        self.datasets.find()
    }

    /// The corpus for k-mers of length `k`.
    pub(crate) fn files(&self, k: usize, seed: u64) -> Outcome<CorpusFiles> {
        let (mut genomes, mut exclude) = (self.genomes.clone(), self.exclude.clone());
        if genomes.is_empty() {
            let datasets = self.datasets()?;
            let manifest = Manifest::read(datasets.folder())?;
            genomes = manifest.files(datasets.folder(), FileRole::Genome);
            exclude = manifest.files(datasets.folder(), FileRole::Benchmark);
        }
        let lengths = Lengths {
            longest: self.longest,
            full_fraction: self.longest_fraction,
            ..Lengths::default()
        };
        let config = CorpusConfig {
            lengths,
            cutting: if self.no_overlap { Cutting::NoOverlap } else { Cutting::Sampled },
            both_strands: !self.one_strand,
            held_out: HeldOut { fraction: self.held_out, ..HeldOut::default() },
            repeats: (self.repeats != 0.0).then_some(self.repeats),
            seed,
            ..CorpusConfig::new(k)
        };
        Ok(CorpusFiles { genomes, exclude, config })
    }
}

impl CorpusFiles {
    /// Reads the genomes, and prints a summary of them.
    pub(crate) fn build(&self) -> Outcome<Corpus> {
        let mut kmers = KmerSet::new(31);
        for file in &self.exclude {
            for input in read_inputs(file, &TableFormat::default())? {
                kmers.add(&input?.sequence);
            }
        }
        let corpus = Corpus::build(&self.genomes, &self.config, &kmers)?;
        let report = corpus.report;
        noteln!(
            "{} bases: {} to train on, {} held out, {} excluded, {} in repeats, {} in short stretches",
            report.read,
            report.train,
            report.held_out,
            report.excluded,
            report.repeated,
            report.short
        );
        Ok(corpus)
    }

    /// A text that identifies the settings and the content of the corpus.
    pub(crate) fn identity(&self) -> Outcome<String> {
        let mut identity = serde_json::to_string(&self.config)?;
        for file in self.genomes.iter().chain(&self.exclude) {
            identity += &format!(" {}", sha256(file)?);
        }
        Ok(identity)
    }
}
