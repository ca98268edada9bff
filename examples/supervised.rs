//! A supervised tree that takes orders while its parts are broken, again and again; at the end the books are compared.
//!
//! ```text
//! root: rest for one
//! ├── store          permanent: whoever is behind it needs it
//! ├── workers        one for one, with a back-off
//! │   ├── worker-0
//! │   └── ..
//! └── connections    dynamic: one for each customer
//!     └── ..
//! ```
//!
//! Customers place orders by their connections, connections pass them to workers, workers book them in the store. Between the
//! orders parts are made to panic, killed, and kept from starting. A customer whose order gets no answer places it once
//! more, by a new connection if need be; the store knows by an order's number whether it has it already. What the customers
//! were told and what is on the store's disk have to be the same in the end: nothing is lost, and nothing counts twice.
//!
//! A listener prints what the supervisors see and do. The order of its lines is that of the events, which is another one each
//! time; how many faults there are isn't.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorError, ActorFailure, ActorRef, ActorSystem, Backoff, ChildError, ChildSpec,
    DynamicSupervisor, Handler, Incident, Mailbox, Message, Observer, RestartType, ShutdownPolicy, SpecError, Strategy,
    SupervisionEvent, Supervisor, SystemRef,
};
use futures::future::join_all;

/// Time to finish what one is doing, when all are restarted because the store has failed. Whoever waits for the store then
/// waits in vain until that is over.
const BUDGET: ShutdownPolicy = ShutdownPolicy::Within(Duration::from_millis(20));

type Failure = Box<dyn Error + Send + Sync>;

const CUSTOMERS: u32 = 4;
const ORDERS: u32 = 200;
const WORKERS: u32 = 3;
/// After so many orders the next part is broken.
const EVERY: u32 = 50;

/// So long an answer is waited for: longer than any restart here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Panic, in your handler.
struct Break;

impl Message for Break {
    type Result = ();
}

// --- the store -----------------------------------------------------------------------------------------------------------

/// What outlives the store: amounts by the numbers of the orders.
type Disk = Arc<Mutex<BTreeMap<u32, u64>>>;

/// Books orders. Its total is in memory, and is read from the disk by each start.
struct Store {
    disk: Disk,
    total: u64,
}

impl Actor for Store {
    async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.total = self.disk.lock().expect("nobody panics with it").values().sum();
        Ok(())
    }
}

/// Returns the total of all orders.
struct Book {
    order: u32,
    amount: u64,
}

impl Message for Book {
    type Result = u64;
}

impl Handler<Book> for Store {
    async fn handle(&mut self, Book { order, amount }: Book, _: &mut ActorContext<Self>) -> u64 {
        if self.disk.lock().expect("nobody panics with it").insert(order, amount).is_none() {
            self.total += amount;
        }
        self.total
    }
}

impl Handler<Break> for Store {
    async fn handle(&mut self, _: Break, _: &mut ActorContext<Self>) {
        panic!("the disk is full");
    }
}

// --- the workers ---------------------------------------------------------------------------------------------------------

/// Works out what an order costs, and has it booked.
struct Worker {
    store: Option<ActorRef<Store>>,
    /// How many starts are to fail yet.
    unfit: Arc<AtomicU32>,
}

