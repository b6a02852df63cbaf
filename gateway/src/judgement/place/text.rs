//! A text as it is searched for names: full-width forms made plain, spaces taken out but remembered, since a space
//! ends a word though not a name.

use super::super::spelling::is_han;

/// Longer texts are judged by their beginning.
const MOST_CHARS: usize = 4_000;

/// A text made comparable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub chars: Vec<char>,
    /// Whether a space stood before the character.
    gaps: Vec<bool>,
}

impl Text {
    pub fn of(written: &str) -> Self {
        let mut text = Self::default();
        let mut gap = false;
        for c in written.chars().take(MOST_CHARS).map(plain) {
            if c.is_whitespace() || is_invisible(c) {
                gap |= c.is_whitespace();
                continue;
            }
            text.chars.push(c);
            text.gaps.push(std::mem::take(&mut gap));
        }
        text
    }

    pub fn len(&self) -> usize {
        self.chars.len()
    }

    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// Whether a word can begin at `at` for no other reason than that nothing of a word stands before it.
    pub fn opens(&self, at: usize) -> bool {
        at == 0 || self.gaps.get(at).copied().unwrap_or(false) || !is_han(self.chars[at - 1])
    }

    /// Whether a word that ends before `at` is surely over: the end, a space or a mark.
    pub fn closes(&self, at: usize) -> bool {
        self.chars.get(at).is_none_or(|c| self.gaps[at] || is_mark(*c))
    }

    pub fn starts_with(&self, at: usize, word: &str) -> bool {
        let mut rest = self.chars.get(at..).unwrap_or_default().iter();
        word.chars().all(|c| rest.next() == Some(&c))
    }

    pub fn ends_with(&self, end: usize, word: &str) -> bool {
        let mut rest = self.chars.get(..end).unwrap_or_default().iter().rev();
        word.chars().rev().all(|c| rest.next() == Some(&c))
    }

    pub fn starts_with_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.starts_with(at, word))
    }

    pub fn ends_with_any(&self, end: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.ends_with(end, word))
    }

    pub fn slice(&self, start: usize, end: usize) -> String {
        self.chars[start..end].iter().collect()
    }
}

/// Neither a Han character nor part of a number or Latin word.
pub(super) fn is_mark(c: char) -> bool {
    !is_han(c) && !c.is_alphanumeric()
}

fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c).to_ascii_lowercase(),
        _ => c.to_ascii_lowercase(),
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_widths_go_but_spaces_are_remembered() {
        let text = Text::of("庄 桥\u{3000}街道\u{200b}１２Ａ号");
        assert_eq!(text.slice(0, text.len()), "庄桥街道12a号");
        assert!(text.opens(0) && text.opens(1) && text.opens(2) && !text.opens(3));
        assert!(text.closes(1) && text.closes(text.len()) && !text.closes(3) && !text.closes(4));
    }
}
