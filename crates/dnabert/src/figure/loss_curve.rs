//! How a masked language model learned.

use std::ops::Range;

use dnabert_train::pretrain::LogLine;
use plotters::prelude::*;

use super::FigureError;

const SIZE: (u32, u32) = (800, 560);
const TRAIN: RGBColor = RGBColor(120, 150, 190);
const HELD_OUT: RGBColor = RGBColor(190, 70, 30);

/// The panel of one value: its name, and points of the training steps and of the evaluations.
struct Panel<'a> {
    name: &'a str,
    train: Vec<(f64, f64)>,
    held_out: Vec<(f64, f64)>,
}

/// Draws the log of a run: above, the loss of the training steps, smoothed, and of the held-out
/// rows; below, the share of held-out tokens that are predicted right.
///
/// # Errors
///
/// [`FigureError::Empty`] for a log without steps.
pub fn loss_curve(log: &[LogLine]) -> Result<String, FigureError> {
    let (mut losses, mut held_out, mut accuracies) = (Vec::new(), Vec::new(), Vec::new());
    for line in log {
        match *line {
            LogLine::Step { step, loss, .. } => losses.push((step as f64, loss)),
            LogLine::HeldOut { step, held_out: found } => {
                held_out.push((step as f64, found.loss));
                accuracies.push((step as f64, found.accuracy));
            }
        }
    }
    let last = losses.last().ok_or(FigureError::Empty("the log has no step"))?.0;
    let loss = Panel { name: "loss per hidden token (nats)", train: smoothed(&losses), held_out };
    let accuracy =
        Panel { name: "hidden tokens predicted right", train: vec![], held_out: accuracies };
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let panels = root.split_evenly((2, 1));
        for (area, panel) in panels.iter().zip([loss, accuracy]) {
            draw(area, &panel, last)?;
        }
        root.present()?;
    }
    Ok(svg)
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    panel: &Panel<'_>,
    last: f64,
) -> Result<(), FigureError> {
    let range = range(panel.train.iter().chain(&panel.held_out).map(|point| point.1));
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(30)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..last, range)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.08))
        .x_desc("optimizer steps")
        .y_desc(panel.name)
        .x_label_formatter(&|step| format!("{step:.0}"))
        .draw()?;
    if !panel.train.is_empty() {
        chart
            .draw_series(LineSeries::new(panel.train.iter().copied(), TRAIN.stroke_width(1)))?
            .label("training, mean of 1 % of the steps")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], TRAIN));
    }
    chart
        .draw_series(LineSeries::new(panel.held_out.iter().copied(), HELD_OUT.stroke_width(2)))?
        .label("held out")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], HELD_OUT.stroke_width(2)));
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).draw()?;
    Ok(())
}

/// Means over stretches of a hundredth of the steps.
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mean = |stretch: &[(f64, f64)]| {
        let count = stretch.len() as f64;
        let sum = stretch.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / count, sum.1 / count)
    };
    points.chunks(points.len().div_ceil(100).max(1)).map(mean).collect()
}

/// What the values span, with some air.
fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return 0.0..1.0;
    }
    let air = ((high - low) * 0.05).max(1e-3);
    low - air..high + air
}

#[cfg(test)]
mod tests {
    use dnabert_train::pretrain::MaskedEvaluation;

    use super::*;

    #[test]
    fn a_log_becomes_lines_and_an_empty_one_an_error() {
        let step = |step| LogLine::Step {
            step,
            loss: 5.0 / step as f64,
            learning_rate: 1e-3,
            gradient_norm: 1.0,
            rows: 4,
            tokens: 100,
            seconds: step as f64,
        };
        let held_out = MaskedEvaluation { loss: 1.0, accuracy: 0.3, perplexity: 2.7, tokens: 90 };
        let mut log: Vec<_> = (1..=300).map(step).collect();
        log.push(LogLine::HeldOut { step: 150, held_out });
        log.push(LogLine::HeldOut { step: 300, held_out });
        let svg = loss_curve(&log).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("held out"), "{svg}");
        assert!(matches!(loss_curve(&[]), Err(FigureError::Empty(_))));
    }
}
