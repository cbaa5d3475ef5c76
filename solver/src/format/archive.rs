//! One file out of a ZIP archive, stored or deflated. Source: PKWARE, APPNOTE 6.3.

/// Largest file unpacked, bytes: some three million triangles of a 3MF.
const UNPACKED_MAX: usize = 256 << 20;
/// Length of the end record, and of the comment that may follow it.
const END: usize = 22;
const COMMENT_MAX: usize = 0xffff;
const END_SIGN: u32 = 0x0605_4b50;
const ENTRY_SIGN: u32 = 0x0201_4b50;
const FILE_SIGN: u32 = 0x0403_4b50;
const STORED: usize = 0;
const DEFLATED: usize = 8;

/// The first file whose name `wanted` admits; in words why not.
pub fn file(bytes: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<u8>, String> {
    let cut = || "it is cut off or no archive".to_string();
    let earliest = bytes.len().saturating_sub(END + COMMENT_MAX);
    let end = (earliest..(bytes.len() + 1).saturating_sub(END))
        .rev()
        .find(|at| number(bytes, *at, 4) == Some(END_SIGN as usize));
    let end = end.ok_or_else(cut)?;
    let n_entries = number(bytes, end + 10, 2).ok_or_else(cut)?;
    let mut at = number(bytes, end + 16, 4).ok_or_else(cut)?;
    for _ in 0..n_entries {
        let field = |offset: usize, length: usize| number(bytes, at.saturating_add(offset), length).ok_or_else(cut);
        if field(0, 4)? != ENTRY_SIGN as usize {
            return Err(cut());
        }
        let (flags, method, packed, unpacked) = (field(8, 2)?, field(10, 2)?, field(20, 4)?, field(24, 4)?);
        let (name, extra, comment, local) = (field(28, 2)?, field(30, 2)?, field(32, 2)?, field(42, 4)?);
        let name_bytes = bytes.get(at.saturating_add(46)..at.saturating_add(46 + name)).ok_or_else(cut)?;
        at = at.saturating_add(46 + name + extra + comment);
        if !std::str::from_utf8(name_bytes).is_ok_and(&wanted) {
            continue;
        }
        if flags & 1 != 0 {
            return Err("it is encrypted".into());
        }
        let too_large = || format!("it unpacks to more than {} MB", UNPACKED_MAX >> 20);
        if unpacked > UNPACKED_MAX {
            return Err(too_large());
        }
        let part = |offset: usize, length: usize| number(bytes, local.saturating_add(offset), length).ok_or_else(cut);
        if part(0, 4)? != FILE_SIGN as usize {
            return Err(cut());
        }
        let start = local.saturating_add(30 + part(26, 2)? + part(28, 2)?);
        let data = start.checked_add(packed).and_then(|stop| bytes.get(start..stop)).ok_or_else(cut)?;
        return match method {
            STORED => Ok(data.to_vec()),
            DEFLATED => {
                // What it says of its size may be a lie.
                let unpack = miniz_oxide::inflate::decompress_to_vec_with_limit(data, UNPACKED_MAX);
                unpack.map_err(|e| match e.status {
                    miniz_oxide::inflate::TINFLStatus::HasMoreOutput => too_large(),
                    _ => "what it packs is damaged".into(),
                })
            }
            _ => Err("it is packed by a method other than deflate".into()),
        };
    }
    Err("it holds no model".into())
}

/// A number in little endian.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = bytes.get(at..at.checked_add(length)?)?;
    Some(digits.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)))
}
