#![doc = include_str!("../README.md")]

mod attention;
mod buffer;
mod dropout;
mod elementwise;
mod gradient;
mod level;
mod linear;
mod math;
mod matrix;
mod norm;
mod optimizer;
mod packed;
mod setting;
mod softmax;
mod sums;
mod train_attention;

pub use attention::{Attention, attention};
pub use buffer::Buffer;
pub use dropout::{Kept, apply_mask, draw_mask};
pub use elementwise::{
    exp, gelu, gelu_tanh, multiply, relu, train_gelu, train_gelu_tanh, train_relu,
};
pub use gradient::{column_sums, input_gradient, weight_gradient};
pub use level::Level;
pub use linear::{Weights, convolve, linear};
pub use matrix::Store;
pub use norm::{Norm, add_norm, norm_gradient, train_norm};
pub use optimizer::{AdamWStep, adamw, add, sum_of_squares};
pub use packed::{PackedRows, PackedWeights};
pub use setting::{is_enabled, set_enabled};
pub use softmax::softmax;
pub use train_attention::{KeptWeights, attention_gradient, train_attention, weight_count};
