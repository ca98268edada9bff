//! The supervisor's decisions against OTP's, on random trees with random failures: with children that answer at once it starts
//! and stops the same ones in the same order, and gives up at the same moment.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proptest::prelude::{Just, Strategy as _, any, prop_oneof};
use proptest::strategy::BoxedStrategy;
use proptest::{collection, option};

use super::cases::check;
use super::otp::{self, ChildSpec, Command, Otp, Outcome, Shown, SupervisorSpec, World};
use crate::supervision::action::{Action, Exit};
use crate::supervision::auto_shutdown::AutoShutdown;
use crate::supervision::child::{Key, State};
use crate::supervision::event::{Event, Request};
use crate::supervision::intensity::Intensity;
use crate::supervision::policy::Policy;
use crate::supervision::restart::RestartType;
use crate::supervision::rules::{ChildKind, ChildRules, SupervisorRules};
use crate::supervision::shutdown::ShutdownPolicy;
use crate::supervision::strategy::Strategy;
use crate::sync::Arc;
use crate::task::reason::{ActorError, StopReason};

/// The unit in which time passes here, so that ends of periods are met.
const TICK: Duration = Duration::from_millis(1);

// --- the supervisor under test, with children that answer at once ----------------------------------------------------

struct Node {
    id: usize,
    spec: ChildSpec,
    supervisor: Option<Box<Tree>>,
}

/// A supervisor and its children.
struct Tree {
    path: Vec<usize>,
    spec: SupervisorSpec,
    policy: Policy,
    nodes: BTreeMap<Key, Node>,
    ids: usize,
    is_ready: bool,
    /// Whether one that isn't restarted waits for the word of its supervisor all the same.
    waits: bool,
}

impl Tree {
    fn start(path: Vec<usize>, spec: &SupervisorSpec, waits: bool, world: &mut World) -> Option<Self> {
        let rules = SupervisorRules {
            strategy: spec.strategy,
            intensity: Intensity::new(spec.intensity, spec.period),
            auto_shutdown: spec.auto_shutdown,
            dynamic: spec.dynamic.as_ref().map(|_| ShutdownPolicy::Infinity),
        };
        let policy = Policy::new(rules).expect("good rules");
        let spec = spec.clone();
        let mut tree = Self { path, spec, policy, nodes: BTreeMap::new(), ids: 0, is_ready: false, waits };
        for child in tree.spec.children.clone() {
            tree.add(child);
        }
        let exit = tree.hear(Event::Begin, world);
        assert_eq!(exit.is_none(), tree.is_ready, "it is ready, or it isn't there");
        exit.is_none().then_some(tree)
    }

    fn add(&mut self, spec: ChildSpec) -> Key {
        let id = self.ids;
        self.ids += 1;
        let name = if self.spec.dynamic.is_some() { String::new() } else { id.to_string() };
        let mut rules = ChildRules::new(name, ChildKind::Worker);
        rules.restart = spec.restart;
        rules.significant = spec.significant;
        let key = self.policy.add(Arc::new(rules)).expect("good rules");
        self.nodes.insert(key, Node { id, spec, supervisor: None });
        key
    }

    fn key(&self, id: usize) -> Key {
        self.nodes.iter().find(|(_, node)| node.id == id).map_or(Key(u64::MAX), |(key, _)| *key)
    }

    fn path_of(&self, key: Key) -> Vec<usize> {
        self.path.iter().copied().chain([self.nodes[&key].id]).collect()
    }

    fn hear(&mut self, event: Event, world: &mut World) -> Option<Exit> {
        let mut events = VecDeque::from([event]);
        let mut exit = None;
        while let Some(event) = events.pop_front() {
            let mut actions = Vec::new();
            self.policy.on(world.now, event, 0, &mut actions);
            for action in actions {
                assert!(exit.is_none(), "nothing happens behind the exit: {action:?}");
                match action {
                    Action::Exit(reason) => exit = Some(reason),
                    action => events.extend(self.perform(action, world)),
                }
            }
        }
        let why = match exit.as_ref()? {
            Exit::Shutdown => return exit,
            Exit::AutoShutdown => "auto-shutdown",
            Exit::GaveUp(..) => "gave up",
            Exit::StartFailed(..) => "did not start",
            Exit::Escalated(..) => "escalated",
        };
        world.log(why, &self.path);
        exit
    }

    fn perform(&mut self, action: Action, world: &mut World) -> Option<Event> {
        match action {
            Action::Start(key) | Action::Restart(key) => Some(self.perform_start(key, world)),
            Action::Recall(child) => {
                self.perform_stop(child, world);
                Some(Event::Down { child, reason: StopReason::Stopped, had_success: true })
            }
            Action::Stop(child) => {
                self.perform_stop(child, world);
                Some(Event::Ended { child, reason: StopReason::Stopped })
            }
            Action::End(child) => Some(Event::Ended { child, reason: StopReason::Killed }),
            Action::Answer(_, outcome) => {
                world.log(if outcome.is_ok() { "done" } else { "refused" }, &self.path);
                None
            }
            Action::Ready => {
                assert!(!std::mem::replace(&mut self.is_ready, true), "once");
                None
            }
            Action::Forget(key) => {
                self.nodes.remove(&key).expect("it was there");
                None
            }
            Action::Cut(_) | Action::Arm(..) | Action::Disarm(_) | Action::Report(..) => None,
            Action::Exit(_) => unreachable!("that is no child's"),
        }
    }

