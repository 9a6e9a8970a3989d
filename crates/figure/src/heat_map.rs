//! Heat maps: rows of numbers as colours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::FigureError;
use crate::svg::{Anchor, Svg};

/// A heat map: rows of values, from top to bottom.
#[derive(Debug, Clone, Copy)]
pub struct HeatMap<'a> {
    /// The title above it.
    pub title: &'a str,
    /// Named groups of rows, with space between them. A row that is shorter than the longest is
    /// white at its end. Values that are not finite are white.
    pub groups: &'a [(&'a str, Vec<Vec<f64>>)],
}

/// The labels of the axes of heat maps.
#[derive(Debug, Clone, Copy)]
pub struct HeatAxes<'a> {
    /// The label below the maps.
    pub columns: &'a str,
    /// The column that counts as 0.
    pub origin: usize,
    /// The label below the colour scale.
    pub values: &'a str,
    /// A name for each row, instead of the names of groups.
    pub row_names: Option<&'a [String]>,
}

/// Width and height of a map in pixels.
const MAP: [f64; 2] = [250.0, 380.0];
/// Space for the names of groups, and for those of rows.
const LEFT: f64 = 84.0;
const LEFT_NAMES: f64 = 130.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 86.0;
const GAP: f64 = 26.0;

/// Space between groups, in pixels of the map's height.
const BETWEEN: f64 = 8.0;

/// Maximum number of rows of a group. If there are more, neighbouring rows are averaged.
const MOST_ROWS: usize = 400;

/// Draws heat maps side by side. Each has its own colour scale, from the 1st to the 99th percentile
/// of its values. The cells are an image in the SVG, so that the file stays small even with
/// thousands of rows.
///
/// # Errors
///
/// [`FigureError::Empty`] for a map without values.
pub fn heat_maps(maps: &[HeatMap<'_>], axes: &HeatAxes<'_>) -> Result<String, FigureError> {
    let count = maps.len() as f64;
    let left = if axes.row_names.is_some() { LEFT_NAMES } else { LEFT };
    let width = left + count * MAP[0] + (count - 1.0).max(0.0) * GAP + 20.0;
    let mut svg = Svg::new(width, TOP + MAP[1] + BOTTOM);
    for (index, map) in maps.iter().enumerate() {
        let x = left + index as f64 * (MAP[0] + GAP);
        draw(&mut svg, map, axes, x, index == 0)?;
    }
    let title = maps.iter().map(|map| map.title).collect::<Vec<_>>().join(", ");
    Ok(svg.finish(&title))
}

fn draw(
    svg: &mut Svg,
    map: &HeatMap<'_>,
    axes: &HeatAxes<'_>,
    x: f64,
    is_first: bool,
) -> Result<(), FigureError> {
    let groups: Vec<(&str, Vec<Vec<f64>>)> =
        map.groups.iter().map(|(name, rows)| (*name, averaged(rows))).collect();
    let values = || map.groups.iter().flat_map(|(_, rows)| rows.iter().flatten().copied());
    let mut sorted: Vec<f64> = values().filter(|value| value.is_finite()).collect();
    if sorted.is_empty() {
        return Err(FigureError::Empty("a heat map without values"));
    }
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let (low, high) = (at(0.01), at(0.99));
    let columns =
        map.groups.iter().flat_map(|(_, rows)| rows.iter().map(Vec::len)).max().unwrap_or(1);
    let rows: usize = map.groups.iter().map(|(_, rows)| rows.len()).sum();
    let air = BETWEEN * (groups.len() as f64 - 1.0);
    let row_height = (MAP[1] - air) / rows.max(1) as f64;
    let middle = x + MAP[0] / 2.0;
    svg.text([middle, TOP - 10.0], 14, Anchor::Middle, map.title);
    let mut y = TOP;
    for ((name, cells), (_, all)) in groups.iter().zip(map.groups) {
        let height = all.len() as f64 * row_height;
        svg.raw(&image(cells, columns, [low, high], [x, y, MAP[0], height])?);
        if is_first && axes.row_names.is_none() {
            svg.upward_text([x - 38.0, y + height / 2.0], 13, name);
            svg.text([x - 8.0, y + 11.0], 11, Anchor::End, "1");
            svg.text([x - 8.0, y + height - 2.0], 11, Anchor::End, &all.len().to_string());
        }
        y += height + BETWEEN;
    }
    if let (true, Some(names)) = (is_first, axes.row_names) {
        for (row, name) in names.iter().enumerate() {
            let at = TOP + (row as f64 + 0.5) * row_height + 4.0;
            svg.text([x - 8.0, at], 11, Anchor::End, name);
        }
    }
    let bottom = TOP + MAP[1];
    let place = |column: f64| x + (column + 0.5) / columns as f64 * MAP[0];
    for tick in ticks(axes.origin, columns) {
        let at = place(tick as f64 + axes.origin as f64);
        svg.line([at, bottom, at, bottom + 5.0], "black");
        svg.text([at, bottom + 17.0], 11, Anchor::Middle, &tick.to_string());
    }
    svg.text([middle, bottom + 33.0], 12, Anchor::Middle, axes.columns);
    scale(svg, [low, high], [x + 40.0, bottom + 44.0], axes.values);
    Ok(())
}

/// Round numbers of columns, relative to the origin.
fn ticks(origin: usize, columns: usize) -> Vec<isize> {
    let step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000]
        .into_iter()
        .find(|step| columns / step <= 6)
        .unwrap_or(10_000) as isize;
    let (first, last) = (-(origin as isize), columns as isize - origin as isize);
    (first..last).filter(|tick| tick % step == 0).collect()
}

