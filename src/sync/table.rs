//! Values by name: a hash table that is read without a lock.
//!
//! Readers find a bucket by the hash, and go through its places. A place is filled once; so an entry is put into a free place,
//! and is there, and a bucket is replaced as a whole where an entry is taken out, or where no place is free. So is the table, when it
//! grows. All of that is done by whoever has a lock for it. A reader with an old table or bucket sees what was there a moment
//! ago: what is taken out meanwhile stays for the length of its look.
//!
//! | step | pairs with |
//! |---|---|
//! | an entry's address is put into a place, Release | a reader's load of the place, Acquire: the entry's contents |
//! | a bucket or a table is replaced, its own places filled before | a reader's look whether what it has marked is there: see [`snapshot`] |
//! | a bucket that was replaced is freed: heavy barrier, then a look for marks | a reader marks the bucket: light barrier, then a look whether it is there |
//! | – and is left with its snapshot, if it is marked | a reader's look, when it is done, whether the bucket is there: it clears up |
//!
//! A bucket keeps its entries. So an entry that was taken out lives while a bucket does that had it: until the barrier has been
//! passed for all of those, or, beyond that, for the length of a look. What was replaced waits in a [`Retired`], in which whoever has
//! the lock collects as much as may wait, [`MOST_RETIRED`] buckets at most, and which is dropped without it: that passes one barrier
//! for all.
//!
//! Progress: looking a name up is lock-free, and allocates nothing but a thread's first page of [marks](super::marks). A
//! change allocates. One that makes the table grow copies all buckets, and makes a system call, where there is one for the
//! [barrier](super::barrier); so does the drop of a [`Retired`] in which anything is.

use std::fmt;
use std::hash::BuildHasher;
#[cfg(corecast_loom)]
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::marker::PhantomData;
use std::mem;
use std::ptr;

use super::Arc;
use super::atomic::{AtomicPtr, Ordering};
use super::cell::UnsafeCell;
use super::garbage::Garbage;
use super::limits::{BUCKET_ROOM, FIRST_BUCKETS, MOST_RETIRED};
use super::snapshot::{self, Former, Reading, Snapshot};
use super::unwind::guard;

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
    /// Written when the entry is made and when it goes, read by each look: so the model checker sees whether it was published,
    /// and whether anybody still looks.
    published: UnsafeCell<()>,
}

// SAFETY: what it holds is; the cell holds nothing.
unsafe impl<T: Sync> Sync for Entry<T> {}

/// The buckets, a power of two.
struct Buckets<T>(Box<[Snapshot<Bucket<T>>]>);

/// The entries of a bucket: places of which the first ones are filled.
struct Bucket<T>(Box<[Place<T>]>);

/// Nothing, or an entry, which stays while the place does.
struct Place<T> {
    /// Null, or a count of an `Arc`.
    entry: AtomicPtr<Entry<T>>,
    owns: PhantomData<Arc<Entry<T>>>,
}

/// Buckets that were replaced, and that somebody may be reading. They are freed when this is dropped.
#[must_use = "its drop may be user code: not under a lock"]
pub(crate) struct Retired<T> {
    /// The buckets of which these are former ones.
    buckets: Option<Arc<Buckets<T>>>,
    formers: Vec<(usize, Former<Bucket<T>>)>,
}

