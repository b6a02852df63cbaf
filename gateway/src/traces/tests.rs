//! What is recorded and what is not, what is carried on, and that the queue has an end.

use opentelemetry::trace::SpanContext;
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc::Receiver;

use super::*;

const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn recording(share: f64) -> (Traces, Receiver<SpanData>) {
    let (outbox, waiting) = outbox::new();
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
        .with_span_processor(outbox)
        .build();
    (Traces(Some(provider.tracer("test"))), waiting)
}

#[test]
fn without_a_collector_nothing_is_recorded() {
    let off = Traces::default();
    let steps = [
        off.arrival(Some(SAMPLED)).begin("receive"),
        off.begin(SpanKind::Consumer, "receive", SystemTime::now()),
        off.resume(SpanKind::Consumer, "work", Some(SAMPLED)),
    ];
    for step in &steps {
        assert!(!step.is_recorded() && step.header().is_none() && !step.child(SpanKind::Internal, "x").is_recorded());
    }
}

#[test]
fn what_is_not_recorded_does_not_look_at_what_it_is_told() {
    struct Loud;
    impl std::fmt::Display for Loud {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("formatted for nothing")
        }
    }
    Step::default().say(Key::Case, Loud);
}

#[test]
fn a_header_is_continued_only_where_it_is_valid() {
    let check = |header: &str, valid: bool| {
        assert_eq!(carry::read(Some(header)).is_some(), valid, "{header}");
    };
    check(SAMPLED, true);
    check(UNSAMPLED, true);
    check("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", true);
    check("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false);
    check("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false);
    check("00-4bf92f3577b34da6a3ce929d0e0e4736-01", false);
    check("", false);
    check("张三", false);
}

#[test]
fn whoever_began_the_trace_decides_whether_it_is_recorded() {
    let ((all, _all), (few, _few)) = (recording(1.0), recording(f64::MIN_POSITIVE));
    assert!(few.arrival(Some(SAMPLED)).begin("receive").is_recorded());
    assert!(!all.arrival(Some(UNSAMPLED)).begin("receive").is_recorded());
    assert!(all.arrival(Some("nonsense")).begin("receive").is_recorded(), "as if nothing had been said");
    assert!(!few.arrival(None).begin("receive").is_recorded());
    assert!(!all.resume(SpanKind::Consumer, "work", None).is_recorded(), "a message without a header begins no trace");
    assert!(!all.resume(SpanKind::Consumer, "work", Some("nonsense")).is_recorded());
}

#[test]
fn a_step_goes_on_where_its_header_is_read() {
    let (traces, mut waiting) = recording(1.0);
    let received = traces.arrival(Some(SAMPLED)).begin("receive");
    let mut headers = async_nats::HeaderMap::new();
    received.stamp(&mut headers);
    let mut work = traces.resume(SpanKind::Consumer, "work", of_nats(Some(&headers)));
    work.say(Key::Channel, "hotline-12345");
    work.count(Key::Intake, 7u64);
    work.link(Some(SAMPLED));
    work.link(Some("00-11111111111111111111111111111111-00f067aa0ba902b7-01"));
    work.link(Some("00-22222222222222222222222222222222-00f067aa0ba902b7-01"));
    drop((received, work));
    let (received, work) = (waiting.try_recv().expect("a step"), waiting.try_recv().expect("a step"));
    let trace = |context: &SpanContext| context.trace_id().to_string();
    assert_eq!(trace(&received.span_context), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(received.parent_span_id.to_string(), "00f067aa0ba902b7");
    assert_eq!(
        (trace(&work.span_context), work.parent_span_id),
        (trace(&received.span_context), received.span_context.span_id())
    );
    let links: Vec<_> = work.links.iter().map(|link| trace(&link.span_context)).collect();
    assert_eq!(links, ["1".repeat(32)], "one link, and none to itself");
    let said: Vec<_> = work.attributes.iter().map(|said| format!("{}={}", said.key, said.value)).collect();
    assert_eq!(said, ["huiliu.channel=hotline-12345", "huiliu.intake.sequence=7"]);
}

#[test]
fn nobody_waits_for_a_queue_that_is_full() {
    let (traces, waiting) = recording(1.0);
    for _ in 0..waiting.max_capacity() + 10 {
        drop(traces.begin(SpanKind::Consumer, "receive", SystemTime::now()));
    }
    assert_eq!(waiting.len(), waiting.max_capacity());
}

#[test]
fn everything_a_step_may_say_is_documented() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = std::fs::read_to_string(path).expect("the page");
    for key in Key::ALL {
        assert!(page.contains(&format!("`{}`", key.as_str())), "{} is not in docs/operations.md", key.as_str());
    }
}
