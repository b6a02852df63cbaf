//! What mapping one hotline order of 31 fields costs: nanoseconds per record, printed. `cargo bench -p huiliu-adapters`.

use std::hint::black_box;
use std::time::Instant;

use huiliu_adapters::pack::Pack;
use jiff::Timestamp;
use serde_json::Value;

const RECORDS: u32 = 50_000;

fn main() {
    let pack = Pack::embedded("hotline-12345").expect("the built-in pack loads");
    let record: Value =
        serde_json::from_str(include_str!("../packs/hotline-12345/fixtures/order.json")).expect("the fixture is JSON");
    let fields = record.as_object().map_or(0, serde_json::Map::len);
    let mut best = u128::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..RECORDS {
            black_box(pack.map(black_box(&record), &pack.namespace, Timestamp::MAX)).expect("the fixture maps");
        }
        best = best.min(began.elapsed().as_nanos() / u128::from(RECORDS));
    }
    #[expect(clippy::print_stdout, reason = "a benchmark is run to be read")]
    {
        println!("map hotline-12345: {best} ns per record of {fields} fields (best of 5 × {RECORDS})");
    }
}
