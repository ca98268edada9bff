//! A look at all actors of a system: each state is told, what is told is true, and it is read back from text, JSON and dot.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use corecast::{
    Activity, Actor, ActorContext, ActorError, ActorPhase, ActorRef, ActorSnapshot, ActorSystem, Handler, Mailbox,
    Message, SystemSnapshot,
};
use futures::FutureExt;
use futures::channel::oneshot;
use serde_json::Value;

use crate::support::{
    Echo, Hold, Note, Probe, Random, eventually, hold, hold_and_fill, later, recv, rounds, run, seed, spawn,
    spawn_with, system, wait,
};

fn of<A: Actor>(snapshot: &SystemSnapshot, actor: &ActorRef<A>) -> ActorSnapshot {
    snapshot.find(actor.id()).expect("it lives").clone()
}

fn look<A: Actor>(system: &ActorSystem, actor: &ActorRef<A>) -> ActorSnapshot {
    of(&system.snapshot(), actor)
}

/// Keeps its worker's thread until it is let go.
struct Spin(Arc<AtomicBool>);

impl Spin {
    /// Keeps the worker that `actor` runs on until the flag is set.
    fn begin(actor: &ActorRef<Probe>) -> Arc<AtomicBool> {
        let (flag, (begun, has_begun)) = (Arc::new(AtomicBool::new(false)), channel());
        let spin = Spin(Arc::clone(&flag));
        wait(actor.tell(tell_then(begun, spin))).expect("accepted");
        recv(&has_begun);
        flag
    }
}

impl Drop for Spin {
    fn drop(&mut self) {
        // ORDERING: Relaxed; nothing else is read.
        while !self.0.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    }
}

struct Told(Sender<()>, Spin);

fn tell_then(begun: Sender<()>, spin: Spin) -> Told {
    Told(begun, spin)
}

impl Message for Told {
    type Result = ();
}

impl Handler<Told> for Probe {
    async fn handle(&mut self, told: Told, _ctx: &mut ActorContext<Self>) {
        let _ = told.0.send(());
        drop(told.1);
    }
}

fn let_go(flag: &AtomicBool) {
    // ORDERING: Relaxed; as above.
    flag.store(true, Ordering::Relaxed);
}

/// Starts when it is told to.
struct Slow(Option<oneshot::Receiver<()>>);

impl Actor for Slow {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        if let Some(start) = self.0.take() {
            let _ = start.await;
        }
        Ok(())
    }
}

#[test]
fn an_actor_with_nothing_to_do_is_idle() {
    let system = system(1);
    let actor = wait(system.spawn(crate::support::probe().0).name("quiet")).unwrap();
    eventually("it is idle", || look(&system, &actor).activity == Activity::Idle);
    let seen = look(&system, &actor);
    assert_eq!((seen.phase, seen.actor.name()), (ActorPhase::Serving, Some("quiet")));
    assert!(seen.actor.type_name().ends_with("Probe"));
    assert_eq!((seen.supervisor, seen.restarts, seen.failures.len(), seen.handler), (None, 0, 0, None));
}

#[test]
fn who_keeps_a_worker_runs_on_it_and_who_is_behind_is_scheduled() {
    let system = system(2);
    let place = |worker| {
        let (probe, _events) = crate::support::probe();
        wait(system.spawn(probe).on_worker(worker)).unwrap()
    };
    for worker in [1, 0] {
        let (busy, behind) = (place(worker), place(worker));
        let flag = Spin::begin(&busy);
        let reply = behind.try_send(Echo(1)).unwrap();
        let snapshot = system.snapshot();
        assert_eq!(of(&snapshot, &busy).activity, Activity::Running { worker });
        assert_eq!(of(&snapshot, &behind).activity, Activity::Scheduled);
        assert_eq!(of(&snapshot, &behind).mailbox.depth, 1);
        let_go(&flag);
        assert_eq!(wait(reply).unwrap(), 1);
    }
}

