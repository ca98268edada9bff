//! A panic in a hook or handler stops its actor alone, and everyone concerned hears the text.

use corecast::{
    Actor, ActorContext, ActorError, ActorSystem, Handler, Mailbox, Message, Place, SendErrorReason, SpawnError,
    StopReason, TellErrorReason, TrySendErrorReason,
};

use crate::support::{
    Boom, Echo, Note, Records, assert_goes_on, close, hold, hold_and_fill, hold_then_panic, later, name_of, observed,
    run, spawn, spawn_with, system, wait,
};

/// The books say that exactly one actor failed, with `text` in `place`; `system` ends here.
#[track_caller]
fn assert_one_failure(system: ActorSystem, records: &Records, text: &str, place: Place) {
    let book = close(system, records);
    let [failure] = &book.actors[..] else { panic!("{} actors failed", book.actors.len()) };
    let StopReason::Panicked(panic) = &failure.reason else { panic!("failed with {}", failure.reason) };
    assert_eq!((panic.text(), panic.place()), (text, place));
}

#[test]
fn a_panic_in_a_handler_stops_the_actor_and_tells_the_asker() {
    let (system, records) = observed(1);
    let (actor, events) = spawn(&system);
    let error = wait(actor.send(Boom("kaboom"))).unwrap_err();
    let SendErrorReason::Panicked(panic) = error.reason() else { panic!("{error}") };
    assert_eq!((panic.text(), panic.place()), ("kaboom", Place::Handler));
    assert!(error.to_string().contains("kaboom"), "{error}");
    assert_eq!(error.actor().id(), actor.id());
    assert!(error.into_message().is_none(), "it was accepted");

    assert_eq!(name_of(&wait(actor.stopped())), "Panicked(kaboom)");
    assert_eq!(events.rest(), ["post_stop Panicked(kaboom)", "dropped"]);
    let error = wait(actor.tell(Note(1))).unwrap_err();
    assert!(matches!(error.reason(), TellErrorReason::Stopped(StopReason::Panicked(_))), "{error}");
    assert!(error.to_string().contains("kaboom"), "{error}");
    assert_goes_on(&system);
    assert_one_failure(system, &records, "kaboom", Place::Handler);
}

#[test]
fn a_panic_after_a_suspension_stops_the_actor_and_tells_the_asker() {
    let (system, records) = observed(1);
    let (actor, _events) = spawn(&system);
    let held = hold_then_panic(&actor, "late");
    held.open();
    assert_eq!(name_of(&wait(actor.stopped())), "Panicked(late)");
    assert_goes_on(&system);
    assert_one_failure(system, &records, "late", Place::Handler);
}

#[test]
fn a_panic_s_text_is_kept_whatever_its_payload() {
    let system = system(1);
    let text_of = |boom: fn()| {
        let (actor, _events) = spawn(&system);
        wait(actor.tell(run(move |_ctx| boom()))).unwrap();
        match wait(actor.stopped()) {
            StopReason::Panicked(panic) => panic.text().to_owned(),
            other => panic!("{other}"),
        }
    };
    assert_eq!(text_of(|| panic!("a literal")), "a literal");
    assert_eq!(text_of(|| panic!("a number: {}", 7)), "a number: 7");
    assert_eq!(text_of(|| std::panic::resume_unwind(Box::new("without a hook"))), "without a hook");
    assert!(!text_of(|| std::panic::panic_any(7_u8)).is_empty(), "some words where there are none");
    assert!(text_of(|| assert_eq!("x".parse(), Ok(1_u8))).contains("InvalidDigit"));
}

#[test]
fn a_panic_leaves_the_rest_of_the_mailbox_to_the_dead_letters() {
    let (system, records) = observed(1);
    let (actor, _events) = spawn(&system);
    let held = hold_then_panic(&actor, "kaboom");
    (1..=3).for_each(|number| actor.try_tell(Note(number)).unwrap());
    let asker = actor.try_send(Echo(4)).unwrap();
    held.open();
    let error = wait(asker).unwrap_err();
    assert!(error.to_string().contains("kaboom"), "{error}");
    wait(actor.stopped());
    let book = close(system, &records);
    let letters: Vec<_> = book.letters.into_iter().map(|letter| name_of(letter.cause())).collect();
    assert_eq!(letters, ["Panicked(kaboom)"; 4]);
}

#[test]
fn a_panic_gives_waiting_senders_their_messages_back() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_then_panic(&actor, "kaboom");
    wait(actor.tell(Note(1))).unwrap();
    let (tell, send) = (actor.tell(Note(8)), actor.send(Echo(9)));
    held.open();
    assert_eq!(wait(tell).unwrap_err().into_message().0, 8);
    assert_eq!(wait(send).unwrap_err().into_message().map(|echo| echo.0), Some(9));
}

#[test]
fn a_failed_message_is_recorded_once_and_says_whether_a_sender_knows() {
    let (system, records) = observed(1);
    let (asked, _) = spawn(&system);
    let (told, _) = spawn(&system);
    let (killed, _) = spawn(&system);
    wait(asked.send(Boom("asked"))).unwrap_err();
    wait(told.tell(Boom("told"))).unwrap();
    wait(told.stopped());
    let _held = hold(&killed);
    killed.kill();
    wait(killed.stopped());

    let book = close(system, &records);
    let failed: Vec<_> =
        book.messages.iter().map(|message| (message.actor.id(), name_of(&message.cause), message.observed)).collect();
    assert_eq!(
        failed,
        [
            (asked.id(), "Panicked(asked)".to_owned(), true),
            (told.id(), "Panicked(told)".to_owned(), false),
            (killed.id(), "Killed".to_owned(), false),
        ]
    );
    assert_eq!(book.messages[0].message_type, std::any::type_name::<Boom>());
    assert_eq!(book.actors.iter().map(|actor| actor.actor.id()).collect::<Vec<_>>(), [asked.id(), told.id()]);
    assert!(book.letters.is_empty());
}

