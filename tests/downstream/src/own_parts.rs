//! A stranger's tokenizer (single letters) and task (more A than T?) train a tiny model.
use dnabert::Device;
use dnabert::core::{Encoding, Example, Sequence, SpecialTokens, Split, Task};
use dnabert::core::{TokenizeError, Tokenizer, derive_seed};
use dnabert::model::BertConfig;
use dnabert::train::{FineTuneConfig, encode_examples, fine_tune};

struct Letters;
impl Tokenizer for Letters {
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError> {
        let mut row = Encoding::default();
        row.push(2, 0, None); // [CLS]
        let letters = sequence.as_bytes().iter().enumerate();
        letters.for_each(|(i, letter)| row.push(u32::from(*letter), 0, Some(i..i + 1)));
        Ok(row)
    }
    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError> {
        Ok(ids[1..].iter().map(|&id| id as u8 as char).collect::<String>().parse().expect("DNA"))
    }
    fn vocab_size(&self) -> usize {
        128
    }
    fn special_tokens(&self) -> SpecialTokens {
        SpecialTokens { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 }
    }
}

struct MoreAThanT([String; 2]);
impl Task for MoreAThanT {
    type Error = dnabert::core::SequenceError;
    fn name(&self) -> &str {
        "more-a-than-t"
    }
    fn classes(&self) -> &[String] {
        &self.0
    }
    fn examples(&self, split: Split) -> Result<Vec<Example>, Self::Error> {
        let draw = |row, place| b"ACGT"[(derive_seed(split as u64, &[row, place]) % 4) as usize];
        let example = |row| {
            let text: String = (0..12).map(|place| draw(row, place) as char).collect();
            let label = usize::from(text.matches('A').count() > text.matches('T').count());
            Ok(Example { name: format!("row {row}"), sequence: text.parse()?, pair: None, label })
        };
        (0..400).map(example).collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = MoreAThanT(["no", "yes"].map(String::from));
    let train = encode_examples(&Letters, &task.examples(Split::Train)?)?;
    let dev = encode_examples(&Letters, &task.examples(Split::Dev)?)?;
    let shape = BertConfig { hidden_size: 16, num_hidden_layers: 1, ..BertConfig::new(128) };
    let shape = BertConfig { num_attention_heads: 2, intermediate_size: 32, ..shape };
    let model = shape.sequence_classifier(1, &Device::flex());
    let settings = FineTuneConfig { epochs: 12, learning_rate: 5e-3, ..Default::default() };
    let tuned = fine_tune(model, &train, &dev, Letters.special_tokens(), &settings, &mut ())?;
    assert!(tuned.dev.accuracy > 0.9, "accuracy {}", tuned.dev.accuracy);
    Ok(())
}
