//! A lost update: two tellers read a balance, await, and write it back.

use corecast::sim::{Cause, Outcome, Sim};
use corecast::{Actor, ActorContext, ActorRef, Handler, Message};

use super::{found_by, passes, passes_in_each_schedule};

/// The seed that finds it.
pub(super) const SEED: u64 = 0;

struct Account {
    balance: u64,
}
impl Actor for Account {}

struct Balance;
impl Message for Balance {
    type Result = u64;
}
impl Handler<Balance> for Account {
    async fn handle(&mut self, _: Balance, _: &mut ActorContext<Self>) -> u64 {
        self.balance
    }
}

struct SetBalance(u64);
impl Message for SetBalance {
    type Result = ();
}
impl Handler<SetBalance> for Account {
    async fn handle(&mut self, SetBalance(balance): SetBalance, _: &mut ActorContext<Self>) {
        self.balance = balance;
    }
}

struct PayIn(u64);
impl Message for PayIn {
    type Result = ();
}

struct Teller(ActorRef<Account>);
impl Actor for Teller {}

impl Handler<PayIn> for Teller {
    async fn handle(&mut self, PayIn(sum): PayIn, _: &mut ActorContext<Self>) {
        let Ok(balance) = self.0.send(Balance).await else { return };
        let _ = self.0.tell(SetBalance(balance + sum)).await;
    }
}

fn both_payments_count<T: Handler<PayIn>>(sim: &Sim, teller: fn(ActorRef<Account>) -> T) -> Outcome {
    let system = sim.system();
    let account = system.spawn(Account { balance: 100 }).name("account").start()?;
    for name in ["anna", "bert"] {
        let teller = system.spawn(teller(account.clone())).name(name).start()?;
        teller.try_tell(PayIn(50))?;
    }
    sim.run_until_quiescent()?;
    assert_eq!(account.blocking_send(Balance)?, 200, "both payments count");
    Ok(())
}

struct Deposit(u64);
impl Message for Deposit {
    type Result = ();
}
impl Handler<Deposit> for Account {
    async fn handle(&mut self, Deposit(sum): Deposit, _: &mut ActorContext<Self>) {
        self.balance += sum;
    }
}

struct CarefulTeller(ActorRef<Account>);
impl Actor for CarefulTeller {}

impl Handler<PayIn> for CarefulTeller {
    async fn handle(&mut self, PayIn(sum): PayIn, _: &mut ActorContext<Self>) {
        let _ = self.0.tell(Deposit(sum)).await;
    }
}

pub(super) fn test(sim: &Sim) -> Outcome {
    both_payments_count(sim, Teller)
}

#[test]
fn it_is_found_and_the_report_has_the_sum() {
    let failure = found_by(SEED, test);
    let Cause::Panicked { text, place: Some(place) } = failure.cause() else { panic!("{failure}") };
    assert!(text.contains("both payments count") && text.contains("150"), "{failure}");
    assert!(place.contains("lost_update.rs"), "{failure}");
    let told = failure.trace().to_string();
    for teller in ["anna", "bert"] {
        assert!(told.contains(&format!("`{teller}` handles PayIn")), "{told}");
    }
    assert!(told.contains("waits for `account`"), "{told}");
}

#[test]
fn an_account_that_adds_by_itself_passes() {
    passes(|sim| both_payments_count(sim, CarefulTeller));
    passes_in_each_schedule(|sim| both_payments_count(sim, CarefulTeller));
}
