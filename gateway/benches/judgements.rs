//! What judging one text costs: microseconds for each judgement and for the whole decision, printed.
//! `cargo bench -p huiliu --bench judgements`.

#![expect(clippy::print_stdout, reason = "a benchmark is run to be read")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use huiliu::directory::Directory;
use huiliu::judgement::accusation;
use huiliu::judgement::place::{self, Clues};
use huiliu::judgement::severity::{self, Evidence};
use huiliu::routing::{self, RoutingFacts};
use huiliu_schemas::private::Private;

const ROUNDS: u32 = 2_000;
const TEXT: &str = "家住江北区庄桥街道天合家园3幢，小区物业长期不打扫楼道，电梯经常故障，困过一位老人，没有人受伤。\
    多次向社区反映没有结果，打街道电话也没人接，业主三十多人联名，望有关部门尽快处理。";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/directory/330205");
    let directory = Directory::load(&root).expect("the shipped directory loads");
    let text = TEXT.repeat(2);
    let facts = RoutingFacts {
        title: Some(Private::new("电梯故障物业不管")),
        address: Some(Private::new("庄桥街道天合家园3幢")),
        texts: vec![Private::new("电梯故障物业不管"), Private::new(text.as_str())],
        ..RoutingFacts::default()
    };
    println!("one text of {} characters, best of 5 × {ROUNDS}:", text.chars().count());
    let address = Clues { address: "庄桥街道天合家园3幢", ..Clues::default() };
    told("where, an address", || drop(black_box(place::judge(black_box(&address), &directory))));
    let running = Clues { texts: &[&text], ..Clues::default() };
    told("where, from the text", || drop(black_box(place::judge(black_box(&running), &directory))));
    told("what, by the shipped words", || {
        drop(black_box(directory.matter.judge("电梯故障物业不管", black_box(&text))));
    });
    let evidence = Evidence { texts: &[&text], told: 1, ..Evidence::default() };
    told("how bad", || drop(black_box(severity::judge(black_box(&evidence), &directory))));
    told("who accuses whom", || drop(black_box(accusation::judge(&[black_box(&text)], None, &directory))));
    told("the whole decision", || drop(black_box(routing::decide(black_box(&facts), &directory))));
}

fn told(what: &str, mut judge: impl FnMut()) {
    let mut best = u128::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        (0..ROUNDS).for_each(|_| judge());
        best = best.min(began.elapsed().as_nanos() / u128::from(ROUNDS));
    }
    println!("  {what}: {}.{} µs", best / 1_000, best % 1_000 / 100);
}
