//! A child that is no supervisor: what its factory makes, and what it does.

use std::sync::Arc;
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorError, ActorInfo, ActorRef, Directive, Handler, Ignore, Message, StopReason, Supervisor,
    Timer,
};

use super::books::{End, Parcel};
use super::census::Token;
use super::deed::{Deed, Omen};
use super::plan::{Pool, Tie, Twig};
use super::world::{Life, World};

/// A child.
pub(super) struct Leaf {
    world: World,
    place: usize,
    twig: Arc<Twig>,
    omen: Option<Omen>,
    ticks: u32,
    timer: Option<Timer>,
    life: Life,
}

/// A run whose factory has been called.
pub(super) struct Begun {
    world: World,
    place: usize,
    twig: Arc<Twig>,
    omen: Option<Omen>,
    life: Life,
}

impl Begun {
    pub(super) fn new(world: &World, place: usize, twig: &Arc<Twig>, token: &Token) -> Self {
        let (life, omen) = world.begin_run(place, token);
        Self { world: world.clone(), place, twig: Arc::clone(twig), omen, life }
    }

    pub(super) async fn wait(&self) {
        let millis = if let Some(Omen::MadeLate(millis)) = self.omen { millis } else { 0 };
        if let Some(pause) = self.world.pause(Duration::from_millis(millis)) {
            pause.await;
        }
    }

    pub(super) fn finish(self) -> Result<Leaf, ActorError> {
        match self.omen {
            Some(Omen::NotMade) => return Err(ActorError::new("not made")),
            Some(Omen::MakingPanics) => panic!("made badly"),
            Some(Omen::Ignored) => {
                self.world.ignored(&self.life);
                return Err(Ignore.into());
            }
            _ => {}
        }
        let Self { world, place, twig, omen, life } = self;
        Ok(Leaf { world, place, twig, omen, ticks: 0, timer: None, life })
    }
}

impl Actor for Leaf {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.world.starts(&self.life, ctx.weak_ref());
        match self.omen {
            Some(Omen::NotStarted) => return Err(ActorError::new("not started")),
            Some(Omen::StartPanics) => panic!("started badly"),
            Some(Omen::StartedLate(millis)) => ctx.sleep(Duration::from_millis(millis)).await,
            _ => {}
        }
        if let Some((interval, _)) = self.twig.ticks {
            self.timer = Some(ctx.tell_every(interval, Tick(self.life.run))?);
        }
        match self.twig.tie {
            Some((Tie::Watch, peer)) => self.with(peer, |peer| ctx.watch(peer)),
            Some((Tie::Link, peer)) => self.link(peer, ctx),
            None => {}
        }
        self.world.up(&self.life);
        Ok(())
    }

    async fn on_terminated(&mut self, who: ActorInfo, _: StopReason, ctx: &mut ActorContext<Self>) {
        self.world.heard(&self.life, &who);
        if self.ticks == 1 {
            ctx.yield_now().await;
        }
    }

    fn on_error(&mut self, error: &ActorError, _: &mut ActorContext<Self>) -> Directive {
        match error.to_string().as_str() {
            "resume" => Directive::Resume,
            "stop" => {
                self.world.resigns(&self.life);
                Directive::Stop
            }
            "escalate" => Directive::Escalate,
            _ => Directive::Restart,
        }
    }

    async fn post_stop(&mut self, reason: &StopReason, ctx: &mut ActorContext<Self>) {
        self.world.stopping(&self.life, reason);
        match self.omen {
            Some(Omen::StopPanics) => {
                self.world.spoils(&self.life);
                panic!("stopped badly")
            }
            Some(Omen::StoppedLate(millis)) => ctx.sleep(Duration::from_millis(millis)).await,
            _ => {}
        }
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        if self.omen == Some(Omen::DropPanics) && !std::thread::panicking() {
            self.world.spoils(&self.life);
            panic!("dropped badly");
        }
    }
}

/// What a leaf tells itself. With the run that began it.
#[derive(Clone)]
struct Tick(usize);

impl Message for Tick {
    type Result = ();
}

impl Handler<Tick> for Leaf {
    async fn handle(&mut self, Tick(run): Tick, _: &mut ActorContext<Self>) {
        if run != self.life.run {
            self.world.breach(|| format!("run {} hears a timer of run {run}", self.life.run));
        }
        self.ticks += 1;
        if self.omen == Some(Omen::TickPanics) {
            panic!("ticks badly");
        }
        if self.twig.ticks.is_some_and(|(_, most)| self.ticks >= most)
            && let Some(timer) = &self.timer
        {
            timer.cancel();
        }
    }
}

