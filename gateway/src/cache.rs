//! What was met lately, kept in memory until newer things need the room.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;

/// The memory, shared by its clones. Nothing waits while it is held.
pub(crate) struct Cache<K, V>(Arc<Mutex<LruCache<K, V>>>);

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// Of at most so many.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(most))))
    }

    /// What is known of `key`.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.held().get(key).cloned()
    }

    /// Keeps what is known now.
    pub fn insert(&self, key: K, value: V) {
        self.held().insert(key, value);
    }

    /// The same of many.
    pub fn extend(&self, all: impl Iterator<Item = (K, V)>) {
        let mut held = self.held();
        all.for_each(|(key, value)| {
            held.insert(key, value);
        });
    }

    /// Keeps what is known now, unless what was known before is `better`.
    pub fn insert_unless(&self, key: K, value: V, better: impl FnOnce(&V) -> bool) {
        let mut held = self.held();
        if !held.get(&key).is_some_and(better) {
            held.insert(key, value);
        }
    }

    /// Forgets what is known of `key`.
    pub fn forget(&self, key: &K) {
        self.held().remove(key);
    }

    fn held(&self) -> MutexGuard<'_, LruCache<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let cache = Cache::new(2);
        cache.extend([("甲", 1), ("乙", 2)].into_iter());
        assert_eq!(cache.get(&"甲"), Some(1));
        cache.insert("丙", 3);
        assert_eq!([cache.get(&"甲"), cache.get(&"乙"), cache.get(&"丙")], [Some(1), None, Some(3)]);
        cache.clone().forget(&"丙");
        assert_eq!(cache.get(&"丙"), None);
    }

    #[test]
    fn what_is_newer_stays() {
        let cache = Cache::new(2);
        for version in [5, 3, 7] {
            cache.insert_unless("甲", version, |known| *known > version);
        }
        assert_eq!(cache.get(&"甲"), Some(7));
        cache.insert_unless("甲", 6, |known| *known > 6);
        assert_eq!(cache.get(&"甲"), Some(7));
    }
}
