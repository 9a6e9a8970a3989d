//! A report: text, tables and figures in one HTML file, which needs no network.

use std::fmt::Write as _;

use crate::svg::escape;

/// A report to which sections are added.
///
/// ```
/// use dnabert_figure::report::Report;
///
/// let mut report = Report::new("CTCF in GM12878");
/// report.section("Data");
/// report.paragraph("500 peaks & as many other sequences.");
/// report.table(&["split", "rows"], &[vec!["train".into(), "800".into()]]);
/// let html = report.finish();
/// assert!(html.contains("500 peaks &amp; as many") && !html.contains("http://cdn"));
/// ```
#[derive(Debug, Clone)]
pub struct Report {
    title: String,
    sections: Vec<String>,
    body: String,
}

/// The content of a table cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text, as it is.
    Text(String),
    /// An SVG document, which is shown as a figure.
    Svg(String),
}

const STYLE: &str = "body{font-family:sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;\
color:#1a1a1a;line-height:1.45}h1{font-size:1.7em}h2{margin-top:2em;border-bottom:1px solid #ccc}\
table{border-collapse:collapse;margin:1em 0;font-size:.92em}th,td{padding:.3em .7em;text-align:left;\
border-bottom:1px solid #ddd;vertical-align:middle}th{background:#f3f3f3}figure{margin:1.2em 0;overflow-x:auto}\
figcaption{font-size:.92em;color:#444;max-width:60em}nav a{margin-right:1em}svg{max-width:100%;height:auto}\
td svg{max-width:340px}.wide svg{max-width:none}@media print{nav{display:none}}";

impl Report {
    /// An empty report.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), sections: Vec::new(), body: String::new() }
    }

    /// Starts a section.
    pub fn section(&mut self, heading: &str) {
        let number = self.sections.len();
        let _ = writeln!(self.body, "<h2 id=\"s{number}\">{}</h2>", escape(heading));
        self.sections.push(heading.to_owned());
    }

    /// Adds text.
    pub fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escape(text));
    }

    /// Adds a table of text.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<String>]) {
        let cells = |row: &Vec<String>| row.iter().cloned().map(Cell::Text).collect();
        self.table_of_cells(header, &rows.iter().map(cells).collect::<Vec<_>>());
    }

    /// Adds a table of text and figures.
    pub fn table_of_cells(&mut self, header: &[&str], rows: &[Vec<Cell>]) {
        let cell = |cell: &Cell| match cell {
            Cell::Text(text) => format!("<td>{}</td>", escape(text)),
            Cell::Svg(svg) => format!("<td>{svg}</td>"),
        };
        let line = |cells: String| format!("<tr>{cells}</tr>\n");
        let head = header.iter().map(|text| format!("<th>{}</th>", escape(text)));
        let head = line(head.collect());
        let rows = rows.iter().map(|row| line(row.iter().map(cell).collect()));
        let _ = writeln!(self.body, "<table>\n{head}{}</table>", rows.collect::<String>());
    }

    /// Adds a figure (an SVG document) with a caption.
    pub fn figure(&mut self, svg: &str, caption: &str) {
        let caption = escape(caption);
        let _ = writeln!(self.body, "<figure>{svg}<figcaption>{caption}</figcaption></figure>");
    }

    /// As [`figure`](Self::figure), for a figure that is wider than the page: it can be scrolled.
    pub fn wide_figure(&mut self, svg: &str, caption: &str) {
        let caption = escape(caption);
        let _ = writeln!(
            self.body,
            "<figure class=\"wide\">{svg}<figcaption>{caption}</figcaption></figure>"
        );
    }

    /// The complete HTML page.
    pub fn finish(&self) -> String {
        let title = escape(&self.title);
        let links = self.sections.iter().enumerate();
        let links: String = links
            .map(|(at, heading)| format!("<a href=\"#s{at}\">{}</a>", escape(heading)))
            .collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{title}</title><style>{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n\
             <nav>{links}</nav>\n{}</body></html>\n",
            self.body
        )
    }
}
