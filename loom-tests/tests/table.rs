//! Models of values by name: a look against an entry that is put in, and one that is taken out.
//!
//! The table has one bucket, with one free place. A value holds a cell that is written before it is put in, read by looks, and
//! written by its drop.

use corecast::loom_api::table::{Retired, Table};
use loom::cell::UnsafeCell;
use loom::thread;
use loom_tests::{Bounds, model};
use std::sync::Arc;

struct Value {
    number: UnsafeCell<usize>,
    /// Counts those that live.
    live: Arc<()>,
}

// SAFETY: the models are about whether this is so.
unsafe impl Send for Value {}
// SAFETY: as above.
unsafe impl Sync for Value {}

impl Value {
    fn new(number: usize, live: &Arc<()>) -> Self {
        let value = Self { number: UnsafeCell::new(0), live: Arc::clone(live) };
        // SAFETY: nobody else has it yet.
        value.number.with_mut(|place| unsafe { *place = number });
        value
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
        assert!(Arc::strong_count(&self.live) > 1);
    }
}

fn find(table: &Table<Value>, name: &str) -> Option<usize> {
    table.look(name, |value| value.map(Value::number))
}

#[test]
fn a_look_against_an_entry_that_fills_a_place() {
    model("table fill", Bounds::default(), &["found", "nothing"], |outcomes| {
        let (table, live) = (Arc::new(Table::new()), Arc::new(()));
        let adding = thread::spawn({
            let (table, live) = (Arc::clone(&table), Arc::clone(&live));
            move || table.add("a", Value::new(1, &live), 0, &mut Retired::new())
        });
        let found = find(&table, "a");
        assert!(found.is_none_or(|number| number == 1));
        outcomes.saw(if found.is_some() { "found" } else { "nothing" });
        adding.join().unwrap();
        assert_eq!(find(&table, "a"), Some(1));
        drop(table);
        assert_eq!(Arc::strong_count(&live), 1);
    });
}

#[test]
fn a_look_against_an_entry_that_finds_no_place() {
    model("table longer bucket", Bounds::default(), &["found", "nothing"], |outcomes| {
        let (table, live) = (Arc::new(Table::new()), Arc::new(()));
        table.add("a", Value::new(1, &live), 0, &mut Retired::new());
        let adding = thread::spawn({
            let (table, live) = (Arc::clone(&table), Arc::clone(&live));
            move || table.add("b", Value::new(2, &live), 1, &mut Retired::new())
        });
        let found = find(&table, "b");
        assert_eq!(find(&table, "a"), Some(1), "it is there all the time");
        outcomes.saw(if found.is_some() { "found" } else { "nothing" });
        adding.join().unwrap();
        assert_eq!(find(&table, "b"), Some(2));
        drop(table);
        assert_eq!(Arc::strong_count(&live), 1);
    });
}

#[test]
fn a_look_against_an_entry_that_is_taken_out_and_one_that_takes_its_place() {
    model("table remove", Bounds::default(), &["the first", "nothing", "the second"], |outcomes| {
        let (table, live) = (Arc::new(Table::new()), Arc::new(()));
        table.add("a", Value::new(1, &live), 0, &mut Retired::new());
        let changing = thread::spawn({
            let (table, live) = (Arc::clone(&table), Arc::clone(&live));
            move || {
                let mut retired = Retired::new();
                assert!(table.remove("a", &mut retired));
                table.add("a", Value::new(2, &live), 0, &mut retired);
                // The barrier comes last.
                drop(retired);
            }
        });
        outcomes.saw(match find(&table, "a") {
            Some(1) => "the first",
            None => "nothing",
            _ => "the second",
        });
        changing.join().unwrap();
        assert_eq!(Arc::strong_count(&live), 2, "what was taken out is gone, without another change");
        drop(table);
        assert_eq!(Arc::strong_count(&live), 1);
    });
}
