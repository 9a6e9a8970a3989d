//! Variants through a classifier, a few at a time.

use std::error::Error;
use std::path::{Path, PathBuf};

use dnabert_core::Classifier;
use dnabert_genome::vcf::{Variant, Variants};
use dnabert_genome::{Genome, TableError};

use crate::annotate::{AnnotateError, Counts, InfoField, PREFIX, Placed, Placement};
use crate::effects::{Effect, StrandMode, effects};
use crate::score::empirical_p_value;
use crate::writer::{Shard, VariantWriter, WriterError};
use crate::{ReferencePolicy, Skipped, Windows};

/// Windows that go through the classifier at once.
const WINDOWS: usize = 1024;

/// Further scores of alleles, beside those of the classifier, such as by a pre-trained model.
pub trait AlleleScorer {
    /// The columns, one for each score.
    fn fields(&self) -> Vec<InfoField>;

    /// For each allele its scores, in the order of [`fields`](Self::fields); `None` where a score
    /// does not apply.
    ///
    /// # Errors
    ///
    /// Whatever the model fails with.
    fn score(
        &self,
        alleles: &[&Placed],
    ) -> Result<Vec<Vec<Option<f64>>>, Box<dyn Error + Send + Sync>>;
}

/// Scores variants: what a classifier predicts for both alleles.
///
/// ```
/// use dnabert_core::{Classifier, LetterPolicy, Sequence};
/// use dnabert_genome::Genome;
/// use dnabert_variants::Scorer;
///
/// /// Class 1 is as probable as the sequence has G and C.
/// struct Content;
/// impl Classifier for Content {
///     type Error = std::convert::Infallible;
///     fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
///         let gc = |s: &Sequence| s.gc_content().unwrap_or(0.5) as f32;
///         Ok(sequences.iter().map(|s| vec![1.0 - gc(s), gc(s)]).collect())
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let (fasta, vcf) = (folder.path().join("genome.fa"), folder.path().join("in.vcf"));
/// # let out = folder.path().join("out.vcf");
/// # std::fs::write(&fasta, format!(">chr1\n{}\n", "ACGTTGCA".repeat(10)))?;
/// # let lines = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
/// # std::fs::write(&vcf, format!("{lines}chr1\t41\t.\tA\tG\t.\t.\t.\n"))?;
/// let genome = Genome::open(&fasta, LetterPolicy::default())?;
/// let scorer = Scorer::new(Content, &["AT-rich", "GC-rich"], &genome, 20);
/// let counts = scorer.score_vcf(&vcf, &out)?;
/// assert_eq!(counts.alleles, 1);
/// assert!(std::fs::read_to_string(&out)?.contains("DNABERT_GC_rich_REF=0.5;"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Scorer<'a, C> {
    classifier: C,
    classes: Vec<String>,
    genome: &'a Genome,
    width: usize,
    reach: usize,
    strands: StrandMode,
    policy: ReferencePolicy,
    are_labels: bool,
    background: Option<Vec<f64>>,
    further: Vec<Box<dyn AlleleScorer + 'a>>,
}

impl<C> std::fmt::Debug for Scorer<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scorer")
            .field("classes", &self.classes)
            .field("width", &self.width)
            .field("reach", &self.reach)
            .field("strands", &self.strands)
            .finish_non_exhaustive()
    }
}

/// The scores of an allele.
#[derive(Debug, Clone)]
pub struct ScoredAllele {
    /// What the classifier predicts for both alleles.
    pub effect: Effect,
    /// The further scores, in the order of their columns.
    pub further: Vec<Option<f64>>,
    /// Whether the genome has the alternate allele.
    pub swapped: bool,
}

