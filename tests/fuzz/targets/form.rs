//! Bodies: the first line of the input is the content type, the rest the bytes. Every pack decodes them, pushed and pulled,
//! plain and compressed. What is compressed must decode to the same.
#![no_main]

use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use huiliu_adapters::decode::{DecodeError, Limits, Record};
use huiliu_adapters::pack::{Pack, Way};
use huiliu_adapters::verify::{Proof, RawBody, Verified};
use libfuzzer_sys::fuzz_target;

static PACKS: LazyLock<Vec<Pack>> =
    LazyLock::new(|| Pack::built_in().iter().map(|name| Pack::embedded(name).expect("loads")).collect());
const LIMITS: Limits = Limits { body_bytes: 1 << 16, depth: 48, records: 64 };

fuzz_target!(|input: &[u8]| {
    let at = input.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (kind, bytes) = (std::str::from_utf8(&input[..at]).ok(), &input[(at + 1).min(input.len())..]);
    for pack in PACKS.iter() {
        for way in [Way::Push, Way::Pull] {
            let plain = decode(pack, way, kind, None, bytes.to_vec());
            check(&plain);
            let packed = decode(pack, way, kind, Some("gzip"), gzipped(bytes));
            assert_eq!(plain, packed, "{} {way:?}: compression changes what is read", pack.name);
            check(&decode(pack, way, kind, Some("gzip"), bytes.to_vec()));
        }
    }
});

fn decode(
    pack: &Pack,
    way: Way,
    kind: Option<&str>,
    encoding: Option<&str>,
    bytes: Vec<u8>,
) -> Result<Vec<Record>, DecodeError> {
    let raw = RawBody {
        bytes: bytes.into(),
        content_type: kind.map(str::to_owned),
        content_encoding: encoding.map(str::to_owned),
    };
    pack.decode(way, &Verified::vouched(raw, Proof::Stored), LIMITS)
}

fn check(decoded: &Result<Vec<Record>, DecodeError>) {
    match decoded {
        Ok(records) => {
            assert!((1..=LIMITS.records).contains(&records.len()));
            assert!(records.iter().enumerate().all(|(place, record)| record.index == place));
            assert!(records.iter().flat_map(|r| &r.value).all(serde_json::Value::is_object));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory")
}
