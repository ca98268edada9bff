//! Where publishers look a topic up by its name: a hash table that is read without a lock.
//!
//! Each bucket is an immutable list, replaced as a whole by who has the broker's lock; so is the table, when it grows.
//! A reader with an old table or bucket sees what was there a moment ago.

use std::any::Any;
use std::fmt;
use std::hash::BuildHasher;
#[cfg(corecast_loom)]
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::Event;
use super::error::TopicError;
use super::garbage::Garbage;
use super::subject::{AnySubject, Subject};
use crate::sync::Arc;
use crate::sync::limits::FIRST_BUCKETS;
use crate::sync::snapshot::Snapshot;

/// Seeded, so that nobody can choose names that meet in one bucket; under loom each execution is like the next.
#[cfg(not(corecast_loom))]
type Hasher = std::hash::RandomState;
#[cfg(corecast_loom)]
type Hasher = BuildHasherDefault<DefaultHasher>;

/// Entries per bucket, on average, at which the table doubles.
const LOAD: usize = 2;

/// A topic that is known.
pub(super) struct Entry {
    pub(super) name: Box<str>,
    hash: u64,
    pub(super) subject: Arc<dyn AnySubject + Send + Sync>,
}

impl Entry {
    /// The topic's inside, if it carries events of type `M`.
    ///
    /// # Errors
    ///
    /// The type that it carries.
    #[inline]
    pub(super) fn subject<M: Event>(&self) -> Result<&Subject<M>, TopicError> {
        let subject: &dyn AnySubject = &*self.subject;
        (subject as &dyn Any).downcast_ref().ok_or_else(|| self.wrong_type::<M>())
    }

    /// The same, shared.
    pub(super) fn share<M: Event>(&self) -> Result<Arc<Subject<M>>, TopicError> {
        let subject: Arc<dyn Any + Send + Sync> = Arc::clone(&self.subject) as _;
        subject.downcast().map_err(|_| self.wrong_type::<M>())
    }

    #[cold]
    fn wrong_type<M: Event>(&self) -> TopicError {
        TopicError::WrongType {
            topic: self.name.as_ref().into(),
            expected: std::any::type_name::<M>(),
            found: self.subject.event(),
        }
    }
}

type Bucket = Vec<Arc<Entry>>;

/// In which of so many buckets, a power of two, a name is.
#[inline(always)]
fn place(hash: u64, buckets: usize) -> usize {
    hash as usize & (buckets - 1)
}

/// The buckets.
struct Table(Box<[Snapshot<Bucket>]>);

impl Table {
    /// A table of these topics.
    fn new(buckets: usize, entries: impl Iterator<Item = Arc<Entry>>) -> Self {
        let mut filled = vec![Bucket::new(); buckets];
        for entry in entries {
            filled[place(entry.hash, buckets)].push(entry);
        }
        Self(filled.into_iter().map(|bucket| Snapshot::new(Arc::new(bucket))).collect())
    }

    #[inline(always)]
    fn bucket(&self, hash: u64) -> &Snapshot<Bucket> {
        &self.0[place(hash, self.0.len())]
    }

    /// Puts an entry into its bucket.
    fn put(&self, entry: Arc<Entry>) -> Vec<Arc<Bucket>> {
        let bucket = self.bucket(entry.hash);
        let former = bucket.read();
        let mut longer = Vec::with_capacity(former.len() + 1);
        longer.extend(former.iter().cloned());
        longer.push(entry);
        drop(former);
        bucket.swap(Arc::new(longer))
    }
}

/// The table.
pub(super) struct Directory {
    table: Snapshot<Table>,
    hasher: Hasher,
}

impl Directory {
    pub(super) fn new() -> Self {
        Self {
            table: Snapshot::new(Arc::new(Table::new(FIRST_BUCKETS, std::iter::empty()))),
            hasher: Hasher::default(),
        }
    }

    /// Runs `look` on the topic called `name`.
    #[inline]
    pub(super) fn with<R>(&self, name: &str, look: impl FnOnce(Option<&Entry>) -> R) -> R {
        let hash = self.hasher.hash_one(name);
        let table = self.table.read();
        let bucket = table.bucket(hash).read();
        let found = bucket.iter().find(|entry| entry.hash == hash && *entry.name == *name);
        look(found.map(|entry| &**entry))
    }

    /// Adds a topic. The caller has the broker's lock; `known` topics are there already.
    pub(super) fn add(
        &self,
        name: &str,
        subject: Arc<dyn AnySubject + Send + Sync>,
        known: usize,
        garbage: &mut Garbage,
    ) -> Arc<Entry> {
        let entry = Arc::new(Entry { name: name.into(), hash: self.hasher.hash_one(name), subject });
        let table = self.table.read();
        if known >= table.0.len() * LOAD {
            let all = table.0.iter().flat_map(|bucket| bucket.read().to_vec());
            let larger = Table::new(table.0.len() * 2, all.chain([Arc::clone(&entry)]));
            drop(table);
            garbage.push(self.table.swap(Arc::new(larger)));
        } else {
            garbage.push(table.put(Arc::clone(&entry)));
        }
        entry
    }

    /// Takes a topic out. The caller has the broker's lock.
    pub(super) fn remove(&self, entry: &Arc<Entry>, garbage: &mut Garbage) {
        let table = self.table.read();
        let bucket = table.bucket(entry.hash);
        let left = bucket.read().iter().filter(|other| !Arc::ptr_eq(other, entry)).cloned().collect();
        garbage.push(bucket.swap(Arc::new(left)));
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Directory")
    }
}
