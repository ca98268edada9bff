//! Things in a row, by the keys of children: in their order, where most are found at the first look.
//!
//! Keys only grow, so that what is added is added at the end. As long as no place was closed up, a key's place follows from the first
//! key; otherwise it is searched for. Places that are empty are closed up when they are more than the others.

use super::child::Key;

/// The things.
#[derive(Debug)]
pub(super) struct Row<T> {
    places: Vec<(Key, Option<T>)>,
    empty: usize,
}

impl<T> Default for Row<T> {
    fn default() -> Self {
        Self { places: Vec::new(), empty: 0 }
    }
}

impl<T> FromIterator<(Key, T)> for Row<T> {
    /// In the order of their keys.
    fn from_iter<I: IntoIterator<Item = (Key, T)>>(things: I) -> Self {
        Self { places: things.into_iter().map(|(key, thing)| (key, Some(thing))).collect(), empty: 0 }
    }
}

impl<T> Row<T> {
    /// Adds one behind all others.
    pub(super) fn push(&mut self, key: Key, thing: T) {
        debug_assert!(self.places.last().is_none_or(|(last, _)| *last < key));
        self.places.push((key, Some(thing)));
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        let at = self.find(key)?;
        let thing = self.places[at].1.take()?;
        self.empty += 1;
        if self.empty * 2 > self.places.len() {
            self.places.retain(|(_, thing)| thing.is_some());
            self.empty = 0;
        }
        Some(thing)
    }

    pub(super) fn get(&self, key: Key) -> Option<&T> {
        self.places[self.find(key)?].1.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let at = self.find(key)?;
        self.places[at].1.as_mut()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.len() == self.empty
    }

    /// Those whose keys are at least `from` and, if there is such a bound, below `below`.
    pub(super) fn range(&self, from: Key, below: Option<Key>) -> impl DoubleEndedIterator<Item = (Key, &T)> {
        let from = self.first_from(from);
        let below = below.map_or(self.places.len(), |below| self.first_from(below));
        let places = self.places.get(from..below).unwrap_or_default();
        places.iter().filter_map(|(key, thing)| Some((*key, thing.as_ref()?)))
    }

    /// All, from `from` on.
    pub(super) fn range_mut(&mut self, from: Key) -> impl Iterator<Item = (Key, &mut T)> {
        let from = self.first_from(from);
        self.places[from..].iter_mut().filter_map(|(key, thing)| Some((*key, thing.as_mut()?)))
    }

    /// Where the first is whose key is at least `key`.
    fn first_from(&self, key: Key) -> usize {
        self.find(key).unwrap_or_else(|| self.places.partition_point(|(other, _)| *other < key))
    }

    fn find(&self, key: Key) -> Option<usize> {
        let (&(first, _), &(last, _)) = (self.places.first()?, self.places.last()?);
        if key < first || key > last {
            return None;
        }
        // As long as none has been closed up, that is where it is.
        let guess = (key.0 - first.0) as usize;
        if self.places.get(guess).is_some_and(|(other, _)| *other == key) {
            return Some(guess);
        }
        self.places.binary_search_by_key(&key, |(key, _)| *key).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Row};

    #[test]
    fn what_is_left_is_found_and_in_order() {
        let mut row = Row::default();
        for number in 0..1_000 {
            row.push(Key(number), number);
        }
        for number in (0..1_000).filter(|number| number % 7 != 3) {
            assert_eq!(row.remove(Key(number)), Some(number));
            assert_eq!(row.remove(Key(number)), None);
        }
        row.push(Key(5_000), 5_000);
        let left: Vec<u64> = (0..1_000).filter(|number| number % 7 == 3).chain([5_000]).collect();
        assert!(row.range(Key(0), None).map(|(_, thing)| *thing).eq(left.iter().copied()));
        assert!(left.iter().all(|&number| row.get(Key(number)) == Some(&number)));
        assert_eq!((row.get(Key(4)), row.get(Key(9_000))), (None, None));
        let some: Vec<_> = row.range(Key(11), Some(Key(24))).map(|(key, _)| key.0).collect();
        assert_eq!(some, [17]);
        assert_eq!(row.range_mut(Key(994)).map(|(key, _)| key.0).collect::<Vec<_>>(), [997, 5_000]);
        for number in left {
            assert!(row.remove(Key(number)).is_some());
        }
        assert!(row.is_empty());
    }
}
