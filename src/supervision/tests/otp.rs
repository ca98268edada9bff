//! OTP's supervisor, written from its rules: it does one thing after the other and waits for each, so that it is plain to see.
//! A tree of them, whose leaves fail to start where the world says so.

use std::collections::VecDeque;
use std::time::Duration;

use crate::supervision::auto_shutdown::AutoShutdown;
use crate::supervision::restart::RestartType;
use crate::supervision::strategy::Strategy;

/// What becomes of the start of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Up,
    Failed,
    Ignored,
}

/// What supervisors don't decide, and what has happened.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) now: Duration,
    /// The outcomes of the starts to come; those behind succeed.
    pub(super) outcomes: VecDeque<Outcome>,
    pub(super) log: Vec<String>,
}

impl World {
    pub(super) fn starts(&mut self) -> Outcome {
        self.outcomes.pop_front().unwrap_or(Outcome::Up)
    }

    pub(super) fn log(&mut self, what: &str, path: &[usize]) {
        self.log.push(format!("{what} {path:?}"));
    }
}

#[derive(Clone, Debug)]
pub(super) struct ChildSpec {
    pub(super) restart: RestartType,
    pub(super) significant: bool,
    pub(super) supervisor: Option<SupervisorSpec>,
}

#[derive(Clone, Debug)]
pub(super) struct SupervisorSpec {
    pub(super) strategy: Strategy,
    pub(super) intensity: u32,
    pub(super) period: Duration,
    pub(super) auto_shutdown: AutoShutdown,
    /// Of a dynamic supervisor, which has no other children: that of each that is added.
    pub(super) dynamic: Option<Box<ChildSpec>>,
    pub(super) children: Vec<ChildSpec>,
}

/// What is asked of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Start,
    Terminate(usize),
    Restart(usize),
    Delete(usize),
}

/// The supervisors that run, and for each its children and whether they do.
pub(super) type Shown = Vec<(Vec<usize>, Vec<(usize, bool)>)>;

/// Its reason is `shutdown`: it gave up, or ended by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exit;

enum Process {
    Undefined,
    Restarting,
    Leaf,
    Supervisor(Otp),
}

impl Process {
    fn is_running(&self) -> bool {
        matches!(self, Self::Leaf | Self::Supervisor(_))
    }
}

struct Child {
    id: usize,
    spec: ChildSpec,
    process: Process,
}

pub(super) struct Otp {
    path: Vec<usize>,
    spec: SupervisorSpec,
    /// In the order in which they are started.
    children: Vec<Child>,
    restarts: Vec<Duration>,
    ids: usize,
}

impl Otp {
    pub(super) fn start(path: Vec<usize>, spec: &SupervisorSpec, world: &mut World) -> Option<Self> {
        let mut otp = Self { path, spec: spec.clone(), children: Vec::new(), restarts: Vec::new(), ids: 0 };
        for child in spec.children.clone() {
            let id = otp.add(child);
            match otp.start_child(id, world) {
                Ok(Process::Undefined) if otp.child(id).spec.restart == RestartType::Temporary => otp.remove(id),
                Ok(process) => otp.child(id).process = process,
                Err(()) => {
                    otp.terminate(world);
                    world.log("did not start", &otp.path);
                    return None;
                }
            }
        }
        Some(otp)
    }

    fn add(&mut self, spec: ChildSpec) -> usize {
        let id = self.ids;
        self.ids += 1;
        self.children.push(Child { id, spec, process: Process::Undefined });
        id
    }

    fn remove(&mut self, id: usize) {
        self.children.retain(|child| child.id != id);
    }

    fn find(&mut self, id: usize) -> Option<&mut Child> {
        self.children.iter_mut().find(|child| child.id == id)
    }

    fn child(&mut self, id: usize) -> &mut Child {
        self.find(id).expect("the child is there")
    }

    fn path_of(&self, id: usize) -> Vec<usize> {
        self.path.iter().copied().chain([id]).collect()
    }

