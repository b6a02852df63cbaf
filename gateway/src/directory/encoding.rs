//! Reads a file's bytes as text: UTF-8 with or without BOM, else GB18030 as spreadsheets save it.
//! Must never guess silently: bytes that are neither are refused.

/// The text of a file.
pub fn decode(bytes: &[u8]) -> Option<String> {
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bare) {
        return Some(text.to_owned());
    }
    let (text, _, broken) = encoding_rs::GB18030.decode(bytes);
    (!broken).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn reads_what_spreadsheets_save() {
        let gb = encoding_rs::GB18030.encode("庄桥街道").0;
        assert_eq!(decode(&gb).as_deref(), Some("庄桥街道"));
        assert_eq!(decode("\u{feff}庄桥街道".as_bytes()).as_deref(), Some("庄桥街道"));
        assert_eq!(decode("庄桥街道".as_bytes()).as_deref(), Some("庄桥街道"));
        assert_eq!(decode(b"\xff\xff\xff"), None);
    }
}
