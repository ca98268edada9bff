//! The course of a run: what a seed has happen to the trees, and how they end.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use corecast::sim::{Outcome, Sim};
use corecast::testing::Watch;
use corecast::{
    Actor, ActorContext, ActorInfo, ActorRef, ActorSystem, Handler, Mailbox, Message, SendFuture, StopReason,
    Subscription, SupervisionEvent, Supervisor, Tell,
};

use super::books::{End, Parcel, Sent};
use super::census::What;
use super::deed::{Deed, Omen};
use super::leaf::Leaf;
use super::plan::{self, Branch, Gardener, Pool, Seedling, Twig};
use super::world::World;

/// Steps of the test, at most.
const STEPS: usize = 80;

/// How often it looks around at once, at most, because faults come between.
const LOOKS: usize = 5;

/// What the test asks supervisors for, by an actor that waits for the answers.
enum Request {
    /// Start a child that wasn't there before, at this supervisor.
    Start(usize, usize, Arc<Twig>),
    Terminate(usize),
    Restart(usize),
    Delete(usize),
}

impl Message for Request {
    type Result = ();
}

/// Asks supervisors for what the test wants.
struct Foreman(World);

impl Actor for Foreman {}

impl Handler<Request> for Foreman {
    async fn handle(&mut self, request: Request, ctx: &mut ActorContext<Self>) {
        let world = &self.0;
        let (Request::Start(_, place, _)
        | Request::Terminate(place)
        | Request::Restart(place)
        | Request::Delete(place)) = request;
        let (above, id) = (world.above(place), world.path(place));
        let Ok(supervisor) = ctx.system().find::<Supervisor>(&above) else {
            let Ok(pool) = ctx.system().find::<Pool>(&above) else { return };
            match request {
                Request::Start(_, place, twig) => {
                    let seedling = Seedling { world: world.clone(), place, twig };
                    drop(pool.start_child(seedling).await);
                }
                Request::Terminate(place) => {
                    if let Some((_, leaf)) = world.leaf(place) {
                        world.census().ask_to_dismiss(place);
                        drop(pool.terminate_child(&leaf).await);
                        world.census().is_dismissed(place);
                    }
                }
                Request::Restart(_) | Request::Delete(_) => {}
            }
            return;
        };
        match request {
            Request::Start(above, place, twig) => {
                drop(supervisor.start_child(plan::guest(world, place, &twig, above)).await);
            }
            Request::Terminate(place) => {
                world.census().ask_to_dismiss(place);
                drop(supervisor.terminate_child(&id).await);
                world.census().is_dismissed(place);
            }
            Request::Restart(_) => {
                world.census().ask_to_revive(place);
                drop(supervisor.restart_child::<Leaf>(&id).await);
                world.census().is_revived(place);
            }
            Request::Delete(_) => drop(supervisor.delete_child(&id).await),
        }
    }
}

/// Hears of the ends of roots.
struct Mourner(World);

/// Hear of the end of this one.
struct Mind(ActorRef<Supervisor>);

impl Message for Mind {
    type Result = ();
}

impl Actor for Mourner {
    async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, ctx: &mut ActorContext<Self>) {
        let name = who.name().expect("roots have names");
        if ctx.system().find::<Supervisor>(name).is_ok() {
            self.0.breach(|| format!("`{name}` has ended, and its name is in use"));
        }
        let place = self.0.census().places.iter().position(|place| place.path == name);
        self.0.root_has_ended(place.expect("a root"), &reason);
    }
}

impl Handler<Mind> for Mourner {
    async fn handle(&mut self, Mind(root): Mind, ctx: &mut ActorContext<Self>) {
        ctx.watch(&root);
    }
}

/// Counts what it is told.
struct Listener(Arc<Mutex<usize>>);

impl Actor for Listener {}

impl Handler<SupervisionEvent> for Listener {
    async fn handle(&mut self, _: SupervisionEvent, _: &mut ActorContext<Self>) {
        *self.0.lock().unwrap() += 1;
    }
}

/// What the test has begun.
enum Pending {
    Tell(Sent<Tell<Parcel>>),
    Send(Sent<SendFuture<Parcel>>),
}