#[test]
fn who_waits_is_told_with_whom_it_waits_for() {
    let system = system(2);
    let ((asked, _events), (asker, _others)) = (spawn(&system), spawn(&system));
    let held = hold(&asked);
    let target = asked.clone();
    let reply = asker.try_send(later(move |_| async move { target.send(Note(7)).await.map(drop) }.boxed())).unwrap();
    let for_asked = Activity::Waiting { targets: vec![asked.info()] };
    eventually("the asker waits", || look(&system, &asker).activity == for_asked);
    let snapshot = system.snapshot();
    assert_eq!(of(&snapshot, &asked).activity, Activity::Waiting { targets: vec![] });
    let edge = format!("\"{}\" -> \"{}\" [style=dashed", asker.id(), asked.id());
    assert!(snapshot.to_dot().contains(&edge), "{}", snapshot.to_dot());
    assert!(snapshot.to_string().contains(&format!("waiting for {}", asked.info())), "{snapshot}");
    held.open();
    wait(reply).unwrap().unwrap();
}

#[test]
fn one_that_starts_and_one_that_stops_are_told() {
    let system = system(1);
    let (start, started) = oneshot::channel();
    let slow = system.spawn(Slow(Some(started))).start().unwrap();
    eventually("it waits in its start", || matches!(look(&system, &slow).activity, Activity::Waiting { .. }));
    assert_eq!(look(&system, &slow).phase, ActorPhase::Starting);
    start.send(()).unwrap();
    eventually("it has started", || look(&system, &slow).phase == ActorPhase::Serving);
    let (stopping, _events) = spawn(&system);
    let held = hold(&stopping);
    stopping.stop();
    assert_eq!(look(&system, &stopping).phase, ActorPhase::Stopping);
    held.open();
    wait(stopping.stopped());
    eventually("it is gone", || system.snapshot().find(stopping.id()).is_none());
}

#[test]
fn the_mailbox_is_told_with_its_greatest_depth() {
    let system = system(1);
    let (bounded, _events) = spawn_with(&system, Mailbox::bounded(10));
    let (unbounded, _others) = spawn_with(&system, Mailbox::unbounded());
    assert_eq!(look(&system, &bounded).mailbox.high_water, 0, "no message came");
    let held = hold_and_fill(&bounded, 10);
    let seen = look(&system, &bounded).mailbox;
    assert_eq!((seen.depth, seen.capacity, seen.high_water), (10, Some(10), 10));
    assert_eq!(look(&system, &unbounded).mailbox.capacity, None);
    held.open();
    wait(bounded.send(Echo(1))).unwrap();
    let seen = look(&system, &bounded).mailbox;
    assert_eq!(seen.depth, 0);
    assert!((8..=10).contains(&seen.high_water), "a quarter too low at most: {}", seen.high_water);
}

#[test]
fn the_greatest_depth_is_no_more_than_64_too_low_and_never_too_high() {
    let system = system(1);
    let mut random = Random::new(seed("the greatest depth"), 0);
    for _ in 0..rounds(200) {
        let (actor, _events) = spawn_with(&system, Mailbox::unbounded());
        let mut peak = 0;
        for _ in 0..random.below(4) + 1 {
            let held = hold(&actor);
            let most = if random.one_in(3) { 10_000 } else { 100 };
            let burst = random.below(most);
            (0..burst).for_each(|_| actor.try_tell(Quick).unwrap());
            peak = peak.max(burst);
            held.open();
            wait(actor.send(Echo(1))).unwrap();
        }
        // The one that asks, too, may have come to a mailbox that was as full as ever.
        let told = look(&system, &actor).mailbox.high_water as u64;
        assert!(told <= peak + 1, "{told} of {peak}");
        let rounded = peak / 2_048 + 1;
        assert!(told + 64 + rounded >= peak, "{told} of {peak}");
    }
}

struct Quick;

impl Message for Quick {
    type Result = ();
}

impl Handler<Quick> for Probe {
    async fn handle(&mut self, _: Quick, _ctx: &mut ActorContext<Self>) {}
}

#[test]
fn a_handler_sees_itself_run() {
    let system = system(2);
    let (actor, _events) = spawn(&system);
    let snapshot = wait(actor.send(run(|ctx| (ctx.worker(), ctx.system().snapshot())))).unwrap();
    let (worker, Some(snapshot)) = snapshot else { panic!("the system is there") };
    assert_eq!(of(&snapshot, &actor).activity, Activity::Running { worker });
    assert_eq!(snapshot.workers, 2);
    let handle = system.handle();
    drop(system);
    assert!(handle.snapshot().is_some_and(|snapshot| snapshot.actors.is_empty()), "its actor is kept, and has ended");
    drop(actor);
    assert!(handle.snapshot().is_none(), "the system is gone");
}

