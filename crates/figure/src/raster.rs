//! Converts SVG to PNG, for programs that cannot show vector graphics.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Family, Query};
use resvg::usvg::{Options, Tree};

use crate::FigureError;

/// Fonts for `sans-serif`: the first that the system has. If it has none of them, any font is used.
const SANS_SERIF: [&str; 6] =
    ["DejaVu Sans", "Liberation Sans", "Arial", "Helvetica", "Noto Sans", "Segoe UI"];

/// Draws an SVG document as a PNG file, with `scale` pixels per unit. Text is drawn in a font of
/// the system.
///
/// # Errors
///
/// [`FigureError::Drawing`] if the markup is not SVG, or if the system has no font for its text;
/// [`FigureError::Empty`] if the picture has no pixels.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, FigureError> {
    let failed = |error: &dyn std::fmt::Display| FigureError::Drawing(error.to_string());
    let mut options = Options::default();
    if svg.contains("<text") {
        let fonts = options.fontdb_mut();
        fonts.load_system_fonts();
        let family = family(fonts)
            .ok_or_else(|| FigureError::Drawing("the system has no font to write with".into()))?;
        fonts.set_sans_serif_family(family.clone());
        fonts.set_monospace_family(family);
    }
    let tree = Tree::from_str(svg, &options).map_err(|error| failed(&error))?;
    let size = tree.size().to_int_size().scale_by(scale);
    let mut pixels = size
        .and_then(|size| Pixmap::new(size.width(), size.height()))
        .ok_or(FigureError::Empty("a picture without pixels"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| failed(&error))
}

fn family(fonts: &Database) -> Option<String> {
    let is_there = |name: &&str| {
        let families = [Family::Name(name)];
        fonts.query(&Query { families: &families, ..Query::default() }).is_some()
    };
    let known = SANS_SERIF.iter().find(|name| is_there(name)).map(|name| (*name).to_owned());
    known.or_else(|| Some(fonts.faces().next()?.families.first()?.0.clone()))
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
