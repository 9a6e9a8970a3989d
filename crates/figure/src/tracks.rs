//! Scores of bases, drawn over the letters of one sequence.

use std::ops::Range;

use dnabert_core::Sequence;

use crate::FigureError;
use crate::svg::{Anchor, Svg};

/// One track of scores.
#[derive(Debug, Clone, Copy)]
pub struct BaseTrack<'a> {
    /// Its name.
    pub name: &'a str,
    /// A score for each base.
    pub scores: &'a [f64],
}

/// A marked site.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Its bases.
    pub bases: Range<usize>,
    /// Its name.
    pub name: String,
}

const BASE: f64 = 9.0;
const ROW: f64 = 54.0;
const LEFT: f64 = 200.0;
const TOP: f64 = 34.0;

/// The colours of bars above and below 0.
const UP: &str = "#0072b2";
const DOWN: &str = "#cc79a7";
const MARK: &str = "#e69f00";
const COLOURS: [(u8, &str); 4] =
    [(b'A', "#009e73"), (b'C', "#0072b2"), (b'G', "#b87700"), (b'T', "#d55e00")];

/// Draws tracks over the letters of a sequence, one below the other. Sites are marked across all
/// tracks.
///
/// # Errors
///
/// [`FigureError::Empty`] without bases or tracks.
///
/// # Panics
///
/// If a track does not have one score for each base.
pub fn base_tracks(
    title: &str,
    sequence: &Sequence,
    tracks: &[BaseTrack<'_>],
    marks: &[Mark],
) -> Result<String, FigureError> {
    if sequence.is_empty() || tracks.is_empty() {
        return Err(FigureError::Empty("a sequence without bases or tracks"));
    }
    assert!(
        tracks.iter().all(|track| track.scores.len() == sequence.len()),
        "a score for each base"
    );
    let width = LEFT + sequence.len() as f64 * BASE + 16.0;
    let letters = TOP + tracks.len() as f64 * ROW + 14.0;
    let mut svg = Svg::new(width, letters + 30.0);
    svg.text([LEFT, 14.0], 13, Anchor::Start, title);
    for mark in marks {
        let (start, length) = (mark.bases.start as f64, mark.bases.len() as f64);
        let area = [LEFT + start * BASE, TOP - 4.0, length * BASE, letters - TOP + 8.0];
        svg.raw("<g fill-opacity=\"0.22\">");
        svg.rectangle(area, MARK);
        svg.raw("</g>\n");
        svg.text([LEFT + (start + length / 2.0) * BASE, TOP - 7.0], 11, Anchor::Middle, &mark.name);
    }
    for (index, track) in tracks.iter().enumerate() {
        draw(&mut svg, track, TOP + index as f64 * ROW);
    }
    for (base, letter) in sequence.as_bytes().iter().enumerate() {
        let colour =
            COLOURS.iter().find(|(base, _)| base == letter).map_or("#888888", |found| found.1);
        let x = LEFT + (base as f64 + 0.5) * BASE;
        svg.raw(&format!("<g fill=\"{colour}\" font-family=\"monospace\" font-weight=\"bold\">"));
        svg.text([x, letters], 11, Anchor::Middle, &char::from(*letter).to_string());
        svg.raw("</g>\n");
        if base % 10 == 0 {
            svg.text([x, letters + 16.0], 10, Anchor::Middle, &base.to_string());
        }
    }
    Ok(svg.finish(title))
}

fn draw(svg: &mut Svg, track: &BaseTrack<'_>, top: f64) {
    let height = ROW - 12.0;
    let least = track.scores.iter().copied().fold(0.0, f64::min);
    let most = track.scores.iter().copied().fold(0.0, f64::max);
    let range = if most > least { most - least } else { 1.0 };
    let y = |score: f64| top + height * (1.0 - (score - least) / range);
    for (base, &score) in track.scores.iter().enumerate() {
        let (above, below) = (y(score.max(0.0)), y(score.min(0.0)));
        let bar = [LEFT + base as f64 * BASE + 0.8, above, BASE - 1.6, below - above];
        svg.rectangle(bar, if score < 0.0 { DOWN } else { UP });
    }
    let end = LEFT + track.scores.len() as f64 * BASE;
    svg.line([LEFT, y(0.0), end, y(0.0)], "#444444");
    svg.text([LEFT - 40.0, top + height / 2.0 + 4.0], 12, Anchor::End, track.name);
    let number = |value: f64| format!("{value:.1}");
    svg.text([LEFT - 6.0, top + 9.0], 10, Anchor::End, &number(most));
    svg.text([LEFT - 6.0, top + height], 10, Anchor::End, &number(least));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_has_a_letter_and_a_bar() {
        let sequence: Sequence = "ACGTN".parse().unwrap();
        let scores = [1.0, -0.5, 0.0, 2.0, 0.1];
        let track = BaseTrack { name: "attention", scores: &scores };
        let mark = Mark { bases: 1..3, name: "CTCF +".into() };
        let svg = base_tracks("chr1:1-5", &sequence, &[track, track], &[mark]).unwrap();
        assert_eq!(svg.matches("font-family=\"monospace\"").count(), 5);
        assert_eq!(svg.matches(DOWN).count(), 2);
        assert!(svg.contains("CTCF +"));
        assert!(base_tracks("", &sequence, &[], &[]).is_err());
    }
}