/// One run.
pub(super) struct Course<'a> {
    sim: &'a Sim,
    gardener: Gardener<'a>,
    system: Arc<ActorSystem>,
    world: World,
    watch: Watch,
    roots: Vec<ActorRef<Supervisor>>,
    foremen: Vec<ActorRef<Foreman>>,
    mourner: ActorRef<Mourner>,
    listening: Subscription<SupervisionEvent>,
    heard: Arc<Mutex<usize>>,
    told: Arc<Mutex<usize>>,
    pending: Vec<Pending>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Plays one run.
pub(super) fn play(sim: &Sim) -> Outcome {
    let mut gardener = Gardener::new(sim);
    let trees: Vec<_> = (0..1 + sim.choose(2)).map(|_| gardener.tree(2 + sim.choose(9))).collect();
    let mut course = Course::new(sim, gardener)?;
    for tree in &trees {
        course.plant(tree)?;
    }
    for _ in 0..sim.choose(STEPS + 1) {
        course.step()?;
        course.world.verdict()?;
    }
    if sim.choose(2) == 1 {
        course.rest()?;
    }
    course.end()
}

impl<'a> Course<'a> {
    fn new(sim: &'a Sim, gardener: Gardener<'a>) -> Result<Self, Error> {
        let watch = Watch::new();
        watch.expect_panics::<Leaf>();
        // By faults.
        watch.expect_panics::<Supervisor>();
        watch.expect_panics::<Pool>();
        let system =
            ActorSystem::builder().observer(watch.observer()).post_stop_deadline(Duration::from_secs(60)).build()?;
        let system = Arc::new(system);
        let world = World::new(&system, gardener.places.clone());
        let foremen = (0..3).map(|_| system.spawn(Foreman(world.clone())).mailbox(Mailbox::unbounded()).start());
        let foremen = foremen.collect::<Result<_, _>>()?;
        let mourner = system.spawn(Mourner(world.clone())).mailbox(Mailbox::unbounded()).start()?;
        let (heard, told) = (Arc::default(), Arc::<Mutex<usize>>::default());
        let listener = system.spawn(Listener(Arc::clone(&heard))).mailbox(Mailbox::unbounded()).start()?;
        let (known, count) = (world.clone(), Arc::clone(&told));
        let listening = system.broker().subscribe::<SupervisionEvent>(SupervisionEvent::TOPIC, listener);
        let listening = listening.filter(move |event| {
            // Where and when it is told.
            known.told(event);
            *count.lock().unwrap() += 1;
            true
        });
        let listening = listening.start()?;
        let (roots, pending) = (Vec::new(), Vec::new());
        Ok(Self { sim, gardener, system, world, watch, roots, foremen, mourner, listening, heard, told, pending })
    }

    /// Starts a tree.
    fn plant(&mut self, tree: &Branch) -> Result<(), Error> {
        for _ in 0..self.sim.choose(4).saturating_sub(1) {
            self.omen(1);
        }
        let root = plan::supervisor(&self.world, tree, None)?;
        let name = self.world.path(tree.place);
        let system = Arc::clone(&self.system);
        match self.sim.block_on(async { system.spawn(root).name(name).await }) {
            Ok(root) => {
                self.world.root_is_up(tree.place);
                self.mourner.try_tell(Mind(root.clone()))?;
                self.roots.push(root);
            }
            Err(_) => self.world.root_has_failed(tree.place),
        }
        Ok(())
    }

    fn step(&mut self) -> Outcome {
        let sim = self.sim;
        match sim.choose(32) {
            0..8 => {
                for _ in 0..=sim.choose(8) {
                    let _ = sim.step();
                }
            }
            8..17 => self.tell(),
            17..20 => self.send(),
            20 => self.omen(3),
            21 => {
                if let Some((_, leaf)) = self.any_leaf() {
                    leaf.kill();
                }
            }
            22 => {
                let place = self.any_place();
                if let Some((_, leaf)) = self.world.leaf(place) {
                    self.world.ask_to_stop(place);
                    leaf.stop();
                }
            }
            23 => self.hit_supervisor(),
            24..28 => self.request()?,
            28 => self.give_up_one(),
            29 => sim.run_for([1, 10, 100, 2_000].map(Duration::from_millis)[sim.choose(4)])?,
            30 => self.rest()?,
            _ => {}
        }
        self.look_after_pending();
        Ok(())
    }

