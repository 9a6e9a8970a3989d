//! SVG as PNG, for programs that take no vectors.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::FigureError;

/// Draws an SVG document as a PNG file, `scale` pixels for each of its units; letters are in a font that the system
/// has.
///
/// # Errors
///
/// [`FigureError::Drawing`] for markup that is no SVG, or a picture without pixels.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, FigureError> {
    let failed = |error: &dyn std::fmt::Display| FigureError::Drawing(error.to_string());
    let mut options = Options::default();
    options.fontdb_mut().load_system_fonts();
    let tree = Tree::from_str(svg, &options).map_err(|error| failed(&error))?;
    let size = tree.size().to_int_size().scale_by(scale);
    let mut pixels = size
        .and_then(|size| Pixmap::new(size.width(), size.height()))
        .ok_or(FigureError::Empty("a picture without pixels"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_size_that_was_asked_for() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\"><rect width=\"40\" \
                   height=\"20\" fill=\"red\"/></svg>";
        let png = png(svg, 2.0).unwrap();
        assert_eq!(png[1..4], *b"PNG");
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (80, 40));
        assert!(super::png("<html>", 1.0).is_err());
    }
}
