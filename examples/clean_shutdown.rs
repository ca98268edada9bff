//! A clean shutdown: what was accepted is handled first, then every actor stops and says goodbye,
//! and a message that comes later is returned to its sender.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use corecast::{Actor, ActorContext, ActorSystem, Handler, Mailbox, Message, StopReason};

const ENTRIES: u32 = 1_000;

/// Writes entries, and closes the book at the end.
struct Ledger {
    written: u32,
    closed_at: Arc<AtomicU32>,
}

impl Actor for Ledger {
    async fn post_stop(&mut self, reason: &StopReason, _: &mut ActorContext<Self>) {
        println!("the ledger closes after {} entries: {reason}", self.written);
        assert!(matches!(reason, StopReason::SystemShutdown));
        // ORDERING: Release pairs with the Acquire load in `main`.
        self.closed_at.store(self.written, Ordering::Release);
    }
}

#[derive(Debug)]
struct Entry(u32);

impl Message for Entry {
    type Result = ();
}

impl Handler<Entry> for Ledger {
    async fn handle(&mut self, _: Entry, _: &mut ActorContext<Self>) {
        self.written += 1;
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    let closed_at = Arc::new(AtomicU32::new(0));
    let ledger = Ledger { written: 0, closed_at: Arc::clone(&closed_at) };
    let ledger = system.spawn(ledger).mailbox(Mailbox::unbounded()).start()?;
    for number in 0..ENTRIES {
        ledger.try_tell(Entry(number))?;
    }

    let report = system.block_on(system.shutdown());
    assert!(report.is_clean(), "killed: {:?}", report.killed);
    assert_eq!(closed_at.load(Ordering::Acquire), ENTRIES);

    let refused = ledger.try_tell(Entry(ENTRIES)).expect_err("the system has shut down");
    println!("too late: {refused}");
    assert_eq!(refused.into_message().0, ENTRIES);
    assert_eq!(system.dead_letters(), 0);
    Ok(())
}
