//! The promises that the original's documentation made and its code did not keep, by their numbers there.
//!
//! Left to later releases: 6 and 7 (supervision). That the hot paths allocate nothing, 9, is measured in
//! `tests/alloc/`; that publishing takes no lock is tested beside it, in `src/broker`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;

use corecast::{ActorRef, Mailbox, Message, Recipient, ReplyErrorReason, SendErrorReason};

use super::source::files::rust_files;
use crate::support::{
    Boom, Echo, LIMIT, Note, Probe, close, eventually, hold, hold_and_fill, later, name_of, observed, poll_once, probe,
    run, spawn, spawn_with, system, wait, within,
};

#[test]
fn promise_01_request_reply_is_answered_by_the_actor() {
    let system = system(2);
    let (actor, _) = spawn(&system);
    assert_eq!(wait(actor.send(Echo(7))).unwrap(), 7);
    // From inside an actor as well, and each reply goes to its own request.
    let (asker, _) = spawn(&system);
    let answers = asker.send(later(move |_ctx| {
        Box::pin(async move {
            let asks: Vec<_> = (0..100).map(|number| actor.send(Echo(number))).collect();
            let mut answers = Vec::new();
            for ask in asks {
                answers.push(ask.await.unwrap());
            }
            answers
        })
    }));
    assert_eq!(wait(answers).unwrap(), (0..100).collect::<Vec<_>>());
}

#[test]
fn promise_02_a_fast_reply_is_not_lost() {
    let system = system(2);
    let (actor, _) = spawn(&system);
    for number in 0..10_000 {
        let mut first = actor.send(Echo(number));
        if number % 2 == 0 {
            // Answered before anybody looks: it stood in the line before this one.
            wait(actor.send(Echo(0))).unwrap();
            assert!(matches!(poll_once(&mut first), Poll::Ready(Ok(answer)) if answer == number));
        } else {
            // Answered while somebody looks.
            assert_eq!(wait(first).unwrap(), number);
        }
    }
}

#[test]
fn promise_02_a_fast_reply_within_a_limit_is_not_lost() {
    let system = system(2);
    let (actor, _) = spawn(&system);
    // Nothing but a lost reply takes so long.
    for number in 0..2_000 {
        assert_eq!(wait(actor.send(Echo(number)).timeout(LIMIT)).unwrap(), number);
    }
    let (asker, _) = spawn(&system);
    let answered = asker.send(later(move |_ctx| {
        Box::pin(async move {
            for number in 0..2_000 {
                assert_eq!(actor.send(Echo(number)).timeout(LIMIT).await.unwrap(), number);
            }
        })
    }));
    wait(answered).unwrap();
}

#[test]
fn promise_02_a_reply_is_the_value_itself() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    let value = Arc::new("not serialized");
    let inside = Arc::clone(&value);
    let reply: Arc<&str> = wait(actor.send(run(move |_ctx| inside))).unwrap();
    assert!(Arc::ptr_eq(&reply, &value));
}

#[test]
fn promise_03_shutdown_succeeds_with_live_actors() {
    let system = system(2);
    let actors: Vec<_> = (0..20).map(|_| spawn(&system)).collect();
    assert_eq!(system.actor_count(), 20);
    // The references live on: they don't keep the system up.
    assert!(wait(system.shutdown()).is_clean());
    assert_eq!(system.actor_count(), 0);
    for (actor, events) in actors {
        assert_eq!(events.rest(), ["post_stop SystemShutdown", "dropped"]);
        assert!(!actor.is_alive());
    }
}

#[test]
fn promise_03_the_actor_count_falls_when_actors_end() {
    let system = system(2);
    let ends: [fn(&ActorRef<Probe>); 3] = [ActorRef::stop, ActorRef::kill, |actor| drop(actor.try_send(Boom("end")))];
    for end in ends {
        let (actor, _) = spawn(&system);
        assert_eq!(system.actor_count(), 1);
        end(&actor);
        wait(actor.stopped());
        eventually("it isn't counted any more", || system.actor_count() == 0);
    }
}

#[test]
fn promise_03_a_forced_end_runs_post_stop() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let held = hold(&actor);
    within(LIMIT, move || drop(system));
    let rest = events.rest();
    assert!(rest[0].starts_with("post_stop "), "{rest:?}");
    held.open();
}

#[test]
fn promise_04_the_mailbox_capacity_is_kept() {
    let system = system(1);
    for capacity in [1, 3, 10] {
        let (actor, _) = spawn_with(&system, Mailbox::bounded(capacity));
        let held = hold_and_fill(&actor, capacity as u64);
        assert!(actor.try_tell(Note(0)).unwrap_err().is_full());
        assert!(poll_once(&mut actor.tell(Note(0))).is_pending());
        held.open();
    }
}