    fn perform_start(&mut self, child: Key, world: &mut World) -> Event {
        let path = self.path_of(child);
        world.log("start", &path);
        let node = self.nodes.get_mut(&child).expect("it is there");
        let failed = StopReason::StartFailed(ActorError::new("broken"));
        let outcome = match &node.spec.supervisor {
            None => world.starts(),
            Some(spec) => {
                node.supervisor = Tree::start(path, spec, self.waits, world).map(Box::new);
                if node.supervisor.is_some() { Outcome::Up } else { Outcome::Failed }
            }
        };
        match outcome {
            Outcome::Up => Event::Up(child),
            Outcome::Ignored => Event::Ignored(child),
            Outcome::Failed if self.waits => Event::Down { child, reason: failed, had_success: false },
            Outcome::Failed => Event::Ended { child, reason: failed },
        }
    }

    fn perform_stop(&mut self, child: Key, world: &mut World) {
        world.log("stop", &self.path_of(child));
        if let Some(mut supervisor) = self.nodes.get_mut(&child).expect("it is there").supervisor.take() {
            assert!(matches!(supervisor.hear(Event::Shutdown, world), Some(Exit::Shutdown)), "it ends");
        }
    }

    /// A run of a child has ended.
    fn exits(&mut self, child: Key, normal: bool, world: &mut World) -> Option<Exit> {
        let node = self.nodes.get_mut(&child).expect("it is there");
        node.supervisor = None;
        let waits = self.waits || node.spec.restart.restarts(normal);
        let reason = if normal { StopReason::Stopped } else { StopReason::Killed };
        self.hear(
            if waits { Event::Down { child, reason, had_success: true } } else { Event::Ended { child, reason } },
            world,
        )
    }

    fn ends(&mut self, path: &[usize], normal: bool, world: &mut World) -> Option<Exit> {
        let [child, rest @ ..] = path else { unreachable!("a leaf has a path") };
        let key = self.key(*child);
        if rest.is_empty() {
            return self.exits(key, normal, world);
        }
        let exit = self.supervisor(key).ends(rest, normal, world)?;
        self.exits(key, exit.is_orderly(), world)
    }

    fn supervisor(&mut self, key: Key) -> &mut Tree {
        self.nodes.get_mut(&key).and_then(|node| node.supervisor.as_deref_mut()).expect("it is one that runs")
    }

    fn command(&mut self, path: &[usize], command: Command, world: &mut World) {
        if let [child, rest @ ..] = path {
            let key = self.key(*child);
            return self.supervisor(key).command(rest, command, world);
        }
        let request = Request(7);
        let event = match command {
            Command::Start => {
                let permanent = ChildSpec { restart: RestartType::Permanent, significant: false, supervisor: None };
                let child = self.add(self.spec.dynamic.as_deref().cloned().unwrap_or(permanent));
                Event::StartChild { child, request }
            }
            Command::Terminate(id) => Event::TerminateChild { child: self.key(id), request },
            Command::Restart(id) => Event::RestartChild { child: self.key(id), request },
            Command::Delete(id) => Event::DeleteChild { child: self.key(id), request },
        };
        assert!(self.hear(event, world).is_none(), "no command ends a supervisor");
    }

    fn tree(&self) -> Shown {
        let children = self.policy.which_children().map(|(key, state)| (self.nodes[&key].id, state == State::Up));
        let mut tree = vec![(self.path.clone(), children.collect())];
        tree.extend(self.nodes.values().filter_map(|node| node.supervisor.as_ref()).flat_map(|it| it.tree()));
        tree
    }
}

// --- random cases ----------------------------------------------------------------------------------------------------

/// What happens, with so many ticks before it. Numbers are taken modulo what there is to choose from.
#[derive(Clone, Debug)]
enum Step {
    End { leaf: usize, normal: bool },
    Command { supervisor: usize, child: usize, what: u8 },
}

fn child(supervisor: BoxedStrategy<Option<SupervisorSpec>>) -> impl proptest::strategy::Strategy<Value = ChildSpec> {
    use RestartType::{Permanent, Temporary, Transient};
    let restart = prop_oneof![3 => Just(Permanent), 3 => Just(Transient), 2 => Just(Temporary)];
    (restart, any::<bool>(), supervisor).prop_map(|(restart, significant, supervisor)| ChildSpec {
        restart,
        significant,
        supervisor,
    })
}

