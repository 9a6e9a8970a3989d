//! Sequence logos (Schneider and Stephens 1990, doi 10.1093/nar/18.20.6097).

use std::fmt::Write as _;

use crate::{Background, Frequencies};

/// Colours of `A C G T` that colour-blind readers tell apart (Okabe and Ito).
const COLOURS: [&str; 4] = ["#009e73", "#0072b2", "#e69f00", "#d55e00"];

/// The letters, drawn in a box of 100 × 100 without any font, so that they can be stretched.
const SHAPES: [&str; 4] = [
    "M0 100 L39 0 H61 L100 100 H79 L71 77 H29 L21 100 Z M35 60 H65 L50 17 Z",
    "M98 33 C93 12 76 0 53 0 C20 0 0 21 0 50 C0 79 20 100 53 100 C76 100 93 88 98 66 L77 62 C73 75 65 82 \
     53 82 C34 82 22 69 22 50 C22 31 34 18 53 18 C65 18 73 24 77 38 Z",
    "M97 30 C91 10 75 0 53 0 C20 0 0 21 0 50 C0 79 20 100 53 100 C73 100 88 93 98 82 V45 H54 V62 H78 V74 C72 \
     79 64 82 54 82 C34 82 22 69 22 50 C22 31 34 18 53 18 C65 18 73 23 76 35 Z",
    "M0 0 H100 V18 H61 V100 H39 V18 H0 Z",
];

const COLUMN: f64 = 26.0;
const HEIGHT: f64 = 110.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 22.0;

/// Draws a motif as a logo, an SVG document: each place as high as the bits that it says over the
/// background, shared by its letters as their frequencies are. The axis reaches to 2 bits, or as far as
/// the highest place does.
pub fn logo(motif: &Frequencies, background: &Background) -> String {
    let information = motif.information(background);
    let most = information.iter().copied().fold(2.0, f64::max);
    let columns = motif.rows().len() as f64;
    let (width, height) = (LEFT + columns * COLUMN + 6.0, TOP + HEIGHT + BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <title>{}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n",
        motif.consensus()
    );
    let y = |bits: f64| TOP + HEIGHT * (1.0 - bits / most);
    for tick in [0.0, 1.0, 2.0] {
        let (at, text) = (y(tick), y(tick) + 4.0);
        let _ = writeln!(
            svg,
            "<path d=\"M{} {at:.1} H{LEFT}\" stroke=\"black\"/><text x=\"{}\" y=\"{text:.1}\" \
             text-anchor=\"end\">{tick}</text>",
            LEFT - 4.0,
            LEFT - 7.0
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {TOP} V{}\" stroke=\"black\"/><text transform=\"translate(12 {}) \
         rotate(-90)\" text-anchor=\"middle\">bits</text>",
        TOP + HEIGHT,
        TOP + HEIGHT / 2.0
    );
    for (place, (row, bits)) in motif.rows().iter().zip(&information).enumerate() {
        let x = LEFT + place as f64 * COLUMN;
        let mut order = [0, 1, 2, 3];
        order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        let mut bottom = TOP + HEIGHT;
        for base in order {
            let tall = row[base] * bits.max(0.0) / most * HEIGHT;
            if tall < 0.4 {
                continue;
            }
            bottom -= tall;
            let _ = writeln!(
                svg,
                "<path transform=\"translate({:.1} {bottom:.2}) scale({:.3} {:.4})\" d=\"{}\" \
                 fill=\"{}\" fill-rule=\"evenodd\"/>",
                x + 1.0,
                (COLUMN - 2.0) / 100.0,
                tall / 100.0,
                SHAPES[base],
                COLOURS[base]
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x + COLUMN / 2.0,
            TOP + HEIGHT + 15.0,
            place + 1
        );
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Counts;

    #[test]
    fn a_sure_place_has_one_letter_and_an_even_one_none() {
        let counts =
            Counts::new(vec![[9.0, 0.0, 0.0, 0.0], [1.0; 4], [0.0, 4.0, 4.0, 0.0]]).unwrap();
        let svg = logo(&counts.frequencies(0.0), &Background::uniform());
        let letters = svg.matches("fill-rule").count();
        assert_eq!(letters, 3);
        assert!(
            svg.contains("scale(0.240 1.1000)") && svg.matches("scale(0.240 0.2750)").count() == 2
        );
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
