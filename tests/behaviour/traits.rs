//! What the types promise at compile time: who is `Send`, `Sync`, `Unpin`, how large they are, and that
//! errors fit into a box. What must not compile stands beside the types, as doctests.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::marker::PhantomPinned;
use std::mem::size_of;

use corecast::{
    Actor, ActorContext, ActorError, ActorFailure, ActorId, ActorInfo, ActorRef, ActorSystem, ActorSystemBuilder,
    Blocking, BlockingError, BuildError, DeadLetter, Event, FindError, Handler, HealthCheckOverdue, Mailbox, Message,
    MessageBroker, MessageFailure, Overflow, Panic, Place, Publish, PublishError, Published, Recipient, Reply,
    ReplyError, SendError, SendFuture, Shutdown, ShutdownReport, SpawnBuilder, SpawnError, StopReason, Stopped,
    Subscribe, SubscribeError, SubscribeFuture, Subscription, SubscriptionGuard, SystemRef, Tell, TellError, Topic,
    TopicError, TrySendError, TryTellError, WeakActorRef,
};

use crate::support::{Note, hold_and_fill, spawn_with, system, wait};

/// As awkward as a message and an actor may be: not `Sync`, not `Unpin`, not `Debug`, not `Clone`.
struct Odd {
    _not_sync: Cell<u8>,
    _not_unpin: PhantomPinned,
}

impl Odd {
    fn new() -> Odd {
        Odd { _not_sync: Cell::new(0), _not_unpin: PhantomPinned }
    }
}

impl Message for Odd {
    type Result = Odd;
}

impl Actor for Odd {}

impl Handler<Odd> for Odd {
    async fn handle(&mut self, odd: Odd, _ctx: &mut ActorContext<Self>) -> Odd {
        odd
    }
}

const fn shared<T: Send + Sync>() {}
const fn movable<T: Send + 'static>() {}
const fn handle<T: Send + Sync + Unpin + Clone + Debug + 'static>() {}
const fn key<T: Eq + Hash>() {}
const fn future<F: Future + Send + Unpin + 'static>() {}
const fn error<E: Error + Send + Sync + 'static>() {}
const fn plain<T: Clone + Debug + Display + Send + Sync + 'static>() {}

/// As awkward as an event may be: not `Sync`, not `Unpin`, not `Debug`.
#[derive(Clone)]
struct OddEvent {
    _not_sync: Cell<u8>,
    _not_unpin: PhantomPinned,
}

impl Message for OddEvent {
    type Result = ();
}

/// The same for every event.
const fn for_every_event<M: Event>() {
    future::<Publish<M>>();
    future::<SubscribeFuture<M>>();
    movable::<Subscribe<M>>();
    shared::<Subscription<M>>();
    shared::<SubscriptionGuard<M>>();
    handle::<Topic<M>>();
    error::<PublishError<M>>();
}

/// Compiles only if these hold for every actor and every message, with no bound but the crate's own.
const fn for_every<A: Actor, M: Message, R: Send + 'static>() {
    handle::<ActorRef<A>>();
    key::<ActorRef<A>>();
    handle::<WeakActorRef<A>>();
    handle::<Recipient<M>>();
    future::<Tell<M>>();
    future::<SendFuture<M>>();
    future::<Reply<R>>();
    future::<Blocking<R>>();
    movable::<SpawnBuilder<A>>();
    movable::<ActorContext<A>>();
    error::<TellError<M>>();
    error::<TryTellError<M>>();
    error::<SendError<M>>();
    error::<TrySendError<M>>();
}