#[test]
fn a_look_keeps_nobody_alive() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let snapshot = system.snapshot();
    drop(actor);
    assert_eq!(events.rest(), ["post_stop Unreachable", "dropped"]);
    assert_eq!(snapshot.actors.len(), 1);
}

/// Each one that lives through a look is seen, nobody twice, and nobody who had ended before.
#[test]
fn looks_while_others_are_spawned_and_end() {
    let system = Arc::new(system(2));
    let (stays, _events) = spawn(&system);
    let (over, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let flood = {
        let (system, over, ended) = (Arc::clone(&system), Arc::clone(&over), Arc::clone(&ended));
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let actors: Vec<_> = (0..20).map(|_| system.spawn(Slow(None)).start().unwrap()).collect();
                for (index, actor) in actors.iter().enumerate() {
                    if index % 2 == 0 { actor.stop() } else { actor.kill() }
                }
                actors.iter().for_each(|actor| drop(wait(actor.stopped())));
                ended.fetch_add(actors.len(), Ordering::Relaxed);
            }
        })
    };
    let mut looks = 0;
    while looks < rounds(500) || ended.load(Ordering::Relaxed) < 100 {
        let snapshot = system.snapshot();
        let ids: HashSet<_> = snapshot.actors.iter().map(|actor| actor.actor.id()).collect();
        assert_eq!(ids.len(), snapshot.actors.len(), "{snapshot}");
        assert!(ids.contains(&stays.id()) && ids.len() <= 21, "{snapshot}");
        looks += 1;
    }
    over.store(true, Ordering::Relaxed);
    flood.join().unwrap();
}

/// A name that is hard on writers.
const NASTY: &str = "\"quoted\\\" {\n\t\u{1}\u{1f600}} -> [x]; \\N // é";

/// A system with a tree of three, one of whom waits for another, and how to end it.
fn some_tree(look: impl FnOnce(SystemSnapshot)) {
    let system = ActorSystem::builder().workers(1).name(NASTY).build().unwrap();
    let (top, _top) = crate::support::probe();
    let top = wait(system.spawn(top).name(NASTY)).unwrap();
    let ((middle, _middle), (low, _low)) = (spawn(&system), spawn_with(&system, Mailbox::unbounded()));
    let held = hold(&low);
    let target = low.clone();
    let reply = middle.try_send(later(move |_| async move { target.send(Note(7)).await.map(drop) }.boxed())).unwrap();
    let waits = Activity::Waiting { targets: vec![low.info()] };
    eventually("it waits", || self::look(&system, &middle).activity == waits);
    let mut snapshot = system.snapshot();
    for actor in &mut snapshot.actors {
        if actor.actor.id() == middle.id() {
            (actor.supervisor, actor.restarts) = (Some(top.id()), 2);
        } else if actor.actor.id() == low.id() {
            actor.supervisor = Some(middle.id());
        }
    }
    look(snapshot);
    held.open();
    wait(reply).unwrap().unwrap();
}

