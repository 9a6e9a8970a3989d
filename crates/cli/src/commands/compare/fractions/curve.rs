//! Learning curves: performance by number of training rows.

use plotters::prelude::*;

use dnabert::comparison::Spread;

use super::figure::{Area, colour, panels};
use super::method::Method;
use super::summary::Block;
use crate::failure::Outcome;

/// Draws a line for each method: means over seeds by the number of training rows. Bars show one
/// standard deviation.
pub(crate) fn draw(blocks: &[Block]) -> Outcome<String> {
    panels(blocks, |area, task, blocks| {
        let mut by_rows = blocks.to_vec();
        by_rows.sort_by_key(|block| block.rows);
        panel(area, task, &by_rows)
    })
}

fn panel(area: &Area<'_>, task: &str, blocks: &[&Block]) -> Outcome {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(()) };
    let values =
        blocks.iter().flat_map(|block| block.methods.iter().map(|(_, spread)| spread.mean));
    let lowest = values.fold(1.0, f64::min);
    let low = (lowest * 20.0 - 0.5).floor() / 20.0;
    let rows = (first.rows as f64 * 0.9..last.rows as f64 * 1.1).log_scale();
    let mut chart = ChartBuilder::on(area)
        .caption(task, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(50)
        .build_cartesian_2d(rows.with_key_points(keys(blocks)), low..1.0)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.08))
        .x_desc("training rows")
        .x_label_formatter(&|rows| format!("{rows:.0}"))
        .y_desc(format!("{} on test", first.measure.name()))
        .y_label_formatter(&|value| format!("{value:.2}"))
        .draw()?;
    for method in Method::all() {
        let found = |block: &&&Block| block.methods.iter().any(|(name, _)| *name == method.name());
        let points = blocks.iter().filter(found).filter_map(|block| {
            let (_, spread) = block.methods.iter().find(|(name, _)| *name == method.name())?;
            Some((block.rows as f64, *spread))
        });
        let points: Vec<(f64, Spread)> = points.collect();
        let colour = colour(method);
        let line = points.iter().map(|(rows, spread)| (*rows, spread.mean));
        chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
        for (rows, Spread { mean, deviation }) in points {
            let deviation = deviation.unwrap_or(0.0);
            let bar = vec![(rows, mean - deviation), (rows, mean + deviation)];
            chart.draw_series([
                PathElement::new(bar, colour.stroke_width(1)).into_dyn(),
                Circle::new((rows, mean), 4, colour.filled()).into_dyn(),
            ])?;
        }
    }
    Ok(())
}

/// The numbers of rows that get tick marks on the axis.
fn keys(blocks: &[&Block]) -> Vec<f64> {
    blocks.iter().map(|block| block.rows as f64).collect()
}