    fn start_child(&mut self, id: usize, world: &mut World) -> Result<Process, ()> {
        let path = self.path_of(id);
        world.log("start", &path);
        match self.child(id).spec.supervisor.clone() {
            Some(spec) => Otp::start(path, &spec, world).map(Process::Supervisor).ok_or(()),
            None => match world.starts() {
                Outcome::Up => Ok(Process::Leaf),
                Outcome::Ignored => Ok(Process::Undefined),
                Outcome::Failed => Err(()),
            },
        }
    }

    fn terminate_child(&mut self, id: usize, world: &mut World) {
        let path = self.path_of(id);
        let process = std::mem::replace(&mut self.child(id).process, Process::Undefined);
        if process.is_running() {
            world.log("stop", &path);
        }
        if let Process::Supervisor(mut otp) = process {
            otp.terminate(world);
        }
    }

    /// Terminates all children; in reverse order, but for dynamic ones, which end in any.
    pub(super) fn terminate(&mut self, world: &mut World) {
        let mut ids: Vec<_> = self.children.iter().map(|child| child.id).collect();
        if self.spec.dynamic.is_none() {
            ids.reverse();
        }
        for id in ids {
            self.terminate_child(id, world);
        }
    }

    /// `EXIT` of a child.
    fn exit(&mut self, id: usize, normal: bool, world: &mut World) -> Option<Exit> {
        self.child(id).process = Process::Undefined;
        match self.child(id).spec.restart {
            RestartType::Permanent => self.restart(id, world),
            RestartType::Transient if !normal => self.restart(id, world),
            RestartType::Transient | RestartType::Temporary => {
                let significant = self.child(id).spec.significant;
                self.delete_child(id);
                self.auto_shutdown(significant, world)
            }
        }
    }

    /// What remains of a child that isn't restarted.
    fn delete_child(&mut self, id: usize) {
        self.child(id).process = Process::Undefined;
        if self.child(id).spec.restart == RestartType::Temporary || self.spec.dynamic.is_some() {
            self.remove(id);
        }
    }

    fn auto_shutdown(&mut self, significant: bool, world: &mut World) -> Option<Exit> {
        let undefined = |child: &Child| matches!(child.process, Process::Undefined);
        let shuts_down = match self.spec.auto_shutdown {
            _ if !significant => false,
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => self.children.iter().all(|it| !it.spec.significant || undefined(it)),
        };
        shuts_down.then(|| self.shut_down("auto-shutdown", world))
    }

    fn shut_down(&mut self, why: &str, world: &mut World) -> Exit {
        self.terminate(world);
        world.log(why, &self.path);
        Exit
    }

    /// Whether one more restart is within the intensity.
    fn add_restart(&mut self, now: Duration) -> bool {
        let period = self.spec.period;
        self.restarts.retain(|then| *then + period >= now);
        self.restarts.push(now);
        self.restarts.len() <= self.spec.intensity as usize
    }

    /// Restarts a child, and tries again until that succeeds or was tried too often.
    fn restart(&mut self, id: usize, world: &mut World) -> Option<Exit> {
        let mut id = id;
        loop {
            if !self.add_restart(world.now) {
                self.delete_child(id);
                return Some(self.shut_down("gave up", world));
            }
            self.child(id).process = Process::Undefined;
            let failed = match self.spec.strategy {
                Strategy::OneForOne => self.start_children(&[id], world),
                Strategy::OneForAll => self.restart_children(0, world),
                Strategy::RestForOne => {
                    let from = self.children.iter().position(|child| child.id == id).expect("it is there");
                    self.restart_children(from, world)
                }
            };
            id = failed?;
        }
    }

    /// Terminates the children from that place on, forgets the temporary ones, and starts the others.
    fn restart_children(&mut self, from: usize, world: &mut World) -> Option<usize> {
        let ids: Vec<_> = self.children[from..].iter().map(|child| child.id).collect();
        for id in ids.iter().rev() {
            self.terminate_child(*id, world);
            if self.child(*id).spec.restart == RestartType::Temporary {
                self.remove(*id);
            }
        }
        let ids: Vec<_> = self.children[from..].iter().map(|child| child.id).collect();
        self.start_children(&ids, world)
    }

