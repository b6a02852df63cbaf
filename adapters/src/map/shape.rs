//! Numbers recognised by what they look like, in a field of their own or in the midst of somebody's text.

/// What a number looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape(Vec<char>);

const DIGIT: char = '#';

impl Shape {
    /// Reads a shape: `#` is a digit, everything else stands for itself. At least four digits, or it would find anything.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.chars().filter(|c| *c == DIGIT).count();
        (digits >= 4).then(|| Self(text.chars().collect()))
    }

    /// Every number of this shape in a text; not one that goes on as a longer number.
    pub(crate) fn find<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let starts = text.char_indices().map(|(at, _)| at);
        starts.filter_map(|at| {
            let found = self.at(&text[at..])?;
            let before = text[..at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            let opens = self.0.first().is_none_or(|first| *first != DIGIT) || !goes_on(before);
            (opens && !goes_on(after)).then_some(found)
        })
    }

    /// The number a text begins with.
    fn at<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text.char_indices();
        for wanted in &self.0 {
            let (_, found) = rest.next()?;
            let fits = if *wanted == DIGIT { found.is_ascii_digit() } else { found == *wanted };
            if !fits {
                return None;
            }
        }
        let end = rest.next().map_or(text.len(), |(at, _)| at);
        text.get(..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(shape: &str, text: &str) -> Vec<String> {
        Shape::parse(shape).expect("a shape").find(text).map(str::to_owned).collect()
    }

    #[test]
    fn numbers_are_found_in_text_and_longer_ones_are_not_cut() {
        let text = "市热线转来（工单号热线-260301-000123），另见热线-260301-0001234 与热线-260302-000124。";
        assert_eq!(found("热线-######-######", text), ["热线-260301-000123", "热线-260302-000124"]);
        assert_eq!(found("####-##", "1234-56，91234-56，1234-567"), ["1234-56"]);
        assert_eq!(found("热线-######-######", ""), Vec::<String>::new());
        assert_eq!(Shape::parse("热线-##"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,60}", shape in "[#热-]{4,12}") {
            if let Some(shape) = Shape::parse(&shape) {
                prop_assert!(shape.find(&text).all(|number| text.contains(number)));
            }
        }
    }
}
