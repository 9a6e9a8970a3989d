#![doc = include_str!("../README.md")]

mod attention;
mod elementwise;
mod level;
mod linear;
mod math;
mod matrix;
mod norm;
mod setting;
mod softmax;

pub use attention::{Attention, attention};
pub use elementwise::{exp, gelu, gelu_tanh, relu};
pub use level::Level;
pub use linear::{Weights, convolve, linear};
pub use norm::{Norm, add_norm};
pub use setting::{is_enabled, set_enabled};
pub use softmax::softmax;
