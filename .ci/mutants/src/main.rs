//! Proves that the loom models would notice: weakens one ordering or re-check of the crate at a time and expects
//! some model to fail.
//!
//! The list comes from the source ([`source`], [`mutant`]), so that no new atomic goes unseen. A mutant that no
//! model notices is a survivor, and needs an argument in `loom-tests/README.md` ([`arguments`]): a line with
//! ``survivor: `KEY` why``. So does one with which a model takes too long, and no other fails. It runs in a copy of the tree ([`tree`]) with the models as they are ([`models`]).
//!
//! Which models come first is only a matter of time: those that `loom-tests/MODELS` names for the file (lines
//! `src/mailbox/: filter filter`), then those that have killed its neighbours, then the quick ones. All the rest
//! follow before a mutant counts as a survivor.
//!
//! What this does not show: two weakenings that are harmless alone and not together.

mod arguments;
mod lexer;
mod models;
mod mutant;
mod source;
mod tree;

use arguments::Arguments;
use models::{Model, Outcome, Took};
use mutant::{Mutant, replaced};
use source::Files;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tree::Tree;

const USAGE: &str =
    "mutants [--root DIR] [--list] [--only KEY-PART].. [--unargued] [--fine] [--timeout SECONDS] [--at-least N]
          [KEY-PART]..

  --list       prints the keys and runs nothing
  --only       runs those mutants whose key has this part, or one of these
  --unargued   leaves out those that loom-tests/README.md argues for: each of these takes as long as all models
  --fine       adds AcqRel->Acquire and AcqRel->Release
  --timeout    the least time that a model may take (a model gets ten times what it takes unweakened, if that is more)
  --at-least   fails if the list is shorter: how many an independent count found";

/// A model may take this many times what it takes on the code as it is.
const SLOWER: u32 = 10;

struct Options {
    root: PathBuf,
    list: bool,
    only: Vec<String>,
    unargued: bool,
    fine: bool,
    timeout: Duration,
    at_least: usize,
}

impl Options {
    fn chooses(&self, mutant: &Mutant, arguments: &Arguments) -> bool {
        let named = self.only.is_empty() || self.only.iter().any(|part| mutant.key.contains(part));
        named && !(self.unargued && arguments.has(&mutant.key))
    }
}

fn main() -> ExitCode {
    match options().and_then(|options| prove(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        root: ".".into(),
        list: false,
        only: Vec::new(),
        unargued: false,
        fine: false,
        timeout: Duration::from_secs(120),
        at_least: 0,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value\n{USAGE}"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is no number\n{USAGE}"));
        match argument.as_str() {
            "--root" => options.root = value()?.into(),
            "--list" => options.list = true,
            "--only" => options.only.push(value()?),
            "--unargued" => options.unargued = true,
            "--fine" => options.fine = true,
            "--timeout" => options.timeout = Duration::from_secs(number(value()?)?),
            "--at-least" => options.at_least = usize::try_from(number(value()?)?).unwrap_or(usize::MAX),
            part if !part.starts_with('-') => options.only.push(part.to_owned()),
            _ => return Err(format!("what is {argument}?\n{USAGE}")),
        }
    }
    options.root = options.root.canonicalize().map_err(|error| format!("{}: {error}", options.root.display()))?;
    Ok(options)
}

/// Whether every mutant was killed or is argued for, and none is missing. That the time was up kills none.
fn prove(options: &Options) -> Result<bool, String> {
    let files = source::files(&options.root).map_err(|error| format!("src: {error}"))?;
    let all = source::all_mutants(&files, options.fine)?;
    let arguments = Arguments::read(&options.root);
    let mut good = is_complete(&all, options.at_least) & arguments_are_current(&all, &arguments, options.fine);
    let wanted: Vec<&Mutant> = all.iter().filter(|mutant| options.chooses(mutant, &arguments)).collect();
    if wanted.is_empty() {
        return Err("no such mutant".to_owned());
    }
    if options.list {
        for mutant in &wanted {
            println!("{}", mutant.key);
        }
        return Ok(good);
    }
    good &= Run::new(options, files, &all)?.all(&wanted, &arguments)?;
    Ok(good)
}

/// Says so where the list is shorter than it should be.
fn is_complete(all: &[Mutant], at_least: usize) -> bool {
    let complete = all.len() >= at_least;
    if !complete {
        eprintln!("mutants: {} found, but an independent count finds {at_least}", all.len());
    }
    complete
}

/// Says so where the README argues for what isn't there.
fn arguments_are_current(all: &[Mutant], arguments: &Arguments, fine: bool) -> bool {
    let keys: BTreeSet<&str> = all.iter().map(|mutant| mutant.key.as_str()).collect();
    let stale: Vec<_> =
        arguments.keys().filter(|key| !keys.contains(key)).filter(|key| fine || !key.contains("->")).collect();
    for key in &stale {
        eprintln!("mutants: loom-tests/README.md argues for `{key}`, which does not exist");
    }
    stale.is_empty()
}

