//! What a seed draws: a tree of supervisors, and how each child of it is. Zero is always the plainest.

use std::sync::Arc;
use std::time::Duration;

use corecast::sim::Sim;
use corecast::{
    Actor, AutoShutdown, Backoff, ChildSpec, DynamicSupervisor, Mailbox, RestartType, ShutdownPolicy, SpecError,
    Strategy, Supervisor,
};

use super::census::{Place, Token, What};
use super::leaf::{Begun, Leaf};
use super::world::World;

/// A dynamic supervisor of leaves.
pub(super) type Pool = DynamicSupervisor<Leaf, Seedling>;

const MILLI: Duration = Duration::from_millis(1);

/// What a supervisor goes by for a child.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) restart: RestartType,
    pub(super) shutdown: ShutdownPolicy,
    pub(super) backoff: Option<Backoff>,
    pub(super) quarantine_after: Option<u32>,
    pub(super) start_limit: Option<Duration>,
    pub(super) is_significant: bool,
}

/// How a leaf is.
#[derive(Clone, Debug)]
pub(super) struct Twig {
    pub(super) rules: Rules,
    pub(super) is_named: bool,
    /// Whether its factory waits.
    pub(super) is_late: bool,
    pub(super) mailbox: Mailbox,
    /// How often it tells itself something, and how many times.
    pub(super) ticks: Option<(Duration, u32)>,
    /// How it is bound to another leaf from its start on.
    pub(super) tie: Option<(Tie, usize)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Tie {
    Watch,
    Link,
}

/// A supervisor, and what is below it.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) place: usize,
    intensity: (u32, Duration),
    auto_shutdown: AutoShutdown,
    rules: Rules,
    children: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Branch(Arc<Branch>),
    Leaf(usize, Arc<Twig>),
}

/// Draws trees, and keeps a list of their places.
pub(super) struct Gardener<'a> {
    sim: &'a Sim,
    pub(super) places: Vec<Place>,
    /// Nodes that may be added yet.
    left: usize,
    /// Children that come by request, so far.
    guests: usize,
}

/// What a dynamic child is made of.
#[derive(Clone)]
pub(super) struct Seedling {
    pub(super) world: World,
    pub(super) place: usize,
    pub(super) twig: Arc<Twig>,
}

impl Twig {
    /// Whether it may wait for as long as it likes: its supervisor doesn't.
    pub(super) fn is_limited(&self) -> bool {
        self.rules.shutdown != ShutdownPolicy::Infinity
    }
}

impl<'a> Gardener<'a> {
    pub(super) fn new(sim: &'a Sim) -> Self {
        Self { sim, places: Vec::new(), left: 0, guests: 0 }
    }

    fn one<T: Copy, const N: usize>(&self, of: [T; N]) -> T {
        of[self.sim.choose(N)]
    }

    /// A root and all below it.
    pub(super) fn tree(&mut self, nodes: usize) -> Arc<Branch> {
        self.left = nodes;
        let path = format!("tree {}", self.places.len());
        self.branch(path, None, None, 4, AutoShutdown::Never)
    }

    fn add(&mut self, place: Place) -> usize {
        self.places.push(place);
        self.places.len() - 1
    }

