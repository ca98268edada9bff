//! Requests on bare tokio: an unbounded channel, and a oneshot for each reply.

use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::{Survey, answer, survey, survey_outside};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn send(requests: u64) -> Found {
    let runtime = runtimes::tokio();
    let replier = replier(&runtime);
    let (asker, mut surveys) = unbounded_channel::<Survey>();
    runtime.spawn(async move {
        while let Some(mut survey) = surveys.recv().await {
            for n in 0..survey.requests {
                let (reply, answer) = oneshot::channel();
                assert!(replier.send(Question { n, reply }).is_ok(), "the replier lives");
                survey.add(answer.await.expect("a reply"));
            }
            survey.end();
        }
    });
    survey(requests, |survey| asker.send(survey).expect("the asker lives"))
}

pub(super) fn outside(requests: u64) -> Found {
    let runtime = runtimes::tokio();
    let replier = replier(&runtime);
    survey_outside(requests, |n| {
        let (reply, answer) = oneshot::channel();
        assert!(replier.send(Question { n, reply }).is_ok(), "the replier lives");
        answer.blocking_recv().expect("a reply")
    })
}

pub struct Question {
    pub n: u64,
    pub reply: oneshot::Sender<u64>,
}

pub fn replier(runtime: &Runtime) -> UnboundedSender<Question> {
    let (replier, mut questions) = unbounded_channel();
    runtime.spawn(async move {
        while let Some(Question { n, reply }) = questions.recv().await {
            reply.send(answer(n)).expect("the asker waits");
        }
    });
    replier
}
