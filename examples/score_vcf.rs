//! Score the variants of a VCF file: what a model predicts for both alleles.
//!
//! Here the variants of the human beta-globin genes, by a model of splice sites that was trained on
//! the fruit fly and scans 20 bases on each side of a variant.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::core::LetterPolicy;
use dnabert::prelude::*;
use dnabert::variants::Scorer;
use dnabert::variants::effects::StrandMode;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let datasets = Datasets::find()?;
    let model = Model::open(datasets.model("splice-fly-scan-1"), &device(None)?)?.predictor()?;
    let hbb = datasets.folder().join("hbb");
    let genome = Genome::open(hbb.join("HUMHBB_U01317.fa.gz"), LetterPolicy::default())?;
    let classes = model.labels().to_vec();
    let scorer = Scorer::new(model, &classes, &genome, 160) // as long as in training
        .with_reach(20)
        .with_strands(StrandMode::Forward); // the genes are on the forward strand
    let counts = scorer.score_vcf(hbb.join("hbb.vcf"), "runs/hbb.scored.vcf")?;
    println!("{} alleles scored: see runs/hbb.scored.vcf", counts.alleles);
    Ok(())
}
