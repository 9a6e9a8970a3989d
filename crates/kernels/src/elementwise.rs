//! Functions that are applied to every element.

use crate::level::for_each_level;
use crate::math::{self, Arithmetic};

#[inline(always)]
fn exp_body<A: Arithmetic>(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = math::exp::<A>(*value));
}

#[inline(always)]
fn gelu_body<A: Arithmetic>(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = math::gelu::<A>(*value));
}

#[inline(always)]
fn gelu_tanh_body<A: Arithmetic>(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = math::gelu_tanh::<A>(*value));
}

#[inline(always)]
fn relu_body<A: Arithmetic>(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = if *value < 0.0 { 0.0 } else { *value });
}

for_each_level! {
    /// Replaces every element x by eˣ; results below 1.2e-38 become 0.
    pub fn exp(values: &mut [f32]) = exp_body
}

for_each_level! {
    /// Replaces every element by its GELU, with the error function (Hendrycks and Gimpel 2016,
    /// arXiv 1606.08415).
    pub fn gelu(values: &mut [f32]) = gelu_body
}

for_each_level! {
    /// Replaces every element by its GELU in the tanh approximation (`gelu_new`).
    pub fn gelu_tanh(values: &mut [f32]) = gelu_tanh_body
}

for_each_level! {
    /// Replaces every negative element by 0.
    pub fn relu(values: &mut [f32]) = relu_body
}

#[inline(always)]
fn train_gelu_body<A: Arithmetic>(values: &mut [f32], slopes: &mut [f32]) {
    for (value, slope) in values.iter_mut().zip(slopes) {
        *slope = math::gelu_slope::<A>(*value);
        *value = math::gelu::<A>(*value);
    }
}

#[inline(always)]
fn train_gelu_tanh_body<A: Arithmetic>(values: &mut [f32], slopes: &mut [f32]) {
    for (value, slope) in values.iter_mut().zip(slopes) {
        *slope = math::gelu_tanh_slope::<A>(*value);
        *value = math::gelu_tanh::<A>(*value);
    }
}

#[inline(always)]
fn train_relu_body<A: Arithmetic>(values: &mut [f32], slopes: &mut [f32]) {
    for (value, slope) in values.iter_mut().zip(slopes) {
        *slope = if *value > 0.0 { 1.0 } else { 0.0 };
        *value = if *value < 0.0 { 0.0 } else { *value };
    }
}

#[inline(always)]
fn multiply_body<A: Arithmetic>(values: &mut [f32], factors: &[f32]) {
    values.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
}

for_each_level! {
    /// As [`gelu`], and also writes the derivative at every element.
    pub fn train_gelu(values: &mut [f32], slopes: &mut [f32]) = train_gelu_body
}

for_each_level! {
    /// As [`gelu_tanh`], and also writes the derivative at every element.
    pub fn train_gelu_tanh(values: &mut [f32], slopes: &mut [f32]) = train_gelu_tanh_body
}

for_each_level! {
    /// As [`relu`], and also writes the derivative at every element: 0 at 0.
    pub fn train_relu(values: &mut [f32], slopes: &mut [f32]) = train_relu_body
}

for_each_level! {
    /// Multiplies every element by a factor of its own.
    pub fn multiply(values: &mut [f32], factors: &[f32]) = multiply_body
}
