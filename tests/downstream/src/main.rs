//! A tokenizer and a task of one's own, trained on a tiny model: the single letters of a
//! sequence, and whether it holds more A than T.
use std::convert::Infallible;

use burn::tensor::Device;
use dnabert_core::{
    Encoding, Example, Sequence, SpecialTokens, Split, Task, TokenizeError, Tokenizer,
};
use dnabert_model::BertConfig;
use dnabert_train::{EncodedExample, FineTuneConfig, fine_tune};

struct Letters;

impl Tokenizer for Letters {
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError> {
        let mut row = Encoding::default();
        row.push(2, 0, None);
        for (place, letter) in sequence.as_bytes().iter().enumerate() {
            row.push(5 + u32::from(letter % 7), 0, Some(place..place + 1)); // A 2, C 4, G 1, T 0
        }
        Ok(row)
    }
    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError> {
        let text: String = ids[1..].iter().map(|id| char::from(b"TGA C"[*id as usize - 5])).collect();
        Ok(text.parse().expect("letters of DNA"))
    }
    fn vocab_size(&self) -> usize {
        10
    }
    fn special_tokens(&self) -> SpecialTokens {
        SpecialTokens { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 }
    }
}

struct MoreAThanT([String; 2]);

impl Task for MoreAThanT {
    type Error = Infallible;
    fn name(&self) -> &str {
        "more-a-than-t"
    }
    fn classes(&self) -> &[String] {
        &self.0
    }
    fn examples(&self, split: Split) -> Result<Vec<Example>, Infallible> {
        let numbers = if split == Split::Train { 0..300_usize } else { 300..400 };
        Ok(numbers.map(|i| {
            let text: String = (0..9).map(|j| char::from(b"ATACGT"[(i * 7 + j * (i % 11) + i / 5) % 6])).collect();
            let count = |letter| text.matches(letter).count();
            let label = usize::from(count('A') > count('T'));
            Example { name: i.to_string(), sequence: text.parse().expect("DNA"), pair: None, label }
        }).collect())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = MoreAThanT(["no".into(), "yes".into()]);
    let rows = |split| -> Result<Vec<_>, Box<dyn std::error::Error>> {
        let encode = |example: Example| Ok(EncodedExample { encoding: Letters.encode(&example.sequence)?, label: example.label });
        task.examples(split)?.into_iter().map(encode).collect()
    };
    let config = BertConfig { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32, ..BertConfig::new(Letters.vocab_size()) };
    let model = config.sequence_classifier(1, &Device::flex());
    let settings = FineTuneConfig { epochs: 15, learning_rate: 3e-3, batch_size: 16, ..Default::default() };
    let tuned = fine_tune(model, &rows(Split::Train)?, &rows(Split::Dev)?, Letters.special_tokens(), &settings, &mut ())?;
    println!("dev accuracy {:.3} at epoch {}", tuned.dev.accuracy, tuned.best_epoch);
    assert!(tuned.dev.accuracy > 0.9);
    Ok(())
}
