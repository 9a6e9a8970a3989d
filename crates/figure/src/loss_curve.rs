//! The loss and accuracy of a pre-training run.

use std::ops::Range;

use plotters::prelude::*;

use crate::FigureError;

const SIZE: (u32, u32) = (800, 560);
const TRAIN: RGBColor = RGBColor(120, 150, 190);
const HELD_OUT: RGBColor = RGBColor(190, 70, 30);

/// The panel of one value: its name, and the points of the training steps and of the evaluations.
struct Panel<'a> {
    name: &'a str,
    train: Vec<(f64, f64)>,
    held_out: Vec<(f64, f64)>,
}

/// The values of a pre-training run, each with the optimizer step at which it was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LossHistory {
    /// Loss of each training step.
    pub train: Vec<(f64, f64)>,
    /// Loss on held-out rows.
    pub held_out: Vec<(f64, f64)>,
    /// Accuracy: the fraction of held-out tokens that were predicted right.
    pub accuracy: Vec<(f64, f64)>,
}

/// Draws a pre-training run. Above: the smoothed loss of the training steps, and the loss on the
/// held-out rows. Below: the fraction of held-out tokens that were predicted right.
///
/// # Errors
///
/// [`FigureError::Empty`] for a run without steps.
pub fn loss_curve(history: &LossHistory) -> Result<String, FigureError> {
    let LossHistory { train, held_out, accuracy } = history;
    let last = train.last().ok_or(FigureError::Empty("the run has no step"))?.0;
    let loss = Panel {
        name: "loss per hidden token (nats)",
        train: smoothed(train),
        held_out: held_out.clone(),
    };
    let accuracy =
        Panel { name: "hidden tokens predicted right", train: vec![], held_out: accuracy.clone() };
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

/// Means over intervals of a hundredth of the steps.
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mean = |stretch: &[(f64, f64)]| {
        let count = stretch.len() as f64;
        let sum = stretch.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / count, sum.1 / count)
    };
    points.chunks(points.len().div_ceil(100).max(1)).map(mean).collect()
}

/// The range of the values, with a margin.
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
    use super::*;

    #[test]
    fn a_run_becomes_lines_and_an_empty_one_an_error() {
        let history = LossHistory {
            train: (1..=300).map(|step| (f64::from(step), 5.0 / f64::from(step))).collect(),
            held_out: vec![(150.0, 1.0), (300.0, 1.0)],
            accuracy: vec![(150.0, 0.3), (300.0, 0.3)],
        };
        let svg = loss_curve(&history).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("held out"), "{svg}");
        assert!(matches!(loss_curve(&LossHistory::default()), Err(FigureError::Empty(_))));
    }
}
