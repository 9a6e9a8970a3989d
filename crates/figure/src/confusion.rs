//! The confusion matrix.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::FigureError;

/// Side of a square in pixels, and space for names.
const SIDE: i32 = 110;
const LEFT: i32 = 130;
const TOP: i32 = 60;

/// Draws a confusion matrix. `counts[t][p]` is the number of examples of the true class `t` that
/// were predicted as class `p`. The shade of a square is its fraction of the row.
///
/// # Errors
///
/// [`FigureError::Empty`] without classes.
pub fn confusion(counts: &[Vec<usize>], classes: &[String]) -> Result<String, FigureError> {
    if counts.is_empty() || classes.len() != counts.len() {
        return Err(FigureError::Empty("there are no classes"));
    }
    let side = counts.len() as i32 * SIDE;
    let size = ((LEFT + side + 20) as u32, (TOP + side + 20) as u32);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let text = |size: i32, colour: RGBColor, horizontal| {
            ("sans-serif", size).into_font().color(&colour).pos(Pos::new(horizontal, VPos::Center))
        };
        let draw = |label: String, x: i32, y: i32, style: TextStyle<'_>| {
            root.draw(&Text::new(label, (x, y), style))
        };
        draw("predicted".into(), LEFT + side / 2, 16, text(14, BLACK, HPos::Center))?;
        draw("true".into(), 12, TOP - 20, text(14, BLACK, HPos::Left))?;
        for (row, counts) in counts.iter().enumerate() {
            let middle = TOP + row as i32 * SIDE + SIDE / 2;
            draw(classes[row].clone(), LEFT - 12, middle, text(15, BLACK, HPos::Right))?;
            let centre = LEFT + row as i32 * SIDE + SIDE / 2;
            draw(classes[row].clone(), centre, TOP - 20, text(15, BLACK, HPos::Center))?;
            let all = counts.iter().sum::<usize>().max(1) as f64;
            for (column, &count) in counts.iter().enumerate() {
                let (x, y) = (LEFT + column as i32 * SIDE, TOP + row as i32 * SIDE);
                let share = count as f64 / all;
                let shade = |light: f64, dark: f64| (light + (dark - light) * share) as u8;
                let fill = RGBColor(shade(247.0, 0.0), shade(250.0, 80.0), shade(252.0, 150.0));
                let square = [(x + 1, y + 1), (x + SIDE - 1, y + SIDE - 1)];
                root.draw(&Rectangle::new(square, fill.filled()))?;
                let ink = if share > 0.5 { WHITE } else { BLACK };
                let (x, y) = (x + SIDE / 2, y + SIDE / 2);
                draw(count.to_string(), x, y - 8, text(18, ink, HPos::Center))?;
                let percent = format!("{:.1} %", 100.0 * share);
                draw(percent, x, y + 14, text(13, ink, HPos::Center))?;
            }
        }
        root.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_stands_in_its_square() {
        let matrix = [vec![2, 1], vec![0, 2]];
        let classes = ["other", "promoter"].map(str::to_owned);
        let svg = confusion(&matrix, &classes).unwrap();
        for text in ["other", "promoter", "66.7 %", "100.0 %", "33.3 %"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert!(matches!(confusion(&matrix, &[]), Err(FigureError::Empty(_))));
    }
}
