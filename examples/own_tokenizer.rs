//! A tokenizer of your own, under a network that is trained from random weights.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::core::{SpecialTokens, TokenizeError};
use dnabert::prelude::*;
use dnabert::train::ProgressBar;
use dnabert::{AnyTokenizer, ModelSize};

/// Codons from the first base on; other letters and the last bases are left out.
struct Codons;

impl Tokenizer for Codons {
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError> {
        let SpecialTokens { cls, sep, .. } = self.special_tokens();
        let mut row = Encoding::default();
        row.push(cls, 0, None);
        for (number, codon) in sequence.as_bytes().chunks_exact(3).enumerate() {
            let digit = |letter: &u8| b"ACGT".iter().position(|base| base == letter);
            let digits: Option<Vec<usize>> = codon.iter().map(digit).collect();
            let Some(digits) = digits else { continue };
            let id = 5 + (16 * digits[0] + 4 * digits[1] + digits[2]) as u32;
            row.push(id, 0, Some(3 * number..3 * number + 3));
        }
        row.push(sep, 0, None);
        Ok(row)
    }

    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError> {
        let letter = |digit: u32| char::from(b"ACGT"[digit as usize % 4]);
        let codon = |id: &u32| id.checked_sub(5).map(|id| [id / 16, id / 4, id].map(letter));
        let letters: String = ids.iter().filter_map(codon).flatten().collect();
        Ok(letters.parse().expect("letters of DNA"))
    }

    fn vocab_size(&self) -> usize {
        5 + 64
    }

    fn special_tokens(&self) -> SpecialTokens {
        SpecialTokens { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (task, device) = (Benchmark::PromoterUci.task(&Datasets::find()?), device(None)?);
    let mut experiment = Experiment::fresh(ModelSize::Tiny, 3).with_epochs(20);
    experiment.fine_tune.learning_rate = 1e-3;
    let progress = &mut ProgressBar::default();
    let outcome = experiment.run_with_tokenizer(Codons, &task, &device, progress)?;
    println!("{}", outcome.metrics);

    outcome.write("runs/codons")?;
    let codons = AnyTokenizer::own(Codons);
    let model = Model::open_with_tokenizer("runs/codons/model", codons, &device)?;
    let sequence: Sequence = "TATAATGCGC".repeat(5).parse()?;
    for class in model.predictor()?.predict_labels(&[sequence])? {
        println!("{} {:.3}", class.label, class.probability);
    }
    Ok(())
}
