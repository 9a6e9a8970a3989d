//! How many rows are in a forward pass.

use clap::Args;
use dnabert::BatchSize;

/// How many rows are in a forward pass.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct BatchOptions {
    /// Rows in one forward pass [default: on the CPU, 8 to 32, as the command needs]
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    /// Tokens in one forward pass, padding included, instead of --batch-size [default: on a GPU,
    /// 8192 to 32768, as the command needs]
    #[arg(long, value_name = "TOKENS", conflicts_with = "batch_size", value_parser = clap::value_parser!(u32).range(1..))]
    batch_tokens: Option<u32>,
}

impl BatchOptions {
    /// What was asked for, if anything.
    pub(crate) fn size(self) -> Option<BatchSize> {
        let rows = self.batch_size.map(|rows| BatchSize::Rows(rows as usize));
        rows.or(self.batch_tokens.map(|tokens| BatchSize::Tokens(tokens as usize)))
    }
}
