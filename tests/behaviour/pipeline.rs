//! The main job, held against a plain program on one thread.

#[path = "../../examples/pipeline/mod.rs"]
mod job;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Mailbox};
use futures::channel::oneshot;
use job::progress::{STEPS, Step};
use job::{Counts, oracle};

use crate::support::{LIMIT, within};

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("corecast-{name}-{}", std::process::id()));
        // Left over from a run that was cut short, under the same process number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a file in the folder")).expect("its folder");
        fs::write(path, content).expect("the file");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(dir: &Path) -> Counts {
    job::run(dir, |_, _| ()).expect("the pipeline counts")
}

/// Notes each step as it comes, and keeps the reader waiting at its second one until the gate opens.
struct Observer {
    gate: Option<oneshot::Receiver<()>>,
    seen: mpsc::Sender<Step>,
}

impl Actor for Observer {}

impl Handler<Step> for Observer {
    async fn handle(&mut self, step: Step, _: &mut ActorContext<Self>) {
        if let Some(gate) = self.gate.take() {
            gate.await.expect("the bar shows something");
        }
        self.seen.send(step).expect("the test listens");
    }
}

#[test]
fn the_pipeline_counts_this_crate_like_a_plain_program() {
    // Folders of source only: what builds and other tests write beside them may change between the two counts.
    for folder in ["src", "examples"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let counts = run(&dir);
        assert_eq!(counts, oracle::count(&dir).expect("the oracle counts"), "in {folder}");
        assert!(counts.lines > 0 && counts.total() > 0, "{folder} holds text");
    }
}

// MISSION: "Chain actors in processing pipeline"
// MISSION: "Send request to multiple actors, collect responses"
#[test]
fn the_pipeline_counts_every_word_of_many_chunks_once() {
    let folder = Folder::new("many-chunks");
    // Longer than one chunk, in lines of changing length, with a last line that does not end.
    let mut long = String::new();
    for line in 0..20_000 {
        long += &format!("line {line} of {}\n", "many ".repeat(line % 17));
    }
    folder.write("long.txt", long + "end");
    folder.write("one-line.txt", "word ".repeat(20_000));
    for file in 0..200 {
        folder.write(&format!("small/{file}.txt"), format!("File {file}\r\nfile {file}\r\n"));
    }

    let counts = run(&folder.0);

    assert_eq!(counts, oracle::count(&folder.0).expect("the oracle counts"));
    assert_eq!(counts.words["word"], 20_000);
    assert_eq!(counts.words["file"], 400);
    assert_eq!(counts.words["end"], 1);
    assert_eq!(counts.lines, 20_001 + 1 + 400);
    assert_eq!(counts.total(), counts.seen);
    assert_eq!(counts.top(2), [("many", counts.words["many"]), ("line", 20_000)]);
}

#[test]
fn the_pipeline_reads_text_and_passes_the_rest_over() {
    let folder = Folder::new("mixed");
    folder.write("deep/er/kept.txt", "Größe größe GRÖSSE\n\n\u{4e16}\u{754c} snake_case");
    folder.write("empty.txt", "");
    folder.write("picture.png", [0x89, b'P', b'N', b'G', 0xff, 0xfe]);
    folder.write("target/built.txt", "built");
    folder.write("deep/target/built.txt", "built");
    folder.write(".git/config", "built");
    folder.write(".gitignore", "kept");
    folder.write("targets", "kept");

    let counts = run(&folder.0);

    assert_eq!(counts, oracle::count(&folder.0).expect("the oracle counts"));
    assert_eq!((counts.files, counts.skipped, counts.lines), (4, 1, 5));
    assert_eq!(counts.words.get("built"), None);
    assert_eq!(counts.words["größe"], 2);
    assert_eq!(counts.words["grösse"], 1);
    assert_eq!(counts.words["snake_case"], 1);
    assert_eq!(counts.words["kept"], 2);
}

#[test]
fn the_pipeline_of_an_empty_folder_counts_nothing() {
    let folder = Folder::new("empty");
    assert_eq!(run(&folder.0), Counts::default());
}

// MISSION: "Client sends query, waits for response"
#[test]
fn the_pipeline_reports_a_folder_that_is_not_there() {
    let folder = Folder::new("missing");
    let failure = job::run(&folder.0.join("nothing"), |_, _| ()).expect_err("there is no such folder");
    assert!(failure.downcast_ref::<std::io::Error>().is_some(), "{failure}");
}

// MISSION: "Multiple subscribers react to event"
// MISSION: "Decoupling: Publisher doesn't know subscribers"
#[test]
fn the_pipeline_publishes_each_step_to_all_and_shows_the_latest_by_a_timer() {
    within(LIMIT, || {
        const FILES: usize = 100;
        let folder = Folder::new("steps");
        for file in 0..FILES {
            // Every tenth is none of text.
            folder.write(&format!("{file:02}"), if file % 10 == 0 { &[0xff_u8][..] } else { b"word" });
        }

        let system = ActorSystem::new().expect("a system");
        let (open, gate) = oneshot::channel();
        let (seen, steps) = mpsc::channel();
        // Nobody in the pipeline knows of this one. With its small mailbox it holds the reader until the bar shows something,
        // and the bar isn't asked to before the reader is done: so its timer makes it.
        let observer = system.spawn(Observer { gate: Some(gate), seen }).mailbox(Mailbox::bounded(1));
        let observer = observer.start().expect("the observer starts");
        system.broker().subscribe::<Step>(STEPS, &observer).start().expect("the observer subscribes");
        let (show, shows) = mpsc::channel();
        let mut open = Some(open);
        let show = Box::new(move |done, files| {
            show.send((done, files)).expect("the test listens");
            if let Some(open) = open.take() {
                open.send(()).expect("the observer waits");
            }
        });

        let counts = system.block_on(job::count(&system, &folder.0, show)).expect("the pipeline counts");
        assert_eq!((counts.files, counts.skipped), (90, 10), "every step came to the census");
        system.block_on(system.shutdown());

        let steps: Vec<Step> = steps.into_iter().collect();
        let step = |done: usize| Step { done, files: FILES, is_text: !(done - 1).is_multiple_of(10) };
        assert_eq!(steps, (1..=FILES).map(step).collect::<Vec<_>>(), "and to the observer, in order");
        let shows: Vec<(usize, usize)> = shows.into_iter().collect();
        assert!(shows[0].0 <= 3, "one step is handled, one waits in the mailbox and one before it: {shows:?}");
        assert!(shows.is_sorted_by(|one, next| one.0 < next.0), "{shows:?}");
        assert_eq!(shows.last(), Some(&(FILES, FILES)));
    });
}
