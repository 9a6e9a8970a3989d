//! ROC and precision-recall curves.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::FigureError;

const SIZE: (u32, u32) = (980, 500);

/// Colours that colour-blind readers can distinguish (Okabe and Ito), the most distinct first.
const COLOURS: [RGBColor; 8] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(110, 110, 110),
    RGBColor(170, 170, 170),
];

/// The curves of one method, or of one class of a method.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingCurve {
    /// The name in the legend.
    pub name: String,
    /// Points of the ROC curve: false positive rate, true positive rate.
    pub roc: Vec<(f64, f64)>,
    /// Area under the ROC curve.
    pub auroc: f64,
    /// Points of the precision-recall curve: recall, precision, in order of increasing recall.
    pub precision_recall: Vec<(f64, f64)>,
    /// Average precision.
    pub auprc: f64,
}

/// Draws ROC curves (left) and precision-recall curves (right). The legend shows the areas.
/// The first curve is the most important one and is drawn over the others.
///
/// # Errors
///
/// [`FigureError::Empty`] without a curve.
pub fn ranking_curves(curves: &[RankingCurve]) -> Result<String, FigureError> {
    if curves.is_empty() {
        return Err(FigureError::Empty("there is no curve"));
    }
    let named = |curve: &RankingCurve, area: f64| format!("{}, {area:.3}", curve.name);
    let roc: Vec<_> =
        curves.iter().map(|curve| (named(curve, curve.auroc), curve.roc.clone())).collect();
    let recall: Vec<_> =
        curves.iter().map(|curve| (named(curve, curve.auprc), steps(curve))).collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let panels = root.split_evenly((1, 2));
        let right = SeriesLabelPosition::LowerRight;
        panel(&panels[0], ["false positive rate", "true positive rate"], &roc, right)?;
        let left = SeriesLabelPosition::LowerLeft;
        panel(&panels[1], ["recall", "precision"], &recall, left)?;
        root.present()?;
    }
    Ok(svg)
}

/// Draws a reliability curve: mean confidence and accuracy of each bin, beside the diagonal of
/// probabilities that are frequencies.
///
/// # Errors
///
/// [`FigureError::Empty`] without a bin.
pub fn reliability_curve(bins: &[(f64, f64)], error: f64) -> Result<String, FigureError> {
    if bins.is_empty() {
        return Err(FigureError::Empty("there is no row"));
    }
    let lines = [
        (format!("expected calibration error {error:.3}"), bins.to_vec()),
        ("frequencies".to_owned(), vec![(0.0, 0.0), (1.0, 1.0)]),
    ];
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (SIZE.0 / 2, SIZE.1)).into_drawing_area();
        root.fill(&WHITE)?;
        panel(&root, ["confidence", "accuracy"], &lines, SeriesLabelPosition::UpperLeft)?;
        root.present()?;
    }
    Ok(svg)
}

/// A precision-recall curve as steps, whose area is the average precision. Each precision applies
/// from the previous recall to its own recall.
fn steps(curve: &RankingCurve) -> Vec<(f64, f64)> {
    let mut before = 0.0;
    let mut points = Vec::with_capacity(2 * curve.precision_recall.len());
    for &(recall, precision) in &curve.precision_recall {
        points.extend([(before, precision), (recall, precision)]);
        before = recall;
    }
    points
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    [x, y]: [&str; 2],
    lines: &[(String, Vec<(f64, f64)>)],
    names: SeriesLabelPosition,
) -> Result<(), FigureError> {
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .x_label_area_size(40)
        .y_label_area_size(50)
        .build_cartesian_2d(0.0..1.0, 0.0..1.02)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.08))
        .x_desc(x)
        .y_desc(y)
        .x_labels(6)
        .y_labels(6)
        .axis_desc_style(("sans-serif", 15))
        .label_style(("sans-serif", 13))
        .x_label_formatter(&|value| format!("{value:.1}"))
        .y_label_formatter(&|value| format!("{value:.1}"))
        .draw()?;
    // The first is the most important one: drawn last, over the others.
    for (place, (name, points)) in lines.iter().enumerate().rev() {
        let colour = COLOURS[place % COLOURS.len()];
        let width = if place == 0 { 3 } else { 2 };
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(width)))?
            .label(name)
            .legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(width))
            });
    }
    chart
        .configure_series_labels()
        .position(names)
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 13))
        .draw()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_in_both_panels() {
        let curve = RankingCurve {
            name: "network".into(),
            roc: vec![(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)],
            auroc: 1.0,
            precision_recall: vec![(1.0, 1.0)],
            auprc: 1.0,
        };
        let svg = ranking_curves(&[curve.clone(), curve]).unwrap();
        assert_eq!(svg.matches("network, 1.000").count(), 4, "{svg}");
        assert!(matches!(ranking_curves(&[]), Err(FigureError::Empty(_))));
        let svg = reliability_curve(&[(0.6, 0.5), (0.9, 0.8)], 0.1).unwrap();
        assert!(svg.contains("expected calibration error 0.100"), "{svg}");
        assert!(matches!(reliability_curve(&[], 0.0), Err(FigureError::Empty(_))));
    }
}
