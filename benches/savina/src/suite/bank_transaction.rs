//! Bank Transaction (16): a teller orders transfers between accounts; each account waits for the other before it confirms.
//!
//! Stresses: a request within a request, and messages that wait for an actor that waits.
//!
//! Parameters: A = 1,000 accounts, N = 50,000 transfers. Messages: counted as in the suite's table, 252,407 for so many
//! transfers, so that the same work is compared. Here each transfer is an order, a debit, its reply and a confirmation, and
//! each account is closed in the end, which is 202,000.
//!
//! Of the suite's variants this is the one that awaits: the account that pays is suspended until the other one replies, and
//! its messages wait in its mailbox.
//!
//! Verified: from whom to whom goes how much comes from one sequence of random numbers. Played again in sequence, on plain
//! numbers, it gives the final balance of each account.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Mailbox, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 16,
    name: "bank-transaction",
    parameters: "A = 1,000, N = 50,000",
    play,
    tokio: Some(play_tokio),
};

const ACCOUNTS: usize = 1_000;
/// Enough for everything that an account could ever pay.
const FIRST_BALANCE: u64 = 1_000_000_000;

fn transfers(size: Size) -> u64 {
    size.pick(50_000, 2_000)
}

fn messages(transfers: u64) -> u64 {
    transfers * 252_407 / 50_000
}

#[derive(Debug, Clone, Copy)]
struct Transfer {
    from: usize,
    to: usize,
    amount: u64,
}

/// The sequence of transfers: the suite has money flow from the first eight tenths to a later account.
fn transfers_to_order(transfers: u64) -> impl Iterator<Item = Transfer> + Send {
    let mut random = Random::new(1);
    (0..transfers).map(move |_| {
        let from = random.below(ACCOUNTS as u64 / 10 * 8);
        let to = from + random.below(ACCOUNTS as u64 - from).max(1);
        Transfer { from: from as usize, to: to as usize, amount: random.below(1_000) }
    })
}

fn verify_balances(transfers: u64, balances: Vec<u64>) -> Result<(), Failure> {
    let mut expected = vec![FIRST_BALANCE; ACCOUNTS];
    for Transfer { from, to, amount } in transfers_to_order(transfers) {
        expected[from] -= amount;
        expected[to] += amount;
    }
    verify("the balances", expected, balances)
}

struct Account {
    balance: u64,
    teller: ActorRef<Teller>,
}

impl Actor for Account {}

/// Pays somebody.
struct Pay {
    amount: u64,
    to: ActorRef<Account>,
}

impl Message for Pay {
    type Result = ();
}

impl Handler<Pay> for Account {
    async fn handle(&mut self, Pay { amount, to }: Pay, _: &mut ActorContext<Self>) {
        self.balance -= amount;
        to.send(Receive { amount }).await.expect("the other account replies");
        self.teller.tell(Confirmed).await.expect("the teller lives");
    }
}

/// Is paid.
struct Receive {
    amount: u64,
}

impl Message for Receive {
    type Result = ();
}

impl Handler<Receive> for Account {
    async fn handle(&mut self, Receive { amount }: Receive, _: &mut ActorContext<Self>) {
        self.balance += amount;
    }
}

/// Ends the account, and returns its balance.
struct Close;

impl Message for Close {
    type Result = u64;
}

impl Handler<Close> for Account {
    async fn handle(&mut self, _: Close, ctx: &mut ActorContext<Self>) -> u64 {
        // Teller and accounts keep each other alive.
        ctx.stop();
        self.balance
    }
}

struct Teller {
    accounts: Vec<ActorRef<Account>>,
    /// Transfers that aren't confirmed yet.
    open: u64,
    report: mpsc::Sender<Vec<u64>>,
}

impl Actor for Teller {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        for _ in 0..ACCOUNTS {
            let account = Account { balance: FIRST_BALANCE, teller: ctx.actor_ref() };
            self.accounts.push(ctx.system().spawn(account).start()?);
        }
        Ok(())
    }
}

/// Orders all transfers.
struct Start;

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Teller {
    async fn handle(&mut self, _: Start, _: &mut ActorContext<Self>) {
        for Transfer { from, to, amount } in transfers_to_order(self.open) {
            let pay = Pay { amount, to: self.accounts[to].clone() };
            self.accounts[from].tell(pay).await.expect("an account lives");
        }
    }
}

struct Confirmed;

impl Message for Confirmed {
    type Result = ();
}

impl Handler<Confirmed> for Teller {
    async fn handle(&mut self, _: Confirmed, ctx: &mut ActorContext<Self>) {
        self.open -= 1;
        if self.open > 0 {
            return;
        }
        let mut balances = Vec::new();
        for account in &self.accounts {
            balances.push(account.send(Close).await.expect("an account replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(balances);
        ctx.stop();
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let transfers = transfers(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let teller = Teller { accounts: Vec::new(), open: transfers, report };
    // Unbounded, or teller and accounts could wait for room at each other.
    system.spawn(teller).mailbox(Mailbox::unbounded()).start()?.blocking_tell(Start)?;
    let (outcome, balances) = outcome(started, messages(transfers), &result)?;
    verify_balances(transfers, balances)?;
    Ok(outcome)
}

/// What an account's task receives.
enum Order {
    Pay { amount: u64, to: tokio_mpsc::Sender<Order> },
    Receive { amount: u64, reply: oneshot::Sender<()> },
    Close(oneshot::Sender<u64>),
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let transfers = transfers(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (teller, mut confirmations) = tokio_mpsc::unbounded_channel();
    let mut accounts = Vec::new();
    for _ in 0..ACCOUNTS {
        let (account, mut orders) = tokio_mpsc::channel(1_024);
        accounts.push(account);
        let teller = teller.clone();
        runtime.spawn(async move {
            let mut balance = FIRST_BALANCE;
            loop {
                match orders.recv().await.expect("the teller knows its accounts") {
                    Order::Pay { amount, to } => {
                        balance -= amount;
                        let (reply, received) = oneshot::channel();
                        to.send(Order::Receive { amount, reply }).await.expect("the other account lives");
                        received.await.expect("the other account replies");
                        teller.send(()).expect("the teller lives");
                    }
                    Order::Receive { amount, reply } => {
                        balance += amount;
                        reply.send(()).expect("the other account waits");
                    }
                    Order::Close(reply) => break reply.send(balance).expect("the teller waits"),
                }
            }
        });
    }
    runtime.spawn(async move {
        for Transfer { from, to, amount } in transfers_to_order(transfers) {
            let pay = Order::Pay { amount, to: accounts[to].clone() };
            accounts[from].send(pay).await.expect("an account lives");
        }
        for _ in 0..transfers {
            confirmations.recv().await.expect("the accounts live");
        }
        let mut balances = Vec::new();
        for account in &accounts {
            let (reply, balance) = oneshot::channel();
            account.send(Order::Close(reply)).await.expect("an account lives");
            balances.push(balance.await.expect("an account replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(balances);
    });
    let (outcome, balances) = outcome(started, messages(transfers), &result)?;
    verify_balances(transfers, balances)?;
    Ok(outcome)
}