const _: () = {
    for_every::<Odd, Odd, Odd>();
    for_every_event::<OddEvent>();
    handle::<MessageBroker>();
    handle::<Published>();
    handle::<Overflow>();
    error::<TopicError>();
    error::<SubscribeError>();
    future::<Stopped>();
    future::<Shutdown>();
    shared::<ActorSystem>();
    handle::<SystemRef>();
    movable::<ActorSystemBuilder>();
    movable::<DeadLetter>();
    movable::<ShutdownReport>();
    shared::<MessageFailure>();
    shared::<ActorFailure>();
    error::<ReplyError>();
    error::<SpawnError>();
    error::<FindError>();
    error::<BuildError>();
    error::<BlockingError>();
    error::<HealthCheckOverdue>();
    plain::<StopReason>();
    plain::<Panic>();
    plain::<ActorError>();
    plain::<ActorInfo>();
    plain::<ActorId>();
    key::<ActorId>();
    handle::<Place>();
    handle::<Mailbox>();
};

#[test]
fn handles_are_small() {
    assert_eq!(size_of::<ActorRef<Odd>>(), 8);
    assert_eq!(size_of::<WeakActorRef<Odd>>(), 8);
    assert_eq!(size_of::<Recipient<Odd>>(), 16);
    assert_eq!(size_of::<ActorId>(), 8);
}

#[test]
fn errors_are_small_beside_the_message_that_they_carry() {
    struct Large(#[expect(dead_code, reason = "only its size matters")] [u64; 25]);
    impl Message for Large {
        type Result = ();
    }
    const BESIDE: usize = 64;
    let message = size_of::<Large>();
    assert_eq!(size_of::<TellError<Large>>(), size_of::<usize>());
    assert!(size_of::<TryTellError<Large>>() <= message + BESIDE);
    assert_eq!(size_of::<SendError<Large>>(), size_of::<usize>());
    assert!(size_of::<TrySendError<Large>>() <= message + BESIDE);
    assert_eq!(size_of::<ReplyError>(), size_of::<usize>());
    assert!(size_of::<SpawnError>() <= BESIDE);
    assert!(size_of::<FindError>() <= 2 * BESIDE);
    assert!(size_of::<StopReason>() <= BESIDE);
    assert_eq!(size_of::<PublishError<OddEvent>>(), size_of::<usize>());
    assert!(size_of::<SubscribeError>() <= BESIDE);
}

/// Each verb, with `?` into the box that programs use.
async fn every_verb(actor: &ActorRef<Odd>, which: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    match which {
        0 => actor.tell(Odd::new()).await?,
        1 => actor.try_tell(Odd::new())?,
        2 => actor.blocking_tell(Odd::new())?,
        3 => _ = actor.send(Odd::new()).await?,
        4 => _ = actor.try_send(Odd::new())?.await?,
        _ => _ = actor.blocking_send(Odd::new())?,
    }
    Ok(())
}

#[test]
fn every_error_goes_into_a_box_whatever_the_message_is() {
    let system = system(1);
    let actor = wait(system.spawn(Odd::new()).name("odd")).unwrap();
    for which in 0..6 {
        wait(Box::pin(every_verb(&actor, which))).unwrap();
    }
    actor.kill();
    wait(actor.stopped());
    for which in 0..6 {
        let error = wait(Box::pin(every_verb(&actor, which))).expect_err("the actor has stopped");
        let text = error.to_string();
        assert!(text.contains("odd"), "names the actor: {text}");
        assert!(text.contains("kill"), "names the cause: {text}");
        assert!(!text.ends_with('.') && !text.starts_with(char::is_uppercase), "house style: {text}");
        assert!(!format!("{error:?}").is_empty());
    }
}

#[test]
fn a_full_mailbox_is_an_error_that_fits_into_a_box() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let full = || -> Result<(), Box<dyn Error + Send + Sync>> {
        actor.try_tell(Note(2))?;
        Ok(())
    };
    let text = full().expect_err("full").to_string();
    assert!(text.contains("full"), "names the cause: {text}");
    held.open();
}

#[test]
fn any_error_becomes_an_actor_error_by_question_mark() {
    fn parse(text: &str) -> Result<u8, ActorError> {
        Ok(text.parse::<u8>()?)
    }
    assert_eq!(parse("7").unwrap(), 7);
    assert_eq!(parse("x").unwrap_err().to_string(), "x".parse::<u8>().unwrap_err().to_string());
    assert_eq!(ActorError::new("no disk").clone().to_string(), "no disk");
}
