//! Whether an index belongs to a file.

use std::io::{self, BufRead, Seek};

use noodles::fasta::fai;

use super::bytes;

/// The number of records, and of lines in each, that an index is compared with.
const SAMPLES: u64 = 1000;

/// Whether an index is that of the file: names, lengths of lines, line ends, and the end of the file.
/// In an index of many records, some are looked at. The dates of both say little: a file that is
/// unpacked or copied may be older than the index of the one that it replaces.
pub(super) fn fits<R: BufRead + Seek>(index: &fai::Index, file: &mut R) -> io::Result<bool> {
    let records = index.as_ref();
    let step = (records.len() as u64).div_ceil(SAMPLES).max(1) as usize;
    let mut before = 0;
    for (number, record) in records.iter().enumerate() {
        let Some(end) = last_byte(record) else { return Ok(false) };
        let is_last = number + 1 == records.len();
        if (number % step == 0 || is_last) && !fits_record(record, before, end, is_last, file)? {
            return Ok(false);
        }
        before = end;
    }
    Ok(!records.is_empty())
}

/// The byte after the last base of a record; `None` if the numbers are impossible.
fn last_byte(record: &fai::Record) -> Option<u64> {
    let (bases, width) = (record.line_base_count().get(), record.line_width().get());
    let ends = width.checked_sub(bases).filter(|ends| (1..=2).contains(ends))?;
    let lines_before = record.length().saturating_sub(1) / bases;
    let in_lines = record.length().checked_add(lines_before.checked_mul(ends)?)?;
    record.position().checked_add(in_lines)
}

fn fits_record<R: BufRead + Seek>(
    record: &fai::Record,
    before: u64,
    end: u64,
    is_last: bool,
    file: &mut R,
) -> io::Result<bool> {
    // Between the record before and this one there are line ends and the header.
    let Some(length) = record.position().checked_sub(before).filter(|length| *length < 1 << 20)
    else {
        return Ok(false);
    };
    let head = bytes(file, before, length)?;
    let head = head.strip_prefix(b"\r").unwrap_or(&head);
    let head = head.strip_prefix(b"\n").unwrap_or(head);
    let name = head.strip_prefix(b">").and_then(|head| head.strip_suffix(b"\n"));
    let name = name.map(|name| name.strip_suffix(b"\r").unwrap_or(name));
    let Some(name) = name.filter(|name| !name.contains(&b'\n') && !name.contains(&b'\r')) else {
        return Ok(false);
    };
    let name = name.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let is_known = record.name().iter().all(u8::is_ascii_graphic);
    if !is_known || name != AsRef::<[u8]>::as_ref(record.name()) {
        return Ok(false);
    }
    let (bases, width) = (record.line_base_count().get(), record.line_width().get());
    let line_end: &[u8] = if width == bases + 2 { b"\r\n" } else { b"\n" };
    let whole_lines = record.length().saturating_sub(1) / bases;
    let step = whole_lines.div_ceil(SAMPLES).max(1);
    for line in (0..whole_lines).step_by(step as usize).chain(whole_lines.checked_sub(1)) {
        // With a base on either side, of which neither belongs to the line end.
        let found = bytes(file, record.position() + line * width + bases - 1, width - bases + 2)?;
        let is_base = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_whitespace());
        let has_bases = is_base(found.first()) && is_base(found.last());
        if !has_bases || found.get(1..found.len() - 1) != Some(line_end) {
            return Ok(false);
        }
    }
    // After the last base: a line end or the end of the file.
    let after = bytes(file, end, 3)?;
    let is_end = after.iter().all(u8::is_ascii_whitespace);
    Ok(match after.first() {
        None => is_last,
        Some(b'\n' | b'\r') => !is_last || is_end,
        Some(_) => false,
    })
}
