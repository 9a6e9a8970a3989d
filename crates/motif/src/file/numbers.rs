//! Lines of numbers, with the place of what is wrong.

use super::{ParseError, ParseErrorKind};

/// Lines with their numbers, and the motif that is being read.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    /// The line last given, from 1.
    line: usize,
    /// The motif that errors name.
    pub(super) motif: String,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { lines: text.lines().enumerate(), line: 0, motif: "-".into() }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let (index, line) = self.lines.find(|(_, line)| !line.trim().is_empty())?;
        self.line = index + 1;
        Some(line.trim())
    }

    /// As [`next`](Self::next), within a motif.
    pub(super) fn expect(&mut self) -> Result<&'a str, ParseError> {
        self.next().ok_or_else(|| self.error(ParseErrorKind::End))
    }

    pub(super) fn error(&self, kind: impl Into<ParseErrorKind>) -> ParseError {
        ParseError { line: self.line, motif: self.motif.clone(), kind: kind.into() }
    }

    /// The numbers of a part of the line last given.
    pub(super) fn numbers<'b>(
        &self,
        parts: impl Iterator<Item = &'b str>,
    ) -> Result<Vec<f64>, ParseError> {
        let number = |part: &str| {
            part.parse().map_err(|_| self.error(ParseErrorKind::Number(part.to_owned())))
        };
        parts.map(number).collect()
    }

    /// Four numbers of a part of the line last given.
    pub(super) fn four<'b>(
        &self,
        parts: impl Iterator<Item = &'b str>,
    ) -> Result<[f64; 4], ParseError> {
        let numbers = self.numbers(parts)?;
        let found = numbers.len();
        numbers.try_into().map_err(|_| self.error(ParseErrorKind::Numbers { found, expected: 4 }))
    }
}

/// The first word of a header, and the second or else the first again.
pub(super) fn names(header: &str) -> (String, String) {
    let mut words = header.split_whitespace();
    let id = words.next().unwrap_or_default();
    (id.to_owned(), words.next().unwrap_or(id).to_owned())
}