impl<T: Send + Sync + 'static> Table<T> {
    pub(crate) fn new() -> Self {
        let buckets = Buckets::new(FIRST_BUCKETS, std::iter::empty());
        Self { buckets: Snapshot::new(Arc::new(buckets)), hasher: Hasher::default() }
    }

    /// Runs `look` on what is under `name`. Lock-free.
    #[inline]
    pub(crate) fn with<R>(&self, name: &str, look: impl FnOnce(Option<&Entry<T>>) -> R) -> R {
        let hash = self.hasher.hash_one(name);
        let buckets = self.buckets.read();
        let bucket = buckets.at(hash).read();
        look(bucket.find(hash, name))
    }

    /// Puts a value under a name.
    ///
    /// # Contract
    ///
    /// The caller has the lock of those who change the table, in which there are `known` names, and this one isn't. What is
    /// `retired` already is this table's.
    pub(crate) fn add(
        &self,
        name: Arc<str>,
        value: T,
        known: usize,
        retired: &mut Retired<T>,
        garbage: &mut Garbage,
    ) -> Arc<Entry<T>> {
        let hash = self.hasher.hash_one(&*name);
        let buckets = self.buckets.read();
        if known >= buckets.0.len() * LOAD {
            let entry = Entry::new(name, hash, value);
            let larger = Buckets::new(buckets.0.len() * 2, buckets.shared().chain([Arc::clone(&entry)]));
            drop(buckets);
            // These are of the former table.
            garbage.push(mem::take(retired));
            garbage.push(self.buckets.swap(Arc::new(larger)));
            return entry;
        }
        let bucket = buckets.at(hash).read();
        let entry = Entry::new(name, hash, value);
        if !bucket.put(&entry) {
            let longer = Bucket::of(bucket.shared().chain([Arc::clone(&entry)]));
            drop(bucket);
            retired.replace(&buckets, hash, longer);
        }
        entry
    }

    /// Takes out what is under `name`, if there is anything. It goes with what is `retired`.
    ///
    /// # Contract
    ///
    /// As for [`add`](Self::add).
    pub(crate) fn remove(&self, name: &str, retired: &mut Retired<T>) -> bool {
        let hash = self.hasher.hash_one(name);
        let buckets = self.buckets.read();
        let bucket = buckets.at(hash).read();
        let Some(entry) = bucket.find(hash, name) else { return false };
        let shorter = Bucket::of(bucket.shared().filter(|other| !ptr::eq(&raw const **other, entry)));
        drop(bucket);
        retired.replace(&buckets, hash, shorter);
        true
    }
}

impl<T> Entry<T> {
    fn new(name: Arc<str>, hash: u64, value: T) -> Arc<Self> {
        let entry = Self { name, hash, value, published: UnsafeCell::new(()) };
        entry.published.with_mut(|_| ());
        Arc::new(entry)
    }
}

impl<T> Drop for Entry<T> {
    fn drop(&mut self) {
        self.published.with_mut(|_| ());
    }
}

impl<T> Buckets<T> {
    /// So many buckets, with these entries.
    fn new(buckets: usize, entries: impl Iterator<Item = Arc<Entry<T>>>) -> Self {
        let mut filled: Vec<_> = (0..buckets).map(|_| Vec::new()).collect();
        for entry in entries {
            filled[place(entry.hash, buckets)].push(entry);
        }
        Self(filled.into_iter().map(|entries| Snapshot::new(Arc::new(Bucket::of(entries)))).collect())
    }

    #[inline(always)]
    fn at(&self, hash: u64) -> &Snapshot<Bucket<T>> {
        &self.0[place(hash, self.0.len())]
    }

    /// All entries, shared.
    fn shared(&self) -> impl Iterator<Item = Arc<Entry<T>>> {
        self.0.iter().flat_map(|bucket| bucket.read().shared().collect::<Vec<_>>())
    }
}

/// In which of so many buckets a name is.
#[inline(always)]
fn place(hash: u64, buckets: usize) -> usize {
    hash as usize & (buckets - 1)
}

impl<T> Bucket<T> {
    /// One with these entries, and room for more.
    fn of(entries: impl IntoIterator<Item = Arc<Entry<T>>>) -> Self {
        let free = (0..BUCKET_ROOM).map(|_| None);
        Self(entries.into_iter().map(Some).chain(free).map(Place::new).collect())
    }

    #[inline(always)]
    fn entries(&self) -> impl Iterator<Item = &Entry<T>> {
        self.0.iter().map_while(Place::get)
    }

    fn shared(&self) -> impl Iterator<Item = Arc<Entry<T>>> {
        self.0.iter().map_while(Place::share)
    }