    fn any_place(&self) -> usize {
        self.sim.choose(self.gardener.places.len())
    }

    fn any_leaf(&self) -> Option<(corecast::ActorId, ActorRef<Leaf>)> {
        self.world.leaf(self.any_place())
    }

    fn deed(&self) -> Deed {
        Deed::draw(self.sim, self.gardener.places.len(), 2)
    }

    fn tell(&mut self) {
        let Some((to, leaf)) = self.any_leaf() else { return };
        let parcel = self.world.books().offer(usize::MAX - 1, to, self.deed());
        self.pending.push(Pending::Tell(parcel.sent(|parcel| leaf.tell(parcel))));
    }

    fn send(&mut self) {
        let Some((to, leaf)) = self.any_leaf() else { return };
        let parcel = self.world.books().offer(usize::MAX - 1, to, self.deed());
        self.pending.push(Pending::Send(parcel.sent(|parcel| leaf.send(parcel))));
    }

    /// Sees to what is over.
    fn look_after_pending(&mut self) {
        let context = &mut Context::from_waker(Waker::noop());
        self.pending.retain_mut(|pending| {
            let back = match pending {
                Pending::Tell(tell) => {
                    Pin::new(tell).poll(context).map(|done| done.err().map(|error| error.into_message()))
                }
                Pending::Send(send) => {
                    Pin::new(send).poll(context).map(|done| done.err().and_then(|error| error.into_message()))
                }
            };
            if let std::task::Poll::Ready(Some(parcel)) = back {
                parcel.settle(End::Returned);
                return false;
            }
            back.is_pending()
        });
    }

    /// One who sent something waits no more.
    fn give_up_one(&mut self) {
        if !self.pending.is_empty() {
            let place = self.sim.choose(self.pending.len());
            drop(self.pending.remove(place));
        }
    }

    /// Some leaf's next runs come to grief.
    fn omen(&self, most: usize) {
        let place = self.any_place();
        for _ in 0..=self.sim.choose(most) {
            self.world.omen(place, Omen::draw(self.sim));
        }
    }

    fn hit_supervisor(&self) {
        let place = self.any_place();
        let path = self.world.path(place);
        let kills = self.sim.choose(2) == 1;
        // Mostly not: little would be left to see.
        if self.gardener.places[place].parent.is_none() && self.sim.choose(4) < 3 {
            return;
        }
        if let Ok(supervisor) = self.system.find::<Supervisor>(&path) {
            if kills { supervisor.kill() } else { supervisor.stop() }
        } else if let Ok(pool) = self.system.find::<Pool>(&path) {
            if kills { pool.kill() } else { pool.stop() }
        }
    }

    fn request(&mut self) -> Outcome {
        let sim = self.sim;
        let foreman = self.foremen[sim.choose(self.foremen.len())].clone();
        let place = self.any_place();
        let request = match (&self.gardener.places[place].what, sim.choose(4)) {
            (What::Pool(_), _) | (What::Group(_), 0) => {
                let (guest, twig) = self.gardener.guest(place);
                self.world.census().places.push(self.gardener.places[guest].clone());
                Request::Start(place, guest, twig)
            }
            _ if self.gardener.places[place].parent.is_none() => return Ok(()),
            (_, 1) => Request::Terminate(place),
            (What::Leaf, 2) => Request::Restart(place),
            (_, 3) => Request::Delete(place),
            _ => return Ok(()),
        };
        foreman.try_tell(request)?;
        Ok(())
    }

    /// Waits until nobody can act, and looks. A fault may come between: what it changes is over when nobody can act again.
    fn rest(&mut self) -> Outcome {
        let mut found = Ok(());
        for _ in 0..LOOKS {
            self.sim.settle()?;
            self.world.census().check_tales();
            self.world.verdict()?;
            let before = std::mem::replace(&mut found, self.look_around());
            if found.is_ok() || found == before {
                break;
            }
        }
        if let Err(what) = found {
            self.world.breach(|| what);
        }
        self.world.verdict().map_err(Into::into)
    }

