//! Validation of configs.

use super::{BERT, BertConfig, CONVOLUTIONAL_BERT, ConfigError, Family, MaskMode, Pooling, is_one};

impl BertConfig {
    /// Checks that a network of this shape can be built.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field with an unsupported value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let invalid =
            |field, value: String, reason| Err(ConfigError::Invalid { field, value, reason });
        match (self.model_type.as_str(), self.convolution_width) {
            (BERT, None) | (CONVOLUTIONAL_BERT, Some(_)) => {}
            (BERT, Some(_)) => {
                let reason = "must be convolutional-bert, because convolution_width is set";
                return invalid("model_type", BERT.to_owned(), reason);
            }
            (CONVOLUTIONAL_BERT, None) => {
                let reason = "needs a convolution_width";
                return invalid("model_type", CONVOLUTIONAL_BERT.to_owned(), reason);
            }
            (other, _) => {
                let reason = "only bert and convolutional-bert are supported";
                return invalid("model_type", other.to_owned(), reason);
            }
        }
        let is_odd_window = |width: &usize| (3..512).contains(width) && width % 2 == 1;
        if let Some(width) = self.convolution_width.filter(|width| !is_odd_window(width)) {
            let reason = "must be odd and between 3 and 511";
            return invalid("convolution_width", width.to_string(), reason);
        }
        for (field, value) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
            ("num_labels", self.labels()),
            ("split", self.split.unwrap_or(1)),
            ("num_rnn_layer", self.num_rnn_layer.unwrap_or(1)),
        ] {
            if value == 0 {
                return invalid(field, value.to_string(), "must be positive");
            }
        }
        for (field, length) in
            [("max_position_embeddings", self.max_tokens()), ("padded_length", self.padded_length)]
        {
            if let Some(length) = length.filter(|&length| length < 3) {
                return invalid(field, length.to_string(), "must be at least 3");
            }
        }
        if let (Some(longest), Some(length)) = (self.max_tokens(), self.padded_length)
            && length > longest
        {
            return invalid("padded_length", length.to_string(), "exceeds max_position_embeddings");
        }
        if self.pooling == Pooling::Cls && !is_one(&self.pooled_parts) {
            let reason = "must be 1, because pooling is cls";
            return invalid("pooled_parts", self.pooled_parts.to_string(), reason);
        }
        if self.pooled_parts.get() > self.max_tokens().unwrap_or(512) {
            let reason = "a row has no more parts than tokens";
            return invalid("pooled_parts", self.pooled_parts.to_string(), reason);
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let value = self.hidden_size.to_string();
            return invalid("hidden_size", value, "must be a multiple of num_attention_heads");
        }
        for (field, rate) in [
            ("hidden_dropout_prob", self.hidden_dropout_prob),
            ("attention_probs_dropout_prob", self.attention_probs_dropout_prob),
        ] {
            if !(0.0..1.0).contains(&rate) {
                return invalid(field, rate.to_string(), "must lie in [0, 1)");
            }
        }
        let is_plain = self.family() == Family::Bert && self.convolution_width.is_none();
        if !is_plain && self.mask_mode == MaskMode::Head {
            return invalid("mask_mode", "head".to_owned(), "only DNABERT-1 was trained with it");
        }
        match &self.position_embedding_type {
            Some(kind) if kind != "absolute" => {
                invalid("position_embedding_type", kind.clone(), "only absolute is supported")
            }
            _ => Ok(()),
        }
    }
}