    #[inline(always)]
    fn find(&self, hash: u64, name: &str) -> Option<&Entry<T>> {
        self.entries().find(|entry| entry.hash == hash && *entry.name == *name)
    }

    /// Puts an entry into the first free place. Returns whether there was one.
    fn put(&self, entry: &Arc<Entry<T>>) -> bool {
        self.0.iter().any(|place| place.fill(entry))
    }
}

impl<T> Place<T> {
    fn new(entry: Option<Arc<Entry<T>>>) -> Self {
        let entry = entry.map_or(ptr::null_mut(), |entry| Arc::into_raw(entry).cast_mut());
        Self { entry: AtomicPtr::new(entry), owns: PhantomData }
    }

    #[inline(always)]
    fn address(&self) -> *mut Entry<T> {
        // ORDERING: Acquire pairs with the Release in `fill`: the entry's contents.
        self.entry.load(Ordering::Acquire)
    }

    /// What is there.
    #[inline(always)]
    fn get(&self) -> Option<&Entry<T>> {
        // SAFETY: null, or an entry that lives while its count is ours: as long as we do.
        let entry = unsafe { self.address().as_ref() };
        entry.inspect(|entry| entry.published.with(|_| ()))
    }

    /// The same, shared.
    fn share(&self) -> Option<Arc<Entry<T>>> {
        let entry = ptr::from_ref(self.get()?);
        // SAFETY: it came out of an `Arc` by `new` or `fill`, and is counted while we live.
        unsafe {
            Arc::increment_strong_count(entry);
            Some(Arc::from_raw(entry))
        }
    }

    /// Fills a place in which there is nothing. Returns whether that is so.
    fn fill(&self, entry: &Arc<Entry<T>>) -> bool {
        let entry = Arc::into_raw(Arc::clone(entry)).cast_mut();
        // ORDERING: Release pairs with the Acquire in `address`: the entry's contents. Relaxed on failure: nothing is looked at.
        let filled = self.entry.compare_exchange(ptr::null_mut(), entry, Ordering::Release, Ordering::Relaxed).is_ok();
        if !filled {
            // SAFETY: the count is still ours.
            drop(unsafe { Arc::from_raw(entry) });
        }
        filled
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        let entry = self.address();
        if !entry.is_null() {
            // SAFETY: the count is the place's.
            drop(unsafe { Arc::from_raw(entry) });
        }
    }
}

impl<T> Retired<T> {
    /// Replaces one of these buckets, and keeps the former one.
    fn replace(&mut self, buckets: &Reading<'_, Buckets<T>>, hash: u64, by: Bucket<T>) {
        let buckets = self.buckets.get_or_insert_with(|| buckets.share());
        self.formers.push((place(hash, buckets.0.len()), buckets.at(hash).replace(Arc::new(by))));
    }

    /// Whether nothing waits.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.formers.is_empty()
    }

    /// Takes everything out if that is as much as may wait, to be dropped without the lock.
    pub(crate) fn take_if_many(&mut self) -> Option<Self> {
        (self.formers.len() >= MOST_RETIRED).then(|| mem::take(self))
    }
}

impl<T> Default for Retired<T> {
    fn default() -> Self {
        Self { buckets: None, formers: Vec::new() }
    }
}

impl<T> Drop for Retired<T> {
    fn drop(&mut self) {
        let Some(buckets) = self.buckets.take() else { return };
        let formers = self.formers.drain(..).map(|(at, former)| (&buckets.0[at], former));
        for bucket in snapshot::free(formers) {
            // UNWIND: the last reference to a value may be in it, whose drop is user code. The others follow.
            let _ = guard(|| drop(bucket));
        }
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Table")
    }
}

