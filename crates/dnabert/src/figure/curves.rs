//! How well scores rank examples.

use dnabert_train::metric::{auprc, auroc, precision_recall_curve, roc_curve};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::FigureError;
use crate::Scored;

const SIZE: (u32, u32) = (980, 500);

/// Colours that colour-blind readers tell apart (Okabe and Ito), the most telling first.
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

/// One line in both panels.
struct Line {
    name: String,
    scores: Vec<f64>,
    positive: Vec<bool>,
}

/// Draws the ROC curves, left, and the precision-recall curves, right, of some methods on the same
/// task, with the areas beside the names. Of two classes a method has one line, of more one for each
/// class against all others; a method without a name is called by its classes.
///
/// # Errors
///
/// [`FigureError::Empty`] where there is no method, or no positive or negative.
pub fn curves(methods: &[(&str, &Scored)], classes: &[String]) -> Result<String, FigureError> {
    let lines: Vec<Line> =
        methods.iter().flat_map(|(name, scored)| lines(name, scored, classes)).collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let panels = root.split_evenly((1, 2));
        let mut roc = Vec::new();
        let mut recall = Vec::new();
        for line in &lines {
            let Line { name, scores, positive } = line;
            let empty = FigureError::Empty("a class has no example");
            let points = roc_curve(scores, positive).ok_or(empty)?;
            let area = auroc(scores, positive).unwrap_or_default();
            roc.push((format!("{name}, {area:.3}"), points));
            // Steps, whose area is the average precision: up to a recall, the precision there holds.
            let mut before = 0.0;
            let mut points = Vec::new();
            for (recall, precision) in precision_recall_curve(scores, positive).unwrap_or_default()
            {
                points.extend([(before, precision), (recall, precision)]);
                before = recall;
            }
            let area = auprc(scores, positive).unwrap_or_default();
            recall.push((format!("{name}, {area:.3}"), points));
        }
        if lines.is_empty() {
            return Err(FigureError::Empty("there is no method"));
        }
        let middle = SeriesLabelPosition::LowerRight;
        panel(&panels[0], ["false positive rate", "true positive rate"], &roc, middle)?;
        let left = SeriesLabelPosition::LowerLeft;
        panel(&panels[1], ["recall", "precision"], &recall, left)?;
        root.present()?;
    }
    Ok(svg)
}

fn lines(name: &str, scored: &Scored, classes: &[String]) -> Vec<Line> {
    if let Some((scores, positive)) = scored.binary() {
        let name = if name.is_empty() { classes[1].clone() } else { name.to_owned() };
        return vec![Line { name, scores, positive }];
    }
    let of_class = |(class, class_name): (usize, &String)| Line {
        name: if name.is_empty() { class_name.clone() } else { format!("{name}: {class_name}") },
        scores: scored.probabilities.iter().map(|row| row[class]).collect(),
        positive: scored.labels.iter().map(|&label| label == class).collect(),
    };
    classes.iter().enumerate().map(of_class).collect()
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
    fn two_classes_have_a_line_and_three_have_three() {
        let classes = ["no", "yes"].map(str::to_owned);
        let rows = |probabilities: Vec<Vec<f64>>, labels| Scored { probabilities, labels };
        let two = rows(vec![vec![0.9, 0.1], vec![0.2, 0.8]], vec![0, 1]);
        let svg = curves(&[("network", &two), ("floor", &two)], &classes).unwrap();
        assert_eq!(svg.matches("network, 1.000").count(), 2, "{svg}");
        let three = vec![vec![0.8, 0.1, 0.1], vec![0.1, 0.8, 0.1], vec![0.1, 0.1, 0.8]];
        let three = rows(three, vec![0, 1, 2]);
        let names = ["neither", "donor", "acceptor"].map(str::to_owned);
        let svg = curves(&[("", &three)], &names).unwrap();
        assert!(names.iter().all(|name| svg.contains(&format!("{name}, 1.000"))), "{svg}");
        let one = rows(vec![vec![0.9, 0.1]], vec![0]);
        assert!(matches!(curves(&[("", &one)], &classes), Err(FigureError::Empty(_))));
        assert!(matches!(curves(&[], &classes), Err(FigureError::Empty(_))));
    }
}