fn scale(svg: &mut Svg, [low, high]: [f64; 2], [x, y]: [f64; 2], name: &str) {
    const WIDTH: f64 = 170.0;
    for step in 0..50 {
        let [r, g, b] = colour(f64::from(step) / 49.0);
        let fill = format!("rgb({r},{g},{b})");
        svg.rectangle([x + f64::from(step) * WIDTH / 50.0, y, WIDTH / 50.0 + 0.4, 8.0], &fill);
    }
    svg.text([x - 5.0, y + 8.0], 11, Anchor::End, &short(low));
    svg.text([x + WIDTH + 5.0, y + 8.0], 11, Anchor::Start, &short(high));
    svg.text([x + WIDTH / 2.0, y + 24.0], 12, Anchor::Middle, name);
}

fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Averages neighbouring rows, if there are more than can be seen.
fn averaged(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let together = rows.len().div_ceil(MOST_ROWS).max(1);
    let mean = |rows: &[Vec<f64>]| {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let of_column = |column: usize| {
            let values = rows.iter().filter_map(|row| row.get(column));
            let values: Vec<f64> = values.copied().filter(|value| value.is_finite()).collect();
            if values.is_empty() {
                f64::NAN
            } else {
                values.iter().sum::<f64>() / values.len() as f64
            }
        };
        (0..columns).map(of_column).collect()
    };
    rows.chunks(together).map(mean).collect()
}

/// Minimum size of an image in pixels. Each cell is drawn as several pixels, because some programs
/// that show SVG blur the edges of enlarged pixels.
const LEAST_PIXELS: usize = 400;

/// Number of colours of an image. The last one is white, for missing values.
const COLOURS: usize = 256;

/// Rows as an image in a rectangle.
fn image(
    rows: &[Vec<f64>],
    columns: usize,
    [low, high]: [f64; 2],
    [x, y, width, height]: [f64; 4],
) -> Result<String, FigureError> {
    if rows.is_empty() {
        return Ok(String::new());
    }
    let range = if high > low { high - low } else { 1.0 };
    let steps = (COLOURS - 2) as f64;
    let pixel = |value: Option<&f64>| match value {
        Some(value) if value.is_finite() => {
            (((value - low) / range).clamp(0.0, 1.0) * steps).round() as u8
        }
        _ => (COLOURS - 1) as u8,
    };
    let mut palette: Vec<u8> =
        (0..COLOURS - 1).flat_map(|step| colour(step as f64 / steps)).collect();
    palette.extend([255; 3]);
    let (wide, tall) = (LEAST_PIXELS.div_ceil(columns), LEAST_PIXELS.div_ceil(rows.len()));
    let mut pixels: Vec<u8> = Vec::new();
    for row in rows {
        let line: Vec<u8> =
            (0..columns).flat_map(|column| vec![pixel(row.get(column)); wide]).collect();
        (0..tall).for_each(|_| pixels.extend(&line));
    }
    let mut bytes = Vec::new();
    let failed = |error: png::EncodingError| FigureError::Drawing(error.to_string());
    let mut encoder =
        png::Encoder::new(&mut bytes, (columns * wide) as u32, (rows.len() * tall) as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette);
    // Every cell has many equal lines. So with this filter, which stores the difference to the line
    // above, most lines are zeros.
    encoder.set_filter(png::Filter::Up);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(format!(
        "<image x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" \
         preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
         href=\"data:image/png;base64,{}\"/>\n",
        STANDARD.encode(bytes)
    ))
}

/// Ten colours of Viridis (van der Walt and Smith, CC0). Their order is visible to colour-blind
/// readers and in grey prints.
const VIRIDIS: [[f64; 3]; 10] = [
    [68.0, 1.0, 84.0],
    [72.0, 40.0, 120.0],
    [62.0, 74.0, 137.0],
    [49.0, 104.0, 142.0],
    [38.0, 130.0, 142.0],
    [31.0, 158.0, 137.0],
    [53.0, 183.0, 121.0],
    [109.0, 205.0, 89.0],
    [180.0, 222.0, 44.0],
    [253.0, 231.0, 37.0],
];

/// The colour of a fraction from 0 to 1.
fn colour(share: f64) -> [u8; 3] {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let left = (place as usize).min(VIRIDIS.len() - 2);
    let part = place - left as f64;
    std::array::from_fn(|at| {
        (VIRIDIS[left][at] * (1.0 - part) + VIRIDIS[left + 1][at] * part).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_stand_side_by_side_and_many_rows_are_averaged() {
        let rows = |count: usize| -> Vec<Vec<f64>> {
            (0..count).map(|row| (0..50).map(|base| (row * base) as f64).collect()).collect()
        };
        let groups = [("bound", rows(1000)), ("unbound", rows(5))];
        let map = HeatMap { title: "a < b", groups: &groups };
        let axes = HeatAxes { columns: "base", origin: 25, values: "score", row_names: None };
        let svg = heat_maps(&[map, map], &axes).unwrap();
        assert_eq!(svg.matches("data:image/png").count(), 4);
        assert!(svg.contains("a &lt; b") && svg.contains(">unbound<") && svg.contains(">1000<"));
        assert_eq!(averaged(&rows(1000)).len(), 334);
        let empty = HeatMap { title: "", groups: &[] };
        assert!(matches!(heat_maps(&[empty], &axes), Err(FigureError::Empty(_))));
    }

    #[test]
    fn ticks_count_from_the_origin() {
        assert_eq!(ticks(50, 101), [-40, -20, 0, 20, 40]);
        assert_eq!(ticks(0, 7), [0, 2, 4, 6]);
    }
}