/// Messages have no priorities, as the document says, and no type says that they do. What has one is control.
#[test]
fn promise_05_what_goes_first_does_go_first() {
    let (system, records) = observed(1);
    let (actor, events) = spawn(&system);
    let held = hold(&actor);
    (1..=3).for_each(|number| actor.try_tell(Note(number)).unwrap());
    actor.kill();
    assert_eq!(name_of(&wait(actor.stopped())), "Killed");
    drop(held);
    assert_eq!(events.rest(), ["post_stop Killed", "dropped"]);
    assert_eq!(close(system, &records).letters.len(), 3, "those that it overtook");
}

#[test]
fn promise_08_nothing_is_dropped_silently() {
    let (system, records) = observed(1);
    let (gone, _) = spawn(&system);
    gone.stop();
    wait(gone.stopped());
    // To an actor that isn't there: the message comes back.
    assert_eq!(wait(gone.tell(Note(1))).unwrap_err().into_message().0, 1);
    // To one that ends before it got there: a dead letter, and the asker is told.
    let (ending, _) = spawn(&system);
    let _held = hold(&ending);
    wait(ending.tell(Note(2))).unwrap();
    let asked = ending.try_send(Echo(3)).unwrap();
    ending.kill();
    assert!(matches!(wait(asked).unwrap_err().reason(), ReplyErrorReason::Died(_)));
    wait(ending.stopped());
    // To one that nobody knows by that name: an error.
    assert!(system.find::<Probe>("nobody").is_err());
    let letters = close(system, &records).letters;
    assert_eq!(letters.iter().map(|letter| letter.actor().id()).collect::<Vec<_>>(), [ending.id(); 2]);
}

#[test]
fn promise_08_a_message_told_at_once_after_the_spawn_is_not_lost() {
    let system = system(2);
    for number in 0..500 {
        let (probe, events) = probe();
        let actor = system.spawn(probe).start().unwrap();
        actor.try_tell(Note(number)).unwrap();
        drop(actor);
        assert_eq!(events.rest()[1], format!("note {number}"));
    }
}

/// An event of a second type.
#[derive(Clone)]
struct Mark;

impl Message for Mark {
    type Result = ();
}

impl corecast::Handler<Mark> for Probe {
    async fn handle(&mut self, _: Mark, _ctx: &mut corecast::ActorContext<Self>) {}
}

#[test]
fn promise_08_there_are_topics_and_each_has_its_own_type() {
    let system = system(2);
    let (reader, read) = spawn(&system);
    let (other, _) = spawn(&system);
    wait(system.broker().subscribe::<Note>("notes.new", &reader)).unwrap();
    wait(system.broker().subscribe::<Note>("notes.old", &other)).unwrap();
    wait(system.broker().subscribe::<Mark>("marks", &other)).unwrap();
    assert_eq!(wait(system.broker().publish("notes.new", Note(1))).unwrap().reached(), 1);
    assert_eq!(wait(system.broker().publish("marks", Mark)).unwrap().reached(), 1);
    assert!(wait(system.broker().publish("marks", Note(2))).is_err());
    assert_eq!(read.note(), 1);
}

#[test]
fn promise_08_subscribers_that_have_ended_are_removed() {
    let system = system(1);
    for _ in 0..50 {
        let (actor, _) = spawn(&system);
        wait(system.broker().subscribe::<Note>("notes", &actor)).unwrap();
        wait(system.broker().subscribe::<Note>("*", &actor)).unwrap();
        actor.stop();
        wait(actor.stopped());
    }
    eventually("nobody is left", || system.broker().subscribers("notes").unwrap().is_empty());
    assert!(system.broker().topics().is_empty());
}

#[test]
fn promise_08_an_event_that_is_published_at_once_after_the_subscription_is_not_lost() {
    let system = system(2);
    for number in 0..500 {
        let (probe, events) = probe();
        let actor = system.spawn(probe).start().unwrap();
        let sub = system.broker().subscribe::<Note>("notes", actor).start().unwrap();
        assert_eq!(wait(system.broker().publish("notes", Note(number))).unwrap().reached(), 1);
        sub.unsubscribe();
        assert_eq!(events.rest()[1], format!("note {number}"));
    }
}

#[test]
fn promise_08_a_slow_subscriber_takes_no_more_memory_than_its_mailbox() {
    let system = system(1);
    let (slow, _) = spawn_with(&system, Mailbox::bounded(4));
    wait(system.broker().subscribe::<Note>("notes", &slow).overflow(corecast::Overflow::DropNewest)).unwrap();
    let held = hold_and_fill(&slow, 4);
    for number in 0..1_000 {
        assert_eq!(wait(system.broker().publish("notes", Note(number))).unwrap().shed(), 1);
    }
    assert_eq!(slow.mailbox_size(), 4);
    held.open();
}

/// An event that counts its clones.
struct Counted(Arc<()>, std::sync::mpsc::Sender<()>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.1.send(()).unwrap();
        Self(Arc::clone(&self.0), self.1.clone())
    }
}

impl Message for Counted {
    type Result = ();
}

impl corecast::Handler<Counted> for Probe {
    async fn handle(&mut self, counted: Counted, _ctx: &mut corecast::ActorContext<Self>) {
        drop(counted);
    }
}