impl Actor for Worker {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        // ORDERING: Relaxed; the number is all that matters.
        let unfit = self.unfit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if unfit.is_ok() {
            return Err(ActorError::new("no tools"));
        }
        // The reference stays good through restarts of the store.
        self.store = Some(ctx.system().find::<Store>("store")?);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Order {
    number: u32,
    pieces: u64,
}

impl Order {
    fn amount(self) -> u64 {
        self.pieces * 3
    }
}

impl Message for Order {
    type Result = Result<u64, ActorError>;
}

impl Handler<Order> for Worker {
    async fn handle(&mut self, order: Order, ctx: &mut ActorContext<Self>) -> Result<u64, ActorError> {
        let Some(store) = &self.store else { return Err(ActorError::new("no store")) };
        let booked = store.send(Book { order: order.number, amount: order.amount() }).await;
        booked.map(|_| order.amount()).map_err(|error| {
            // Its own state may be as bad as the store's was: it asks for a new one.
            ctx.fail(ActorError::new("the store has failed"));
            error.into()
        })
    }
}

impl Handler<Break> for Worker {
    async fn handle(&mut self, _: Break, _: &mut ActorContext<Self>) {
        panic!("a slip of the hand");
    }
}

// --- the connections -----------------------------------------------------------------------------------------------------

/// What a customer talks to. Which worker has an order depends on its number.
struct Connection {
    customer: u32,
}

impl Actor for Connection {}

impl Handler<Order> for Connection {
    async fn handle(&mut self, order: Order, ctx: &mut ActorContext<Self>) -> Result<u64, ActorError> {
        let worker = ctx.system().find::<Worker>(&format!("worker-{}", order.number % WORKERS))?;
        worker.send(order).await?
    }
}

impl Handler<Break> for Connection {
    async fn handle(&mut self, _: Break, _: &mut ActorContext<Self>) {
        panic!("customer {} hung up", self.customer);
    }
}

type Connections = DynamicSupervisor<Connection, u32>;

// --- the tree ------------------------------------------------------------------------------------------------------------

fn workers(unfit: Arc<AtomicU32>) -> Result<Supervisor, SpecError> {
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(20));
    let mut workers = Supervisor::builder(Strategy::OneForOne).intensity(100, Duration::from_secs(1));
    for number in 0..WORKERS {
        let (name, unfit) = (format!("worker-{number}"), Arc::clone(&unfit));
        let spec = ChildSpec::new(&*name, move || Worker { store: None, unfit: Arc::clone(&unfit) });
        workers = workers.child(spec.name(name).backoff(backoff).shutdown(BUDGET));
    }
    workers.build()
}

fn connections() -> Result<Connections, SpecError> {
    DynamicSupervisor::builder(|customer| Connection { customer })
        .restart(RestartType::Transient)
        .shutdown(BUDGET)
        .intensity(100, Duration::from_secs(1))
        .build()
}

fn tree(disk: &Disk, unfit: &Arc<AtomicU32>) -> Result<Supervisor, SpecError> {
    let (disk, unfit) = (Arc::clone(disk), Arc::clone(unfit));
    Supervisor::builder(Strategy::RestForOne)
        .intensity(20, Duration::from_secs(1))
        .child(ChildSpec::new("store", move || Store { disk: Arc::clone(&disk), total: 0 }).name("store"))
        .child(ChildSpec::supervisor("workers", move || workers(Arc::clone(&unfit))))
        .child(ChildSpec::supervisor("connections", connections).name("connections"))
        .build()
}

// --- the customers, and what befalls them --------------------------------------------------------------------------------

/// Places orders, and notes what it was told.
struct Customer<'a> {
    system: &'a ActorSystem,
    number: u32,
    connections: ActorRef<Connections>,
    connection: Option<ActorRef<Connection>>,
    repeats: u32,
}

