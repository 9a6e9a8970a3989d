//! The place of a parameter in the module tree, and its name in transformers.

/// The path of a parameter in the module tree: names from the root, with the type of each
/// container.
#[derive(Debug, Default)]
pub(crate) struct ParameterPath {
    root: String,
    steps: Vec<(String, String)>,
}

impl ParameterPath {
    /// Starts a path below `root`, a canonical name or the empty string.
    pub(crate) fn new(root: &str) -> Self {
        Self { root: root.to_owned(), steps: Vec::new() }
    }

    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        self.steps.push((name.to_owned(), container.to_owned()));
    }

    pub(crate) fn exit(&mut self) {
        self.steps.pop();
    }

    /// Returns whether the parameter is the matrix of a linear layer, which burn stores transposed.
    pub(crate) fn is_linear_weight(&self) -> bool {
        // Adapter factors have the layout of the weights that they adapt.
        matches!(self.steps.last(), Some((name, container))
            if name == "weight" && container.ends_with("Linear")
                || container.ends_with("LoraAdapter"))
    }

    /// Returns the name of the parameter in a checkpoint.
    pub(crate) fn canonical(&self) -> String {
        let root = (!self.root.is_empty()).then_some(self.root.as_str());
        // Enum variants have no name in a checkpoint.
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

/// Renames a recurrent parameter as PyTorch does: `rnn.backward.1.weight_ih` →
/// `rnn.weight_ih_l1_reverse`.
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
    fn a_module_path_gives_the_name_in_the_file() {
        let mut path = ParameterPath::new("");
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
