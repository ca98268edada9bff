//! Which schedules there are: others act between messages, and at each await.

use std::collections::BTreeSet;
use std::sync::Mutex;

use corecast::sim::{Check, Strategy};

use crate::actors::{All, Log, Write, Writer};

#[test]
fn others_act_at_each_await() {
    for strategy in [Strategy::RandomWalk, Strategy::Pct { depth: 4 }] {
        let orders = Mutex::new(BTreeSet::new());
        Check::new().strategy(strategy).runs(3_000).run(|sim| {
            let system = sim.system();
            let log = system.spawn(Log::default()).start()?;
            for writer in 0..2 {
                let entries = writer * 10..writer * 10 + 2;
                system.spawn(Writer(log.clone())).start()?.try_tell(Write(entries))?;
            }
            sim.run_until_quiescent()?;
            orders.lock().expect("not poisoned").insert(log.blocking_send(All)?);
            Ok(())
        });
        assert_eq!(orders.into_inner().expect("not poisoned").len(), 6, "{strategy:?}");
    }
}
