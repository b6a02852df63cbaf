//! Numbers recognised by what they look like, in a field of their own or in the midst of somebody's text.

use super::digits::half_width;
use crate::order_number::is_day;

/// What a number looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Digit,
    /// `20260301`.
    Day,
    Sign(char),
}

const DAY: usize = 8;

impl Shape {
    /// Reads a shape: `#` is a digit, `@` a day of eight digits, everything else stands for itself. At least four digits, or it
    /// would find anything. What it finds is of half width.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let part = |c| match c {
            '#' => Part::Digit,
            '@' => Part::Day,
            sign => Part::Sign(sign),
        };
        let shape = Self(half_width(text).chars().map(part).collect());
        let digits: usize = shape.0.iter().map(Part::digits).sum();
        (digits >= 4).then_some(shape)
    }

    /// Every number of this shape in a text; not one that goes on as a longer number. Figures alone are anybody's number in the
    /// midst of a text: they are the whole of it, or nothing.
    pub(crate) fn find<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let starts = text.char_indices().map(|(at, _)| at);
        starts.filter_map(|at| {
            let found = self.at(&text[at..])?;
            let (before, after) = (&text[..at], &text[at + found.len()..]);
            let stands_alone = if self.has_letter() {
                (self.begins_with_a_word() || !goes_on(before.chars().rev())) && !goes_on(after.chars())
            } else {
                before.trim().is_empty() && after.trim().is_empty()
            };
            stands_alone.then_some(found)
        })
    }

    fn has_letter(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Sign(sign) if sign.is_alphabetic()))
    }

    /// A number does not run into the word it begins with.
    fn begins_with_a_word(&self) -> bool {
        matches!(self.0.first(), Some(Part::Sign(sign)) if !sign.is_ascii())
    }

    /// The number a text begins with.
    fn at<'t>(&self, text: &'t str) -> Option<&'t str> {
        let rest = self.0.iter().try_fold(text, |rest, part| part.behind(rest))?;
        text.get(..text.len() - rest.len())
    }
}

/// Whether a number goes on beside what was found, at once or behind what joins its parts.
fn goes_on(beside: impl Iterator<Item = char>) -> bool {
    let mut beside = beside.skip_while(|c| "-_/".contains(*c));
    beside.next().is_some_and(|c| c.is_ascii_alphanumeric())
}

impl Part {
    fn digits(&self) -> usize {
        match self {
            Self::Digit => 1,
            Self::Day => DAY,
            Self::Sign(_) => 0,
        }
    }

    /// The text behind it, where it begins with it.
    fn behind<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Digit => text.strip_prefix(|c: char| c.is_ascii_digit()),
            Self::Day => text.split_at_checked(DAY).filter(|(day, _)| is_day(day)).map(|(_, rest)| rest),
            Self::Sign(sign) => text.strip_prefix(*sign),
        }
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
        assert_eq!(found("GD####-##", "GD1234-56，AGD1234-56，GD1234-567"), ["GD1234-56"]);
        assert_eq!(found("GD####", "GD1234——漏水，X-GD1235，GD1236-2，GD1237/3，GD1238_4"), ["GD1234"]);
        assert_eq!(found("热线-######-######", ""), Vec::<String>::new());
        assert_eq!(found("@####", " 202603010017 "), ["202603010017"]);
        for other in [
            "202613010017",
            "2026030100170",
            "WG-202603010017",
            "202603010017-2",
            "330205/202603010017",
            "见202603010017",
        ] {
            assert_eq!(found("@####", other), Vec::<String>::new(), "{other}");
        }
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