/// How it ended for one mutant.
enum Fate {
    Killed { model: String, said: String },
    TimedOut { model: String },
    Survived { why: &'static str },
    NotBuilt { said: String },
}

/// The tree, the models, and what has been learnt of them.
struct Run {
    tree: Tree,
    files: Files,
    target: PathBuf,
    least: Duration,
    /// How long each model takes on the code as it is.
    times: Times,
    /// `loom-tests/MODELS`: for files that begin so, models with such names first.
    map: Vec<(String, Vec<String>)>,
    /// How often a model has killed a mutant of a file, and of any file.
    kills: HashMap<(String, String), u32>,
    /// The keys that the compiler has seen under loom; none where it couldn't be told.
    compiled: Option<BTreeSet<String>>,
}

impl Run {
    /// Copies the tree, builds it and sees every model pass.
    fn new(options: &Options, files: Files, all: &[Mutant]) -> Result<Self, String> {
        let target = options.root.join("target/mutants");
        let tree = Tree::new(&options.root, target.join("tree")).map_err(|error| format!("the copy: {error}"))?;
        let map = std::fs::read_to_string(options.root.join("loom-tests/MODELS")).unwrap_or_default();
        let mut run = Run {
            tree,
            files,
            target,
            least: options.timeout,
            times: Times::default(),
            map: map.lines().filter_map(map_line).collect(),
            kills: HashMap::new(),
            compiled: None,
        };
        let start = Instant::now();
        let models = run.build()?;
        if models.is_empty() {
            return Err("loom-tests has no models: is --cfg corecast_loom respected?".to_owned());
        }
        let ordered: Vec<&Model> = models.iter().collect();
        // Ten minutes are more than any model of the quick set may take.
        let limits = vec![Duration::from_secs(600); models.len()];
        match run.run(&ordered, &limits)? {
            Outcome::Passed => {}
            Outcome::Failed(model, said) => {
                return Err(format!("{model} fails on the code as it is: {said}"));
            }
            Outcome::TimedOut(model) => {
                return Err(format!("{model} takes too long on the code as it is"));
            }
        }
        println!(
            "{} models pass on the code as it is ({:.0} s with building)",
            models.len(),
            start.elapsed().as_secs_f32()
        );
        run.compiled = run.probe(all)?;
        Ok(run)
    }

    fn build(&self) -> Result<Vec<Model>, String> {
        models::build(self.tree.path(), &self.target.join("build"))
    }

    fn run(&self, models: &[&Model], limits: &[Duration]) -> Result<Outcome, String> {
        models::run(models, limits, self.tree.path(), &self.target, &self.times)
            .map_err(|error| format!("a model: {error}"))
    }

    /// Plants a compile error at every mutant's place at once: those that the compiler doesn't report stand in code
    /// that is not compiled under loom. Where anything else is wrong then, nothing is concluded.
    fn probe(&self, all: &[Mutant]) -> Result<Option<BTreeSet<String>>, String> {
        let failed = |error: std::io::Error| format!("the copy: {error}");
        for (path, text) in &self.files {
            let mut edits: Vec<_> = all
                .iter()
                .enumerate()
                .filter(|(_, mutant)| mutant.path == *path)
                .map(|(id, mutant)| mutant.probe(&marker(id)))
                .collect();
            edits.sort_by_key(|(range, _)| std::cmp::Reverse((range.start, range.end)));
            edits.dedup_by_key(|(range, _)| range.clone());
            let planted = edits.iter().fold(text.clone(), |text, (range, with)| replaced(&text, range, with));
            self.tree.write(path, &planted).map_err(failed)?;
        }
        let said = models::check(self.tree.path(), &self.target.join("build"));
        for path in self.files.keys() {
            self.tree.restore(path).map_err(failed)?;
        }
        let said = said?;
        let other = said
            .lines()
            .filter(|line| line.starts_with("error"))
            .any(|line| !line.starts_with("error: mutant-place-") && !line.starts_with("error: could not compile"));
        if other {
            println!("which mutants loom compiles could not be told; all are run");
            return Ok(None);
        }
        let seen = |id: usize| said.contains(&format!("error: {}\n", marker(id)));
        // Mutants of one place (`--fine`) share the probe of one of them.
        let places: BTreeSet<_> =
            all.iter().enumerate().filter(|(id, _)| seen(*id)).map(|(_, mutant)| place(mutant)).collect();
        Ok(Some(all.iter().filter(|mutant| places.contains(&place(mutant))).map(|mutant| mutant.key.clone()).collect()))
    }