impl<T> fmt::Debug for Retired<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Retired").field(&self.formers.len()).finish()
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{FIRST_BUCKETS, Garbage, LOAD, MOST_RETIRED, Retired, Table};
    use crate::sync::Arc;
    use crate::sync::testing::spawn;

    /// The same value twice, so that a look at one that is gone shows.
    type Twice = (usize, Box<usize>);

    fn find(table: &Table<Twice>, name: &str) -> Option<usize> {
        table.with(name, |entry| {
            entry.map(|entry| {
                assert_eq!(entry.value.0, *entry.value.1);
                entry.value.0
            })
        })
    }

    fn add(table: &Table<Twice>, number: usize, retired: &mut Retired<Twice>) {
        let value = (number, Box::new(number));
        table.add(number.to_string().into(), value, number, retired, &mut Garbage::default());
    }

    #[test]
    fn values_are_found_while_the_table_grows_and_shrinks() {
        let table = Table::new();
        let retired = &mut Retired::default();
        (0..200).for_each(|number| add(&table, number, retired));
        assert!((0..200).all(|number| find(&table, &number.to_string()) == Some(number)));
        assert_eq!((find(&table, "200"), find(&table, "")), (None, None));
        assert!((0..200).step_by(2).all(|number| table.remove(&number.to_string(), retired)));
        assert!(!table.remove("0", retired) && !table.remove("200", retired));
        assert!((0..200).all(|number| find(&table, &number.to_string()).is_some() == (number % 2 == 1)));
    }

    #[test]
    fn a_claim_replaces_nothing_where_a_place_is_free() {
        let table = Table::new();
        let retired = &mut Retired::default();
        add(&table, 0, retired);
        assert!(retired.is_empty());
        for _ in 0..2 * MOST_RETIRED {
            drop(retired.take_if_many());
            assert!(table.remove("0", retired));
            let waiting = retired.formers.len();
            assert!((1..=MOST_RETIRED).contains(&waiting));
            add(&table, 0, retired);
            assert_eq!(retired.formers.len(), waiting);
        }
    }

    #[test]
    fn what_waits_is_let_go_of_by_the_table_that_grows() {
        let table = Table::new();
        let value = Arc::new(());
        let retired = &mut Retired::default();
        let mut garbage = Garbage::default();
        table.add("a".into(), Arc::clone(&value), 0, retired, &mut garbage);
        assert!(table.remove("a", retired));
        assert_eq!(Arc::strong_count(&value), 2, "it waits");
        table.add("b".into(), Arc::default(), FIRST_BUCKETS * LOAD, retired, &mut garbage);
        assert_eq!((retired.formers.len(), Arc::strong_count(&value)), (0, 2));
        drop(garbage);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn who_looks_keeps_what_is_taken_out_meanwhile() {
        let table = Table::new();
        let retired = &mut Retired::default();
        let value = Arc::new(());
        table.add("a".into(), Arc::clone(&value), 0, retired, &mut Garbage::default());
        table.with("a", |found| {
            assert!(table.remove("a", retired));
            drop(std::mem::take(retired));
            assert!(table.with("a", |gone| gone.is_none()));
            assert!(found.is_some_and(|found| Arc::ptr_eq(&found.value, &value)));
        });
        assert_eq!(Arc::strong_count(&value), 1, "it goes with the look, without another change");
    }

    #[test]
    fn some_look_while_one_changes() {
        let table = Arc::new(Table::new());
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let table = Arc::clone(&table);
                spawn(move || {
                    // Odd numbers stay: once all are there, none of them is missed.
                    while find(&table, "501").is_none() {
                        let _ = find(&table, "2");
                    }
                    assert!((1..500).step_by(2).all(|number| find(&table, &number.to_string()) == Some(number)));
                })
            })
            .collect();
        let retired = &mut Retired::default();
        for number in 0..=501 {
            add(&table, number, retired);
            for even in [0, 2].into_iter().chain((number / 4 * 2).checked_sub(2)) {
                table.remove(&even.to_string(), retired);
                drop(retired.take_if_many());
            }
            if number > 2 {
                add(&table, 2, retired);
            }
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    }
}
