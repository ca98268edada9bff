//! What holds of a supervisor's decisions whatever is on its way for however long: what it tells its children, what they answer,
//! and alarms.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use proptest::prelude::{Just, Strategy as _, any, prop_oneof};
use proptest::{collection, option};

use super::cases::check;
use super::stage::SECOND;
use crate::supervision::action::Action;
use crate::supervision::alarm::Alarm;
use crate::supervision::auto_shutdown::AutoShutdown;
use crate::supervision::backoff::Backoff;
use crate::supervision::child::{Key, State};
use crate::supervision::event::{Event, Request};
use crate::supervision::intensity::Intensity;
use crate::supervision::policy::{Mode, Policy};
use crate::supervision::restart::RestartType;
use crate::supervision::rules::{ChildKind, ChildRules, SupervisorRules};
use crate::supervision::shutdown::ShutdownPolicy;
use crate::supervision::strategy::Strategy;
use crate::sync::Arc;
use crate::task::reason::{ActorError, StopReason};

/// Where a child's actor really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Really {
    Gone,
    Starting,
    Up,
    Down,
}

/// What it was asked for and hasn't done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Recall,
    Stop,
}

/// A child's actor, as far as its supervisor has to do with it.
#[derive(Debug)]
struct Cell {
    rules: Arc<ChildRules>,
    really: Really,
    asked: Asked,
    /// Whether it does what it is asked for only when it is cut.
    stubborn: bool,
    /// What it was told, and it hasn't come to.
    orders: VecDeque<Action>,
    /// What it has said, and its supervisor hasn't heard.
    said: VecDeque<Event>,
}

impl Cell {
    /// A run ends that nobody asked to end. One that wouldn't be restarted may wait for the word all the same.
    fn run_ends(&mut self, key: Key, reason: StopReason, waits: bool, had_success: bool) {
        let waits = match self.asked {
            Asked::Stop => waits && !reason.is_orderly(),
            Asked::Recall => waits,
            Asked::Nothing => waits || self.rules.restart.restarts(reason.is_orderly()),
        };
        self.asked = Asked::Nothing;
        if waits {
            self.really = Really::Down;
            self.said.push_back(Event::Down { child: key, reason, had_success });
        } else {
            self.end(key, reason);
        }
    }

    fn end(&mut self, key: Key, reason: StopReason) {
        self.really = Really::Gone;
        self.said.push_back(Event::Ended { child: key, reason });
    }

    fn obey(&mut self, key: Key, order: &Action, chance: u8) {
        let runs = matches!(self.really, Really::Starting | Really::Up);
        match order {
            Action::Start(_) => {
                assert_eq!(self.really, Really::Gone, "nothing is started twice");
                self.begin(chance);
            }
            Action::Restart(_) if self.really == Really::Gone => {}
            Action::Restart(_) => {
                assert_eq!(self.really, Really::Down, "what is restarted is down");
                self.begin(chance);
            }
            Action::End(_) => {
                assert!(!runs, "what is let go is down");
                if self.really == Really::Down {
                    self.end(key, StopReason::Killed);
                }
            }
            Action::Recall(_) if runs => self.asked = Asked::Recall,
            Action::Stop(_) if runs => self.asked = Asked::Stop,
            Action::Stop(_) if self.really == Really::Down => self.end(key, StopReason::Stopped),
            Action::Cut(_) if runs => {
                self.run_ends(key, StopReason::Killed, self.asked == Asked::Recall || chance.is_multiple_of(8), false)
            }
            Action::Recall(_) | Action::Stop(_) | Action::Cut(_) => {}
            other => unreachable!("{other:?} is no child's"),
        }
    }

    fn begin(&mut self, chance: u8) {
        self.really = Really::Starting;
        self.asked = Asked::Nothing;
        self.stubborn = chance.is_multiple_of(4) && self.rules.shutdown != ShutdownPolicy::Infinity;
    }

    /// Something happens to it, or it does what it was asked for.
    fn goes_on(&mut self, key: Key, chance: u8) {
        let failed = StopReason::StartFailed(ActorError::new("broken"));
        match (self.really, self.asked) {
            (Really::Gone, _) => {}
            (Really::Down, _) if chance == 7 => self.end(key, StopReason::Killed),
            (Really::Down, _) => {}
            (Really::Starting, Asked::Nothing) if chance % 16 == 1 => {
                self.really = Really::Gone;
                self.said.push_back(Event::Ignored(key));
            }
            (Really::Starting, _) if chance.is_multiple_of(4) => {
                self.run_ends(key, failed, chance.is_multiple_of(8), false)
            }
            (Really::Starting, _) => {
                self.really = Really::Up;
                self.said.push_back(Event::Up(key));
            }
            (Really::Up, Asked::Nothing) => match chance % 8 {
                0..=4 => self.run_ends(key, StopReason::Killed, chance.is_multiple_of(2), chance.is_multiple_of(3)),
                5 if chance < 16 => {
                    self.really = Really::Down;
                    self.said.push_back(Event::Escalated { child: key, reason: StopReason::Killed });
                }
                _ => self.run_ends(key, StopReason::Stopped, chance.is_multiple_of(2), true),
            },
            (Really::Up, _) if self.stubborn => {}
            // One that was recalled may just have been about to end.
            (Really::Up, Asked::Recall) => self.run_ends(key, StopReason::Stopped, !chance.is_multiple_of(8), true),
            (Really::Up, Asked::Stop) => self.run_ends(key, StopReason::Stopped, false, true),
        }
    }

