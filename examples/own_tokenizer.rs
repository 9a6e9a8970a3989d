//! A tokenizer of your own, under a network that is trained from random weights.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::core::{SpecialTokens, TokenizeError};
use dnabert::model::BertConfig;
use dnabert::prelude::*;
use dnabert::train::{FineTuneConfig, ProgressBar, encode_examples, fine_tune};

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
    let task = Benchmark::PromoterUci.task(&Datasets::find()?);
    let encode = |split| -> Result<_, Box<dyn std::error::Error>> {
        Ok(encode_examples(&Codons, &task.examples(split)?)?)
    };
    let (train, dev) = (encode(Split::Train)?, encode(Split::Dev)?);
    let config = BertConfig {
        hidden_size: 32,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 64,
        ..BertConfig::new(Codons.vocab_size())
    };
    let model = config.with_labels(task.classes()).sequence_classifier(1, &device(None)?);
    let settings = FineTuneConfig { epochs: 20, learning_rate: 1e-3, ..FineTuneConfig::default() };
    let progress = &mut ProgressBar::default();
    let tuned = fine_tune(model, &train, &dev, Codons.special_tokens(), &settings, progress)?;
    println!("best epoch {}, on dev: {}", tuned.best_epoch, tuned.dev);
    Ok(())
}
