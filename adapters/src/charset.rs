//! Bytes as text. What a header says is often a default of a library: the bytes themselves tell more. A broken byte costs the
//! character it was part of, which becomes U+FFFD, and nothing else. Pure.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, GBK, UTF_8};
use serde_json::Value;

use crate::looks::is_han;

/// What stands where bytes were no character, here or at the source.
pub(crate) const REPLACED: char = '\u{fffd}';
/// One character in so many may be broken; in what is no text at all (a workbook, an image) more are.
const BROKEN_ONE_IN: usize = 10;

/// The text of a body, in the declared charset or in whichever of UTF-8 and GB18030 it is; none of what is no text.
pub(crate) fn text<'b>(bytes: &'b [u8], declared: Option<&str>) -> Option<Cow<'b, str>> {
    let read = read(bytes, declared);
    let is_text = read.broken == 0 || read.broken * BROKEN_ONE_IN <= read.text.chars().count();
    is_text.then_some(read.text)
}

/// A system's answer, whatever charset it is in.
pub(crate) fn answer(bytes: &[u8]) -> Cow<'_, str> {
    read(bytes, None).text
}

/// A system's answer in JSON.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&answer(bytes))
}

struct Read<'b> {
    text: Cow<'b, str>,
    /// Characters that could not be read.
    broken: usize,
}

impl<'b> Read<'b> {
    fn lossy(encoding: &'static Encoding, bytes: &'b [u8]) -> Self {
        let (text, broken) = encoding.decode_without_bom_handling(bytes);
        let broken = if broken { text.matches(REPLACED).count() } else { 0 };
        Self { text, broken }
    }

    fn strict(encoding: &'static Encoding, bytes: &'b [u8]) -> Option<Self> {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        Some(Self { text, broken: 0 })
    }

    /// Whether more of it is Chinese than is broken: hardly any text in GB18030 reads so as UTF-8.
    fn is_chinese(&self) -> bool {
        self.text.chars().filter(|c| is_han(*c)).nth(self.broken).is_some()
    }
}

/// Chinese text that is UTF-8 but for a broken byte is UTF-8: other charsets would fit it too, and make other words of it. A
/// charset of single bytes fits any bytes and comes last.
fn read<'b>(bytes: &'b [u8], declared: Option<&str>) -> Read<'b> {
    let bytes = match Encoding::for_bom(bytes) {
        Some((marked, length)) if marked == UTF_8 => &bytes[length..],
        // UTF-16: nothing else begins so.
        Some((marked, length)) => return Read::lossy(marked, &bytes[length..]),
        None => bytes,
    };
    let utf8 = Read::lossy(UTF_8, bytes);
    if utf8.is_chinese() {
        return utf8;
    }
    let declared = declared.and_then(|name| Encoding::for_label(name.as_bytes()));
    // GB2312 and GBK are subsets of GB18030, and upstream systems declare the one and send the other.
    let declared = declared.map(|encoding| if encoding == GBK { GB18030 } else { encoding });
    let likely = declared.filter(|encoding| !encoding.is_single_byte()).into_iter().chain([UTF_8, GB18030]);
    if let Some(whole) = likely.into_iter().find_map(|encoding| Read::strict(encoding, bytes)) {
        return whole;
    }
    let gb18030 = Read::lossy(GB18030, bytes);
    let of_single_bytes = declared.filter(|encoding| encoding.is_single_byte());
    match of_single_bytes.and_then(|encoding| Read::strict(encoding, bytes)) {
        Some(whole) if !gb18030.is_chinese() => whole,
        _ if gb18030.broken < utf8.broken => gb18030,
        _ => utf8,
    }
}