    /// It does what it ought to.
    fn behaves(&mut self, key: Key) {
        match (self.really, self.asked) {
            (Really::Starting, _) => {
                self.really = Really::Up;
                self.said.push_back(Event::Up(key));
            }
            (Really::Up, Asked::Recall | Asked::Stop) if !self.stubborn => {
                self.run_ends(key, StopReason::Stopped, self.asked == Asked::Recall, true);
            }
            _ => {}
        }
    }
}

/// A supervisor, its children, and all that is on its way between them.
struct Play {
    policy: Policy,
    rules: SupervisorRules,
    now: Duration,
    cells: BTreeMap<Key, Cell>,
    armed: BTreeMap<u64, (Alarm, Duration)>,
    /// Alarms that were disarmed, and may be on their way.
    late: Vec<Alarm>,
    /// Those that are down and to whom a word is owed.
    owed: BTreeSet<Key>,
    requests: u64,
    unanswered: BTreeSet<u64>,
    /// When whom was restarted.
    restarts: Vec<(Duration, Key)>,
    is_paced: bool,
    has_exited: bool,
}

impl Play {
    fn new(rules: SupervisorRules, children: &[ChildRules]) -> Self {
        let policy = Policy::new(rules).expect("good rules");
        let mut play = Self {
            policy,
            rules,
            now: Duration::ZERO,
            cells: BTreeMap::new(),
            armed: BTreeMap::new(),
            late: Vec::new(),
            owed: BTreeSet::new(),
            requests: 0,
            unanswered: BTreeSet::new(),
            restarts: Vec::new(),
            is_paced: children.iter().any(|child| child.backoff.is_some()),
            has_exited: false,
        };
        if rules.dynamic.is_none() {
            for child in children {
                play.add(child.clone());
            }
        }
        play.hear(Event::Begin);
        play
    }

    fn add(&mut self, mut rules: ChildRules) -> Key {
        rules.id = if self.rules.dynamic.is_some() { "".into() } else { self.cells.len().to_string().into() };
        while self.policy.find(&rules.id).is_some() {
            rules.id = format!("{}+", rules.id).into();
        }
        let rules = Arc::new(rules);
        let key = self.policy.add(Arc::clone(&rules)).expect("good rules");
        let (orders, said) = Default::default();
        let cell = Cell { rules, really: Really::Gone, asked: Asked::Nothing, stubborn: false, orders, said };
        self.cells.insert(key, cell);
        key
    }

    fn state(&self, key: Key) -> Option<State> {
        self.policy.which_children().find(|(other, _)| *other == key).map(|(_, state)| state)
    }

    fn hear(&mut self, event: Event) {
        match &event {
            Event::Down { child, .. } | Event::Escalated { child, .. } => {
                assert!(self.owed.insert(*child), "it is down once");
            }
            Event::Ended { child, .. } | Event::Ignored(child) => {
                self.owed.remove(child);
            }
            _ => {}
        }
        let before: BTreeMap<_, _> = self.policy.which_children().collect();
        let mut actions = Vec::new();
        self.policy.on(self.now, event, 1 << 63, &mut actions);
        for action in actions {
            self.perform(action, &before);
        }
        for (alarm, _) in self.armed.values() {
            if let Some(child) = alarm.child {
                assert!(self.state(child).is_some_and(|it| it != State::Idle && it != State::Up), "no alarm for it");
            }
        }
        self.is_within_intensity();
    }