    /// Runs `wanted`, says how each ends, and whether all is well.
    fn all(&mut self, wanted: &[&Mutant], arguments: &Arguments) -> Result<bool, String> {
        let (mut killed, mut timed_out, mut survived, mut unargued, mut not_built) = (0, 0, 0, 0, 0);
        for (index, mutant) in wanted.iter().enumerate() {
            let start = Instant::now();
            let fate = self.fate(mutant)?;
            let place = format!("{}:{}", mutant.path, mutant.line);
            let said = match fate {
                Fate::Killed { model, said } => {
                    killed += 1;
                    let note = if arguments.has(&mutant.key) {
                        " (though loom-tests/README.md argues that it survives)"
                    } else {
                        ""
                    };
                    format!("killed by {model}: {said}{note}")
                }
                Fate::TimedOut { model } => {
                    timed_out += 1;
                    let argued = arguments.has(&mutant.key);
                    unargued += usize::from(!argued);
                    format!(
                        "timeout in {model}, which shows nothing{}",
                        if argued { ", argued" } else { ", NO ARGUMENT" }
                    )
                }
                Fate::Survived { why } => {
                    survived += 1;
                    let argued = arguments.has(&mutant.key);
                    unargued += usize::from(!argued);
                    format!("SURVIVED {place}{why}{}", if argued { ", argued" } else { ", NO ARGUMENT" })
                }
                Fate::NotBuilt { said } => {
                    not_built += 1;
                    format!("DOES NOT BUILD {place}\n{said}")
                }
            };
            println!(
                "[{}/{}] {}: {said} ({:.1} s)",
                index + 1,
                wanted.len(),
                mutant.key,
                start.elapsed().as_secs_f32()
            );
        }
        let rest = if not_built > 0 { format!(", not built {not_built}") } else { String::new() };
        println!("killed {killed}, timeout {timed_out}, survived {survived}{rest}, total {}", wanted.len());
        if unargued > 0 {
            println!(
                "{unargued} that no model has killed have no line ``survivor: `KEY` why`` in loom-tests/README.md"
            );
        }
        if not_built > 0 {
            return Err(format!(
                "{not_built} mutants do not build: what they weaken is no ordering, or this tool is wrong"
            ));
        }
        Ok(unargued == 0)
    }

    fn fate(&mut self, mutant: &Mutant) -> Result<Fate, String> {
        if mutant.unmodelled || self.compiled.as_ref().is_some_and(|keys| !keys.contains(&mutant.key)) {
            return Ok(Fate::Survived { why: ", not compiled under loom" });
        }
        let failed = |error: std::io::Error| format!("the copy: {error}");
        self.tree.write(&mutant.path, &mutant.apply(&self.files[&mutant.path])).map_err(failed)?;
        let fate = self.built_fate(mutant);
        self.tree.restore(&mutant.path).map_err(failed)?;
        fate
    }

    fn built_fate(&mut self, mutant: &Mutant) -> Result<Fate, String> {
        let models = match self.build() {
            Ok(models) => models,
            Err(said) => return Ok(Fate::NotBuilt { said }),
        };
        let mut ordered: Vec<&Model> = models.iter().collect();
        ordered.sort_by_cached_key(|model| self.rank(model, &mutant.path));
        let limits: Vec<_> = ordered.iter().map(|model| self.least.max(self.times.of(&model.name) * SLOWER)).collect();
        Ok(match self.run(&ordered, &limits)? {
            Outcome::Passed => Fate::Survived { why: "" },
            Outcome::TimedOut(model) => Fate::TimedOut { model },
            Outcome::Failed(model, said) => {
                *self.kills.entry((model.clone(), mutant.path.clone())).or_default() += 1;
                Fate::Killed { model, said }
            }
        })
    }

    /// What comes first has the least rank.
    fn rank(&self, model: &Model, path: &str) -> impl Ord + use<> {
        let mapped = self.map.iter().any(|(prefix, filters)| {
            path.starts_with(prefix) && filters.iter().any(|filter| model.name.contains(filter))
        });
        let kills = self.kills.get(&(model.name.clone(), path.to_owned())).copied().unwrap_or(0);
        (std::cmp::Reverse(kills), !mapped, self.times.of(&model.name))
    }
}

/// The file and the byte: what mutants of one token share.
fn place(mutant: &Mutant) -> (String, usize) {
    (mutant.path.clone(), mutant.probe("").0.start)
}

fn marker(id: usize) -> String {
    format!("mutant-place-{id}")
}

/// `src/mailbox/: filter filter`, with `#` before a remark.
fn map_line(line: &str) -> Option<(String, Vec<String>)> {
    let (prefix, filters) = line.split('#').next()?.split_once(':')?;
    Some((prefix.trim().to_owned(), filters.split_whitespace().map(str::to_owned).collect()))
}

/// How long models take on the code as it is: the first time that was seen.
#[derive(Default)]
struct Times(Mutex<HashMap<String, Duration>>);

impl Times {
    fn of(&self, model: &str) -> Duration {
        self.0.lock().unwrap().get(model).copied().unwrap_or_default()
    }
}

impl Took for Times {
    fn took(&self, model: &str, time: Duration) {
        self.0.lock().unwrap().entry(model.to_owned()).or_insert(time);
    }
}