impl Customer<'_> {
    async fn connection(&mut self) -> Result<ActorRef<Connection>, ChildError> {
        if let Some(connection) = self.connection.as_ref().filter(|connection| connection.is_alive()) {
            return Ok(connection.clone());
        }
        let connection = self.connections.start_child(self.number).await?;
        self.connection = Some(connection.clone());
        Ok(connection)
    }

    /// Places an order until it is confirmed.
    async fn place(&mut self, order: Order) -> Result<u64, ChildError> {
        loop {
            let answer = self.connection().await?.send(order).timeout(PATIENCE).await;
            match answer {
                Ok(Ok(amount)) => return Ok(amount),
                Ok(Err(_)) | Err(_) => self.repeats += 1,
            }
            // A moment for whoever is being restarted.
            self.system.sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Breaks one part after the other.
struct Saboteur {
    system: SystemRef,
    unfit: Arc<AtomicU32>,
    turn: AtomicU32,
    placed: AtomicU32,
}

impl Saboteur {
    /// An order was confirmed. What is broken is told the customer who placed it, whose connection may be it.
    async fn hear(&self, connection: Option<&ActorRef<Connection>>) {
        // ORDERING: Relaxed here and below; all is counted on one thread.
        if !(self.placed.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(EVERY) {
            return;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let name = format!("worker-{}", turn % WORKERS);
        let (Ok(worker), Ok(store)) = (self.system.find::<Worker>(&name), self.system.find::<Store>("store")) else {
            // All workers are being restarted, and have no names meanwhile: they have trouble enough.
            return;
        };
        match turn % 6 {
            0 => drop(worker.tell(Break).await),
            1 => worker.kill(),
            2 => drop(store.tell(Break).await),
            3 => {
                self.unfit.store(2, Ordering::Relaxed);
                drop(worker.tell(Break).await);
            }
            4 => {
                if let Some(connection) = connection {
                    drop(connection.tell(Break).await);
                }
            }
            _ => store.kill(),
        }
    }
}

// --- what is seen of it --------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    failures: u32,
    restarts: u32,
}

/// Prints what happens, and counts it.
#[derive(Default)]
struct Listener(Tally);

impl Actor for Listener {}

impl Handler<SupervisionEvent> for Listener {
    async fn handle(&mut self, event: SupervisionEvent, _: &mut ActorContext<Self>) {
        match event.incident() {
            Incident::Failed(_) => self.0.failures += 1,
            Incident::Restarted => self.0.restarts += 1,
            Incident::Started | Incident::Stopped(_) => return,
            _ => {}
        }
        let id = if event.child_id().is_empty() { "a connection" } else { event.child_id() };
        println!("{id} {}", event.incident());
    }
}

struct Tell;

impl Message for Tell {
    type Result = Tally;
}

impl Handler<Tell> for Listener {
    async fn handle(&mut self, _: Tell, _: &mut ActorContext<Self>) -> Tally {
        self.0
    }
}

/// The listener hears of them.
struct Quiet;

impl Observer for Quiet {
    fn actor_failed(&self, _: &ActorFailure) {}
}

fn main() -> Result<(), Failure> {
    // So are the panics told by the listener alone.
    std::panic::set_hook(Box::new(|_| {}));
    let system = ActorSystem::builder().observer(Quiet).build()?;
    let outcome = system.block_on(run(&system));
    // The hook that prints would print this.
    drop(std::panic::take_hook());
    outcome
}

async fn run(system: &ActorSystem) -> Result<(), Failure> {
    let listener = system.spawn(Listener::default()).mailbox(Mailbox::unbounded()).await?;
    system.broker().subscribe::<SupervisionEvent>(SupervisionEvent::TOPIC, &listener).await?;

    let (disk, unfit) = (Disk::default(), Arc::default());
    let root = system.spawn(tree(&disk, &unfit)?).name("root").await?;
    let connections = root.child::<Connections>("connections").await?;
    let saboteur = Saboteur { system: system.handle(), unfit, turn: AtomicU32::new(0), placed: AtomicU32::new(0) };

    let customers = (0..CUSTOMERS).map(|number| {
        let mut customer = Customer { system, number, connections: connections.clone(), connection: None, repeats: 0 };
        let saboteur = &saboteur;
        async move {
            let mut confirmed = BTreeMap::new();
            for nth in 0..ORDERS {
                let order = Order { number: number * ORDERS + nth, pieces: u64::from(nth % 7 + 1) };
                confirmed.insert(order.number, customer.place(order).await?);
                saboteur.hear(customer.connection.as_ref()).await;
            }
            Ok::<_, Failure>((confirmed, customer.repeats))
        }
    });
    let (mut confirmed, mut repeats) = (BTreeMap::new(), 0);
    for outcome in join_all(customers).await {
        let (orders, again) = outcome?;
        confirmed.extend(orders);
        repeats += again;
    }

    assert!(root.is_alive(), "the tree has survived");
    root.stop();
    println!("the tree has ended: {}", root.stopped().await);
    let Tally { failures, restarts } = listener.send(Tell).await?;
    let faults = saboteur.turn.into_inner();
    println!("{} orders confirmed, {repeats} of them placed again", confirmed.len());
    println!("{faults} faults, {failures} failures, {restarts} restarts");

    // The customers' books against the store's, and both against what was meant.
    assert_eq!(*disk.lock().expect("nobody panics with it"), confirmed);
    let meant: u64 = (0..ORDERS).map(|nth| u64::from(nth % 7 + 1) * 3).sum();
    assert_eq!(confirmed.values().sum::<u64>(), meant * u64::from(CUSTOMERS));
    assert_eq!(faults, CUSTOMERS * ORDERS / EVERY);
    assert!(failures > 0 && restarts > 0, "they were seen");
    Ok(())
}