    fn perform(&mut self, action: Action, before: &BTreeMap<Key, State>) {
        assert!(
            !self.has_exited || matches!(action, Action::Answer(..) | Action::Forget(_)),
            "behind the exit: {action:?}"
        );
        match action {
            Action::Start(key) | Action::Restart(key) | Action::End(key) => {
                let is_owed = self.owed.remove(&key);
                assert_eq!(is_owed, !matches!(action, Action::Start(_)), "one word for each that is down: {action:?}");
                if matches!(action, Action::Restart(_)) {
                    self.restarts.push((self.now, key));
                }
                if matches!(action, Action::End(_)) {
                    self.is_in_reverse(key, before);
                } else {
                    assert!(!self.policy.is_leaving(), "nothing is started by one that leaves");
                }
                self.tell(key, action);
            }
            Action::Stop(key) => {
                self.is_in_reverse(key, before);
                self.tell(key, action);
            }
            Action::Recall(key) | Action::Cut(key) => self.tell(key, action),
            Action::Arm(alarm, after) => {
                self.armed.insert(alarm.turn, (alarm, self.now + after));
            }
            Action::Disarm(alarm) => {
                let armed = self.armed.remove(&alarm.turn);
                assert!(armed.is_some(), "it was armed");
                self.late.push(alarm);
            }
            Action::Answer(Request(request), _) => assert!(self.unanswered.remove(&request), "one answer for each"),
            Action::Exit(_) => {
                assert!(self.cells.values().all(|cell| cell.really == Really::Gone), "no child outlives it");
                assert!(self.armed.is_empty() && self.owed.is_empty(), "nothing is left over");
                self.has_exited = true;
            }
            Action::Ready | Action::Report(..) | Action::Forget(_) => {}
        }
    }

    fn tell(&mut self, key: Key, order: Action) {
        self.cells.get_mut(&key).expect("it is there").orders.push_back(order);
    }

    /// A supervisor that leaves lets go of a child when all behind it have ended.
    fn is_in_reverse(&self, key: Key, before: &BTreeMap<Key, State>) {
        let was_leaving = before.get(&key).is_some_and(|state| matches!(state, State::Leaving(_)));
        if self.policy.is_leaving() && self.rules.dynamic.is_none() && !was_leaving {
            let mut behind = self.policy.which_children().filter(|(other, _)| *other > key);
            let running = behind.find(|(_, state)| *state != State::Idle);
            // One that retires is let go of before its supervisor leaves because of that.
            let retires = self.state(key).is_some_and(|state| matches!(state, State::Leaving(_)));
            assert!(running.is_none() || retires && self.rules.auto_shutdown != AutoShutdown::Never, "{running:?}");
        }
    }

    /// Restarts by themselves are never more than allowed. In groups each child's are, but for the first one, which was decided
    /// before the time in question.
    fn is_within_intensity(&self) {
        if self.is_paced {
            return;
        }
        let (allowed, period) = (INTENSITY, PERIOD);
        let recent = self.restarts.iter().rev().take_while(|(then, _)| *then + period >= self.now);
        if self.rules.strategy == Strategy::OneForOne {
            assert!(recent.count() <= allowed as usize, "more restarts than allowed");
        } else {
            let mut counts = BTreeMap::<_, usize>::new();
            recent.for_each(|(_, key)| *counts.entry(key).or_default() += 1);
            assert!(counts.values().all(|count| *count <= allowed as usize + 1), "more restarts than allowed");
        }
    }

    // --- what happens ------------------------------------------------------------------------------------------------

    fn step(&mut self, (what, whom, chance): (u8, usize, u8), added: &ChildRules) {
        let key = self.cells.keys().nth(whom % self.cells.len().max(1)).copied();
        match (what, key) {
            (0, Some(key)) => {
                let _ = self.obey(key, chance);
            }
            (1, Some(key)) => self.cells.get_mut(&key).expect("it is there").goes_on(key, chance),
            (2, Some(key)) => {
                let _ = self.listen(key);
            }
            (3, _) => self.now += u32::from(chance) * SECOND / 64,
            (4, _) => {
                let _ = self.ring();
            }
            (5, _) => {
                if let Some(alarm) = (!self.late.is_empty()).then(|| self.late.swap_remove(whom % self.late.len())) {
                    self.hear(Event::Alarm(alarm));
                }
            }
            (6, key) => self.command(chance, key, added),
            (_, _) if what == 7 && chance < 8 => self.hear(Event::Shutdown),
            _ => {}
        }
    }

    fn obey(&mut self, key: Key, chance: u8) -> bool {
        let cell = self.cells.get_mut(&key).expect("it is there");
        let order = cell.orders.pop_front();
        if let Some(order) = &order {
            cell.obey(key, order, chance);
        }
        order.is_some()
    }

    fn listen(&mut self, key: Key) -> bool {
        let said = self.cells.get_mut(&key).expect("it is there").said.pop_front();
        let has_said = said.is_some();
        said.into_iter().for_each(|event| self.hear(event));
        has_said
    }

    fn ring(&mut self) -> bool {
        let Some((turn, at)) = self.armed.iter().map(|(turn, (_, at))| (*turn, *at)).min_by_key(|(_, at)| *at) else {
            return false;
        };
        let (alarm, _) = self.armed.remove(&turn).expect("it is there");
        self.now = self.now.max(at);
        self.hear(Event::Alarm(alarm));
        true
    }

