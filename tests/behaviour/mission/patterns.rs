//! "Message Passing Patterns" and "Best Practices".

use std::sync::mpsc;

use corecast::{Actor, ActorContext, ActorRef, Handler, Mailbox, Message};
use futures::future::join_all;

use crate::support::{Echo, Note, Seen, hold, recv, run, spawn, spawn_with, system, wait};

// MISSION: "Client sends query, waits for response"
#[test]
fn request_reply() {
    let system = system(2);
    let (data_actor, _) = spawn(&system);
    let result = system.block_on(async { data_actor.send(Echo(123)).await });
    assert_eq!(result.unwrap(), 123);
}

// MISSION: "Client sends notification, continues immediately"
#[test]
fn fire_and_forget() {
    let system = system(1);
    let (logger, log) = spawn(&system);
    let slow_disk = hold(&logger);
    system.block_on(async {
        for line in 0..100 {
            logger.tell(Note(line)).await.unwrap();
        }
    });
    // All is queued and nothing is written: the client went on.
    assert_eq!(logger.mailbox_size(), 100);
    slow_disk.open();
    for line in 0..100 {
        assert_eq!(log.note(), line);
    }
}

// MISSION: "Send request to multiple actors, collect responses"
#[test]
fn request_multicast() {
    let system = system(2);
    let actors: Vec<_> = (0..10).map(|_| spawn(&system).0).collect();
    for (number, actor) in (0..).zip(&actors) {
        wait(actor.tell(Note(number))).unwrap();
    }
    let futures: Vec<_> = actors.iter().map(|actor| actor.send(Seen)).collect();
    let results = wait(join_all(futures));
    let sum: u64 = results.into_iter().flat_map(Result::unwrap).sum();
    assert_eq!(sum, 45);
}

struct Line(String);

struct Word(String);

struct Finish;

impl Message for Line {
    type Result = ();
}

impl Message for Word {
    type Result = ();
}

impl Message for Finish {
    type Result = ();
}

struct Reader {
    processor: ActorRef<Processor>,
}

struct Processor {
    writer: ActorRef<Writer>,
}

struct Writer {
    written: Vec<String>,
    completed: mpsc::Sender<Vec<String>>,
}

impl Actor for Reader {}

impl Actor for Processor {}

impl Actor for Writer {}

struct ReadData(&'static str);

impl Message for ReadData {
    type Result = ();
}

impl Handler<ReadData> for Reader {
    async fn handle(&mut self, data: ReadData, _ctx: &mut ActorContext<Self>) {
        for line in data.0.lines() {
            self.processor.tell(Line(line.to_owned())).await.unwrap();
        }
        self.processor.tell(Finish).await.unwrap();
    }
}

impl Handler<Line> for Processor {
    async fn handle(&mut self, line: Line, _ctx: &mut ActorContext<Self>) {
        for word in line.0.split_whitespace() {
            self.writer.tell(Word(word.to_uppercase())).await.unwrap();
        }
    }
}

impl Handler<Finish> for Processor {
    async fn handle(&mut self, finish: Finish, _ctx: &mut ActorContext<Self>) {
        self.writer.tell(finish).await.unwrap();
    }
}

impl Handler<Word> for Writer {
    async fn handle(&mut self, word: Word, _ctx: &mut ActorContext<Self>) {
        self.written.push(word.0);
    }
}

impl Handler<Finish> for Writer {
    async fn handle(&mut self, _: Finish, _ctx: &mut ActorContext<Self>) {
        let _ = self.completed.send(std::mem::take(&mut self.written));
    }
}

// MISSION: "Chain actors in processing pipeline"
#[test]
fn pipeline() {
    let system = system(2);
    let (completed, is_completed) = mpsc::channel();
    // Small mailboxes: the slowest stage sets the pace.
    let writer = Writer { written: Vec::new(), completed };
    let writer = wait(system.spawn(writer).mailbox(Mailbox::bounded(1))).unwrap();
    let processor = wait(system.spawn(Processor { writer }).mailbox(Mailbox::bounded(2))).unwrap();
    let reader_ref = wait(system.spawn(Reader { processor })).unwrap();
    wait(reader_ref.tell(ReadData("to be or\nnot to be\n\nthat is the question"))).unwrap();
    assert_eq!(recv(&is_completed).join(" "), "TO BE OR NOT TO BE THAT IS THE QUESTION");
}

// Also in the document: "Hot path: Use direct reference"
// Also in the document: "worker_ref.send(HighFrequency { data: i }).await?; // Fast!"
#[test]
fn a_hot_path_uses_a_direct_reference() {
    let system = system(2);
    let (worker_ref, _) = spawn(&system);
    system.block_on(async {
        for data in 0..100_000 {
            worker_ref.tell(Note(data)).await.unwrap();
        }
    });
    assert_eq!(wait(worker_ref.send(Seen)).unwrap().len(), 100_000);
}

// MISSION: "Detect mailbox backlog"
#[test]
fn an_actor_sees_its_backlog() {
    let system = system(1);
    let (actor, _) = spawn_with(&system, Mailbox::unbounded());
    let held = hold(&actor);
    let look = actor.try_send(run(|ctx| ctx.mailbox_size())).unwrap();
    (0..1_500).for_each(|number| actor.try_tell(Note(number)).unwrap());
    held.open();
    assert_eq!(wait(look).unwrap(), 1_500, "more than 1000: consider scaling out");
}
