//! The models of `loom-tests`: built in the copied tree, listed, and run one process each.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{io, thread};

/// What the models' own limits say when they stop a model. Such an end shows nothing but that the time was up.
const LIMIT: &str = "model limit reached";

/// How often a running model is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// One model.
#[derive(Clone, Debug)]
pub struct Model {
    /// `binary::path::of::test`.
    pub name: String,
    binary: PathBuf,
    test: String,
}

/// How a run of one or more models ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All passed.
    Passed,
    /// This one failed, saying this.
    Failed(String, String),
    /// None failed, but this one's time was up.
    TimedOut(String),
}

/// Builds the models of the tree at `tree`, and lists them; or what the compiler said.
pub fn build(tree: &Path, target: &Path) -> Result<Vec<Model>, String> {
    let output = cargo(tree, target)
        .args(["test", "--release", "--tests", "--no-run", "--message-format=json"])
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(rendered_errors(&output.stdout, &output.stderr));
    }
    let mut models = Vec::new();
    for binary in executables(&String::from_utf8_lossy(&output.stdout)) {
        models.extend(list(&binary).map_err(|error| format!("{}: {error}", binary.display()))?);
    }
    Ok(models)
}

/// What the compiler says of the tree without building it.
pub fn check(tree: &Path, target: &Path) -> Result<String, String> {
    let output =
        cargo(tree, target).args(["check", "--release"]).output().map_err(|error| format!("cargo: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn cargo(tree: &Path, target: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(tree.join("loom-tests"))
        .env("CARGO_TARGET_DIR", target)
        // What a weakened tree needs is a quick build, not quick code.
        .env("CARGO_INCREMENTAL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("RUSTFLAGS", "--cfg corecast_loom -C debug-assertions --cap-lints warn")
        .stdin(Stdio::null());
    command
}

/// The paths after `"executable":` in cargo's messages.
fn executables(messages: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = messages
        .lines()
        .filter_map(|line| line.split_once("\"executable\":\"")?.1.split_once('"'))
        .map(|(path, _)| PathBuf::from(path))
        .collect();
    paths.sort();
    paths
}

/// The compiler's errors, as far as they are worth reading here.
fn rendered_errors(messages: &[u8], stderr: &[u8]) -> String {
    let messages = String::from_utf8_lossy(messages);
    let errors: Vec<_> = messages
        .lines()
        .filter(|line| line.contains("\"level\":\"error\""))
        .filter_map(|line| line.split_once("\"rendered\":\"")?.1.split_once("\",\""))
        .map(|(text, _)| text.replace("\\n", "\n").replace("\\\"", "\""))
        .take(3)
        .collect();
    if errors.is_empty() { String::from_utf8_lossy(stderr).into_owned() } else { errors.join("\n") }
}

/// The models in `binary` that are not ignored.
fn list(binary: &Path) -> io::Result<Vec<Model>> {
    let names = |extra: &[&str]| -> io::Result<Vec<String>> {
        let output = Command::new(binary).args(["--list", "--format", "terse"]).args(extra).output()?;
        if !output.status.success() {
            return Err(io::Error::other("can't list its tests"));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    };
    let ignored = names(&["--ignored"])?;
    let stem = binary.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = stem.rsplit_once('-').map_or(stem.as_str(), |(name, _hash)| name);
    let tests = names(&[])?.into_iter().filter(|test| !ignored.contains(test));
    Ok(tests.map(|test| Model { name: format!("{stem}::{test}"), binary: binary.to_owned(), test }).collect())
}

/// Runs `models` in this order, as many at once as there are cores, until one fails. `limits` has the time that
/// each may take; how long each took goes to `took`.
pub fn run(
    models: &[&Model],
    limits: &[Duration],
    tree: &Path,
    scratch: &Path,
    took: &dyn Took,
) -> io::Result<Outcome> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let outcome = Mutex::new(Outcome::Passed);
    let cores = thread::available_parallelism().map_or(1, usize::from).min(models.len());
    let work = |lane: usize| -> io::Result<()> {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= models.len() || stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let log = scratch.join(format!("model-{lane}.log"));
            let start = Instant::now();
            let ended = run_one(models[index], limits[index], tree, &log, &stop)?;
            match ended {
                Outcome::Passed => took.took(&models[index].name, start.elapsed()),
                Outcome::TimedOut(_) => {
                    let mut outcome = outcome.lock().unwrap();
                    if matches!(*outcome, Outcome::Passed) {
                        *outcome = ended;
                    }
                }
                Outcome::Failed(..) => {
                    if !stop.swap(true, Ordering::Relaxed) {
                        *outcome.lock().unwrap() = ended;
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..cores).map(|lane| scope.spawn(move || work(lane))).collect();
        lanes.into_iter().try_for_each(|lane| lane.join().unwrap())
    })?;
    Ok(outcome.into_inner().unwrap())
}

/// Is told how long a model that passed took.
pub trait Took: Sync {
    /// `model` took `time`.
    fn took(&self, model: &str, time: Duration);
}

/// Runs one model to its end, its limit, or until `stop` says that the answer is known; then it counts as passed.
fn run_one(model: &Model, limit: Duration, tree: &Path, log: &Path, stop: &AtomicBool) -> io::Result<Outcome> {
    let output = File::create(log)?;
    let mut child = Command::new(&model.binary)
        .args(["--exact", &model.test, "--nocapture"])
        .current_dir(tree.join("loom-tests"))
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    let status = match wait(&mut child, limit, stop)? {
        Waited::Ended(status) => status,
        Waited::TimeUp => return Ok(Outcome::TimedOut(model.name.clone())),
        Waited::Stopped => return Ok(Outcome::Passed),
    };
    if status.success() {
        return Ok(Outcome::Passed);
    }
    let said = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    if said.contains(LIMIT) {
        return Ok(Outcome::TimedOut(model.name.clone()));
    }
    Ok(Outcome::Failed(model.name.clone(), first_panic(&said).unwrap_or_else(|| status.to_string())))
}

enum Waited {
    Ended(ExitStatus),
    TimeUp,
    Stopped,
}

fn wait(child: &mut Child, limit: Duration, stop: &AtomicBool) -> io::Result<Waited> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Waited::Ended(status));
        }
        let stopped = stop.load(Ordering::Relaxed);
        if stopped || start.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(if stopped { Waited::Stopped } else { Waited::TimeUp });
        }
        thread::sleep(LOOK);
    }
}

/// The first line of the first panic's text.
fn first_panic(said: &str) -> Option<String> {
    let mut lines = said.lines().skip_while(|line| !line.contains("panicked at"));
    lines.next()?;
    let text = lines.map(str::trim).find(|line| !line.is_empty())?;
    Some(text.chars().take(100).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_read_from_messages() {
        let messages = "{\"executable\":null}\n{\"x\":1,\"executable\":\"/t/deps/ring-0a\",\"fresh\":true}";
        assert_eq!(executables(messages), [PathBuf::from("/t/deps/ring-0a")]);
    }

    #[test]
    fn a_panic_is_quoted() {
        let said = "running 1 test\n\nthread 'a' (1) panicked at src/x.rs:1:2:\n\nCausality violation: x\nmore";
        assert_eq!(first_panic(said).unwrap(), "Causality violation: x");
        assert!(first_panic("Killed").is_none());
    }
}