#[test]
fn a_json_parser_reads_it_back() {
    some_tree(|snapshot| {
        let json: Value = serde_json::from_str(&snapshot.to_json()).expect("it is JSON");
        assert_eq!(json["name"], NASTY);
        assert_eq!(json["workers"], 1);
        assert_eq!(json["uptime_ns"], u64::try_from(snapshot.uptime.as_nanos()).unwrap());
        let actors = json["actors"].as_array().unwrap();
        assert_eq!(actors.len(), 3);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        for (told, actor) in actors.iter().zip(&snapshot.actors) {
            assert_eq!(text(&told["id"]).unwrap(), actor.actor.id().to_string());
            assert_eq!(text(&told["name"]).as_deref(), actor.actor.name());
            assert_eq!(text(&told["type"]).as_deref(), Some(actor.actor.type_name()));
            assert_eq!(text(&told["phase"]).unwrap(), "serving");
            assert_eq!(text(&told["supervisor"]), actor.supervisor.map(|id| id.to_string()));
            assert_eq!(told["restarts"], actor.restarts);
            assert_eq!(told["failures"], Value::Array(vec![]));
            assert_eq!(told["handler"], Value::Null);
            assert_eq!(told["mailbox"]["depth"], actor.mailbox.depth);
            assert_eq!(told["mailbox"]["capacity"].as_u64(), actor.mailbox.capacity.map(|most| most as u64));
            assert_eq!(told["mailbox"]["high_water"], actor.mailbox.high_water);
            match &actor.activity {
                Activity::Waiting { targets } => {
                    assert_eq!(told["activity"], "waiting");
                    let ids: Vec<_> = targets.iter().map(|target| target.id().to_string()).collect();
                    assert_eq!(told["waits_for"], serde_json::json!(ids));
                }
                other => {
                    assert_eq!(told["activity"], other.to_string());
                    assert_eq!(told["waits_for"], Value::Null);
                }
            }
        }
    });
}

#[test]
fn a_tree_is_indented_below_its_supervisors() {
    some_tree(|snapshot| {
        let text = snapshot.to_string();
        let lines: Vec<_> = text.strip_prefix(NASTY).unwrap().lines().collect();
        let indent = |what: &str| {
            let line = lines.iter().find(|line| line.contains(what)).expect("it is there");
            line.len() - line.trim_start().len()
        };
        let [top, middle, low] = [0, 1, 2].map(|index| snapshot.actors[index].actor.id().to_string());
        assert_eq!((indent(&format!("{middle}:")), indent(&format!("{low}:"))), (4, 6), "{text}");
        assert!(lines.iter().any(|line| line.contains(&format!("{top}): idle; 0 messages of 1024"))), "{text}");
        assert!(text.contains("; restarted 2 times"), "{text}");
        let children: Vec<_> = snapshot.children(snapshot.actors[0].actor.id()).map(|child| child.actor.id()).collect();
        assert_eq!(children, [snapshot.actors[1].actor.id()]);
    });
    // If looks at different moments come to a circle, everybody is told all the same.
    some_tree(|mut snapshot| {
        let ids: Vec<_> = snapshot.actors.iter().map(|actor| actor.actor.id()).collect();
        for (index, actor) in snapshot.actors.iter_mut().enumerate() {
            actor.supervisor = Some(ids[(index + 1) % 3]);
        }
        let text = snapshot.to_string();
        assert!(ids.iter().all(|id| text.contains(&format!("{id}: ")) || text.contains(&format!("{id}): "))), "{text}");
    });
}

#[test]
fn a_graph_is_well_formed_and_its_labels_are_what_was_meant() {
    some_tree(|snapshot| {
        let graph = dot::parse(&snapshot.to_dot());
        assert_eq!(graph.name, NASTY.replace(['\t', '\u{1}'], " "));
        let id = |index: usize| snapshot.actors[index].actor.id().to_string();
        let labels: HashMap<_, _> = graph.nodes.into_iter().collect();
        assert_eq!(labels.len(), 3);
        assert!(labels[&id(2)].contains("waiting"), "{labels:?}");
        assert!(labels[&id(0)].contains("\\N // é"), "{labels:?}");
        let edge = |from, to, dashed| (id(from), id(to), dashed);
        assert_eq!(graph.edges, [edge(0, 1, false), edge(1, 2, true), edge(1, 2, false)]);
    });
}

mod dot {
    //! A parser for as much of Graphviz's language as is written, and no more.

    #[derive(Default)]
    pub(super) struct Graph {
        pub(super) name: String,
        pub(super) nodes: Vec<(String, String)>,
        /// From, to, and whether it is dashed.
        pub(super) edges: Vec<(String, String, bool)>,
    }

    #[derive(Clone, Debug, PartialEq)]
    enum Token {
        Text(String),
        Word(String),
        Sign(char),
        Arrow,
    }

