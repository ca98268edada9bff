//! Process groups: who is in them, what they are told, and how they end.

mod stress;

use corecast::{
    Actor, ActorContext, ActorRef, ActorSystem, BroadcastError, GroupError, Groups, Handler, JoinError, Mailbox,
    Message, Overflow, Recipient, StopReason,
};

use super::broker::{Listener, Tick, Tock, heard, hold, listener, narrow};
use crate::support::{system, wait};

fn members(groups: &Groups, group: &str) -> Vec<Recipient<Tick>> {
    groups.members(group).expect("a group for ticks")
}

fn ids(groups: &Groups, group: &str) -> Vec<corecast::ActorId> {
    members(groups, group).iter().map(Recipient::id).collect()
}

fn reached(groups: &Groups, group: &str, tick: u64) -> usize {
    wait(groups.broadcast(group, Tick(tick))).expect("a group for ticks").reached()
}

/// Another type of actor that takes ticks.
struct Deaf;
impl Actor for Deaf {}
impl Handler<Tick> for Deaf {
    async fn handle(&mut self, _: Tick, _ctx: &mut ActorContext<Self>) {}
}

/// A question: neither an event, nor to be cloned.
struct Ask(u64);
impl Message for Ask {
    type Result = u64;
}
impl Handler<Ask> for Deaf {
    async fn handle(&mut self, Ask(number): Ask, _ctx: &mut ActorContext<Self>) -> u64 {
        number + 1
    }
}

#[test]
fn members_are_found_in_the_order_in_which_they_joined_whatever_they_are() {
    let system = system(1);
    let groups = system.groups();
    let (first, last) = (listener(&system), listener(&system));
    let deaf = wait(system.spawn(Deaf)).unwrap();
    groups.join::<Tick>("all", &first).start().unwrap();
    groups.join::<Tick>("all", &deaf).start().unwrap();
    wait(groups.join::<Tick>("all", last.downgrade())).unwrap();
    assert_eq!(ids(groups, "all"), [first.id(), deaf.id(), last.id()]);
    assert_eq!((groups.count("all"), groups.count("none")), (3, 0));
    assert_eq!(groups.names(), ["all"]);
    assert_eq!(reached(groups, "all", 7), 3);
    assert_eq!((heard(&first), heard(&last)), (vec![7], vec![7]));
    assert_eq!(reached(groups, "none", 8), 0);
    assert!(members(groups, "none").is_empty());
}

#[test]
fn a_group_may_be_for_questions_that_can_t_be_cloned() {
    let system = system(1);
    let deaf = wait(system.spawn(Deaf)).unwrap();
    system.groups().join::<Ask>("sages", &deaf).start().unwrap();
    let [sage]: [Recipient<Ask>; 1] = system.groups().members("sages").unwrap().try_into().unwrap();
    assert_eq!(wait(sage.send(Ask(1))).unwrap(), 2);
}

#[test]
fn who_leaves_is_told_nothing_more_and_may_join_again() {
    let system = system(1);
    let (groups, actor) = (system.groups(), listener(&system));
    let membership = groups.join::<Tick>("all", &actor).start().unwrap();
    assert!(membership.is_active());
    membership.leave();
    membership.leave();
    assert!(!membership.is_active() && groups.names().is_empty());
    assert_eq!(reached(groups, "all", 1), 0);

    let again = groups.join::<Tick>("all", &actor).start().unwrap();
    membership.leave();
    assert!(again.is_active(), "another membership");
    assert!(groups.leave::<Tick>("all", &actor));
    assert!(!groups.leave::<Tick>("all", &actor) && !groups.leave::<Tick>("none", actor.downgrade()));
    assert!(!again.is_active());

    drop(groups.join::<Tick>("all", &actor).start().unwrap());
    assert_eq!(groups.count("all"), 1, "dropping the handle changes nothing");
    assert!(groups.leave::<Tick>("all", actor.recipient()));
    drop(groups.join::<Tick>("all", &actor).start().unwrap().into_guard());
    assert_eq!(groups.count("all"), 0, "but dropping a guard does");
    assert!(heard(&actor).is_empty());
}

#[test]
fn an_actor_joins_each_group_once() {
    let system = system(1);
    let (groups, actor) = (system.groups(), listener(&system));
    groups.join::<Tick>("all", &actor).start().unwrap();
    groups.join::<Tick>("others", &actor).start().unwrap();
    for twice in [groups.join::<Tick>("all", &actor), groups.join::<Tick>("all", actor.downgrade())] {
        let error = twice.start().unwrap_err();
        assert_eq!(error, JoinError::AlreadyMember { group: "all".into(), actor: actor.id() });
    }
    assert_eq!((groups.count("all"), groups.count("others")), (1, 1));
    Groups::new().join::<Tick>("all", &actor).start().unwrap();
}

