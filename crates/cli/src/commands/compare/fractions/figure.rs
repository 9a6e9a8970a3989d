//! The comparison as a figure: a panel for each task, a column for each fraction of the data.

use plotters::coord::Shift;
use plotters::prelude::*;

use dnabert::comparison::Spread;

use super::method::Method;
use super::summary::Block;
use crate::failure::Outcome;

const SIZE: (u32, u32) = (1200, 460);
const COLOURS: [RGBColor; 11] = [
    RGBColor(190, 190, 190),
    RGBColor(165, 165, 165),
    RGBColor(140, 140, 140),
    RGBColor(110, 110, 110),
    RGBColor(120, 150, 190),
    RGBColor(80, 110, 170),
    RGBColor(50, 70, 130),
    RGBColor(240, 200, 120),
    RGBColor(230, 150, 50),
    RGBColor(120, 170, 100),
    RGBColor(190, 50, 30),
];

/// Draws means over seeds. Bars show one standard deviation.
pub(crate) fn draw(blocks: &[Block]) -> Outcome<String> {
    panels(blocks, panel)
}

/// An area to draw on.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws a panel for each task by `panel`, and a legend of colours below.
pub(crate) fn panels(
    blocks: &[Block],
    panel: impl Fn(&Area<'_>, &str, &[&Block]) -> Outcome,
) -> Outcome<String> {
    let mut tasks: Vec<&str> = blocks.iter().map(|block| block.task.as_str()).collect();
    tasks.dedup();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (areas, legend) = root.split_vertically(SIZE.1 - 50);
        for (area, task) in areas.split_evenly((1, tasks.len())).iter().zip(&tasks) {
            let of_task: Vec<&Block> = blocks.iter().filter(|block| block.task == *task).collect();
            panel(area, task, &of_task)?;
        }
        name_colours(&legend, blocks)?;
        root.present()?;
    }
    Ok(svg)
}

fn panel(area: &Area<'_>, task: &str, blocks: &[&Block]) -> Outcome {
    let measure = blocks.first().map_or("", |block| block.measure.name());
    let values =
        blocks.iter().flat_map(|block| block.methods.iter().map(|(_, spread)| spread.mean));
    let lowest = values.fold(1.0, f64::min);
    let low = (lowest * 20.0 - 0.5).floor() / 20.0;
    let mut chart = ChartBuilder::on(area)
        .caption(task, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(50)
        .build_cartesian_2d(-0.5..blocks.len() as f64 - 0.5, low..1.0)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.08))
        .y_desc(format!("{measure} on test"))
        .y_label_formatter(&|value| format!("{value:.2}"))
        .x_labels(0)
        .draw()?;
    for (column, block) in blocks.iter().enumerate() {
        for (place, method) in Method::all().into_iter().enumerate() {
            let found = block.methods.iter().find(|(name, _)| *name == method.name());
            let Some((_, Spread { mean, deviation })) = found else { continue };
            let deviation = deviation.unwrap_or(0.0);
            let x = column as f64 + (place as f64 - 4.5) * 0.09;
            let colour = colour(method);
            let bar = vec![(x, mean - deviation), (x, mean + deviation)];
            chart.draw_series([
                PathElement::new(bar, colour.stroke_width(2)).into_dyn(),
                Circle::new((x, *mean), 4, colour.filled()).into_dyn(),
            ])?;
        }
        let (width, height) = area.dim_in_pixel();
        let inner = f64::from(width) - 70.0;
        let x = 60.0 + inner * (column as f64 + 0.5) / blocks.len() as f64;
        let text = format!("{} % ({} rows)", 100.0 * block.fraction, block.rows);
        let style = ("sans-serif", 12).into_font().into_text_style(area);
        let width = 3 * text.len() as i32;
        area.draw(&Text::new(text, (x as i32 - width, height as i32 - 32), style))?;
    }
    Ok(())
}

/// The colour of a method in every figure.
pub(crate) fn colour(method: Method) -> RGBColor {
    let place = Method::all().into_iter().position(|other| other == method);
    COLOURS[place.unwrap_or_default() % COLOURS.len()]
}

/// Draws the legend: the colours of the methods that were run.
fn name_colours(area: &Area<'_>, blocks: &[Block]) -> Outcome {
    let style = ("sans-serif", 13).into_font().into_text_style(area);
    let was_run = |method: &Method| {
        let names = blocks.iter().flat_map(|block| block.methods.iter().map(|(name, _)| *name));
        names.into_iter().any(|name| name == method.name())
    };
    let mut x = 20;
    for method in Method::all().into_iter().filter(was_run) {
        area.draw(&Circle::new((x, 20), 5, colour(method).filled()))?;
        area.draw(&Text::new(method.name(), (x + 10, 14), style.clone()))?;
        x += 30 + 7 * method.name().len() as i32;
    }
    Ok(())
}