    /// Starts these children up to the first that fails, and says which one that is.
    fn start_children(&mut self, ids: &[usize], world: &mut World) -> Option<usize> {
        for id in ids {
            match self.start_child(*id, world) {
                Ok(process) => self.child(*id).process = process,
                Err(()) => {
                    self.child(*id).process = Process::Restarting;
                    return Some(*id);
                }
            }
        }
        // A dynamic child that has nothing to run any more has no place to keep.
        if self.spec.dynamic.is_some() {
            self.children.retain(|child| child.process.is_running());
        }
        None
    }

    // --- from outside ------------------------------------------------------------------------------------------------

    /// A leaf somewhere in the tree has ended.
    pub(super) fn ends(&mut self, path: &[usize], normal: bool, world: &mut World) -> Option<Exit> {
        match path {
            [leaf] => self.exit(*leaf, normal, world),
            [child, rest @ ..] => {
                let exit = self.supervisor(*child).ends(rest, normal, world);
                exit.and_then(|Exit| self.exit(*child, true, world))
            }
            [] => unreachable!("a leaf has a path"),
        }
    }

    fn supervisor(&mut self, id: usize) -> &mut Otp {
        match &mut self.child(id).process {
            Process::Supervisor(otp) => otp,
            _ => unreachable!("it is one that runs"),
        }
    }

    /// Does what is asked of the supervisor at the end of the path.
    pub(super) fn command(&mut self, path: &[usize], command: Command, world: &mut World) {
        if let [child, rest @ ..] = path {
            return self.supervisor(*child).command(rest, command, world);
        }
        let done = match command {
            Command::Start => self.start_new(world),
            Command::Terminate(id) if self.find(id).is_some() => {
                self.terminate_child(id, world);
                self.delete_child(id);
                true
            }
            Command::Restart(id) if self.is_idle(id) => match self.start_child(id, world) {
                Ok(process) => {
                    self.child(id).process = process;
                    true
                }
                Err(()) => false,
            },
            Command::Delete(id) if self.is_idle(id) => {
                self.remove(id);
                true
            }
            Command::Terminate(_) | Command::Restart(_) | Command::Delete(_) => false,
        };
        world.log(if done { "done" } else { "refused" }, &self.path);
    }

    fn is_idle(&mut self, id: usize) -> bool {
        self.find(id).is_some_and(|child| matches!(child.process, Process::Undefined))
    }

    fn start_new(&mut self, world: &mut World) -> bool {
        let permanent = ChildSpec { restart: RestartType::Permanent, significant: false, supervisor: None };
        let spec = self.spec.dynamic.as_deref().cloned().unwrap_or(permanent);
        let id = self.add(spec);
        match self.start_child(id, world) {
            Ok(Process::Undefined) if self.spec.dynamic.is_some() => self.remove(id),
            Ok(process) => self.child(id).process = process,
            Err(()) => {
                self.remove(id);
                return false;
            }
        }
        true
    }

    /// What can be seen of it.
    pub(super) fn tree(&self) -> Shown {
        let children = self.children.iter().map(|child| (child.id, child.process.is_running())).collect();
        let mut tree = vec![(self.path.clone(), children)];
        for child in &self.children {
            if let Process::Supervisor(otp) = &child.process {
                tree.extend(otp.tree());
            }
        }
        tree
    }

    /// The leaves that run.
    pub(super) fn leaves(&self) -> Vec<Vec<usize>> {
        self.children
            .iter()
            .flat_map(|child| match &child.process {
                Process::Leaf => vec![self.path_of(child.id)],
                Process::Supervisor(otp) => otp.leaves(),
                Process::Undefined | Process::Restarting => Vec::new(),
            })
            .collect()
    }
}