/// A supervisor above so many levels of others.
fn supervisor(levels: u32) -> BoxedStrategy<SupervisorSpec> {
    use Strategy::{OneForAll, OneForOne, RestForOne};
    let strategy = prop_oneof![2 => Just(OneForOne), 2 => Just(OneForAll), 3 => Just(RestForOne)];
    let auto_shutdown = prop_oneof![
        3 => Just(AutoShutdown::Never),
        1 => Just(AutoShutdown::AnySignificant),
        2 => Just(AutoShutdown::AllSignificant),
    ];
    let below = || {
        if levels == 0 { Just(None).boxed() } else { option::weighted(0.4, supervisor(levels - 1)).boxed() }
    };
    let children = collection::vec(child(below()), 0..5);
    let dynamic = option::weighted(0.15, child(below()));
    (strategy, 0..4u32, 1..8u32, auto_shutdown, dynamic, children)
        .prop_map(|(strategy, intensity, period, auto_shutdown, dynamic, children)| {
            let permitted = |mut child: ChildSpec| {
                let never = auto_shutdown == AutoShutdown::Never || child.restart == RestartType::Permanent;
                child.significant &= !never;
                child
            };
            let dynamic = dynamic.map(|child| Box::new(permitted(child)));
            SupervisorSpec {
                strategy: if dynamic.is_some() { OneForOne } else { strategy },
                intensity,
                period: period * TICK,
                auto_shutdown,
                children: if dynamic.is_some() { Vec::new() } else { children.into_iter().map(permitted).collect() },
                dynamic,
            }
        })
        .boxed()
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<(u32, Step)>> {
    let end = (any::<usize>(), any::<bool>()).prop_map(|(leaf, normal)| Step::End { leaf, normal });
    let command = (any::<usize>(), any::<usize>(), any::<u8>()).prop_map(|(supervisor, child, what)| Step::Command {
        supervisor,
        child,
        what,
    });
    collection::vec((0..6u32, prop_oneof![3 => end, 2 => command]), 0..25)
}

fn outcomes() -> impl proptest::strategy::Strategy<Value = Vec<Outcome>> {
    let outcome = prop_oneof![8 => Just(Outcome::Up), 2 => Just(Outcome::Failed), 1 => Just(Outcome::Ignored)];
    // The first few succeed, so that there is something to fail later.
    (0..12usize, collection::vec(outcome, 0..30))
        .prop_map(|(up, rest)| std::iter::repeat_n(Outcome::Up, up).chain(rest).collect())
}

/// What a step is about in a tree, or nothing.
enum Choice {
    End(Vec<usize>, bool),
    Command(Vec<usize>, Command),
}

fn choose(otp: &Otp, step: &Step) -> Option<Choice> {
    match *step {
        Step::End { leaf, normal } => {
            let leaves = otp.leaves();
            (!leaves.is_empty()).then(|| Choice::End(leaves[leaf % leaves.len()].clone(), normal))
        }
        Step::Command { supervisor, child, what } => {
            let tree = otp.tree();
            let (path, children) = &tree[supervisor % tree.len()];
            let id = children.get(child % children.len().max(1)).map_or(99, |(id, _)| *id);
            Some(Choice::Command(
                path.clone(),
                match what % 6 {
                    0 | 1 => Command::Start,
                    2 | 3 => Command::Terminate(id),
                    4 => Command::Restart(id),
                    _ => Command::Delete(id),
                },
            ))
        }
    }
}

#[test]
fn with_children_that_answer_at_once_it_does_what_otp_does() {
    let cases = (supervisor(2), outcomes(), steps(), any::<bool>());
    check(400, cases, |(spec, outcomes, steps, waits)| {
        let world = World { outcomes: outcomes.into(), ..World::default() };
        let (mut theirs, mut ours) = (world.clone(), world);
        let otp = Otp::start(Vec::new(), &spec, &mut theirs);
        let tree = Tree::start(Vec::new(), &spec, waits, &mut ours);
        assert_eq!(ours.log, theirs.log, "as it starts");
        let (Some(mut otp), Some(mut tree)) = (otp, tree) else { return };
        for (ticks, step) in steps {
            theirs.now += ticks * TICK;
            ours.now = theirs.now;
            let Some(choice) = choose(&otp, &step) else { continue };
            let exits = match &choice {
                Choice::End(path, normal) => {
                    let exit = otp.ends(path, *normal, &mut theirs) == Some(otp::Exit);
                    (exit, tree.ends(path, *normal, &mut ours).is_some())
                }
                Choice::Command(path, command) => {
                    otp.command(path, *command, &mut theirs);
                    tree.command(path, *command, &mut ours);
                    (false, false)
                }
            };
            assert_eq!(ours.log, theirs.log, "behind {step:?}");
            assert_eq!(exits.1, exits.0, "behind {step:?}");
            if exits.0 {
                return;
            }
            assert_eq!(tree.tree(), otp.tree(), "behind {step:?}");
        }
        otp.terminate(&mut theirs);
        assert!(matches!(tree.hear(Event::Shutdown, &mut ours), Some(Exit::Shutdown)));
        assert_eq!(ours.log, theirs.log, "as it ends");
    });
}
