//! Lines of numbers, with the position of errors.

use super::{ParseError, ParseErrorKind};

/// Numbered lines, and the motif that is being read.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    lines: std::iter::Peekable<std::iter::Enumerate<std::str::Lines<'a>>>,
    /// The number of the last line, from 1.
    line: usize,
    /// The motif that errors name.
    pub(super) motif: String,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { lines: text.lines().enumerate().peekable(), line: 0, motif: "-".into() }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let (index, line) = self.lines.find(|(_, line)| !line.trim().is_empty())?;
        self.line = index + 1;
        Some(line.trim())
    }

    /// The next line if it is not blank and the function wants it.
    pub(super) fn next_if(&mut self, wanted: impl Fn(&str) -> bool) -> Option<&'a str> {
        let is_wanted = |line: &str| !line.trim().is_empty() && wanted(line.trim());
        let (index, line) = self.lines.next_if(|(_, line)| is_wanted(line))?;
        self.line = index + 1;
        Some(line.trim())
    }

    /// As [`next`](Self::next), inside a motif, where the end of the text is an error.
    pub(super) fn expect(&mut self) -> Result<&'a str, ParseError> {
        self.next().ok_or_else(|| self.error(ParseErrorKind::End))
    }

    pub(super) fn error(&self, kind: impl Into<ParseErrorKind>) -> ParseError {
        ParseError { line: self.line, motif: self.motif.clone(), kind: kind.into() }
    }

    /// The identifier and name of a motif whose first line, `>ID name`, was read last; errors name
    /// the motif from then on.
    pub(super) fn header(&mut self, line: &str) -> Result<(String, String), ParseError> {
        let Some(header) = line.strip_prefix('>') else {
            let found = line.to_owned();
            return Err(self.error(ParseErrorKind::Expected { found, expected: ">ID name" }));
        };
        let (id, name) = names(header);
        self.motif.clone_from(&id);
        Ok((id, name))
    }

    /// Parses parts of the last line as numbers.
    pub(super) fn numbers<'b>(
        &self,
        parts: impl Iterator<Item = &'b str>,
    ) -> Result<Vec<f64>, ParseError> {
        let number = |part: &str| {
            part.parse().map_err(|_| self.error(ParseErrorKind::Number(part.to_owned())))
        };
        parts.map(number).collect()
    }

    /// Parses parts of the last line as four numbers.
    pub(super) fn four<'b>(
        &self,
        parts: impl Iterator<Item = &'b str>,
    ) -> Result<[f64; 4], ParseError> {
        let numbers = self.numbers(parts)?;
        let found = numbers.len();
        numbers.try_into().map_err(|_| self.error(ParseErrorKind::Numbers { found, expected: 4 }))
    }
}

/// The number of sites of a matrix of frequencies that does not give it, as in the programs of MEME.
pub(super) const DEFAULT_SITES: f64 = 20.0;

/// Whether a line has numbers only.
pub(super) fn is_numbers(line: &str) -> bool {
    line.split_whitespace().all(|part| part.parse::<f64>().is_ok())
}

/// The identifier and name of a header: its first two words, or the first one twice.
pub(super) fn names(header: &str) -> (String, String) {
    let mut words = header.split_whitespace();
    let id = words.next().unwrap_or_default();
    (id.to_owned(), words.next().unwrap_or(id).to_owned())
}
