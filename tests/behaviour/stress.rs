//! Stress with the ledger: random actors, sends, stops, kills, panics and drops from several threads.
//!
//! `CORECAST_TEST_SEED` repeats the choices (not the schedule), `CORECAST_STRESS_ROUNDS` sets the steps.

use std::sync::mpsc::{self, Receiver, Sender};
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use corecast::{ActorRef, ActorSystem, Mailbox, Overflow, Subscription, SystemRef};

use super::ledger::{Job, News, Plan, Worker, book_try, booked_system, tell};
use crate::support::{Fate, LIMIT, Ledger, Random, eventually, poll_once, rounds, seed, wait, within};

const THREADS: u64 = 3;
const ACTORS: usize = 6;

/// One of the threads that use the system, with its own references, which it shares with the others.
struct Player {
    random: Random,
    ledger: Ledger,
    system: SystemRef,
    actors: Vec<ActorRef<Worker>>,
    others: Vec<Sender<ActorRef<Worker>>>,
    inbox: Receiver<ActorRef<Worker>>,
    /// Subscriptions with a ring of their own: what they shed had reached them.
    rings: Vec<Subscription<News>>,
}

impl Player {
    fn job(&mut self) -> Job {
        let plan = self.plan();
        Job { parcel: self.ledger.offer(), plan }
    }

    fn plan(&mut self) -> Plan {
        match self.random.below(100) {
            0 => Plan::Panic,
            1 => Plan::PanicAfterYield,
            2 => Plan::Stop,
            3 => Plan::KillMyself,
            4..=19 => Plan::Yield(1 + self.random.below(3)),
            20..=39 => Plan::Forward(self.actor()),
            40..=44 => Plan::Later(Duration::from_micros(self.random.below(2_000))),
            45..=59 => self.asking(3),
            _ => Plan::Finish,
        }
    }

    /// Actors that ask one another: circles come up.
    fn asking(&mut self, depth: u32) -> Plan {
        if depth == 0 {
            return Plan::Yield(1);
        }
        let (to, plan) = (self.actor(), Box::new(self.asking(depth - 1)));
        let limit = (self.random.one_in(3)).then(|| Duration::from_micros(self.random.below(500)));
        Plan::Ask(to, plan, limit)
    }

    fn actor(&mut self) -> ActorRef<Worker> {
        self.random.pick(&self.actors).clone()
    }

    /// Starts an actor in the place of a random one, and tells the others of it; false: there is no more system.
    fn replace(&mut self) -> bool {
        let mailbox = match self.random.below(5) {
            0 => Mailbox::bounded(1),
            1 => Mailbox::bounded(2),
            2 => Mailbox::bounded(5),
            3 => Mailbox::bounded(64),
            _ => Mailbox::unbounded(),
        };
        let spawn = self.system.spawn(Worker::new(&self.ledger)).mailbox(mailbox);
        let spawn = if self.random.one_in(4) { spawn.on_worker(0) } else { spawn };
        let Ok(actor) = spawn.start() else { return false };
        for other in &self.others {
            let _ = other.send(actor.clone());
        }
        self.put(actor);
        true
    }

    fn put(&mut self, actor: ActorRef<Worker>) {
        if self.actors.len() < ACTORS {
            self.actors.push(actor);
        } else {
            let place = self.random.below(ACTORS as u64) as usize;
            self.actors[place] = actor;
        }
    }

    /// A future that is polled or not, and dropped.
    fn start_and_drop(&mut self) {
        let actor = self.actor();
        let plan = self.plan();
        let job = Job { parcel: self.ledger.offer_and_forget(), plan };
        let polled = self.random.one_in(2);
        if self.random.one_in(2) {
            let mut tell = actor.tell(job);
            // A poll may bring the job back in an error: its drop is then the test's own.
            match polled.then(|| poll_once(&mut tell)) {
                Some(Poll::Ready(Err(error))) => error.into_message().parcel.settle(Fate::Returned),
                _ => self.ledger.give_up(tell),
            }
        } else {
            let mut send = actor.send(job);
            match polled.then(|| poll_once(&mut send)) {
                Some(Poll::Ready(Err(error))) => {
                    if let Some(job) = error.into_message() {
                        job.parcel.settle(Fate::Returned);
                    }
                }
                _ => self.ledger.give_up(send),
            }
        }
    }

    /// Asks, and books whether the question was accepted.
    fn ask(&mut self, blocking: bool) {
        let (actor, job) = (self.actor(), self.job());
        let answer = if blocking { actor.blocking_send(job) } else { wait(actor.send(job)) };
        let returned = answer.err().and_then(|error| error.into_message());
        book_try(&self.ledger, returned.map_or(Ok(()), Err));
    }

