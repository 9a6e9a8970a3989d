//! Vocabularies, configs, safetensors, both PyTorch formats and indices of shards: no panic, and no
//! memory beyond a multiple of the file. The first byte chooses the file.
#![no_main]

use dnabert_fuzz::{folder, write};
use dnabert_kmer::Vocabulary;
use dnabert_model::{BertConfig, Checkpoint};
use libfuzzer_sys::fuzz_target;

const CONFIG: &str = r#"{"model_type": "bert", "architectures": ["BertForSequenceClassification"],
"vocab_size": 69, "hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 3,
"intermediate_size": 24, "max_position_embeddings": 16, "type_vocab_size": 2}"#;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, bytes)) = data.split_first() else { return };
    let names = ["model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"];
    match kind % 5 {
        0 => drop(Vocabulary::read(write("vocab.txt", bytes))),
        1 => drop(BertConfig::read(write("any.json", bytes))),
        other => {
            write("config.json", CONFIG.as_bytes());
            let name = names[usize::from(other) - 2];
            write(name, bytes);
            if let Ok(checkpoint) = Checkpoint::open_file(folder(), name) {
                let _ = checkpoint.head();
            }
        }
    }
});