    fn branch(
        &mut self,
        path: String,
        parent: Option<usize>,
        index: Option<usize>,
        depth: usize,
        above: AutoShutdown,
    ) -> Arc<Branch> {
        let is_pool = parent.is_some() && self.sim.choose(4) == 3;
        let strategy = self.one([Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]);
        let auto_shutdown = self.one([
            AutoShutdown::Never,
            AutoShutdown::Never,
            AutoShutdown::AnySignificant,
            AutoShutdown::AllSignificant,
        ]);
        let intensity = self.one([
            (100, 1_000 * MILLI),
            (3, 1_000 * MILLI),
            (1, 500 * MILLI),
            (10, 5_000 * MILLI),
            (2, 20 * MILLI),
            (0, 1_000 * MILLI),
        ]);
        let mut rules = self.rules(above);
        rules.shutdown = self.one([
            ShutdownPolicy::Infinity,
            ShutdownPolicy::Infinity,
            ShutdownPolicy::Infinity,
            ShutdownPolicy::Within(20_000 * MILLI),
            ShutdownPolicy::Brutal,
        ]);
        rules.quarantine_after = None;
        if self.sim.choose(4) > 0 {
            rules.start_limit = None;
        }
        let what = if is_pool { What::Pool(self.rules(AutoShutdown::Never)) } else { What::Group(strategy) };
        let place = self.add(Place { path: path.clone(), parent, index, rules, intensity, what });
        let mut children = Vec::new();
        let wanted = if is_pool { 0 } else { 1 + self.sim.choose(4) };
        for index in 0..wanted {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let path = format!("{path}.{index}");
            if depth > 1 && self.sim.choose(3) == 2 {
                let below = self.branch(path, Some(place), Some(index), depth - 1, auto_shutdown);
                children.push(Node::Branch(below));
            } else {
                children.push(self.leaf(path, place, Some(index), auto_shutdown));
            }
        }
        Arc::new(Branch { place, intensity, auto_shutdown, rules, children })
    }

    fn leaf(&mut self, path: String, parent: usize, index: Option<usize>, above: AutoShutdown) -> Node {
        let rules = self.rules(above);
        let twig = self.twig(rules);
        let place =
            self.add(Place { path, parent: Some(parent), index, rules, intensity: (0, MILLI), what: What::Leaf });
        Node::Leaf(place, Arc::new(twig))
    }

    fn twig(&self, rules: Rules) -> Twig {
        let sim = self.sim;
        Twig {
            rules,
            is_named: sim.choose(2) == 1,
            is_late: sim.choose(4) == 3,
            mailbox: self.one([Mailbox::unbounded(), Mailbox::bounded(4), Mailbox::bounded(1)]),
            ticks: (sim.choose(4) == 3).then(|| (self.one([MILLI, 5 * MILLI, 30 * MILLI]), 1 + sim.choose(4) as u32)),
            tie: (sim.choose(5) == 4).then(|| (self.one([Tie::Watch, Tie::Link]), sim.choose(self.places.len() + 3))),
        }
    }

    /// A child that comes by request, to a supervisor or a pool.
    pub(super) fn guest(&mut self, parent: usize) -> (usize, Arc<Twig>) {
        self.guests += 1;
        let path = format!("{}.guest {}", self.places[parent].path, self.guests);
        let rules = match self.places[parent].what {
            What::Pool(rules) => rules,
            _ => self.rules(AutoShutdown::Never),
        };
        let mut twig = self.twig(rules);
        twig.is_named &= !matches!(self.places[parent].what, What::Pool(_));
        let place =
            self.add(Place { path, parent: Some(parent), index: None, rules, intensity: (0, MILLI), what: What::Leaf });
        (place, Arc::new(twig))
    }

    fn rules(&self, above: AutoShutdown) -> Rules {
        let sim = self.sim;
        let restart = self.one([
            RestartType::Permanent,
            RestartType::Permanent,
            RestartType::Transient,
            RestartType::Transient,
            RestartType::Temporary,
        ]);
        let may_be_significant = above != AutoShutdown::Never && restart != RestartType::Permanent;
        Rules {
            restart,
            shutdown: self.one([
                ShutdownPolicy::Within(100 * MILLI),
                ShutdownPolicy::Infinity,
                ShutdownPolicy::Brutal,
                ShutdownPolicy::Within(5 * MILLI),
            ]),
            backoff: (sim.choose(4) == 3).then(|| {
                let first = self.one([MILLI, 10 * MILLI, 100 * MILLI]);
                Backoff::new(first, 8 * first).jitter(self.one([0.0, 0.5]))
            }),
            quarantine_after: (sim.choose(5) == 4).then(|| 1 + sim.choose(3) as u32),
            start_limit: (sim.choose(4) == 3).then(|| self.one([20 * MILLI, 3 * MILLI])),
            is_significant: may_be_significant && sim.choose(2) == 1,
        }
    }
}