    /// Lets an actor hear of events, by a reference that keeps it or one that doesn't.
    fn subscribe(&mut self, actor: &ActorRef<Worker>) {
        let overflow = [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(2), Overflow::Latest];
        let (overflow, pattern) = (*self.random.pick(&overflow), *self.random.pick(&["news", "news.*", ">"]));
        let Some(broker) = self.system.broker() else { return };
        let sub = if self.random.one_in(2) {
            broker.subscribe::<News>(pattern, actor).overflow(overflow).start()
        } else {
            broker.subscribe::<News>(pattern, actor.downgrade()).overflow(overflow).start()
        };
        if let (Ok(sub), Overflow::DropOldest(_) | Overflow::Latest) = (sub, overflow) {
            self.rings.push(sub);
        }
    }

    /// One random step; false: there is no more system.
    fn step(&mut self) -> bool {
        for actor in self.inbox.try_iter().collect::<Vec<_>>() {
            self.put(actor);
        }
        let actor = self.actor();
        match self.random.below(1000) {
            0..=299 => {
                let plan = self.plan();
                tell(&self.ledger, &actor, plan);
            }
            300..=499 => {
                let answer = actor.try_tell(self.job()).map_err(|error| error.into_message());
                book_try(&self.ledger, answer);
            }
            500..=579 => {
                let answer = actor.blocking_tell(self.job()).map_err(|error| error.into_message());
                book_try(&self.ledger, answer);
            }
            580..=679 => self.ask(false),
            680..=699 => self.ask(true),
            700..=759 => match actor.try_send(self.job()) {
                Ok(reply) => {
                    self.ledger.accepted();
                    if self.random.one_in(2) {
                        let _ = wait(reply);
                    }
                }
                Err(error) => error.into_message().parcel.settle(Fate::Returned),
            },
            760..=879 => self.start_and_drop(),
            880..=886 => self.subscribe(&actor),
            887..=899 => {
                let topic = *self.random.pick(&["news", "news.local", "sport"]);
                let Some(broker) = self.system.broker() else { return false };
                let published = wait(broker.publish(topic, News(self.ledger.clone()))).unwrap();
                self.ledger.reached(published.reached());
            }
            900..=914 => actor.stop(),
            915..=924 => actor.kill(),
            925..=929 => {
                actor.stop();
                wait(actor.stopped());
            }
            _ => return self.replace(),
        }
        true
    }
}

/// Lets [`THREADS`] players loose on `system`, each for `steps` steps or until there is no more system.
fn start(seed: u64, steps: u64, system: &ActorSystem, ledger: &Ledger) -> Vec<JoinHandle<Taken>> {
    let (senders, inboxes): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel()).unzip();
    (0..)
        .zip(inboxes)
        .map(|(number, inbox)| {
            let mut others = senders.clone();
            others.remove(number as usize);
            let (random, ledger, system) = (Random::new(seed, number), ledger.clone(), system.handle());
            let mut player = Player { random, ledger, system, actors: Vec::new(), others, inbox, rings: Vec::new() };
            while player.actors.len() < ACTORS {
                assert!(player.replace());
            }
            thread::spawn(move || Taken((0..steps).take_while(|_| player.step()).count() as u64, player.rings))
        })
        .collect()
}

/// How many steps a player took, and the subscriptions whose rings shed.
struct Taken(u64, Vec<Subscription<News>>);

fn join(players: Vec<JoinHandle<Taken>>) -> Vec<Taken> {
    players.into_iter().map(|player| player.join().expect("a player doesn't panic")).collect()
}

/// Books what was shed. Nobody publishes any more.
fn book_shed(taken: &[Taken], ledger: &Ledger) {
    taken.iter().flat_map(|Taken(_, rings)| rings).for_each(|sub| ledger.shed(sub.missed()));
}

#[test]
fn the_ledger_holds_under_stress() {
    let seed = seed("the_ledger_holds_under_stress");
    let steps = rounds(10_000);
    let ledger = Ledger::default();
    let system = booked_system(2);
    let taken = join(start(seed, steps, &system, &ledger));
    assert_eq!(taken.iter().map(|Taken(steps, _)| steps).sum::<u64>(), THREADS * steps);
    assert!(wait(system.shutdown()).is_clean());
    let dead = system.dead_letters();
    within(LIMIT, move || drop(system));
    book_shed(&taken, &ledger);
    ledger.check();
    assert!(ledger.dead_so_far() <= dead, "some are events");
    assert!(ledger.failed_so_far() > 0 && dead > 0, "the interesting outcomes were seen");
    assert!(ledger.circles_so_far() > 0 && ledger.shed_so_far() > 0, "there were circles, and events were shed");
}

#[test]
fn the_ledger_holds_when_systems_are_dropped_under_stress() {
    let seed = seed("the_ledger_holds_when_systems_are_dropped_under_stress");
    let mut random = Random::new(seed, 99);
    for round in 0..rounds(10_000) / 500 {
        let ledger = Ledger::default();
        let system = booked_system(2);
        let players = start(seed ^ round, u64::MAX, &system, &ledger);
        let enough = random.below(1_000);
        eventually("enough was offered", || ledger.offered_so_far() > enough);
        if round % 4 == 0 {
            // A shutdown that is overtaken by the drop.
            drop(system.shutdown());
        }
        within(LIMIT, move || drop(system));
        book_shed(&join(players), &ledger);
        ledger.check();
    }
}
