//! What an actor is asked to do, and how that is drawn.

use std::time::Duration;

use corecast::{ActorRef, Directive, Reply};

use crate::ledger::Answer;
use crate::random::Random;
use crate::worker::Worker;
use crate::world::World;

/// What an actor does with a job.
pub(crate) enum Plan {
    Finish,
    /// Suspends so many times.
    Yield(u64),
    /// Replies after a while.
    Delay(Duration),
    Panic {
        later: bool,
    },
    Stop,
    KillMyself,
    Kill(ActorRef<Worker>),
    /// Tries to tell another one.
    Try(ActorRef<Worker>),
    /// Tells another one, and waits for room.
    Tell(ActorRef<Worker>),
    /// Asks another one to carry a plan out; with a limit, or until the wait is seen to be in a circle.
    Ask(ActorRef<Worker>, Box<Plan>, Option<Duration>),
    /// Asks all of these.
    Gather(Vec<ActorRef<Worker>>, Duration),
    /// Tells itself, and waits for room.
    TellMyself,
    /// Asks itself: a circle.
    AskMyself,
    /// Tells itself later, or takes that back.
    Later(Duration, bool),
    /// Tells itself every so often.
    Every(Duration),
    /// Spawns another one, and awaits its start or doesn't.
    Child(bool),
    /// A closure that may block tells another one.
    Block(ActorRef<Worker>, Closure),
    /// Asks one, and lets another one wait for the reply.
    Pass(ActorRef<Worker>, ActorRef<Worker>),
    /// Waits for the reply to somebody else's request.
    Redeem(Reply<Answer>),
    Publish,
    /// Waits for the end of another one, for so long.
    Watch(ActorRef<Worker>, Duration),
    /// Watches another one, for as long as this run lasts.
    Mind(ActorRef<Worker>),
    /// Watches nobody any more.
    Forget,
    /// Shares the fate of another one.
    Link(ActorRef<Worker>),
    /// Says that it has failed; without a directive, it panics when it is asked for one.
    Fail(Option<Directive>),
    /// The drop of the message panics.
    BadMessage,
    /// The drop of the result panics, unless somebody has it.
    BadResult,
    /// Drops its own system.
    End,
}

/// What a closure does on the blocking pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closure {
    Tells,
    Asks,
    Panics,
}

/// A plan without whom it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Finish,
    Yield,
    Delay,
    Panic,
    Stop,
    KillMyself,
    Kill,
    Try,
    Tell,
    Ask,
    AskLimited,
    TellMyself,
    AskMyself,
    Later,
    Every,
    Child,
    Block,
    Pass,
    Publish,
    Watch,
    Mind,
    Forget,
    Link,
    Fail,
    BadMessage,
    BadResult,
}

impl Kind {
    /// What harms nobody, and how often at most.
    pub(crate) const CALM: &'static [(Self, u64)] = &[
        (Self::Finish, 40),
        (Self::Yield, 10),
        (Self::Delay, 4),
        (Self::Try, 10),
        (Self::Tell, 10),
        (Self::Ask, 10),
        (Self::AskLimited, 6),
        (Self::TellMyself, 4),
        (Self::AskMyself, 2),
        (Self::Later, 6),
        (Self::Every, 2),
        (Self::Child, 3),
        (Self::Block, 3),
        (Self::Pass, 5),
        (Self::Publish, 3),
        (Self::Watch, 2),
        (Self::Mind, 6),
        (Self::Forget, 1),
    ];

    /// What ends actors.
    pub(crate) const ROUGH: &'static [(Self, u64)] = &[
        (Self::Panic, 3),
        (Self::Stop, 2),
        (Self::KillMyself, 2),
        (Self::Kill, 2),
        (Self::Link, 2),
        (Self::Fail, 4),
        (Self::BadMessage, 2),
        (Self::BadResult, 2),
    ];
}

/// What may become of an actor that fails.
const DIRECTIVES: [Option<Directive>; 7] = [
    Some(Directive::Resume),
    Some(Directive::Resume),
    Some(Directive::Restart),
    Some(Directive::Restart),
    Some(Directive::Stop),
    Some(Directive::Escalate),
    None,
];

/// How deep plans go.
const DEPTH: u32 = 4;

impl Plan {
    /// A plan for the actor in a place.
    pub(crate) fn draw(random: &mut Random, world: &World, place: usize) -> Self {
        Self::draw_at(random, world, place, DEPTH)
    }

    fn draw_at(random: &mut Random, world: &World, place: usize, depth: u32) -> Self {
        let kind = *random.pick(&world.settings.plans);
        let other = world.field.any(random);
        let time = world.time(random);
        match kind {
            Kind::Finish => Self::Finish,
            Kind::Yield => Self::Yield(1 + random.below(4)),
            Kind::Delay => Self::Delay(time),
            Kind::Panic => Self::Panic { later: random.one_in(2) },
            Kind::Stop => Self::Stop,
            Kind::KillMyself => Self::KillMyself,
            Kind::Kill => Self::Kill(other),
            Kind::Try => Self::Try(other),
            Kind::Tell => Self::Tell(other),
            Kind::Ask | Kind::AskLimited if depth == 0 => Self::Finish,
            Kind::Ask => Self::asking(random, world, place, depth, None),
            Kind::AskLimited => Self::asking(random, world, place, depth, Some(time)),
            Kind::TellMyself => Self::TellMyself,
            Kind::AskMyself => Self::AskMyself,
            Kind::Later => Self::Later(time, random.one_in(3)),
            Kind::Every => Self::Every(time),
            Kind::Child => Self::Child(random.one_in(2)),
            Kind::Block => Self::Block(other, *random.pick(&[Closure::Tells, Closure::Asks, Closure::Panics])),
            Kind::Pass => Self::Pass(other, world.field.any(random)),
            Kind::Publish => Self::Publish,
            Kind::Watch => Self::Watch(other, time),
            Kind::Mind => Self::Mind(other),
            Kind::Forget => Self::Forget,
            Kind::Link => Self::Link(other),
            Kind::Fail => Self::Fail(random.pick(&DIRECTIVES).to_owned()),
            Kind::BadMessage => Self::BadMessage,
            Kind::BadResult => Self::BadResult,
        }
    }

    /// Asks whom the shape says.
    fn asking(random: &mut Random, world: &World, place: usize, depth: u32, limit: Option<Duration>) -> Self {
        let next = world.settings.shape.next(place, world.field.len(), random);
        match &next[..] {
            [] => Self::Finish,
            &[next] => {
                let plan = Self::draw_at(random, world, next, depth - 1);
                Self::Ask(world.field.get(next), Box::new(plan), limit)
            }
            all => {
                let all = all.iter().map(|&next| world.field.get(next)).collect();
                Self::Gather(all, limit.unwrap_or_else(|| world.time(random)))
            }
        }
    }
}
