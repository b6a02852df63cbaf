//! What a case is found by: a pair of neighbouring characters, or the keyed digest of a telephone or identity number. All
//! are numbers of 64 bits, so that one index keeps them all.

use std::fmt;

use super::contact::Contact;
use super::fold::GAP;
use crate::vault::{DataKey, MasterKey, VaultError};

const CHAR_BITS: u32 = 21;
const TITLE: u64 = 1 << (2 * CHAR_BITS);
const CONTACT: u64 = 1 << 63;

/// A token. It says which characters it is of: it stands nowhere but in a sealed page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub(crate) u64);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// The pairs of neighbouring characters of a folded text, in the title or anywhere.
pub fn of_words(folded: &str, in_title: bool) -> impl Iterator<Item = Token> + '_ {
    let pairs = folded.chars().zip(folded.chars().skip(1)).filter(|(a, b)| *a != GAP && *b != GAP);
    let place = if in_title { TITLE } else { 0 };
    pairs.map(move |(a, b)| Token(place | u64::from(u32::from(a)) << CHAR_BITS | u64::from(u32::from(b))))
}

/// What the index is sealed and hashed with, derived from the master key.
#[derive(Clone)]
pub struct IndexKey {
    pages: DataKey,
    contacts: DataKey,
    /// Scatters tokens over pages, so that the size of a page tells nothing of a language's common words.
    scatter: u64,
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(***)")
    }
}

impl IndexKey {
    /// The one of this hub.
    pub fn of(master: &MasterKey) -> Self {
        let contacts = master.derive("search/contacts");
        let scatter = first_eight(&contacts.digest("scatter"));
        Self { pages: master.derive("search/pages"), contacts, scatter }
    }

    /// The token of a number: a keyed digest, from which nobody without the key learns or guesses the number.
    pub fn token(&self, contact: &Contact) -> Token {
        let kind = if contact.is_telephone() { "telephone" } else { "identity" };
        Token(CONTACT | first_eight(&self.contacts.digest(&format!("{kind}/{}", contact.normal()))))
    }

    /// Which of so many pages a token stands on.
    pub(crate) fn page_of(&self, token: Token, pages: u64) -> u64 {
        let mixed = (token.0 ^ self.scatter).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed ^ (mixed >> 32)) % pages
    }

    pub(crate) fn seal(&self, page: &[u8], place: &str) -> Result<Vec<u8>, VaultError> {
        self.pages.seal_bytes(page, place)
    }

    pub(crate) fn open(&self, sealed: &[u8], place: &str) -> Result<Vec<u8>, VaultError> {
        self.pages.open_bytes(sealed, place)
    }
}

fn first_eight(digest: &[u8; 32]) -> u64 {
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::fold;

    fn key(digit: &str) -> IndexKey {
        IndexKey::of(&MasterKey::parse(&digit.repeat(64)).expect("a key"))
    }

    #[test]
    fn a_text_has_the_pairs_of_each_of_its_words() {
        let tokens = |text: &str, in_title| of_words(&fold(text), in_title).collect::<Vec<_>>();
        assert_eq!(tokens("路灯坏", false).len(), 2);
        assert!(tokens("路，灯", false).is_empty());
        assert_eq!(tokens("路灯", false)[0], tokens("小区路灯", false)[2]);
        assert_ne!(tokens("路灯", false), tokens("路灯", true));
        assert_ne!(tokens("路灯", false), tokens("灯路", false));
    }

    #[test]
    fn a_number_is_only_known_to_who_has_the_key() {
        let contact = Contact::read("13900001234").expect("a number");
        assert_eq!(key("1").token(&contact), key("1").token(&contact));
        assert_ne!(key("1").token(&contact), key("2").token(&contact));
        assert_ne!(key("1").token(&contact), key("1").token(&Contact::read("13900001235").expect("a number")));
    }

    #[test]
    fn pages_are_filled_alike() {
        let key = key("3");
        let mut filled = [0; 16];
        for c in '一'..='龥' {
            for token in of_words(&format!("{c}的"), false) {
                filled[key.page_of(token, 16) as usize] += 1;
            }
        }
        assert!(filled.iter().all(|n| (1_000..1_700).contains(n)), "{filled:?}");
    }
}
