//! A forgotten reply: a dispatcher keeps the way back for each page, and on one path nobody takes it out again.

use std::collections::BTreeMap;

use corecast::sim::{Cause, Outcome, Sim, SimError};
use corecast::{Actor, ActorContext, ActorRef, Handler, Mailbox, Message, Recipient};
use futures::channel::oneshot;

use super::{found_by, passes};

/// The seed that finds it.
pub(super) const SEED: u64 = 0;

struct Renderer;
impl Actor for Renderer {}

struct Render {
    page: u32,
    done: Recipient<Rendered>,
}
impl Message for Render {
    type Result = ();
}
impl Handler<Render> for Renderer {
    async fn handle(&mut self, job: Render, _: &mut ActorContext<Self>) {
        let text = format!("page {}", job.page);
        let _ = job.done.tell(Rendered { page: job.page, text }).await;
    }
}

struct Rendered {
    page: u32,
    text: String,
}
impl Message for Rendered {
    type Result = ();
}

#[derive(Clone)]
enum Page {
    Text(String),
    TryLater,
}

struct Fetch {
    page: u32,
    answer: oneshot::Sender<Page>,
}
impl Message for Fetch {
    type Result = ();
}

struct Dispatcher {
    renderer: ActorRef<Renderer>,
    waiting: BTreeMap<u32, Vec<oneshot::Sender<Page>>>,
    turned_away: u64,
}
impl Actor for Dispatcher {}

impl Dispatcher {
    /// Whether the page will be rendered: it is for somebody else already, or the renderer has room for it.
    fn order(&mut self, Fetch { page, answer }: Fetch, done: Recipient<Rendered>) -> bool {
        let waiting = self.waiting.entry(page).or_default();
        waiting.push(answer);
        waiting.len() > 1 || self.renderer.try_tell(Render { page, done }).is_ok()
    }

    /// Answers all who wait for a page.
    fn answer(&mut self, page: u32, with: &Page) {
        for answer in self.waiting.remove(&page).unwrap_or_default() {
            let _ = answer.send(with.clone());
        }
    }
}

impl Handler<Fetch> for Dispatcher {
    async fn handle(&mut self, fetch: Fetch, ctx: &mut ActorContext<Self>) {
        if !self.order(fetch, ctx.actor_ref().recipient()) {
            self.turned_away += 1;
        }
    }
}

impl Handler<Rendered> for Dispatcher {
    async fn handle(&mut self, rendered: Rendered, _: &mut ActorContext<Self>) {
        self.answer(rendered.page, &Page::Text(rendered.text));
    }
}

struct Session<D: Handler<Fetch>>(ActorRef<D>);
impl<D: Handler<Fetch>> Actor for Session<D> {}

struct Visit(u32);
impl Message for Visit {
    type Result = Page;
}
impl<D: Handler<Fetch>> Handler<Visit> for Session<D> {
    async fn handle(&mut self, Visit(page): Visit, _: &mut ActorContext<Self>) -> Page {
        let (answer, page_to_come) = oneshot::channel();
        let _ = self.0.tell(Fetch { page, answer }).await;
        page_to_come.await.unwrap_or(Page::TryLater)
    }
}

fn each_visit_ends<D: Handler<Fetch>>(sim: &Sim, dispatcher: fn(ActorRef<Renderer>) -> D) -> Outcome {
    let system = sim.system();
    let renderer = system.spawn(Renderer).mailbox(Mailbox::bounded(1)).name("renderer").start()?;
    let dispatcher = system.spawn(dispatcher(renderer)).name("dispatcher").start()?;
    let carla = system.spawn(Session(dispatcher.clone())).name("carla").start()?;
    let david = system.spawn(Session(dispatcher)).name("david").start()?;
    sim.run_until_quiescent()?; // all have started
    let visits = [(carla.try_send(Visit(1))?, "page 1"), (david.try_send(Visit(2))?, "page 2")];
    for (visit, expected) in visits {
        match sim.block_on(visit)? {
            Page::Text(text) => assert_eq!(text, expected),
            Page::TryLater => sim.note("the renderer was busy"),
        }
    }
    Ok(())
}

struct CarefulDispatcher(Dispatcher);
impl Actor for CarefulDispatcher {}

impl Handler<Fetch> for CarefulDispatcher {
    async fn handle(&mut self, fetch: Fetch, ctx: &mut ActorContext<Self>) {
        let page = fetch.page;
        if !self.0.order(fetch, ctx.actor_ref().recipient()) {
            self.0.turned_away += 1;
            self.0.answer(page, &Page::TryLater);
        }
    }
}

impl Handler<Rendered> for CarefulDispatcher {
    async fn handle(&mut self, rendered: Rendered, _: &mut ActorContext<Self>) {
        self.0.answer(rendered.page, &Page::Text(rendered.text));
    }
}

fn dispatcher(renderer: ActorRef<Renderer>) -> Dispatcher {
    Dispatcher { renderer, waiting: BTreeMap::new(), turned_away: 0 }
}

pub(super) fn test(sim: &Sim) -> Outcome {
    each_visit_ends(sim, dispatcher)
}

#[test]
fn it_is_found_and_the_report_says_who_waits() {
    let failure = found_by(SEED, test);
    let Cause::Stuck(SimError::Stuck { waits, test_waits: true, .. }) = failure.cause() else { panic!("{failure}") };
    let [wait] = &waits[..] else { panic!("{failure}") };
    // What it waits for is in the dispatcher's map, and no actor's to bring.
    assert!(matches!(wait.actor.name(), Some("carla" | "david")) && wait.targets.is_empty(), "{failure}");
    let told = failure.to_string();
    assert!(told.contains("waits for something that is no actor") && told.contains("the test waits"), "{told}");
    assert!(failure.trace().to_string().contains("`dispatcher` handles Fetch"), "{told}");
}

#[test]
fn a_dispatcher_that_answers_on_each_path_passes() {
    passes(|sim| each_visit_ends(sim, |renderer| CarefulDispatcher(dispatcher(renderer))));
}
