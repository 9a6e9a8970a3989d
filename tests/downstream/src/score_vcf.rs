//! The variants of a VCF file.
use dnabert::core::LetterPolicy;
use dnabert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = AnyClassifier::open("../../datasets/models/splice-fly-scan-1", &device(None)?)?;
    let genome = "../../datasets/hbb/HUMHBB_U01317.fa.gz";
    let genome = Genome::open(genome, LetterPolicy::default())?;
    let classes = model.labels().to_vec();
    let out = std::env::temp_dir().join("dnabert-downstream.vcf");
    let scorer = Scorer::new(model, &classes, &genome, 160);
    let counts = scorer.score_vcf("../../datasets/hbb/hbb.vcf", out)?;
    Ok(assert_eq!(counts.alleles, 47))
}
