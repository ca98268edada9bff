//! Models of a value that is replaced as a whole while others read it: who frees it, and when.

use corecast::loom_api::snapshot::Snapshot;
use loom::cell::UnsafeCell;
use loom::thread;
use loom_tests::{Bounds, model};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A value. What it holds is written before it is put in, read by readers, and written again by its drop: loom sees whether
/// each of them is ordered behind the one before.
struct Value {
    number: UnsafeCell<usize>,
    /// Values that live.
    live: Arc<AtomicUsize>,
}

// SAFETY: the models are about whether this is so.
unsafe impl Send for Value {}
// SAFETY: as above.
unsafe impl Sync for Value {}

impl Value {
    fn new(number: usize, live: &Arc<AtomicUsize>) -> Arc<Self> {
        live.fetch_add(1, Ordering::Relaxed);
        let value = Self { number: UnsafeCell::new(0), live: Arc::clone(live) };
        // SAFETY: nobody else has it yet.
        value.number.with_mut(|place| unsafe { *place = number });
        Arc::new(value)
    }

    fn number(&self) -> usize {
        // SAFETY: loom checks it: it isn't written while it is read.
        self.number.with(|place| unsafe { *place })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: loom checks it: nobody reads it any more.
        self.number.with_mut(|place| unsafe { *place = usize::MAX });
        self.live.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A snapshot of value 0, and how many values live.
fn stage() -> (Arc<Snapshot<Value>>, Arc<AtomicUsize>) {
    let live = Arc::new(AtomicUsize::new(0));
    (Arc::new(Snapshot::new(Value::new(0, &live))), live)
}

/// Replaces the value by `number` on a thread of its own. What comes back is dropped there.
fn replace(snapshot: &Arc<Snapshot<Value>>, live: &Arc<AtomicUsize>, number: usize) -> thread::JoinHandle<usize> {
    let (snapshot, live) = (Arc::clone(snapshot), Arc::clone(live));
    thread::spawn(move || snapshot.swap(Value::new(number, &live)).len())
}

/// All that was replaced is gone when nobody reads any more, without another change; the rest goes with the snapshot.
fn settle(snapshot: Arc<Snapshot<Value>>, live: &AtomicUsize) {
    assert_eq!(live.load(Ordering::Relaxed), 1, "what nobody reads is freed");
    drop(Arc::into_inner(snapshot).expect("the threads have ended"));
    assert_eq!(live.load(Ordering::Relaxed), 0, "and the last one goes with the snapshot");
}

#[test]
fn one_reads_and_one_replaces() {
    let expected = ["read before", "read after", "freed by the reader"];
    model("snapshot read and swap", Bounds::default(), &expected, |outcomes| {
        let (snapshot, live) = stage();
        let replacer = replace(&snapshot, &live, 1);
        let seen = snapshot.read(Value::number);
        let freed = replacer.join().unwrap();
        outcomes.saw(["read before", "read after"][seen]);
        if freed == 0 {
            outcomes.saw("freed by the reader");
        }
        settle(snapshot, &live);
    });
}

#[test]
fn one_reads_twice_and_one_replaces() {
    // A mark that is used again says as well that its first reader is done.
    let expected = ["the same", "another"];
    model("snapshot reads and swap", Bounds::default(), &expected, |outcomes| {
        let (snapshot, live) = stage();
        let replacer = replace(&snapshot, &live, 1);
        let (first, second) = (snapshot.read(Value::number), snapshot.read(Value::number));
        assert!(first <= second, "no older value comes back");
        outcomes.saw(if first == second { "the same" } else { "another" });
        replacer.join().unwrap();
        settle(snapshot, &live);
    });
}

#[test]
fn one_reads_while_it_reads_and_one_replaces() {
    let expected = ["the same", "another"];
    model("snapshot nested reads and swap", Bounds::default(), &expected, |outcomes| {
        let (snapshot, live) = stage();
        let replacer = replace(&snapshot, &live, 1);
        snapshot.read(|outer| {
            let inner = snapshot.read(Value::number);
            assert!(outer.number() <= inner);
            outcomes.saw(if outer.number() == inner { "the same" } else { "another" });
        });
        replacer.join().unwrap();
        settle(snapshot, &live);
    });
}

#[test]
fn two_read_and_one_replaces() {
    let expected = ["freed by its replacer", "freed by a reader"];
    model("snapshot two readers", Bounds::default(), &expected, |outcomes| {
        let (snapshot, live) = stage();
        let replacer = replace(&snapshot, &live, 1);
        let reader = {
            let snapshot = Arc::clone(&snapshot);
            thread::spawn(move || snapshot.read(Value::number))
        };
        snapshot.read(Value::number);
        reader.join().unwrap();
        let freed = replacer.join().unwrap();
        outcomes.saw(["freed by a reader", "freed by its replacer"][freed]);
        settle(snapshot, &live);
    });
}

#[test]
fn one_reads_and_two_replace() {
    let expected = ["none came back", "one came back", "both came back"];
    model("snapshot two replacers", Bounds::default(), &expected, |outcomes| {
        let (snapshot, live) = stage();
        let replacer = replace(&snapshot, &live, 1);
        let other = replace(&snapshot, &live, 2);
        snapshot.read(Value::number);
        let freed = replacer.join().unwrap() + other.join().unwrap();
        outcomes.saw(["none came back", "one came back", "both came back"][freed]);
        settle(snapshot, &live);
    });
}

#[test]
fn one_replaces_what_it_reads_beside_another_reader() {
    model("snapshot swap while reading", Bounds::default(), &["left to the other", "freed here"], |outcomes| {
        let (snapshot, live) = stage();
        let reader = {
            let snapshot = Arc::clone(&snapshot);
            thread::spawn(move || snapshot.read(Value::number))
        };
        snapshot.read(|value| {
            assert!(snapshot.swap(Value::new(1, &live)).is_empty(), "it is being read");
            assert_eq!(value.number(), 0);
        });
        outcomes.saw(if live.load(Ordering::Relaxed) == 1 { "freed here" } else { "left to the other" });
        reader.join().unwrap();
        settle(snapshot, &live);
    });
}

#[test]
fn a_page_of_marks_passes_from_thread_to_thread() {
    // The first reader ends at some time, and the second takes its page, or one of its own.
    model("snapshot pages", Bounds::default(), &["replaced", "not yet"], |outcomes| {
        let (snapshot, live) = stage();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let snapshot = Arc::clone(&snapshot);
                thread::spawn(move || snapshot.read(Value::number))
            })
            .collect();
        drop(snapshot.swap(Value::new(1, &live)));
        for reader in readers {
            outcomes.saw(["not yet", "replaced"][reader.join().unwrap()]);
        }
        settle(snapshot, &live);
    });
}
