//! L-BFGS (Nocedal 1980, doi 10.2307/2006193) with a backtracking line search.

use std::collections::VecDeque;

/// A smooth function of many numbers.
pub(crate) trait Objective {
    /// Returns the value at `point` and writes the gradient there into `gradient`.
    fn evaluate(&self, point: &[f64], gradient: &mut [f64]) -> f64;
}

/// The number of previous steps that approximate the curvature.
const MEMORY: usize = 10;

/// Stops when the gradient norm falls below this fraction of the first one.
const TOLERANCE: f64 = 1e-6;

struct Curvature {
    step: Vec<f64>,
    change: Vec<f64>,
    scale: f64,
}

/// Minimises `objective` from `point` in at most `steps` steps.
pub(crate) fn minimize(objective: &impl Objective, mut point: Vec<f64>, steps: usize) -> Vec<f64> {
    let mut gradient = vec![0.0; point.len()];
    let mut value = objective.evaluate(&point, &mut gradient);
    let goal = TOLERANCE * dot(&gradient, &gradient).sqrt();
    let mut memory: VecDeque<Curvature> = VecDeque::new();
    for _ in 0..steps {
        if dot(&gradient, &gradient).sqrt() <= goal {
            break;
        }
        let mut direction = descent(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            memory.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        let mut length =
            if memory.is_empty() { 1.0 / dot(&gradient, &gradient).sqrt().max(1.0) } else { 1.0 };
        let mut new_gradient = vec![0.0; point.len()];
        let found = loop {
            let new: Vec<f64> = point.iter().zip(&direction).map(|(p, d)| p + length * d).collect();
            let new_value = objective.evaluate(&new, &mut new_gradient);
            if new_value <= value + 1e-4 * length * slope {
                break Some((new, new_value));
            }
            length /= 2.0;
            if length < 1e-12 {
                break None;
            }
        };
        let Some((new, new_value)) = found else { break };
        let step: Vec<f64> = new.iter().zip(&point).map(|(new, old)| new - old).collect();
        let change: Vec<f64> =
            new_gradient.iter().zip(&gradient).map(|(new, old)| new - old).collect();
        let curved = dot(&step, &change);
        if curved > 0.0 {
            memory.push_back(Curvature { step, change, scale: 1.0 / curved });
            if memory.len() > MEMORY {
                memory.pop_front();
            }
        }
        (point, value, gradient) = (new, new_value, new_gradient);
    }
    point
}

/// Returns the search direction, −H⁻¹ × gradient, by the two-loop recursion.
fn descent(gradient: &[f64], memory: &VecDeque<Curvature>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut weights = Vec::with_capacity(memory.len());
    for Curvature { step, change, scale } in memory.iter().rev() {
        let weight = scale * dot(step, &direction);
        add(&mut direction, change, -weight);
        weights.push(weight);
    }
    if let Some(Curvature { change, scale, .. }) = memory.back() {
        let factor = 1.0 / (scale * dot(change, change));
        direction.iter_mut().for_each(|d| *d *= factor);
    }
    for (Curvature { step, change, scale }, weight) in memory.iter().zip(weights.iter().rev()) {
        let correction = weight - scale * dot(change, &direction);
        add(&mut direction, step, correction);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], what: &[f64], times: f64) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rosenbrock;

    impl Objective for Rosenbrock {
        fn evaluate(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
            let [x, y] = [point[0], point[1]];
            let valley = y - x * x;
            gradient[0] = -2.0 * (1.0 - x) - 400.0 * x * valley;
            gradient[1] = 200.0 * valley;
            (1.0 - x).powi(2) + 100.0 * valley * valley
        }
    }

    #[test]
    fn the_curved_valley_is_walked_to_its_end() {
        let found = minimize(&Rosenbrock, vec![-1.2, 1.0], 200);
        assert!(found.iter().all(|x| (x - 1.0).abs() < 1e-3), "{found:?}");
    }
}
