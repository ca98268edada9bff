//! Values by name: a hash table that is read without a lock.
//!
//! Each bucket is an immutable list, replaced as a whole by whoever changes the table, who has a lock of its own for that;
//! so is the table, when it grows. A reader with an old table or bucket sees what was there a moment ago: what is taken out
//! meanwhile stays for the length of its look.
//!
//! Progress: looking a name up is lock-free, and allocates nothing but a thread's first page of [marks](super::marks). A
//! change copies a bucket, and now and then all of them; each makes a system call, where there is one for the
//! [barrier](super::barrier).

use std::fmt;
use std::hash::BuildHasher;
#[cfg(corecast_loom)]
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::Arc;
use super::garbage::Garbage;
use super::limits::FIRST_BUCKETS;
use super::snapshot::Snapshot;

/// Seeded, so that nobody can choose names that meet in one bucket; under loom each execution is like the next.
#[cfg(not(corecast_loom))]
type Hasher = std::hash::RandomState;
#[cfg(corecast_loom)]
type Hasher = BuildHasherDefault<DefaultHasher>;

/// Entries per bucket, on average, at which the table doubles.
const LOAD: usize = 2;

/// The table.
pub(crate) struct Table<T> {
    buckets: Snapshot<Buckets<T>>,
    hasher: Hasher,
}

/// A value under its name.
pub(crate) struct Entry<T> {
    pub(crate) name: Arc<str>,
    hash: u64,
    pub(crate) value: T,
}

type Bucket<T> = Vec<Arc<Entry<T>>>;

/// The buckets, a power of two.
struct Buckets<T>(Box<[Snapshot<Bucket<T>>]>);

impl<T: Send + Sync + 'static> Table<T> {
    pub(crate) fn new() -> Self {
        let buckets = Buckets::new(FIRST_BUCKETS, std::iter::empty());
        Self { buckets: Snapshot::new(Arc::new(buckets)), hasher: Hasher::default() }
    }

    /// Runs `look` on what is under `name`. Lock-free.
    #[inline]
    pub(crate) fn with<R>(&self, name: &str, look: impl FnOnce(Option<&Arc<Entry<T>>>) -> R) -> R {
        let hash = self.hasher.hash_one(name);
        let buckets = self.buckets.read();
        let bucket = buckets.bucket(hash).read();
        look(bucket.iter().find(|entry| entry.hash == hash && *entry.name == *name))
    }

    /// Puts a value under a name.
    ///
    /// # Contract
    ///
    /// The caller has the lock of those who change the table, in which there are `known` names, and this one isn't.
    pub(crate) fn add(&self, name: Arc<str>, value: T, known: usize, garbage: &mut Garbage) -> Arc<Entry<T>> {
        let hash = self.hasher.hash_one(&*name);
        let entry = Arc::new(Entry { name, hash, value });
        let buckets = self.buckets.read();
        if known >= buckets.0.len() * LOAD {
            let all = buckets.0.iter().flat_map(|bucket| bucket.read().to_vec());
            let larger = Buckets::new(buckets.0.len() * 2, all.chain([Arc::clone(&entry)]));
            drop(buckets);
            garbage.push(self.buckets.swap(Arc::new(larger)));
        } else {
            garbage.push(buckets.put(Arc::clone(&entry)));
        }
        entry
    }

    /// Takes a value out.
    ///
    /// # Contract
    ///
    /// The caller has the lock of those who change the table.
    pub(crate) fn remove(&self, entry: &Arc<Entry<T>>, garbage: &mut Garbage) {
        let buckets = self.buckets.read();
        let bucket = buckets.bucket(entry.hash);
        let left = bucket.read().iter().filter(|other| !Arc::ptr_eq(other, entry)).cloned().collect();
        garbage.push(bucket.swap(Arc::new(left)));
    }
}

impl<T> Buckets<T> {
    /// So many buckets, with these entries.
    fn new(buckets: usize, entries: impl Iterator<Item = Arc<Entry<T>>>) -> Self {
        let mut filled: Vec<_> = (0..buckets).map(|_| Bucket::new()).collect();
        for entry in entries {
            filled[place(entry.hash, buckets)].push(entry);
        }
        Self(filled.into_iter().map(|bucket| Snapshot::new(Arc::new(bucket))).collect())
    }

    #[inline(always)]
    fn bucket(&self, hash: u64) -> &Snapshot<Bucket<T>> {
        &self.0[place(hash, self.0.len())]
    }

    /// Puts an entry into its bucket.
    fn put(&self, entry: Arc<Entry<T>>) -> Vec<Arc<Bucket<T>>> {
        let bucket = self.bucket(entry.hash);
        let former = bucket.read();
        let mut longer = Vec::with_capacity(former.len() + 1);
        longer.extend(former.iter().cloned());
        longer.push(entry);
        drop(former);
        bucket.swap(Arc::new(longer))
    }
}

/// In which of so many buckets a name is.
#[inline(always)]
fn place(hash: u64, buckets: usize) -> usize {
    hash as usize & (buckets - 1)
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Table")
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Garbage, Table};
    use crate::sync::Arc;
    use crate::sync::testing::spawn;

    fn find(table: &Table<usize>, name: &str) -> Option<usize> {
        table.with(name, |entry| entry.map(|entry| entry.value))
    }

    #[test]
    fn values_are_found_while_the_table_grows_and_shrinks() {
        let table = Table::new();
        let garbage = &mut Garbage::default();
        let entries: Vec<_> =
            (0..200).map(|number| table.add(number.to_string().into(), number, number, garbage)).collect();
        assert!((0..200).all(|number| find(&table, &number.to_string()) == Some(number)));
        assert_eq!((find(&table, "200"), find(&table, "")), (None, None));
        for entry in entries.iter().step_by(2) {
            table.remove(entry, garbage);
        }
        assert!((0..200).all(|number| find(&table, &number.to_string()).is_some() == (number % 2 == 1)));
    }

    #[test]
    fn who_looks_keeps_what_is_taken_out_meanwhile() {
        let table = Table::new();
        let garbage = &mut Garbage::default();
        let value = Arc::new(());
        let entry = table.add("a".into(), Arc::clone(&value), 0, garbage);
        table.with("a", |found| {
            table.remove(&entry, garbage);
            drop(std::mem::take(garbage));
            assert!(table.with("a", |gone| gone.is_none()));
            assert!(found.is_some_and(|found| Arc::ptr_eq(&found.value, &value)));
        });
        drop(entry);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn some_look_while_one_changes() {
        let table = Arc::new(Table::new());
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let table = Arc::clone(&table);
                spawn(move || {
                    // Once all are there, none of them is missed.
                    while find(&table, "last").is_none() {}
                    assert!((0..500).all(|number| find(&table, &number.to_string()) == Some(number)));
                })
            })
            .collect();
        for number in 0..=500 {
            let name = if number == 500 { "last".into() } else { number.to_string().into() };
            table.add(name, number, number, &mut Garbage::default());
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    }
}
