//! The same function of every element.

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
    /// e to the power of every element, in place; below 1.2e-38 it is 0.
    pub fn exp(values: &mut [f32]) = exp_body
}

for_each_level! {
    /// GELU by the error function, in place.
    pub fn gelu(values: &mut [f32]) = gelu_body
}

for_each_level! {
    /// GELU by tanh (`gelu_new`), in place.
    pub fn gelu_tanh(values: &mut [f32]) = gelu_tanh_body
}

for_each_level! {
    /// Every negative element becomes 0.
    pub fn relu(values: &mut [f32]) = relu_body
}
