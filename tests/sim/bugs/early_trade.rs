//! An assumption about the order of messages from two senders: a ledger takes it that a share is listed before it is traded.

use std::collections::BTreeMap;

use corecast::sim::{Cause, Outcome, Sim};
use corecast::{Actor, ActorContext, ActorRef, Handler, Message};

use super::{found_by, passes, passes_in_each_schedule};

/// The seed that finds it.
pub(super) const SEED: u64 = 0;

type Symbol = &'static str;

struct Listed(Symbol);
impl Message for Listed {
    type Result = ();
}

struct Traded {
    symbol: Symbol,
    shares: i64,
}
impl Message for Traded {
    type Result = ();
}

struct Position(Symbol);
impl Message for Position {
    type Result = Option<i64>;
}

#[derive(Default)]
struct Ledger {
    positions: BTreeMap<Symbol, i64>,
}
impl Actor for Ledger {}

impl Handler<Listed> for Ledger {
    async fn handle(&mut self, Listed(symbol): Listed, _: &mut ActorContext<Self>) {
        self.positions.insert(symbol, 0);
    }
}

impl Handler<Traded> for Ledger {
    async fn handle(&mut self, trade: Traded, _: &mut ActorContext<Self>) {
        let position = self.positions.get_mut(trade.symbol).expect("listed before it is traded");
        *position += trade.shares;
    }
}

impl Handler<Position> for Ledger {
    async fn handle(&mut self, Position(symbol): Position, _: &mut ActorContext<Self>) -> Option<i64> {
        self.positions.get(symbol).copied()
    }
}

struct Registry<L: Handler<Listed>>(ActorRef<L>);
impl<L: Handler<Listed>> Actor for Registry<L> {}

struct Admit(Symbol);
impl Message for Admit {
    type Result = ();
}
impl<L: Handler<Listed>> Handler<Admit> for Registry<L> {
    async fn handle(&mut self, Admit(symbol): Admit, _: &mut ActorContext<Self>) {
        let _ = self.0.tell(Listed(symbol)).await;
    }
}

struct Floor<L: Handler<Traded>>(ActorRef<L>);
impl<L: Handler<Traded>> Actor for Floor<L> {}

struct Buy(Symbol, i64);
impl Message for Buy {
    type Result = ();
}
impl<L: Handler<Traded>> Handler<Buy> for Floor<L> {
    async fn handle(&mut self, Buy(symbol, shares): Buy, _: &mut ActorContext<Self>) {
        let _ = self.0.tell(Traded { symbol, shares }).await;
    }
}

fn each_trade_counts<L>(sim: &Sim) -> Outcome
where
    L: Default + Handler<Listed> + Handler<Traded> + Handler<Position>,
{
    let system = sim.system();
    let ledger = system.spawn(L::default()).name("ledger").start()?;
    let registry = system.spawn(Registry(ledger.clone())).name("registry").start()?;
    let floor = system.spawn(Floor(ledger.clone())).name("floor").start()?;
    registry.try_tell(Admit("CORE"))?; // first
    floor.try_tell(Buy("CORE", 300))?; // and then
    sim.run_until_quiescent()?;
    assert_eq!(ledger.blocking_send(Position("CORE"))?, Some(300));
    Ok(())
}

#[derive(Default)]
struct PatientLedger {
    ledger: Ledger,
    early: BTreeMap<Symbol, i64>,
}
impl Actor for PatientLedger {}

impl Handler<Listed> for PatientLedger {
    async fn handle(&mut self, Listed(symbol): Listed, _: &mut ActorContext<Self>) {
        let shares = self.early.remove(symbol).unwrap_or(0);
        self.ledger.positions.insert(symbol, shares);
    }
}

impl Handler<Traded> for PatientLedger {
    async fn handle(&mut self, trade: Traded, _: &mut ActorContext<Self>) {
        let position = match self.ledger.positions.get_mut(trade.symbol) {
            Some(position) => position,
            None => self.early.entry(trade.symbol).or_default(),
        };
        *position += trade.shares;
    }
}

impl Handler<Position> for PatientLedger {
    async fn handle(&mut self, Position(symbol): Position, _: &mut ActorContext<Self>) -> Option<i64> {
        self.ledger.positions.get(symbol).copied()
    }
}

pub(super) fn test(sim: &Sim) -> Outcome {
    each_trade_counts::<Ledger>(sim)
}

#[test]
fn it_is_found_and_the_report_says_who_failed_over_what() {
    let failure = found_by(SEED, test);
    let Cause::Failed(text) = failure.cause() else { panic!("{failure}") };
    assert!(text.contains("`ledger`") && text.contains("listed before it is traded"), "{failure}");
    let told = failure.trace().to_string();
    assert!(told.contains("`floor` handles Buy") && told.contains("`ledger` handles Traded"), "{told}");
    assert!(!told.contains("`ledger` handles Listed"), "{told}");
}

#[test]
fn a_ledger_that_keeps_what_comes_early_passes() {
    passes(each_trade_counts::<PatientLedger>);
    passes_in_each_schedule(each_trade_counts::<PatientLedger>);
}
