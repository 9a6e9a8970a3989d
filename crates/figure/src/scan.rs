//! The scores of a classifier along a long sequence.

use dnabert_core::Strand;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::FigureError;

const WIDTH: u32 = 1200;
const ROW: u32 = 170;
const TRACK: RGBColor = RGBColor(86, 150, 200);
const CALL: RGBColor = RGBColor(213, 94, 0);
const SITE: RGBColor = RGBColor(40, 40, 40);

/// A score at a base of one strand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanPoint {
    /// The base, 0-based on the forward strand.
    pub position: usize,
    /// The strand that was scored.
    pub strand: Strand,
    /// The score, in [0, 1].
    pub score: f64,
}

/// Maximum number of bases in a row.
const ROW_BASES: usize = 50_000;

/// Draws the scores of a scan over a sequence of `length` bases, with a row for each 50,000 bases.
/// Scores of the forward strand are above the line, those of the reverse strand below it. Calls are
/// triangles, and known sites (position from 0, strand) are bars.
///
/// # Errors
///
/// [`FigureError::Empty`] for a scan without points.
pub fn scan_track(
    points: &[ScanPoint],
    calls: &[ScanPoint],
    sites: &[(usize, Strand)],
    length: usize,
) -> Result<String, FigureError> {
    if points.is_empty() {
        return Err(FigureError::Empty("the scan has no point"));
    }
    let rows = length.div_ceil(ROW_BASES).max(1);
    let mut svg = String::new();
    {
        let size = (WIDTH, ROW * rows as u32 + 30);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let (legend, panels) = root.split_vertically(30);
        name_marks(&legend)?;
        let bases = length.div_ceil(rows);
        for (row, area) in panels.split_evenly((rows, 1)).iter().enumerate() {
            let own = row * bases..((row + 1) * bases).min(length);
            let points: Vec<&ScanPoint> =
                points.iter().filter(|point| own.contains(&point.position)).collect();
            draw(area, &points, calls, sites, own)?;
        }
        root.present()?;
    }
    Ok(svg)
}

/// 1 for the forward strand (up), −1 for the reverse strand.
fn sign(strand: Strand) -> f64 {
    if strand == Strand::Reverse { -1.0 } else { 1.0 }
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    points: &[&ScanPoint],
    calls: &[ScanPoint],
    sites: &[(usize, Strand)],
    bases: std::ops::Range<usize>,
) -> Result<(), FigureError> {
    let mut chart = ChartBuilder::on(area)
        .margin_right(20)
        .margin_top(4)
        .x_label_area_size(24)
        .y_label_area_size(56)
        .build_cartesian_2d(bases.start as f64..bases.end as f64, -1.25..1.25)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .y_desc("− score +")
        .y_labels(3)
        .label_style(("sans-serif", 12))
        .x_label_formatter(&|base| format!("{:.0} kb", base / 1000.0))
        .y_label_formatter(&|score: &f64| format!("{:.0}", score.abs()))
        .draw()?;
    for (position, strand) in sites.iter().filter(|(position, _)| bases.contains(position)) {
        let x = *position as f64;
        let bar = [(x, 0.0), (x, 1.2 * sign(*strand))];
        chart.draw_series([PathElement::new(bar, SITE.stroke_width(2))])?;
    }
    for strand in [Strand::Forward, Strand::Reverse] {
        let track =
            points.iter().filter(|point| point.strand == strand && bases.contains(&point.position));
        let line = track.map(|point| (point.position as f64, sign(strand) * point.score));
        let ends = [bases.start, bases.end].map(|end| (end as f64, 0.0));
        let outline: Vec<_> = ends[..1].iter().copied().chain(line).chain([ends[1]]).collect();
        chart.draw_series([Polygon::new(outline, TRACK.mix(0.75))])?;
    }
    for call in calls.iter().filter(|call| bases.contains(&call.position)) {
        let at = (call.position as f64, 1.12 * sign(call.strand));
        let down = if call.strand == Strand::Reverse { -1 } else { 1 };
        let corners = vec![(0, 5 * down), (-5, -4 * down), (5, -4 * down)];
        chart.draw_series([EmptyElement::at(at) + Polygon::new(corners, CALL.filled())])?;
    }
    Ok(())
}

fn name_marks(area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), FigureError> {
    let style = ("sans-serif", 14).into_font().into_text_style(area);
    let text = |text: &'static str, x: i32| Text::new(text, (x, 9), style.clone());
    area.draw(&Rectangle::new([(60, 10), (80, 20)], TRACK.filled()))?;
    area.draw(&text("score: forward strand up, reverse strand down", 88))?;
    area.draw(&Polygon::new(vec![(450, 21), (445, 11), (455, 11)], CALL.filled()))?;
    area.draw(&text("call", 464))?;
    area.draw(&PathElement::new([(540, 8), (540, 23)], SITE.stroke_width(2)))?;
    area.draw(&text("known site", 550))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sequence_has_a_row_for_each_50_kb() {
        let point = |position, strand, score| ScanPoint { position, strand, score };
        let points: Vec<ScanPoint> = (0..1200)
            .flat_map(|place| {
                [Strand::Forward, Strand::Reverse].map(|strand| point(place * 100, strand, 0.4))
            })
            .collect();
        let calls = [point(70_000, Strand::Forward, 0.9)];
        let svg = scan_track(&points, &calls, &[(70_010, Strand::Forward)], 120_000).unwrap();
        assert!(svg.contains("height=\"540\""), "three rows");
        assert!(svg.contains("known site") && svg.contains("kb"));
        assert!(matches!(scan_track(&[], &[], &[], 1000), Err(FigureError::Empty(_))));
    }
}
