//! Numbers by which a record joins or names other cases.

use huiliu_schemas::SourceId;
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::{FieldProblem, Submission};
use serde_json::Value;

use super::digits::half_width;
use super::field::as_text;
use super::path::Path;
use super::run::{holds, is_number, of_its_series};
use super::{Link, Map};
use crate::looks::{is_rounded, is_surely_phone};
use crate::order_number::{self, holds_phone, is_order_number};

pub(super) fn add_links(s: &mut Submission, map: &Map, record: &Value) {
    let own = &s.source;
    let (mut aliases, mut related) = (Vec::new(), Vec::new());
    map.aliases.iter().for_each(|link| find_links(link, record, own, &mut aliases, &mut s.problems));
    map.related.iter().for_each(|link| find_links(link, record, own, &mut related, &mut s.problems));
    s.problems.extend(map.aliases.iter().filter_map(|link| unnamed(link, record, &aliases)));
    related.retain(|id| !aliases.contains(id));
    s.aliases = aliases;
    s.related = related;
}

/// That a record which says where it comes from names no number there: whose it is again nobody can tell.
fn unnamed(link: &Link, record: &Value, found: &[SourceId]) -> Option<FieldProblem> {
    let is_meant = link.is_wanted && link.only.as_ref().is_none_or(|only| holds(only, record));
    let is_named = found.iter().any(|id| Some(&id.namespace) == link.namespace.as_ref());
    (is_meant && !is_named).then(|| FieldProblem {
        field: "aliases".to_owned(),
        source_field: link.from.iter().map(Path::text).collect::<Vec<_>>().join(" | "),
        value: None,
        expected: UNNAMED.to_owned(),
        blocking: false,
    })
}

const UNNAMED: &str = "the number the case has where it comes from: none can be read, so it is a case of its own";

/// Numbers by which a record joins or names other cases; in the midst of text, the first that stands alone. What is no number of
/// another numbering is told, masked: the map may want a shape for it.
fn find_links(
    link: &Link,
    record: &Value,
    own: &SourceId,
    found: &mut Vec<SourceId>,
    problems: &mut Vec<FieldProblem>,
) {
    if link.only.as_ref().is_some_and(|only| !holds(only, record)) {
        return;
    }
    let namespace = link.namespace.as_ref().unwrap_or(&own.namespace);
    let in_text = link.shape.is_some() || !link.after.is_empty();
    let fits = |id: &str| match in_text {
        false if *namespace != own.namespace => is_order_number(id),
        _ => !is_surely_phone(id) && !is_rounded(id),
    };
    let mut is_found = false;
    for path in &link.from {
        path.visit(record, &mut |value| {
            let text = as_text(value).unwrap_or_default();
            let folded = in_text.then(|| half_width(&text));
            let numbers = numbers_in(link, folded.as_deref().unwrap_or(&text));
            if in_text {
                // Of several in somebody's text, nobody knows which is meant.
                is_found = numbers.first().is_some_and(|first| numbers.iter().all(|number| number == first));
                problems.extend(numbers.get(1).filter(|_| !is_found).map(|second| no_number(path, second)));
                if !is_found {
                    return true;
                }
            }
            for id in numbers.into_iter().filter(|id| is_number(id)) {
                if !fits(id) {
                    // A telephone there is nothing to speak of: some systems have one field for both. What only might be one is
                    // told: it might be the number of an order too.
                    problems.extend((!holds_phone(id)).then(|| no_number(path, id)));
                    continue;
                }
                let id = SourceId { namespace: namespace.clone(), id: of_its_series(&link.prefix, path, id) };
                if id != *own && !found.contains(&id) {
                    found.push(id);
                }
            }
            !is_found
        });
        if is_found {
            return;
        }
    }
}

fn numbers_in<'t>(link: &Link, text: &'t str) -> Vec<&'t str> {
    match &link.shape {
        Some(shape) => shape.find(text).collect(),
        None if !link.after.is_empty() => order_number::after(text, &link.after).collect(),
        None => text.split([',', '，', ';', '；', '、']).map(str::trim).collect(),
    }
}

fn no_number(path: &Path, value: &str) -> FieldProblem {
    FieldProblem {
        field: "aliases".to_owned(),
        source_field: path.text().to_owned(),
        value: Some(Private::new(value).masked()),
        expected: order_number::EXPECTED.to_owned(),
        blocking: false,
    }
}