#[test]
fn promise_08_an_event_isn_t_cloned_for_its_last_subscriber() {
    let system = system(1);
    let (cloned, clones) = std::sync::mpsc::channel();
    let content = Arc::new(());
    for subscribers in 1..=3 {
        let (actor, _) = spawn(&system);
        wait(system.broker().subscribe::<Counted>("counted", actor)).unwrap();
        let event = Counted(Arc::clone(&content), cloned.clone());
        assert_eq!(wait(system.broker().publish("counted", event)).unwrap().reached(), subscribers);
        assert_eq!(clones.try_iter().count(), subscribers - 1);
    }
    eventually("nothing of them is left", || Arc::strong_count(&content) == 1);
}

#[test]
fn promise_08_who_publishes_is_told_when_nobody_gets_it() {
    let system = system(1);
    let nobody = wait(system.broker().publish("notes", Note(1))).unwrap();
    assert_eq!((nobody.reached(), nobody.shed(), nobody.gone()), (0, 0, 0));
    let (ending, _) = spawn(&system);
    wait(system.broker().subscribe::<Note>("notes", &ending)).unwrap();
    let held = hold(&ending);
    ending.stop();
    let published = wait(system.broker().publish("notes", Note(2))).unwrap();
    assert_eq!((published.reached(), published.gone()), (0, 1));
    held.open();
}

/// Neither `Clone`, nor `Sync`, nor `Debug`.
struct Plain(std::cell::Cell<u64>);

impl Message for Plain {
    type Result = Plain;
}

impl corecast::Handler<Plain> for Probe {
    async fn handle(&mut self, plain: Plain, _ctx: &mut corecast::ActorContext<Self>) -> Plain {
        plain
    }
}

#[test]
fn promise_09_messages_need_not_be_cloned() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    assert_eq!(wait(actor.send(Plain(std::cell::Cell::new(3)))).unwrap().0.get(), 3);
}

#[test]
fn promise_10_a_panic_is_caught_and_told() {
    let (system, records) = observed(1);
    let (actor, events) = spawn(&system);
    let error = wait(actor.send(Boom("told"))).unwrap_err();
    assert!(matches!(error.reason(), SendErrorReason::Panicked(panic) if panic.text() == "told"));
    assert_eq!(name_of(&wait(actor.stopped())), "Panicked(told)");
    assert_eq!(events.rest(), ["post_stop Panicked(told)", "dropped"]);
    // The metrics seam is wired: what happened is observed.
    let book = close(system, &records);
    assert_eq!((book.messages.len(), book.actors.len()), (1, 1));
}

#[test]
fn promise_10_references_are_typed_and_some_are_weak() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let weak = actor.downgrade();
    let one_message: Recipient<Note> = weak.upgrade().unwrap().recipient();
    drop(actor);
    wait(one_message.tell(Note(1))).unwrap();
    drop(one_message);
    assert_eq!(events.rest(), ["note 1", "post_stop Unreachable", "dropped"]);
    assert!(weak.upgrade().is_none());
}

#[test]
fn promise_10_there_are_timers() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let after = std::time::Duration::from_millis(1);
    let timer = wait(actor.send(run(move |ctx| ctx.tell_after(after, Note(1))))).unwrap();
    assert_eq!(events.note(), 1);
    assert!(!timer.cancel(), "it has fired");
}

/// The repository's own file.
fn at_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where a Markdown text links to, without the links into the net and into the page itself.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#', ' ']).next())
        .filter(|link| !link.is_empty() && !link.contains("://"))
        .collect()
}

/// How often a text has code that is shown but never compiled.
fn uncompiled(text: &str) -> usize {
    let fences = text.lines().filter_map(|line| line.trim_start_matches(['/', '!', ' ']).strip_prefix("```"));
    fences.filter(|info| info.split(',').any(|word| word.trim() == "ignore")).count()
}

#[test]
fn promise_11_the_documents_link_to_what_exists() {
    assert_eq!(links("[a](b/c.rs#l1), [d](https://e.f), [g](#h)"), ["b/c.rs"]);
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CLAIMS.md"] {
        let text = fs::read_to_string(at_root(document)).unwrap_or_else(|error| panic!("{document}: {error}"));
        for link in links(&text) {
            assert!(at_root(link).exists(), "{document} links to {link}, which isn't there");
        }
    }
}

#[test]
fn promise_11_all_shown_code_compiles() {
    assert_eq!(uncompiled("/// ```ignore\n/// ```\n//! ```rust, ignore\n```no_run\n// ```"), 2);
    let readme = fs::read_to_string(at_root("README.md")).unwrap();
    assert_eq!(uncompiled(&readme), 0, "README.md");
    assert!(readme.contains("```rust"), "and it shows some");
    let lib = fs::read_to_string(at_root("src/lib.rs")).unwrap();
    assert!(lib.contains("README.md"), "lib.rs includes the README, so that it is compiled");
    for file in rust_files("src") {
        assert_eq!(uncompiled(&file.text), 0, "{}", file.path);
    }
}
