//! Paths into a record, compiled once: `xfj.xfjbh`, `blfss[-1].blsj`, `xfr[].xm`. Looking one up never
//! copies the record.

use serde_json::Value;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    /// From the front, or from the back when negative.
    At(isize),
    /// Every element.
    Each,
}

/// A compiled path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
    steps: Vec<Step>,
}

impl Path {
    /// Reads `a.b[0].c`, `a[-1]`, `a[].b`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (key, rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            if key.is_empty() && rest.is_empty() {
                return None;
            }
            if !key.is_empty() {
                steps.push(Step::Key(key.to_owned()));
            }
            steps.extend(brackets(rest)?);
        }
        Some(Self { text: text.to_owned(), steps })
    }

    /// The path as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The value at this path; the first one if the path has several.
    pub(crate) fn get<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        let mut found = None;
        self.visit(root, &mut |value| {
            found = Some(value);
            false
        });
        found
    }

    /// The last key of the path.
    pub(crate) fn leaf(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::At(_) | Step::Each => None,
        })
    }

    /// The first value at this path, or on the way to it, of which `is` holds.
    pub(crate) fn on_the_way<'v>(&self, root: &'v Value, is: impl Fn(&Value) -> bool) -> Option<&'v Value> {
        let mut found = None;
        for end in 1..=self.steps.len() {
            walk(&self.steps[..end], root, &mut |value| {
                found = is(value).then_some(value);
                found.is_none()
            });
            if found.is_some() {
                break;
            }
        }
        found
    }

    /// Whether a null stands at this path or above it: some systems write so that they have nothing.
    pub(crate) fn is_null(&self, root: &Value) -> bool {
        let mut at = root;
        for step in &self.steps {
            let Step::Key(key) = step else { return false };
            match at.get(key) {
                Some(Value::Null) => return true,
                Some(below) => at = below,
                None => return false,
            }
        }
        false
    }

    /// Takes the list at this path out of `root`, without copying it.
    pub(crate) fn take_list(&self, root: &mut Value) -> Option<Vec<Value>> {
        let mut at = root;
        for step in &self.steps {
            at = match step {
                Step::Key(key) => at.get_mut(key)?,
                Step::At(_) | Step::Each => return None,
            };
        }
        at.as_array_mut().map(std::mem::take)
    }

    /// Calls `visit` with each value at this path until it says `false`.
    pub(crate) fn visit<'v>(&self, root: &'v Value, visit: &mut dyn FnMut(&'v Value) -> bool) {
        walk(&self.steps, root, visit);
    }
}

fn brackets(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
        steps.push(if inside.is_empty() { Step::Each } else { Step::At(inside.parse().ok()?) });
        rest = after;
    }
    Some(steps)
}

fn walk<'v>(steps: &[Step], value: &'v Value, visit: &mut dyn FnMut(&'v Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return visit(value) };
    match (step, value) {
        (Step::Key(key), Value::Object(map)) => map.get(key).is_none_or(|v| walk(rest, v, visit)),
        (Step::At(at), Value::Array(list)) => element(list, *at).is_none_or(|v| walk(rest, v, visit)),
        (Step::Each, Value::Array(list)) => list.iter().all(|v| walk(rest, v, visit)),
        // One element sent without its list is common in upstream systems.
        (Step::Each | Step::At(0 | -1), Value::Object(_)) => walk(rest, value, visit),
        _ => true,
    }
}

fn element(list: &[Value], at: isize) -> Option<&Value> {
    let index = if at < 0 { list.len().checked_sub(at.unsigned_abs())? } else { at.unsigned_abs() };
    list.get(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_find_what_they_name() {
        let record = json!({"a": {"b": 1, "l": [{"x": 2}, {"x": 3}]}, "one": {"x": 4}});
        let cases = [
            ("a.b", Some(json!(1))),
            ("a.l[0].x", Some(json!(2))),
            ("a.l[-1].x", Some(json!(3))),
            ("a.l[].x", Some(json!(2))),
            ("one[].x", Some(json!(4))),
            ("a.l[7].x", None),
            ("a.b.c", None),
            ("z", None),
        ];
        for (path, expected) in cases {
            let path = Path::parse(path).expect("a path");
            assert_eq!(path.get(&record).cloned(), expected, "{}", path.text());
        }
    }

    #[test]
    fn a_path_may_have_several_values() {
        let record = json!({"l": [{"x": 2}, {"x": 3}, {}]});
        let mut seen = Vec::new();
        Path::parse("l[].x").expect("a path").visit(&record, &mut |v| {
            seen.push(v.clone());
            true
        });
        assert_eq!(seen, [json!(2), json!(3)]);
    }

    #[test]
    fn a_null_at_a_path_is_not_an_absence() {
        let path = Path::parse("data.rows").expect("a path");
        for (root, null) in [
            (json!({"data": {"rows": null}}), true),
            (json!({"data": null}), true),
            (json!({"data": {}}), false),
            (json!({"data": {"rows": []}}), false),
            (json!({}), false),
            (json!(null), false),
        ] {
            assert_eq!(path.is_null(&root), null, "{root}");
        }
    }

    #[test]
    fn broken_paths_are_refused() {
        for bad in ["", "a..b", "a[", "a[x]", "a]b[", ".a"] {
            assert_eq!(Path::parse(bad), None, "{bad}");
        }
    }
}