    /// Whether everybody is where the supervisors say.
    fn look_around(&self) -> Result<(), String> {
        let system = Arc::clone(&self.system);
        let is_alive = |path: &str| system.find::<Supervisor>(path).is_ok() || system.find::<Pool>(path).is_ok();
        self.world.census().check_orphans(is_alive)?;
        let is_branch = |place: &usize| !matches!(self.gardener.places[*place].what, What::Leaf);
        for place in (0..self.gardener.places.len()).filter(is_branch) {
            let path = self.world.path(place);
            if let Ok(supervisor) = self.system.find::<Supervisor>(&path) {
                if let Ok(children) = self.sim.block_on(supervisor.which_children()) {
                    self.world.census().check_children(place, &children, is_alive)?;
                }
            } else if let Ok(pool) = self.system.find::<Pool>(&path)
                && let Ok(count) = self.sim.block_on(pool.count_children())
            {
                let live = self.world.census().count_in(place);
                self.world.census().check_pool(place)?;
                if count.active != live || count.specs != live {
                    return Err(format!("`{path}` has {count:?}, and {live} live"));
                }
            }
        }
        let (heard, told) = (*self.heard.lock().unwrap(), *self.told.lock().unwrap());
        if heard == told { Ok(()) } else { Err(format!("{told} events were told, and {heard} heard")) }
    }

    /// The end of all.
    fn end(mut self) -> Outcome {
        let sim = self.sim;
        let way = sim.choose(6);
        match way {
            0 | 1 => self.roots.iter().for_each(ActorRef::stop),
            2 => self.roots.iter().for_each(ActorRef::kill),
            3 => {
                let system = Arc::clone(&self.system);
                let end = system.shutdown_within(Duration::from_secs([100, 1][sim.choose(2)]));
                if way == 3 && sim.choose(2) == 1 {
                    // Others act before it is waited for.
                    for _ in 0..sim.choose(20) {
                        let _ = sim.step();
                    }
                }
                drop(sim.block_on(end));
            }
            4 => self.roots.iter().for_each(|root| if sim.choose(2) == 1 { root.kill() } else { root.stop() }),
            _ => {}
        }
        let is_dropped = way == 5;
        if !is_dropped {
            for root in &self.roots {
                let reason = sim.block_on(root.stopped());
                let place =
                    self.gardener.places.iter().position(|place| Some(place.path.as_str()) == root.info().name());
                self.world.root_has_ended(place.expect("a root"), &reason);
            }
            self.listening.unsubscribe();
            self.foremen.clear();
        } else {
            self.world.census().is_over = true;
        }
        let Self { system, world, watch, roots, foremen, mourner, pending, gardener, listening, .. } = self;
        drop((roots, foremen, mourner, listening));
        if !is_dropped {
            sim.run_until_quiescent()?;
            world.census().check_tales();
            world.verdict()?;
            let (actors, leaves) = (system.actor_count(), world.census().count());
            if actors > 0 || leaves > 0 {
                return Err(format!("{actors} actors and {leaves} leaves are left").into());
            }
            for place in &gardener.places {
                let is_free =
                    system.find::<Leaf>(&place.path).is_err() && system.find::<Supervisor>(&place.path).is_err();
                if !is_free || system.find::<Pool>(&place.path).is_ok() {
                    return Err(format!("the name `{}` is in use", place.path).into());
                }
            }
        }
        drop(pending);
        world.census().phones.clear();
        drop(system);
        world.verdict()?;
        for letter in watch.dead_letters() {
            if let Ok(parcel) = letter.downcast::<Parcel>() {
                parcel.settle(End::Dead);
            }
        }
        let failures = watch.failures();
        let failures = failures.iter().filter(|failure| failure.message_type().contains("Parcel")).count();
        world.books().close(failures)?;
        world.census().check_leaks()?;
        Ok(())
    }
}