/// Panics in one of its hooks, or fails to start.
#[derive(Clone, Copy, PartialEq)]
enum Fragile {
    PreStart,
    PreStartLater,
    PostStop,
    PostStopLater,
}

impl Actor for Fragile {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        match self {
            Fragile::PreStart => panic!("in pre_start"),
            Fragile::PreStartLater => {
                ctx.yield_now().await;
                panic!("in pre_start")
            }
            Fragile::PostStop | Fragile::PostStopLater => Ok(()),
        }
    }

    async fn post_stop(&mut self, _reason: &StopReason, ctx: &mut ActorContext<Self>) {
        match self {
            Fragile::PostStop => panic!("in post_stop"),
            Fragile::PostStopLater => {
                ctx.yield_now().await;
                panic!("in post_stop")
            }
            Fragile::PreStart | Fragile::PreStartLater => {}
        }
    }
}

struct Ping;

impl Message for Ping {
    type Result = ();
}

impl Handler<Ping> for Fragile {
    async fn handle(&mut self, _: Ping, _ctx: &mut ActorContext<Self>) {}
}

#[test]
fn a_panic_in_pre_start_is_the_spawn_s_error() {
    for fragile in [Fragile::PreStart, Fragile::PreStartLater] {
        let (system, records) = observed(1);
        match wait(system.spawn(fragile)).expect_err("pre_start panicked") {
            SpawnError::PreStart { reason: StopReason::Panicked(panic), .. } => {
                assert_eq!((panic.text(), panic.place()), ("in pre_start", Place::PreStart));
            }
            other => panic!("another error: {other}"),
        }
        assert_goes_on(&system);
        assert_one_failure(system, &records, "in pre_start", Place::PreStart);
    }
}

#[test]
fn a_panic_in_pre_start_reaches_those_who_were_early() {
    let system = system(1);
    let actor = system.spawn(Fragile::PreStartLater).start().unwrap();
    match actor.try_send(Ping) {
        Ok(reply) => assert!(wait(reply).unwrap_err().to_string().contains("in pre_start")),
        // On another thread the actor may be gone by now, or about to be.
        Err(error) => match error.reason() {
            TrySendErrorReason::Stopping => {}
            reason => assert!(reason.to_string().contains("in pre_start"), "{error}"),
        },
    }
    assert_eq!(name_of(&wait(actor.stopped())), "Panicked(in pre_start)");
}

#[test]
fn a_panic_in_post_stop_is_recorded_and_ends_the_actor_alone() {
    for fragile in [Fragile::PostStop, Fragile::PostStopLater] {
        let (system, records) = observed(1);
        let actor = wait(system.spawn(fragile).name("fragile")).unwrap();
        wait(actor.send(Ping)).unwrap();
        actor.stop();
        wait(actor.stopped());
        assert!(system.find::<Fragile>("fragile").is_err(), "its name is free");
        assert_goes_on(&system);
        assert_one_failure(system, &records, "in post_stop", Place::PostStop);
    }
}

#[test]
fn a_panic_in_post_stop_after_a_panic_in_a_handler_is_survived() {
    struct Twice;
    impl Actor for Twice {
        async fn post_stop(&mut self, _reason: &StopReason, _ctx: &mut ActorContext<Self>) {
            panic!("second")
        }
    }
    impl Handler<Boom> for Twice {
        async fn handle(&mut self, _: Boom, _ctx: &mut ActorContext<Self>) -> u64 {
            panic!("first")
        }
    }
    let system = system(1);
    let actor = wait(system.spawn(Twice)).unwrap();
    assert!(wait(actor.send(Boom(""))).unwrap_err().to_string().contains("first"));
    wait(actor.stopped());
    assert_goes_on(&system);
}

#[test]
fn an_asker_that_is_an_actor_lives_on_when_the_asked_one_panics() {
    let system = system(1);
    let (asker, _) = spawn(&system);
    let (asked, _) = spawn(&system);
    let text = asker
        .send(later(move |_ctx| Box::pin(async move { asked.send(Boom("not me")).await.unwrap_err().to_string() })));
    assert!(wait(text).unwrap().contains("not me"));
    assert_eq!(wait(asker.send(Echo(1))).unwrap(), 1);
}

/// Without the hook, which would print each.
fn quiet_panic() {
    std::panic::resume_unwind(Box::new("quietly"))
}

#[test]
fn many_panics_cost_no_worker() {
    let system = system(2);
    for round in 0..500 {
        let (actor, _events) = spawn_with(&system, Mailbox::bounded(2));
        let held = hold_and_fill(&actor, 2);
        let panicking = actor.send(run(|_ctx| quiet_panic()));
        held.open();
        let error = wait(panicking).unwrap_err();
        assert!(error.to_string().contains("quietly"), "round {round}: {error}");
    }
    assert_goes_on(&system);
}
