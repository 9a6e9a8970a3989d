//! Canonical tensor names.

/// Returns the current transformers name for a tensor name in a file.
///
/// `LayerNorm.gamma`/`.beta` become `.weight`/`.bias`, and an encoder saved without the prefix
/// `bert.` gets it. The last layer of every head is `classifier`. Adapters lose the prefix of their
/// wrapper and are named as factors of the weight that they adapt.
pub(super) fn canonical(name: &str) -> String {
    let name = name.strip_prefix("base_model.model.").unwrap_or(name);
    if let Some(module) = name.strip_suffix(".lora_A.weight") {
        return format!("{module}.weight.lora.a");
    }
    if let Some(module) = name.strip_suffix(".lora_B.weight") {
        return format!("{module}.weight.lora.b");
    }
    let name = match name.rsplit_once('.') {
        Some((module, "gamma")) => format!("{module}.weight"),
        Some((module, "beta")) => format!("{module}.bias"),
        _ => name.to_owned(),
    };
    if let Some(parameter) = name.strip_prefix("classifier2.") {
        return format!("classifier.{parameter}");
    }
    let bare = ["embeddings.", "encoder.", "pooler."].iter().any(|part| name.starts_with(part));
    if bare { format!("bert.{name}") } else { name }
}

/// Returns whether a tensor is ignored: position indices, which are computed, and the next-sentence
/// head, which DNABERT removed.
pub(super) fn is_ignored(canonical: &str) -> bool {
    matches!(canonical, "bert.embeddings.position_ids" | "bert.embeddings.token_type_ids")
        || canonical.starts_with("cls.seq_relationship.")
}

/// Returns whether a tensor belongs to a head, not to the encoder.
pub(super) fn is_head(canonical: &str) -> bool {
    is_linear_head(canonical)
        || ["cls.", "classifier1.", "rnn."].iter().any(|head| canonical.starts_with(head))
}

/// Returns whether a tensor belongs to the head of a plain classifier.
pub(super) fn is_linear_head(canonical: &str) -> bool {
    canonical.starts_with("classifier.")
}

/// Returns whether a tensor belongs to the pooler.
pub(super) fn is_pooler(canonical: &str) -> bool {
    canonical.starts_with("bert.pooler.")
}

/// Pairs of an alias and the tensor that it is tied to.
pub(super) const TIED: [(&str, &str); 2] = [
    ("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
    ("cls.predictions.decoder.bias", "cls.predictions.bias"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_become_todays() {
        for (old, new) in [
            ("bert.embeddings.LayerNorm.gamma", "bert.embeddings.LayerNorm.weight"),
            ("encoder.layer.0.output.LayerNorm.beta", "bert.encoder.layer.0.output.LayerNorm.bias"),
            ("pooler.dense.bias", "bert.pooler.dense.bias"),
            ("classifier.weight", "classifier.weight"),
            ("classifier2.weight", "classifier.weight"),
            (
                "base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight",
                "bert.encoder.layer.0.attention.self.query.weight.lora.a",
            ),
        ] {
            assert_eq!(canonical(old), new);
        }
    }
}
