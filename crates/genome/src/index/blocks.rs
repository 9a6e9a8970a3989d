//! The blocks of a bgzip file.

use std::fs::File;
use std::io;
use std::path::Path;

use noodles::bgzf::gzi;

use super::bytes;

/// The index of the blocks of a bgzip file; by convention it leaves out the first block.
///
/// It is made of the sizes that are in the head and the end of each block (SAM specification,
/// section 4.1), which takes a moment. So no index beside the file is read, which could be old.
pub(super) fn blocks(path: &Path) -> io::Result<gzi::Index> {
    let mut file = io::BufReader::new(File::open(path)?);
    let (mut offsets, mut compressed, mut position) = (Vec::new(), 0_u64, 0_u64);
    let mut length = 0;
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "a block of bgzip is not whole");
    loop {
        let mut head = [0; 18];
        let found = bytes(&mut file, compressed, head.len() as u64)?;
        if found.is_empty() {
            // The last block is an empty one, so that a file that was cut can be told.
            return if length == 0 { Ok(gzi::Index::from(offsets)) } else { Err(invalid()) };
        }
        head.get_mut(..found.len()).ok_or_else(invalid)?.copy_from_slice(&found);
        if found.len() < head.len() || head[..4] != [0x1f, 0x8b, 8, 4] || head[12..14] != *b"BC" {
            return Err(invalid());
        }
        let size = u64::from(u16::from_le_bytes([head[16], head[17]])) + 1;
        let end = bytes(&mut file, compressed + size - 4, 4)?;
        length = u32::from_le_bytes(end.try_into().map_err(|_| invalid())?);
        if compressed > 0 && length > 0 {
            offsets.push((compressed, position));
        }
        compressed += size;
        position += u64::from(length);
    }
}
