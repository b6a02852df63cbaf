//! Form bodies as bytes: the value of a field before any charset is guessed, since signatures stand on bytes.

/// The value of `name` in an `application/x-www-form-urlencoded` body.
pub(crate) fn field(body: &[u8], name: &str) -> Option<Vec<u8>> {
    let pairs = body.split(|byte| *byte == b'&');
    let mut split = pairs.map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        (&pair[..at], pair.get(at + 1..).unwrap_or_default())
    });
    split.find(|(key, _)| decoded(key) == name.as_bytes()).map(|(_, value)| decoded(value))
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, escaped(after)) {
            (b'%', Some(byte)) => (byte, &after[2..]),
            (b'+', _) => (b' ', after),
            (other, _) => (*other, after),
        };
        out.push(byte);
        rest = after;
    }
    out
}

fn escaped(after: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_found_and_decoded() {
        let body = b"a=1&jsonData=%5B%7B%22x%22%3A+1%7D%5D&empty=&bad=%G1%2";
        assert_eq!(field(body, "jsonData").as_deref(), Some(&b"[{\"x\": 1}]"[..]));
        assert_eq!(field(body, "empty").as_deref(), Some(&b""[..]));
        assert_eq!(field(body, "bad").as_deref(), Some(&b"%G1%2"[..]));
        assert_eq!(field(body, "b"), None);
    }

    proptest! {
        #[test]
        fn what_others_encode_is_decoded(value in "\\PC{0,40}") {
            let body = form_urlencoded::Serializer::new(String::new()).append_pair("k", &value).finish();
            prop_assert_eq!(field(body.as_bytes(), "k"), Some(value.into_bytes()));
        }
    }
}