    fn tokens(source: &str) -> Vec<Token> {
        let (mut chars, mut tokens) = (source.chars().peekable(), Vec::new());
        while let Some(first) = chars.next() {
            tokens.push(match first {
                white if white.is_whitespace() => continue,
                '"' => {
                    let mut text = String::new();
                    loop {
                        match chars.next().expect("a string ends") {
                            '"' => break,
                            '\\' => match chars.next().expect("an escape ends") {
                                'n' => text.push('\n'),
                                plain @ ('"' | '\\') => text.push(plain),
                                other => panic!("a label takes \\{other} for something else"),
                            },
                            control if control.is_control() => panic!("a control character"),
                            other => text.push(other),
                        }
                    }
                    Token::Text(text)
                }
                '-' if chars.next_if_eq(&'>').is_some() => Token::Arrow,
                sign @ ('{' | '}' | '[' | ']' | ';' | '=' | ',') => Token::Sign(sign),
                letter if letter.is_ascii_alphabetic() => {
                    let mut word = String::from(letter);
                    while let Some(next) = chars.next_if(char::is_ascii_alphanumeric) {
                        word.push(next);
                    }
                    Token::Word(word)
                }
                other => panic!("{other:?} stands nowhere in a graph"),
            });
        }
        tokens
    }

    pub(super) fn parse(source: &str) -> Graph {
        let mut tokens = tokens(source).into_iter().peekable();
        let mut graph = Graph::default();
        let mut next = move |what: &str| tokens.next().unwrap_or_else(|| panic!("{what} is missing"));
        let text = |token| match token {
            Token::Text(text) => text,
            other => panic!("{other:?} is no name"),
        };
        assert_eq!(next("the kind"), Token::Word("digraph".into()));
        graph.name = text(next("the name"));
        assert_eq!(next("the beginning"), Token::Sign('{'));
        loop {
            let from = match next("the end") {
                Token::Sign('}') => break,
                Token::Word(word) if word == "node" => None,
                token => Some(text(token)),
            };
            let (mut to, mut attributes) = (None, Vec::new());
            loop {
                match next("the end of a statement") {
                    Token::Sign(';') => break,
                    Token::Arrow => to = Some(text(next("a node"))),
                    Token::Sign('[') => loop {
                        let Token::Word(key) = next("a key") else { panic!("a key is a word") };
                        assert_eq!(next("a sign"), Token::Sign('='));
                        let (Token::Word(value) | Token::Text(value)) = next("a value") else { panic!("no value") };
                        attributes.push((key, value));
                        match next("the end of the attributes") {
                            Token::Sign(']') => break,
                            other => assert_eq!(other, Token::Sign(',')),
                        }
                    },
                    other => panic!("{other:?} in a statement"),
                }
            }
            let value = |key: &str| attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
            match (from, to) {
                (None, None) => assert_eq!(value("shape").as_deref(), Some("box")),
                (Some(node), None) => graph.nodes.push((node, value("label").expect("a label"))),
                (Some(from), Some(to)) => graph.edges.push((from, to, value("style").as_deref() == Some("dashed"))),
                (None, Some(_)) => panic!("an edge from nowhere"),
            }
        }
        graph
    }
}

/// A system of many actors is looked at while they are at work.
#[test]
fn a_look_at_a_busy_system_is_true_of_each() {
    let system = system(2);
    let actors: Vec<_> = (0..50).map(|_| spawn_with(&system, Mailbox::bounded(8)).0).collect();
    let over = Arc::new(AtomicBool::new(false));
    let load = {
        let (over, actors) = (Arc::clone(&over), actors.clone());
        thread::spawn(move || {
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                for actor in &actors {
                    let _ = actor.try_tell(Quick);
                    if number % 7 == 0 {
                        let (hold, held) = Hold::new();
                        let _ = actor.try_tell(hold);
                        held.open();
                    }
                    number += 1;
                }
            }
        })
    };
    for _ in 0..rounds(300) {
        let snapshot = system.snapshot();
        assert_eq!(snapshot.actors.len(), 50);
        let mut workers = HashSet::new();
        for actor in &snapshot.actors {
            assert!(actor.mailbox.depth <= 8 && actor.mailbox.high_water <= 8, "{actor}");
            assert_eq!(actor.phase, ActorPhase::Serving);
            if let Activity::Running { worker } = actor.activity {
                assert!(worker < 2 && workers.insert(worker), "{snapshot}");
            }
        }
    }
    over.store(true, Ordering::Relaxed);
    load.join().unwrap();
}