impl Leaf {
    fn with(&self, peer: usize, act: impl FnOnce(&ActorRef<Self>)) {
        if let Some((_, peer)) = self.world.leaf(peer) {
            act(&peer);
        }
    }

    fn link(&self, peer: usize, ctx: &ActorContext<Self>) {
        self.world.link(self.place, peer);
        self.with(peer, |peer| ctx.link(peer));
    }

    async fn tell(&self, peer: usize, deeds: &[Deed]) {
        let Some((to, peer)) = self.world.leaf(peer) else { return };
        let offer = |deed: &Deed| self.world.books().offer(self.place, to, deed.clone());
        if !self.twig.is_limited() {
            // It mustn't wait for ever.
            for deed in deeds {
                if let Err(error) = peer.try_tell(offer(deed)) {
                    error.into_message().settle(End::Returned);
                }
            }
            return;
        }
        let told: Vec<_> = deeds.iter().map(|deed| offer(deed).sent(|parcel| peer.tell(parcel))).collect();
        for tell in told {
            if let Err(error) = tell.await {
                error.into_message().settle(End::Returned);
            }
        }
    }

    async fn ask(&self, peer: usize, deed: &Deed, limit: Option<u64>) {
        let Some((to, peer)) = self.world.leaf(peer) else { return };
        let parcel = self.world.books().offer(self.place, to, deed.clone());
        let limit = limit.or((!self.twig.is_limited()).then_some(10_000)).map(Duration::from_micros);
        let answer = match limit {
            Some(limit) => parcel.sent(|parcel| peer.send(parcel).timeout(limit)).await,
            None => parcel.sent(|parcel| peer.send(parcel)).await,
        };
        if let Err(error) = answer
            && let Some(parcel) = error.into_message()
        {
            parcel.settle(End::Returned);
        }
    }

    /// Asks its supervisor, which may not answer before this leaf has ended.
    async fn question(&self, leaves: bool, ctx: &ActorContext<Self>) {
        if !self.twig.is_limited() {
            return;
        }
        let above = self.world.above(self.place);
        if leaves {
            self.world.census().ask_to_dismiss(self.place);
        }
        if let Ok(supervisor) = ctx.system().find::<Supervisor>(&above) {
            if leaves {
                let _ = supervisor.terminate_child(&self.world.path(self.place)).await;
            } else {
                let _ = supervisor.count_children().await;
            }
        } else if let Ok(pool) = ctx.system().find::<Pool>(&above) {
            if leaves {
                let _ = pool.terminate_child(&ctx.actor_ref()).await;
            } else {
                let _ = pool.count_children().await;
            }
        }
        // If it is there to see that.
        if leaves {
            self.world.census().is_dismissed(self.place);
        }
    }
}

impl Handler<Parcel> for Leaf {
    async fn handle(&mut self, mut parcel: Parcel, ctx: &mut ActorContext<Self>) {
        parcel.begin(ctx.id(), self.life.run);
        match &parcel.deed {
            Deed::Nothing => {}
            Deed::Pause(micros) => ctx.sleep(Duration::from_micros(*micros)).await,
            Deed::Tell(peer, deeds) => self.tell(*peer, deeds).await,
            Deed::Ask(peer, deed, limit) => self.ask(*peer, deed, *limit).await,
            Deed::Later(micros, deed) => {
                let parcel = self.world.books().offer_later(ctx.id(), self.life.run, (**deed).clone());
                ctx.tell_after(Duration::from_micros(*micros), parcel);
            }
            Deed::Panic => panic!("handles badly"),
            Deed::Fail(how) => ctx.fail(ActorError::new(how)),
            Deed::Stop => {
                self.world.ask_to_stop(self.place);
                ctx.stop();
            }
            Deed::Hang if self.twig.is_limited() => std::future::pending().await,
            Deed::Hang => {}
            Deed::Watch(peer) => self.with(*peer, |peer| ctx.watch(peer)),
            Deed::Unwatch(peer) => self.with(*peer, |peer| ctx.unwatch(peer)),
            Deed::Link(peer) => self.link(*peer, ctx),
            Deed::Unlink(peer) => self.with(*peer, |peer| ctx.unlink(peer)),
            Deed::Trap(traps) => ctx.trap_links(*traps),
            Deed::Count => self.question(false, ctx).await,
            Deed::Leave => self.question(true, ctx).await,
        }
        parcel.settle(End::Handled);
    }
}