impl Rules {
    fn apply<A: Actor>(&self, mut spec: ChildSpec<A>) -> ChildSpec<A> {
        spec = spec.restart(self.restart).shutdown(self.shutdown);
        if let Some(backoff) = self.backoff {
            spec = spec.backoff(backoff);
        }
        if let Some(failures) = self.quarantine_after {
            spec = spec.quarantine_after(failures);
        }
        if let Some(limit) = self.start_limit {
            spec = spec.start_limit(limit);
        }
        if self.is_significant { spec.significant() } else { spec }
    }
}

/// Makes the supervisor of a branch, once more.
pub(super) fn supervisor(world: &World, branch: &Branch, above: Option<&Token>) -> Result<Supervisor, SpecError> {
    let What::Group(strategy) = world.place(branch.place, |place| place.what) else { panic!("a pool") };
    let token = world.begin_brood(branch.place, above);
    let (restarts, period) = branch.intensity;
    let mut builder = Supervisor::builder(strategy).intensity(restarts, period).auto_shutdown(branch.auto_shutdown);
    for child in &branch.children {
        builder = match child {
            Node::Leaf(place, twig) => builder.child(leaf(world, *place, twig, &token)),
            Node::Branch(below) if matches!(world.place(below.place, |place| place.what), What::Pool(_)) => {
                builder.child(pool(world, below, &token))
            }
            Node::Branch(below) => {
                let (world, kept, token) = (world.clone(), Arc::clone(below), token.clone());
                let id = world.place(below.place, |place| place.path.clone());
                let factory = move || supervisor(&world, &kept, Some(&token));
                builder.child(below.rules.apply(ChildSpec::supervisor(&id, factory)).name(&id))
            }
        };
    }
    builder.build()
}

fn pool(world: &World, branch: &Arc<Branch>, above: &Token) -> ChildSpec<Pool> {
    let (world, kept, above) = (world.clone(), Arc::clone(branch), above.clone());
    let id = world.place(branch.place, |place| place.path.clone());
    let factory = move || {
        let What::Pool(rules) = world.place(kept.place, |place| place.what) else { panic!("a supervisor of several") };
        let token = world.begin_brood(kept.place, Some(&above));
        let (restarts, period) = kept.intensity;
        let mut builder = Pool::fallible(move |seedling: Seedling| {
            Begun::new(&seedling.world, seedling.place, &seedling.twig, &token).finish()
        })
        .intensity(restarts, period)
        .restart(rules.restart)
        .shutdown(rules.shutdown);
        if let Some(backoff) = rules.backoff {
            builder = builder.backoff(backoff);
        }
        if let Some(failures) = rules.quarantine_after {
            builder = builder.quarantine_after(failures);
        }
        if let Some(limit) = rules.start_limit {
            builder = builder.start_limit(limit);
        }
        builder.build()
    };
    branch.rules.apply(ChildSpec::fallible(&id, factory)).name(&id)
}

fn leaf(world: &World, place: usize, twig: &Arc<Twig>, token: &Token) -> ChildSpec<Leaf> {
    let token = token.clone();
    leaf_of(world, place, twig, move || token.clone())
}

/// A child that comes by request, to whichever run of a supervisor is there then.
pub(super) fn guest(world: &World, place: usize, twig: &Arc<Twig>, above: usize) -> ChildSpec<Leaf> {
    let known = world.clone();
    leaf_of(world, place, twig, move || known.token(above).expect("a supervisor starts it"))
}

fn leaf_of(
    world: &World,
    place: usize,
    twig: &Arc<Twig>,
    token: impl Fn() -> Token + Send + Sync + 'static,
) -> ChildSpec<Leaf> {
    let id = world.place(place, |place| place.path.clone());
    let (world, kept) = (world.clone(), Arc::clone(twig));
    let begin = move || Begun::new(&world, place, &kept, &token());
    let spec = if twig.is_late {
        ChildSpec::asynchronous(&id, move || {
            let begun = begin();
            async move {
                begun.wait().await;
                begun.finish()
            }
        })
    } else {
        ChildSpec::fallible(&id, move || begin().finish())
    };
    let spec = twig.rules.apply(spec).mailbox(twig.mailbox);
    if twig.is_named { spec.name(id) } else { spec }
}