    fn command(&mut self, chance: u8, key: Option<Key>, added: &ChildRules) {
        self.requests += 1;
        let request = Request(self.requests);
        self.unanswered.insert(self.requests);
        let child = key.unwrap_or(Key(u64::MAX));
        let event = match chance % 5 {
            0 => Event::StartChild { child: self.add(added.clone()), request },
            1 | 2 => Event::TerminateChild { child, request },
            3 => Event::RestartChild { child, request },
            _ => Event::DeleteChild { child, request },
        };
        self.hear(event);
    }

    /// All that is on its way arrives, nothing fails any more, and time passes.
    fn calm_down(&mut self) {
        for _ in 0..100_000 {
            let mut moved = false;
            for key in self.cells.keys().copied().collect::<Vec<_>>() {
                moved |= self.obey(key, 1);
                self.cells.get_mut(&key).expect("it is there").behaves(key);
                moved |= self.listen(key);
            }
            if !moved && !self.ring() {
                return;
            }
        }
        panic!("it doesn't come to rest");
    }
}

const INTENSITY: u32 = 3;
const PERIOD: Duration = Duration::from_secs(2);

fn child() -> impl proptest::strategy::Strategy<Value = ChildRules> {
    use RestartType::{Permanent, Temporary, Transient};
    let shutdown = prop_oneof![
        Just(ShutdownPolicy::Brutal),
        (0..3u32).prop_map(|seconds| ShutdownPolicy::Within(seconds * SECOND)),
        Just(ShutdownPolicy::Infinity),
    ];
    let restart = prop_oneof![Just(Permanent), Just(Transient), Just(Temporary)];
    let backoff = option::weighted(0.3, Just(Backoff::new(SECOND / 2, 4 * SECOND)));
    let quarantine = option::weighted(0.3, 1..4u32);
    let limit = option::weighted(0.3, Just(SECOND));
    (restart, shutdown, any::<bool>(), backoff, quarantine, limit).prop_map(
        |(restart, shutdown, significant, backoff, quarantine_after, start_limit)| ChildRules {
            restart,
            shutdown,
            significant,
            backoff,
            quarantine_after,
            start_limit,
            ..ChildRules::new("", ChildKind::Worker)
        },
    )
}

fn supervisor() -> impl proptest::strategy::Strategy<Value = (SupervisorRules, Vec<ChildRules>)> {
    use Strategy::{OneForAll, OneForOne, RestForOne};
    let strategy = prop_oneof![Just(OneForOne), Just(OneForAll), Just(RestForOne)];
    let auto_shutdown = prop_oneof![
        4 => Just(AutoShutdown::Never),
        1 => Just(AutoShutdown::AnySignificant),
        1 => Just(AutoShutdown::AllSignificant),
    ];
    let dynamic = option::weighted(0.2, child().prop_map(|child| child.shutdown));
    (strategy, auto_shutdown, dynamic, any::<bool>(), collection::vec(child(), 1..6)).prop_map(
        |(strategy, auto_shutdown, dynamic, is_paced, mut children)| {
            for child in &mut children {
                let may_be = auto_shutdown != AutoShutdown::Never && child.restart != RestartType::Permanent;
                child.significant &= may_be;
                child.backoff = child.backoff.filter(|_| is_paced);
                child.shutdown = dynamic.unwrap_or(child.shutdown);
            }
            let strategy = if dynamic.is_some() { OneForOne } else { strategy };
            let intensity = Intensity::new(INTENSITY, PERIOD);
            (SupervisorRules { strategy, intensity, auto_shutdown, dynamic }, children)
        },
    )
}

#[test]
fn whatever_is_on_its_way_for_however_long_nothing_is_lost_started_twice_or_left_behind() {
    // Mostly what children and their supervisor say to one another.
    let what = prop_oneof![4 => 0..3u8, 1 => 3..8u8];
    let steps = collection::vec((what, any::<usize>(), any::<u8>()), 0..150);
    check(400, (supervisor(), steps), |((rules, children), steps)| {
        let mut play = Play::new(rules, &children);
        for (number, step) in steps.into_iter().enumerate() {
            play.step(step, &children[number % children.len()]);
        }
        play.calm_down();
        assert!(play.unanswered.is_empty(), "each request has its answer");
        if !play.has_exited {
            assert!(matches!(play.policy.mode, Mode::Serving), "at rest: {:?}", play.policy.mode);
            assert!(play.owed.is_empty(), "each that is down has its word");
            let is_calm = |(_, state)| matches!(state, State::Up | State::Idle);
            assert!(play.policy.which_children().all(is_calm), "at rest: {:?}", play.policy);
            play.hear(Event::Shutdown);
            play.calm_down();
        }
        assert!(play.has_exited, "it ends: {:?}", play.policy);
        for alarm in std::mem::take(&mut play.late) {
            play.hear(Event::Alarm(alarm));
        }
    });
}