#[test]
fn a_group_keeps_its_type_while_it_is_there() {
    let system = system(1);
    let (groups, actor) = (system.groups(), listener(&system));
    let membership = groups.join::<Tick>("all", &actor).start().unwrap();
    let refusals = [
        groups.join::<Tock>("all", &actor).start().map(drop).unwrap_err(),
        groups.members::<Tock>("all").map(drop).unwrap_err().into_join(),
        groups.group::<Tock>("all").map(drop).unwrap_err().into_join(),
        wait(groups.broadcast("all", Tock)).map(drop).map_err(|error| error.reason().clone()).unwrap_err().into_join(),
    ];
    for refusal in refusals {
        let JoinError::Group(error) = refusal else { panic!("{refusal}") };
        let GroupError::WrongType { group, expected, found } = &error else { panic!("{error}") };
        assert_eq!(group, "all");
        assert!(expected.ends_with("Tock") && found.ends_with("Tick"));
    }
    membership.leave();
    groups.join::<Tock>("all", &actor).start().unwrap();
    assert!(wait(groups.broadcast("all", Tick(1))).is_err());
    groups.leave::<Tock>("all", &actor);

    let handle = groups.group::<Tick>("all").unwrap();
    assert!(groups.names().is_empty(), "nobody is in it");
    assert!(groups.group::<Tock>("all").is_err(), "but it has a type");
    drop(handle);
    assert!(groups.group::<Tock>("all").is_ok());
}

/// For refusals of several kinds in one list.
trait IntoJoin {
    fn into_join(self) -> JoinError;
}

impl IntoJoin for GroupError {
    fn into_join(self) -> JoinError {
        JoinError::Group(self)
    }
}

#[test]
fn a_name_that_can_t_be_is_refused_and_any_other_text_is_a_name() {
    let system = system(1);
    let (groups, actor) = (system.groups(), listener(&system));
    let long = "x".repeat(256);
    for (name, expected) in [("", GroupError::Empty), (&long, GroupError::TooLong { bytes: 256, max: 255 })] {
        assert_eq!(groups.join::<Tick>(name, &actor).start().unwrap_err(), JoinError::Group(expected.clone()));
        assert_eq!(groups.members::<Tick>(name).unwrap_err(), expected);
        assert_eq!(groups.group::<Tick>(name).map(drop).unwrap_err(), expected);
        let error: BroadcastError<Tick> = wait(groups.broadcast(name, Tick(3))).unwrap_err();
        assert_eq!((error.reason(), error.to_string()), (&expected, format!("could not broadcast: {expected}")));
        assert_eq!(error.into_message(), Tick(3), "it comes back");
        assert_eq!(groups.count(name), 0);
        assert!(!groups.leave::<Tick>(name, &actor));
    }
    for name in ["*", ">", "a..b", ".", "rooms/*/guests", "größer als >"] {
        groups.join::<Tick>(name, &actor).start().unwrap();
        assert_eq!((groups.count(name), reached(groups, name, 1)), (1, 1), "{name}");
    }
    assert_eq!(groups.names().len(), 6);
    assert_eq!(heard(&actor), [1; 6], "no name stands for another");
}

#[test]
fn a_member_that_has_ended_is_found_nowhere_however_it_ended() {
    let system = system(2);
    let groups = system.groups();
    let ends: [fn(&ActorRef<Listener>); 2] = [ActorRef::stop, ActorRef::kill];
    for end in ends {
        let (other, actor) = (listener(&system), listener(&system));
        let kept = groups.join::<Tick>("all", &other).start().unwrap().into_guard();
        let memberships = ["all", "some"].map(|name| groups.join::<Tick>(name, &actor).start().unwrap());
        end(&actor);
        wait(actor.stopped());
        assert!(memberships.iter().all(|membership| !membership.is_active()));
        assert_eq!((ids(groups, "all"), groups.names()), (vec![other.id()], vec!["all".to_owned()]));
        assert_eq!(groups.join::<Tick>("all", &actor).start().unwrap_err(), JoinError::Stopped { actor: actor.id() });
        assert!(kept.is_active() && kept.missed() == 0);
    }
    assert!(groups.names().is_empty());
}

#[test]
fn a_group_keeps_those_alive_that_joined_by_a_reference() {
    let system = system(1);
    let (groups, actor) = (system.groups(), listener(&system));
    let weak = actor.downgrade();
    let membership = groups.join::<Tick>("all", actor).start().unwrap();
    assert_eq!(reached(groups, "all", 1), 1);
    assert_eq!(heard(&weak.upgrade().expect("the group keeps it")), [1]);
    membership.leave();
    assert!(matches!(wait(weak.stopped()), StopReason::Unreachable));

    let actor = listener(&system);
    let weak = actor.downgrade();
    groups.join::<Tick>("all", &weak).start().unwrap();
    drop(actor);
    assert!(matches!(wait(weak.stopped()), StopReason::Unreachable), "a weak member isn't kept");
    assert!(groups.names().is_empty());
    assert_eq!(groups.join::<Tick>("all", &weak).start().unwrap_err(), JoinError::Stopped { actor: weak.id() });
}

