//! Sequence logos (Schneider and Stephens 1990, doi 10.1093/nar/18.20.6097).

use std::fmt::Write as _;

use crate::{Background, FrequencyMatrix};

/// Colours of `A C G T` that colour-blind readers can distinguish (Okabe and Ito 2008).
const COLOURS: [&str; 4] = ["#009e73", "#0072b2", "#e69f00", "#d55e00"];

/// The outlines of the letters in a box of 100 × 100; unlike text, they can be stretched.
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

/// Draws the sequence logo of a motif as an SVG document.
///
/// The height of a position is its information over the background in bits, divided among the
/// letters by frequency. The axis reaches to 2 bits, or to the highest position if that is higher.
///
/// ```
/// use dnabert_motif::{Background, CountMatrix, logo};
///
/// let sites = ["TATAAA", "TATATA"].map(|site| site.parse().unwrap());
/// let motif = CountMatrix::from_sites(&sites)?.frequencies(0.25);
/// let svg = logo(&motif, &Background::uniform());
/// assert!(svg.starts_with("<svg"));
/// # Ok::<(), dnabert_motif::MatrixError>(())
/// ```
pub fn logo(motif: &FrequencyMatrix, background: &Background) -> String {
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
    use crate::CountMatrix;

    #[test]
    fn a_certain_position_has_one_letter_and_a_uniform_one_none() {
        let counts =
            CountMatrix::new(vec![[9.0, 0.0, 0.0, 0.0], [1.0; 4], [0.0, 4.0, 4.0, 0.0]]).unwrap();
        let svg = logo(&counts.frequencies(0.0), &Background::uniform());
        let letters = svg.matches("fill-rule").count();
        assert_eq!(letters, 3);
        assert!(
            svg.contains("scale(0.240 1.1000)") && svg.matches("scale(0.240 0.2750)").count() == 2
        );
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