/// Why variants cannot be scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The file of variants.
    #[error(transparent)]
    Variants(#[from] TableError),
    /// A variant that is not of the genome.
    #[error(transparent)]
    Annotate(#[from] AnnotateError),
    /// The cause, with the file of the variants.
    #[error("{}, {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<ScoreError>,
    },
    /// A record that is joined of several, such as a haplotype.
    #[error(transparent)]
    Record(Box<dyn Error + Send + Sync>),
    /// A window that the classifier cannot read.
    #[error("the classifier cannot read a window")]
    Classifier(#[source] Box<dyn Error + Send + Sync>),
    /// A window that another model cannot read.
    #[error("a further score cannot be computed")]
    Further(#[source] Box<dyn Error + Send + Sync>),
    /// A background without scores.
    #[error("{}: no allele of the background has a score", path.display())]
    NoBackground {
        /// The file.
        path: PathBuf,
    },
    /// The file of results.
    #[error(transparent)]
    Write(#[from] WriterError),
}

impl ScoreError {
    /// The same error with the name of the file of variants, unless it has the name of a file.
    #[must_use]
    pub fn in_file(self, path: &Path) -> Self {
        let is_named = self.to_string().contains(&path.display().to_string());
        match self {
            Self::Annotate(_) | Self::Record(_) if !is_named => {
                Self::InFile { path: path.into(), source: Box::new(self) }
            }
            named => named,
        }
    }
}

impl<'a, C: Classifier> Scorer<'a, C> {
    /// A scorer by a classifier of `classes`, for windows of `width` bases of `genome`: as long as
    /// the sequences that the classifier was trained on. It reads the window around the variant, on
    /// both strands, and takes a wrong reference allele for an error.
    pub fn new(
        classifier: C,
        classes: &[impl AsRef<str>],
        genome: &'a Genome,
        width: usize,
    ) -> Self {
        Self {
            classifier,
            classes: classes.iter().map(|class| class.as_ref().to_owned()).collect(),
            genome,
            width,
            reach: 0,
            strands: StrandMode::Mean,
            policy: ReferencePolicy::Error,
            are_labels: false,
            background: None,
            further: Vec::new(),
        }
    }

    /// The same scorer with windows up to `reach` bases away on each side: for classifiers that
    /// read one position, such as a splice site. Changes are then the greatest of all windows.
    #[must_use]
    pub fn with_reach(mut self, reach: usize) -> Self {
        self.reach = reach;
        self
    }

    /// The same scorer on other strands.
    #[must_use]
    pub fn with_strands(mut self, strands: StrandMode) -> Self {
        self.strands = strands;
        self
    }

    /// The same scorer with another policy for reference alleles that are not the genome's.
    #[must_use]
    pub fn with_policy(mut self, policy: ReferencePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The same scorer, whose classes are labels, of which a sequence may have several, or not.
    #[must_use]
    pub fn with_labels(mut self, are_labels: bool) -> Self {
        self.are_labels = are_labels;
        self
    }

    /// The same scorer with further scores.
    #[must_use]
    pub fn with_further(mut self, further: impl AlleleScorer + 'a) -> Self {
        self.further.push(Box::new(further));
        self
    }

    /// The same scorer with an empirical p-value: the scores of the variants of a file, which most
    /// likely do nothing.
    ///
    /// # Errors
    ///
    /// [`ScoreError`], also for a file without any allele that has a score.
    pub fn with_background(mut self, path: impl AsRef<Path>) -> Result<Self, ScoreError> {
        let found = self.background_of(path.as_ref());
        self.background = Some(found.map_err(|error| error.in_file(path.as_ref()))?);
        Ok(self)
    }

    /// How alleles are placed in windows.
    pub fn placement(&self) -> Placement {
        Placement { width: self.width, reach: self.reach, policy: self.policy }
    }

    /// Scores a VCF file (plain, gzip or bgzip) and writes `.vcf` or `.tsv`. A run that was stopped
    /// goes on.
    ///
    /// # Errors
    ///
    /// [`ScoreError`]; an older file of the same name is replaced only by a whole new one.
    pub fn score_vcf(
        &self,
        vcf: impl AsRef<Path>,
        out: impl AsRef<Path>,
    ) -> Result<Counts, ScoreError> {
        let variants = Variants::open(&vcf)?;
        let settings = format!("variants {}, {self:?}", vcf.as_ref().display());
        let (header, fields) = (variants.header().to_vec(), self.fields());
        let shard = Shard::default();
        let mut writer = VariantWriter::open(out, &header, &fields, &settings, shard)?;
        let counts = self.run(variants, shard, &mut writer, &mut |_| ());
        let counts = counts.map_err(|error| error.in_file(vcf.as_ref()))?;
        writer.finish()?;
        Ok(counts)
    }

    /// The classes whose changes count: of classes that exclude one another all but the first, which stands for none
    /// of them; of labels all.
    pub fn positive(&self) -> Vec<usize> {
        (usize::from(!self.are_labels)..self.classes.len()).collect()
    }

    /// What a class is called in keys: letters and digits, with its number where others would be called so, too.
    fn key(&self, class: usize) -> String {
        let plain = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let own = plain(&self.classes[class]);
        let same = self.classes.iter().filter(|name| plain(name) == own).count();
        if same > 1 { format!("{own}_{class}") } else { own }
    }

    /// The columns that are written.
    pub fn fields(&self) -> Vec<InfoField> {
        let mut fields = Vec::new();
        let mut add = |key: String, kind, description: String| {
            fields.push(InfoField { key, description, kind });
        };
        for class in self.positive() {
            let name = &self.classes[class];
            let key = |what: &str| format!("{PREFIX}{}_{what}", self.key(class));
            add(key("REF"), "Float", format!("probability of {name} with the genome's allele"));
            add(key("ALT"), "Float", format!("probability of {name} with the other allele"));
            add(key("DIFF"), "Float", format!("(ALT - REF) x the greater of both, {name}"));
            add(
                key("LOGOR"),
                "Float",
                format!("log2 odds of REF less those of ALT, {name}: a loss is positive"),
            );
            if self.reach > 0 {
                let around = format!("of {name} in windows up to {} bases away", self.reach);
                add(key("GAIN"), "Float", format!("greatest gain {around}"));
                add(key("GAIN_AT"), "Integer", "where: bases right of the change".into());
                add(key("LOSS"), "Float", format!("greatest loss {around}"));
                add(key("LOSS_AT"), "Integer", "where: bases right of the change".into());
            }
        }
        add("DNABERT_MAX".into(), "Float", "greatest change of any class but the first".into());
        if self.background.is_some() {
            let what = "fraction of background variants with as great a DNABERT_MAX".to_owned();
            add("DNABERT_P".into(), "Float", what);
        }
        for further in &self.further {
            for InfoField { key, kind, description } in further.fields() {
                add(key, kind, description);
            }
        }
        let what = "swapped (the genome has the alternate allele, which REF then stands for), or why the \
                    allele has no score";
        add("DNABERT_NOTE".into(), "String", what.into());
        fields
    }

    /// The values of these columns.
    pub fn values(&self, scored: &Result<ScoredAllele, Skipped>) -> Vec<String> {
        let count = self.fields().len();
        let scored = match scored {
            Ok(scored) => scored,
            Err(reason) => {
                let mut values = vec![".".to_owned(); count - 1];
                values.push(reason.to_string().replace(' ', "_").replace(',', ""));
                return values;
            }
        };
        // As few digits as five decimals need, and no −0: other programs write numbers so, too.
        let number = |value: f64| ((value * 1e5).round() / 1e5 + 0.0).to_string();
        let mut values = Vec::with_capacity(count);
        for class in self.positive() {
            let middle = &scored.effect.middle;
            values.push(number(middle.reference[class].into()));
            values.push(number(middle.alternate[class].into()));
            values.push(number(middle.difference(class)));
            values.push(number(middle.log_odds_ratio(class)));
            if self.reach > 0 {
                let effect = &scored.effect.classes[class];
                values.extend([number(effect.gain.change), effect.gain.at.to_string()]);
                values.extend([number(effect.loss.change), effect.loss.at.to_string()]);
            }
        }
        let strongest = scored.effect.strongest(&self.positive());
        values.push(number(strongest));
        if let Some(background) = &self.background {
            values.push(format!("{:.3e}", empirical_p_value(strongest, background)));
        }
        let optional = |value: Option<f64>| value.map_or(".".to_owned(), number);
        values.extend(scored.further.iter().map(|value| optional(*value)));
        values.push(if scored.swapped { "swapped".into() } else { ".".into() });
        values
    }

    /// The scores of placed alleles.
    ///
    /// # Errors
    ///
    /// [`ScoreError`] for a window that a model cannot read.
    pub fn score(&self, placed: &[&Placed]) -> Result<Vec<ScoredAllele>, ScoreError> {
        let mut further = vec![Vec::new(); placed.len()];
        for scorer in &self.further {
            let found = scorer.score(placed).map_err(ScoreError::Further)?;
            further.iter_mut().zip(found).for_each(|(all, own)| all.extend(own));
        }
        let scored = self.effects(placed)?.into_iter().zip(further).zip(placed);
        Ok(scored
            .map(|((effect, further), placed)| ScoredAllele {
                effect,
                further,
                swapped: placed.swapped,
            })
            .collect())
    }

    fn effects(&self, placed: &[&Placed]) -> Result<Vec<Effect>, ScoreError> {
        let windows: Vec<&Windows> = placed.iter().map(|placed| &placed.windows).collect();
        effects(&self.classifier, &windows, self.strands)
            .map_err(|error| ScoreError::Classifier(error.into()))
    }

    /// The strongest effect of each allele of a file, sorted; alleles without windows are left out.
    fn background_of(&self, path: &Path) -> Result<Vec<f64>, ScoreError> {
        let mut found = Vec::new();
        let mut waiting: Vec<Variant> = Vec::new();
        for variant in Variants::open(path)? {
            waiting.push(variant?);
            if waiting.len() == WINDOWS {
                found.extend(self.strongest(&waiting)?);
                waiting.clear();
            }
        }
        found.extend(self.strongest(&waiting)?);
        if found.is_empty() {
            return Err(ScoreError::NoBackground { path: path.into() });
        }
        found.sort_by(f64::total_cmp);
        Ok(found)
    }

    /// The strongest effect of each allele; alleles without windows are left out.
    ///
    /// # Errors
    ///
    /// [`ScoreError`] for a variant that is not of the genome, or a window that cannot be read.
    pub fn strongest(&self, variants: &[Variant]) -> Result<Vec<f64>, ScoreError> {
        let placement = self.placement();
        let mut counts = Counts::default();
        let mut placed: Vec<Placed> = Vec::new();
        for variant in variants {
            let alleles = placement.place(self.genome, variant, &mut counts)?;
            placed.extend(alleles.into_iter().flatten());
        }
        let mut strongest = Vec::with_capacity(placed.len());
        for some in placed.chunks(self.at_once()) {
            let found = self.effects(&some.iter().collect::<Vec<_>>())?;
            strongest.extend(found.iter().map(|effect| effect.strongest(&self.positive())));
        }
        Ok(strongest)
    }

    /// Alleles that are held at once.
    fn at_once(&self) -> usize {
        (WINDOWS / (4 * (self.reach + 1))).max(1)
    }

    /// Scores all variants of a shard that the writer does not have yet, in their order, and tells
    /// `progress` how many are done.
    ///
    /// # Errors
    ///
    /// [`ScoreError`]; what was written stays, and the same call goes on.
    pub fn run<E: Error + Send + Sync + 'static>(
        &self,
        variants: impl Iterator<Item = Result<Variant, E>>,
        shard: Shard,
        writer: &mut VariantWriter,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Counts, ScoreError> {
        let mut counts = Counts::default();
        let mut waiting: Vec<(Variant, Vec<Result<Placed, Skipped>>)> = Vec::new();
        let (mut alleles, mut skipped) = (0, 0);
        for (number, variant) in variants.enumerate() {
            // A line that cannot be read ends every shard, also those that it is not for.
            let variant = variant.map_err(|error| ScoreError::Record(error.into()))?;
            if !shard.has(number) {
                continue;
            }
            if skipped < writer.before() {
                skipped += 1;
                continue;
            }
            let placed = self.placement().place(self.genome, &variant, &mut counts)?;
            // A line without alleles counts, too: lines are held until they are written.
            alleles += placed.len().max(1);
            waiting.push((variant, placed));
            if alleles >= self.at_once() {
                self.write(&mut waiting, writer)?;
                alleles = 0;
                progress(counts.variants);
            }
        }
        self.write(&mut waiting, writer)?;
        progress(counts.variants);
        Ok(counts)
    }

    fn write(
        &self,
        waiting: &mut Vec<(Variant, Vec<Result<Placed, Skipped>>)>,
        writer: &mut VariantWriter,
    ) -> Result<(), ScoreError> {
        let placed: Vec<&Placed> =
            waiting.iter().flat_map(|(_, alleles)| alleles.iter().flatten()).collect();
        let mut scores = self.score(&placed)?.into_iter();
        for (variant, alleles) in waiting.drain(..) {
            let mut columns: Vec<Vec<String>> = vec![Vec::new(); self.fields().len()];
            for allele in alleles {
                let scored = allele.map(|_| scores.next().expect("a score for each placed allele"));
                let values = self.values(&scored);
                columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            }
            writer.push(&variant, &columns)?;
        }
        Ok(writer.flush()?)
    }
}
