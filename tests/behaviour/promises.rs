//! The promises that the original's documentation made and its code did not keep, by their numbers there.
//!
//! All eleven have tests here. What is said of 6, 7 and 10 is tested further in `tests/sim/supervision` and
//! [`supervision`](super::supervision). That the hot paths allocate nothing, 9, is measured in `tests/alloc/`; that publishing
//! takes no lock is tested beside it, in `src/broker`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorError, ActorInfo, ActorRef, ActorSystem, Backoff, ChildSpec, Directive, Handler, Mailbox,
    Message, Place, Recipient, ReplyErrorReason, RestartType, SendErrorReason, SpawnError, StopReason, Strategy,
    SupervisionEvent, Supervisor, SupervisorBuilder,
};

use super::source::files::rust_files;
use crate::support::{
    Boom, Echo, LIMIT, Note, Probe, close, eventually, hold, hold_and_fill, later, name_of, observed, poll_once, probe,
    recv, run, spawn, spawn_with, system, wait, within,
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

// --- supervision ---------------------------------------------------------------------------------------------------------

const SECOND: Duration = Duration::from_secs(1);

/// Counts what it has had; says of its failures what it was made to say.
struct Judge {
    directive: Directive,
    count: u64,
}

impl Actor for Judge {
    fn on_error(&mut self, _: &ActorError, _: &mut ActorContext<Self>) -> Directive {
        self.directive
    }
}

/// Fails if it is zero. Returns how many of them this state has had.
struct Weigh(u64);

impl Message for Weigh {
    type Result = u64;
}

impl Handler<Weigh> for Judge {
    async fn handle(&mut self, Weigh(weight): Weigh, ctx: &mut ActorContext<Self>) -> u64 {
        if weight == 0 {
            ctx.fail(ActorError::new("nothing to weigh"));
        }
        self.count += 1;
        self.count
    }
}

impl Handler<Boom> for Judge {
    async fn handle(&mut self, boom: Boom, _: &mut ActorContext<Self>) -> u64 {
        // Without the hook, which would print it.
        std::panic::resume_unwind(Box::new(boom.0))
    }
}

fn judge(id: &str, directive: Directive) -> ChildSpec<Judge> {
    ChildSpec::new(id, move || Judge { directive, count: 0 })
}

fn supervise(system: &ActorSystem, supervisor: SupervisorBuilder) -> ActorRef<Supervisor> {
    wait(system.spawn(supervisor.build().expect("as it should be"))).expect("it starts")
}

fn judge_of(supervisor: &ActorRef<Supervisor>, id: &str) -> ActorRef<Judge> {
    wait(supervisor.child::<Judge>(id)).expect("it is there")
}

/// Tells what supervisors see and do.
struct Listener(Sender<SupervisionEvent>);

impl Actor for Listener {}

impl Handler<SupervisionEvent> for Listener {
    async fn handle(&mut self, event: SupervisionEvent, _: &mut ActorContext<Self>) {
        let _ = self.0.send(event);
    }
}

fn listen(system: &ActorSystem) -> Receiver<SupervisionEvent> {
    let (sender, events) = channel();
    let listener = wait(system.spawn(Listener(sender)).mailbox(Mailbox::unbounded())).unwrap();
    wait(system.broker().subscribe::<SupervisionEvent>(SupervisionEvent::TOPIC, listener)).unwrap();
    events
}

/// The next event in words.
#[track_caller]
fn next(events: &Receiver<SupervisionEvent>) -> String {
    let event = recv(events);
    format!("{} {}", event.child_id(), event.incident())
}

#[test]
fn promise_06_any_actor_is_supervised_as_it_is() {
    let system = system(2);
    // It knows nothing of supervision.
    let spec = ChildSpec::new("probe", || probe().0);
    let supervisor = supervise(&system, Supervisor::builder(Strategy::OneForOne).child(spec));
    let child = wait(supervisor.child::<Probe>("probe")).unwrap();
    wait(child.tell(Note(1))).unwrap();
    assert!(wait(child.send(run(|_ctx| -> u64 { std::panic::resume_unwind(Box::new("it broke")) }))).is_err());
    let seen = wait(child.send(crate::support::Seen)).unwrap();
    assert!(seen.is_empty(), "a new state: {seen:?}");
}

#[test]
fn promise_06_restart_and_escalate_and_stop_and_resume_do_what_they_say() {
    let system = system(2);
    let after = |directive| {
        let supervisor = supervise(&system, Supervisor::builder(Strategy::OneForOne).child(judge("a", directive)));
        let child = judge_of(&supervisor, "a");
        assert_eq!(wait(child.send(Weigh(1))).unwrap(), 1);
        assert_eq!(wait(child.send(Weigh(0))).unwrap(), 2, "the handler's result is the reply");
        (supervisor, child)
    };
    let (_supervisor, resumed) = after(Directive::Resume);
    assert_eq!(wait(resumed.send(Weigh(1))).unwrap(), 3);
    let (_supervisor, restarted) = after(Directive::Restart);
    assert_eq!(wait(restarted.send(Weigh(1))).unwrap(), 1);
    let (supervisor, stopped) = after(Directive::Stop);
    assert!(matches!(wait(stopped.stopped()), StopReason::Failed(_)));
    assert!(supervisor.is_alive());
    let (supervisor, escalated) = after(Directive::Escalate);
    let StopReason::Escalated { child, cause } = wait(supervisor.stopped()) else { panic!("it escalates") };
    assert_eq!((child.id(), cause.to_string()), (escalated.id(), "it failed: nothing to weigh".to_owned()));
    assert!(!escalated.is_alive(), "it has ended with its supervisor");
}

#[test]
fn promise_07_strategies_are_executed_and_nobody_has_to_act() {
    for (strategy, restarted) in [
        (Strategy::OneForOne, [false, true, false]),
        (Strategy::RestForOne, [false, true, true]),
        (Strategy::OneForAll, [true, true, true]),
    ] {
        let system = system(2);
        let ids = ["a", "b", "c"];
        let builder =
            ids.iter().fold(Supervisor::builder(strategy), |builder, id| builder.child(judge(id, Directive::Restart)));
        let supervisor = supervise(&system, builder);
        let events = listen(&system);
        let children = ids.map(|id| judge_of(&supervisor, id));
        children.iter().for_each(|child| assert_eq!(wait(child.send(Weigh(1))).unwrap(), 1));
        assert!(wait(children[1].send(Boom("it broke"))).is_err());
        assert_eq!(next(&events), "b has failed: a handler panicked: it broke");
        let expected = ids.iter().zip(restarted).filter(|(_, restarted)| *restarted);
        expected.for_each(|(id, _)| assert_eq!(next(&events), format!("{id} has been restarted")));
        for (child, restarted) in children.iter().zip(restarted) {
            assert_eq!(wait(child.send(Weigh(1))).unwrap(), if restarted { 1 } else { 2 });
        }
    }
}

#[test]
fn promise_07_a_restart_calls_the_factory_for_a_new_instance() {
    let system = system(1);
    let (made, instances) = channel();
    let spec = ChildSpec::new("a", move || {
        let (probe, events) = probe();
        made.send(events).unwrap();
        probe
    });
    let supervisor = supervise(&system, Supervisor::builder(Strategy::OneForOne).child(spec));
    let child = wait(supervisor.child::<Probe>("a")).unwrap();
    let first = recv(&instances);
    child.kill();
    assert_eq!(first.rest(), ["started", "post_stop Killed", "dropped"]);
    let second = recv(&instances);
    supervisor.stop();
    assert_eq!(second.rest(), ["started", "post_stop Stopped", "dropped"]);
    assert!(instances.try_recv().is_err());
}

#[test]
fn promise_07_the_limit_of_restarts_is_a_setting() {
    let system = system(1);
    for limit in [0, 1, 7] {
        let builder = Supervisor::builder(Strategy::OneForOne).intensity(limit, 3_600 * SECOND);
        let supervisor = supervise(&system, builder.child(judge("a", Directive::Restart)));
        let child = judge_of(&supervisor, "a");
        for _ in 0..limit {
            assert!(wait(child.send(Boom("again"))).is_err());
            assert_eq!(wait(child.send(Weigh(1))).unwrap(), 1);
        }
        assert!(supervisor.is_alive());
        assert!(wait(child.send(Boom("once too often"))).is_err());
        assert!(matches!(wait(supervisor.stopped()), StopReason::GaveUp { .. }));
    }
}

/// Is well, until it is told otherwise.
struct Patient {
    is_well: bool,
}

impl Actor for Patient {
    async fn health_check(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        if self.is_well { Ok(()) } else { Err(ActorError::new("it isn't well")) }
    }
}

struct Sicken;

impl Message for Sicken {
    type Result = ();
}

impl Handler<Sicken> for Patient {
    async fn handle(&mut self, _: Sicken, _: &mut ActorContext<Self>) {
        self.is_well = false;
    }
}

#[test]
fn promise_07_children_have_health_checks_and_nobody_has_to_call_them() {
    let system = system(1);
    let spec = ChildSpec::new("a", || Patient { is_well: true }).health_check(Duration::from_millis(1), LIMIT);
    let supervisor = supervise(&system, Supervisor::builder(Strategy::OneForOne).child(spec));
    let events = listen(&system);
    let child = wait(supervisor.child::<Patient>("a")).unwrap();
    wait(child.send(Sicken)).unwrap();
    assert_eq!(next(&events), "a has failed: it failed: it isn't well");
    assert_eq!(next(&events), "a has been restarted");
}

#[test]
fn promise_07_siblings_are_attended_while_one_backs_off() {
    let system = system(1);
    let events = listen(&system);
    let hours = Backoff::new(3_600 * SECOND, 3_600 * SECOND).jitter(0.0);
    let builder = Supervisor::builder(Strategy::OneForOne)
        .intensity(100, SECOND)
        .child(judge("a", Directive::Restart).backoff(hours))
        .child(judge("b", Directive::Restart));
    let supervisor = supervise(&system, builder);
    let (a, b) = (judge_of(&supervisor, "a"), judge_of(&supervisor, "b"));
    assert!(wait(a.send(Boom("it broke"))).is_err());
    let expected =
        ["a has started", "b has started", "a has failed: a handler panicked: it broke", "a is restarted in 3600s"];
    expected.iter().for_each(|expected| assert_eq!(next(&events), *expected));
    for _ in 0..10 {
        assert!(wait(b.send(Boom("so did this one"))).is_err());
        assert_eq!(wait(b.send(Weigh(1))).unwrap(), 1);
    }
    assert_eq!(wait(supervisor.count_children()).unwrap().active, 1);
    let waits = a.try_send(Weigh(1)).unwrap();
    supervisor.stop();
    wait(supervisor.stopped());
    assert!(matches!(wait(waits).unwrap_err().reason(), ReplyErrorReason::Died(_)));
}

#[test]
fn promise_07_children_of_one_supervisor_are_of_several_types() {
    let system = system(2);
    let builder = Supervisor::builder(Strategy::OneForAll)
        .child(judge("judge", Directive::Restart))
        .child(ChildSpec::new("probe", || probe().0))
        .child(ChildSpec::supervisor("branch", || {
            Supervisor::builder(Strategy::OneForOne).child(judge("inner", Directive::Restart)).build()
        }));
    let supervisor = supervise(&system, builder);
    let children = wait(supervisor.which_children()).unwrap();
    let types: Vec<_> = children.iter().map(|child| child.actor.as_ref().unwrap().type_name()).collect();
    let [judge, probe, branch] =
        [std::any::type_name::<Judge>(), std::any::type_name::<Probe>(), std::any::type_name::<Supervisor>()];
    assert_eq!(types, [judge, probe, branch]);
}

#[test]
fn promise_07_an_escalation_goes_up_the_tree() {
    let system = system(2);
    let events = listen(&system);
    let branch = ChildSpec::supervisor("branch", || {
        Supervisor::builder(Strategy::OneForOne).child(judge("leaf", Directive::Escalate)).build()
    });
    let root = supervise(&system, Supervisor::builder(Strategy::OneForOne).child(branch));
    let branch = wait(root.child::<Supervisor>("branch")).unwrap();
    let leaf = judge_of(&branch, "leaf");
    assert_eq!(wait(leaf.send(Weigh(0))).unwrap(), 1);
    let mut all = Vec::new();
    while all.last().is_none_or(|last| last != "branch has been restarted") {
        all.push(next(&events));
    }
    assert!(all.contains(&"leaf passed its failure on: it failed: nothing to weigh".to_owned()), "{all:?}");
    assert!(all.iter().any(|line| line.starts_with("branch has failed: ")), "{all:?}");
    assert!(root.is_alive());
    assert_ne!(judge_of(&branch, "leaf"), leaf);
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

/// Tells of whom it hears.
struct Mourner(Sender<(ActorInfo, StopReason)>);

impl Actor for Mourner {
    async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, _: &mut ActorContext<Self>) {
        let _ = self.0.send((who, reason));
    }
}

struct Mind(ActorRef<Probe>, bool);

impl Message for Mind {
    type Result = ();
}

impl Handler<Mind> for Mourner {
    async fn handle(&mut self, Mind(who, is_linked): Mind, ctx: &mut ActorContext<Self>) {
        if is_linked { ctx.link(&who) } else { ctx.watch(&who) }
    }
}

#[test]
fn promise_10_there_are_watches_and_links() {
    let system = system(2);
    let (sender, heard) = channel();
    let ((watched, _), (linked, _)) = (spawn(&system), spawn(&system));
    let mourner = wait(system.spawn(Mourner(sender))).unwrap();
    wait(mourner.send(Mind(watched.clone(), false))).unwrap();
    wait(mourner.send(Mind(linked.clone(), true))).unwrap();
    watched.stop();
    let (who, reason) = recv(&heard);
    assert_eq!((who.id(), name_of(&reason)), (watched.id(), "Stopped".to_owned()));
    linked.kill();
    assert!(matches!(wait(mourner.stopped()), StopReason::Linked(who) if who.id() == linked.id()));
}

#[test]
fn promise_10_lifecycle_events_are_emitted() {
    let system = system(2);
    let events = listen(&system);
    let spec = judge("a", Directive::Restart).restart(RestartType::Transient);
    let supervisor = supervise(&system, Supervisor::builder(Strategy::OneForOne).child(spec));
    let child = judge_of(&supervisor, "a");
    assert!(wait(child.send(Boom("it broke"))).is_err());
    child.stop();
    let lines = [
        "has started",
        "has failed: a handler panicked: it broke",
        "has been restarted",
        "has ended: it was asked to stop",
    ];
    for line in lines {
        let event = recv(&events);
        assert_eq!(event.incident().to_string(), line);
        assert_eq!(event.supervisor().id(), supervisor.id());
        assert_eq!((event.child_id(), event.child().map(ActorInfo::id)), ("a", Some(child.id())));
    }
}

#[test]
fn promise_10_a_panic_of_a_factory_is_caught_as_any_and_a_limit_of_a_start_is_read() {
    let system = system(1);
    let panics = ChildSpec::<Judge>::new("a", || std::panic::resume_unwind(Box::new("no luck")));
    let builder = Supervisor::builder(Strategy::OneForOne).child(panics);
    let error = wait(system.spawn(builder.build().unwrap())).unwrap_err();
    assert!(matches!(error, SpawnError::PreStart { .. }));
    assert!(error.to_string().contains("its factory panicked: no luck"), "{error}");
    assert_eq!(Place::Factory.to_string(), "its factory");

    let never = ChildSpec::asynchronous("a", std::future::pending::<Result<Judge, ActorError>>);
    let builder = Supervisor::builder(Strategy::OneForOne).child(never.start_limit(Duration::from_millis(1)));
    let error = wait(system.spawn(builder.build().unwrap())).unwrap_err();
    assert!(error.to_string().contains("its child `a` did not start"), "{error}");
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
    for page in pages() {
        for link in links(&fs::read_to_string(&page).unwrap()) {
            assert!(
                page.with_file_name("").join(link).exists(),
                "{} links to {link}, which isn't there",
                page.display()
            );
        }
    }
}

/// The pages in `docs/`.
fn pages() -> Vec<PathBuf> {
    let pages = fs::read_dir(at_root("docs")).unwrap().map(|entry| entry.unwrap().path());
    pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn promise_11_all_shown_code_compiles() {
    assert_eq!(uncompiled("/// ```ignore\n/// ```\n//! ```rust, ignore\n```no_run\n// ```"), 2);
    let readme = fs::read_to_string(at_root("README.md")).unwrap();
    assert_eq!(uncompiled(&readme), 0, "README.md");
    assert!(readme.contains("```rust"), "and it shows some");
    pages().iter().for_each(|page| assert_eq!(uncompiled(&fs::read_to_string(page).unwrap()), 0, "{}", page.display()));
    let lib = fs::read_to_string(at_root("src/lib.rs")).unwrap();
    assert!(lib.contains("README.md"), "lib.rs includes the README, so that it is compiled");
    for file in rust_files("src") {
        assert_eq!(uncompiled(&file.text), 0, "{}", file.path);
    }
}