#[test]
fn members_without_room_delay_nobody_and_do_as_they_joined() {
    let system = system(1);
    let groups = system.groups();
    let [waits, newest, latest] = [(); 3].map(|()| narrow(&system));
    let room = listener(&system);
    groups.join::<Tick>("all", &waits).start().unwrap();
    let shedding = groups.join::<Tick>("all", &newest).overflow(Overflow::DropNewest).start().unwrap();
    let displacing = groups.join::<Tick>("all", &latest).overflow(Overflow::Latest).start().unwrap();
    groups.join::<Tick>("all", &room).start().unwrap();
    let held = [&waits, &newest, &latest].map(hold);
    assert_eq!(reached(groups, "all", 1), 4);
    let second = groups.broadcast("all", Tick(2));
    assert_eq!(heard(&room), [1, 2], "it waits for nobody");
    held.into_iter().for_each(|held| held.open());
    let second = wait(second).unwrap();
    assert_eq!((second.reached(), second.shed(), second.gone()), (3, 2, 0));
    assert_eq!((shedding.missed(), displacing.missed()), (1, 1));
    assert_eq!((heard(&waits), heard(&newest), heard(&latest)), (vec![1, 2], vec![1], vec![2]));
    let refused = |overflow| groups.join::<Tick>("others", &room).overflow(overflow).start().unwrap_err();
    assert_eq!(refused(Overflow::DropOldest(0)), JoinError::NoRoom);
    let max = Overflow::MAX_EVENTS;
    assert_eq!(refused(Overflow::DropOldest(max + 1)), JoinError::TooMuchRoom { messages: max + 1, max });
    assert_eq!(groups.names(), ["all"]);
}

#[test]
fn a_handle_does_all_of_it_without_the_name() {
    let system = system(1);
    let group = system.groups().group::<Tick>("all").unwrap();
    let actor = listener(&system);
    assert!(group.is_empty());
    group.join(&actor).start().unwrap();
    assert_eq!((group.name(), group.len(), group.members()[0].id()), ("all", 1, actor.id()));
    assert_eq!(wait(group.clone().broadcast(Tick(1))).unwrap().reached(), 1);
    assert!(group.leave(&actor) && !group.leave(&actor));
    // The group is gone and there again; the handle means it all the same.
    system.groups().join::<Tick>("all", &actor).start().unwrap();
    assert_eq!(wait(group.broadcast(Tick(2))).unwrap().reached(), 1);
    assert_eq!(heard(&actor), [1, 2]);
}

#[test]
fn an_actor_joins_by_itself_from_its_start_on() {
    struct Own;
    impl Actor for Own {
        async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), corecast::ActorError> {
            ctx.groups().join("own", ctx.weak_ref()).await?;
            Ok(())
        }
    }
    impl Handler<Tick> for Own {
        async fn handle(&mut self, _: Tick, ctx: &mut ActorContext<Self>) {
            ctx.groups().leave("own", ctx.weak_ref());
        }
    }
    let system = system(1);
    let actor = wait(system.spawn(Own).mailbox(Mailbox::bounded(1))).unwrap();
    assert_eq!(reached(system.groups(), "own", 1), 1);
    actor.stop();
    wait(actor.stopped());
    assert!(system.groups().names().is_empty());
}

#[test]
fn groups_end_with_their_system() {
    let one = system(1);
    let groups = one.groups().clone();
    assert_eq!(one.handle().groups().expect("it runs").names(), groups.names());
    let other = system(1);
    let guest = listener(&other);
    let membership = groups.join::<Tick>("all", &guest).start().unwrap();
    groups.join::<Tick>("all", listener(&one)).start().unwrap();
    assert_eq!(reached(&groups, "all", 1), 2);
    assert!(wait(one.shutdown()).is_clean());
    assert_eq!(ids(&groups, "all"), [guest.id()], "its own have ended");
    drop(one);
    assert!(!membership.is_active() && groups.names().is_empty());
    assert_eq!(groups.join::<Tick>("all", &guest).start().unwrap_err(), JoinError::Closed);
    assert_eq!(reached(&groups, "all", 2), 0);
    assert_eq!(heard(&guest), [1]);
}

#[test]
fn several_systems_have_groups_of_their_own() {
    let [one, other]: [ActorSystem; 2] = [system(1), system(1)];
    one.groups().join::<Tick>("all", listener(&one)).start().unwrap();
    assert_eq!((one.groups().count("all"), other.groups().count("all")), (1, 0));
}
