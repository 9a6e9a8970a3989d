//! Tensor names: those of files made uniform, and those of modules turned into them.

/// The name that transformers uses today for a name found in a file.
///
/// `LayerNorm.gamma`/`.beta` become `.weight`/`.bias`, and an encoder saved without its `bert.`
/// prefix gets it back. The last layer of every head is `classifier`.
pub(super) fn canonical(name: &str) -> String {
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

/// Buffers and heads that mean nothing to any network here: position indices, which are computed,
/// and the next-sentence head, which DNABERT removed.
pub(super) fn is_ignored(canonical: &str) -> bool {
    matches!(canonical, "bert.embeddings.position_ids" | "bert.embeddings.token_type_ids")
        || canonical.starts_with("cls.seq_relationship.")
}

/// Whether a tensor belongs to a head rather than to the encoder.
pub(super) fn is_head(canonical: &str) -> bool {
    ["cls.", "classifier.", "classifier1.", "rnn."].iter().any(|head| canonical.starts_with(head))
}

/// Pairs of an alias and the tensor that it is tied to.
pub(super) const TIED: [(&str, &str); 2] = [
    ("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
    ("cls.predictions.decoder.bias", "cls.predictions.bias"),
];

/// The place of a parameter in a module tree: names from the root, and the type that holds it.
#[derive(Debug, Default)]
pub(super) struct ModulePath {
    root: String,
    steps: Vec<(String, String)>,
}

impl ModulePath {
    /// A path below `root`, a canonical name or nothing.
    pub(super) fn new(root: &str) -> Self {
        Self { root: root.to_owned(), steps: Vec::new() }
    }

    pub(super) fn enter(&mut self, name: &str, container: &str) {
        self.steps.push((name.to_owned(), container.to_owned()));
    }

    pub(super) fn exit(&mut self) {
        self.steps.pop();
    }

    /// Whether the parameter is a linear layer's matrix, which burn stores transposed.
    pub(super) fn is_linear_weight(&self) -> bool {
        matches!(self.steps.last(), Some((name, container))
            if name == "weight" && container.ends_with("Linear"))
    }

    /// The parameter's name in a checkpoint.
    pub(super) fn canonical(&self) -> String {
        let root = (!self.root.is_empty()).then_some(self.root.as_str());
        // The variants of an enum have no name in a checkpoint.
        let named = self.steps.iter().filter(|(_, container)| !container.starts_with("Enum:"));
        let steps = named.enumerate().map(|(depth, (name, container))| {
            let in_norm = container.ends_with("LayerNorm");
            match name.as_str() {
                "encoder" if depth == 0 && root.is_none() => "bert", // the field of every head
                "self_attention" => "self",
                "wqkv" => "Wqkv",
                "layer_norm" => "LayerNorm",
                "gamma" if in_norm => "weight",
                "beta" if in_norm => "bias",
                other => other,
            }
        });
        let name = root.into_iter().chain(steps).collect::<Vec<_>>().join(".");
        recurrent(&name).unwrap_or(name)
    }
}

/// `rnn.backward.1.weight_ih` → `rnn.weight_ih_l1_reverse`, as PyTorch has it.
fn recurrent(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix("rnn.")?.split('.');
    let (direction, layer, parameter) = (parts.next()?, parts.next()?, parts.next()?);
    let suffix = if direction == "backward" { "_reverse" } else { "" };
    Some(format!("rnn.{parameter}_l{layer}{suffix}"))
}

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
        ] {
            assert_eq!(canonical(old), new);
        }
    }

    #[test]
    fn a_module_path_gives_the_name_in_the_file() {
        let mut path = ModulePath::new("");
        for name in ["encoder", "encoder", "layer", "3", "attention", "output", "layer_norm"] {
            path.enter(name, "Struct:Anything");
        }
        path.enter("gamma", "Struct:LayerNorm");
        assert_eq!(path.canonical(), "bert.encoder.layer.3.attention.output.LayerNorm.weight");
        assert!(!path.is_linear_weight());
    }

    #[test]
    fn recurrent_parameters_are_called_as_in_pytorch() {
        let name = |path: &str| recurrent(path).unwrap();
        assert_eq!(name("rnn.forward.0.bias_hh"), "rnn.bias_hh_l0");
        assert_eq!(name("rnn.backward.1.weight_ih"), "rnn.weight_ih_l1_reverse");
        assert_eq!(recurrent("bert.pooler.dense.bias"), None);
    }
}
