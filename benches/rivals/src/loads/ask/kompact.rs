//! kompact's `ask`, awaited in a blocking future of the asker, and waited for by the main thread.

use kompact::prelude::{
    Actor, ActorRefStrong, Ask, Component, ComponentContext, ComponentDefinition, ComponentLifecycle,
    DynamicPortAccess, ExecuteResult, Handled, HandlerResult,
};

use super::{Survey, answer, survey, survey_outside};
use crate::measured::Found;
use crate::runtimes::{self, kompact_actor};

pub(super) fn send(requests: u64) -> Found {
    let system = runtimes::kompact();
    let replier = kompact_actor(&system, Replier::new);
    let asker = kompact_actor(&system, || Asker { ctx: ComponentContext::uninitialised(), replier });
    survey(requests, |survey| asker.tell(survey))
}

pub(super) fn outside(requests: u64) -> Found {
    let system = runtimes::kompact();
    let replier = kompact_actor(&system, Replier::new);
    survey_outside(requests, |n| replier.ask(n).wait())
}

#[derive(ComponentDefinition)]
struct Replier {
    ctx: ComponentContext<Self>,
}

impl Replier {
    fn new() -> Self {
        Self { ctx: ComponentContext::uninitialised() }
    }
}

impl ComponentLifecycle for Replier {}

impl Actor for Replier {
    type Message = Ask<u64, u64>;

    fn receive_local(&mut self, question: Ask<u64, u64>) -> HandlerResult {
        question.complete(answer).expect("the asker waits");
        Handled::OK
    }
}

#[derive(ComponentDefinition)]
struct Asker {
    ctx: ComponentContext<Self>,
    replier: ActorRefStrong<Ask<u64, u64>>,
}

impl ComponentLifecycle for Asker {}

impl Actor for Asker {
    type Message = Survey;

    fn receive_local(&mut self, mut survey: Survey) -> HandlerResult {
        let replier = self.replier.clone();
        Handled::block_on(self, async move |_| {
            for n in 0..survey.requests {
                survey.add(replier.ask(n).await.expect("a reply"));
            }
            survey.end();
            Handled::OK
        })
    }
}
