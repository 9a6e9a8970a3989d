//! Tables and inputs: no panic; the same rows and line numbers with other line ends.
#![no_main]

use dnabert_fuzz::{as_dos, write};
use dnabert_tasks::{TableFormat, read_examples, read_inputs};
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8]) -> Option<String> {
    let path = write("x", bytes);
    let format = TableFormat::default();
    let classes = ["0", "1", "site"].map(str::to_owned);
    let examples = read_examples(&path, &format, &classes).ok();
    let pairs = TableFormat { pairs: true, ..format };
    let pairs = read_examples(&path, &pairs, &classes).ok();
    let inputs: Option<Vec<_>> =
        read_inputs(&path, &format).ok().and_then(|inputs| inputs.collect::<Result<_, _>>().ok());
    Some(format!("{examples:?} {pairs:?} {inputs:?}"))
}

fuzz_target!(|data: &[u8]| {
    let found = read(data);
    // A quoted field may contain line ends, which are then part of it.
    if let Some(dos) = as_dos(data).filter(|_| !data.contains(&b'"')) {
        assert_eq!(read(&dos), found);
    }
});
