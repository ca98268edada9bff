//! Plays one operation so many times, for the count of its instructions: `.ci/instructions` runs it under callgrind.
//!
//! ```text
//! cargo bench --bench instructions -- tell 100000     plays so many tells, and says nothing
//! cargo bench --bench instructions                    plays each operation once
//! cargo bench --bench instructions -- --list          says how they are called
//! ```
//!
//! Nothing is counted here. The script runs an operation n times and 2 n times, each in a process of its own, and divides
//! the difference by n: what a process does once is in both, and needs no marks in the code. All runs are the loads of the
//! check, on one worker, whose thread does everything in between: what an operation costs is what it costs the whole
//! process, and no other thread has a part in it but the one that waits for the end. Time is a count ([`clock`]), so that
//! two runs take the same course.
//!
//! The counts stand for the instructions that the processor retires. They know nothing of caches, of stalls and of what a
//! locked instruction waits for, nor of what the kernel does.

mod clock;
#[path = "../loads/mod.rs"]
mod loads;

use std::mem;
use std::process::ExitCode;

use loads::company::Company;
use loads::publish::Publishing;
use loads::{Load, hop, send, spawn, tell, timer};

/// Plays an operation so many times.
type Play = fn(u64);

/// The operations by name.
const OPERATIONS: [(&str, Play); 13] = [
    ("try_tell", |times| play(tell::without_future(), times)),
    ("tell", |times| play(tell::load(), times)),
    ("hop", |times| play(hop::load(), times)),
    ("send", |times| play(send::load(), times)),
    ("limit", |times| play(send::load_within(), times)),
    ("publish_1", |times| play(Publishing::<1>::new(), times)),
    ("publish_10", |times| play(Publishing::<10>::new(), times)),
    ("spawn", |times| play(spawn::load(), times)),
    ("timer", |times| play(timer::load(), times)),
    ("tell_watched", |times| play(tell::load_in(Company::Watched), times)),
    ("tell_supervised", |times| play(tell::load_in(Company::Supervised), times)),
    ("send_watched", |times| play(send::load_in(Company::Watched), times)),
    ("send_supervised", |times| play(send::load_in(Company::Supervised), times)),
];

fn main() -> ExitCode {
    assert!(clock::is_in_place(), "the runs read a clock that isn't ours");
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--list") {
        OPERATIONS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    let args: Vec<String> = args.into_iter().filter(|arg| !arg.starts_with("--")).collect();
    match args.as_slice() {
        [] => OPERATIONS.iter().for_each(|(_, play)| play(1)),
        [name, times] => {
            let operation = OPERATIONS.iter().find(|(known, _)| known == name);
            let (Some((_, play)), Ok(times)) = (operation, times.parse()) else {
                return usage();
            };
            play(times);
        }
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let names = OPERATIONS.map(|(name, _)| name).join(", ");
    eprintln!("instructions: an operation ({names}) and how often, or nothing");
    ExitCode::from(2)
}

/// Plays as many rounds as hold so many operations. The system is left as it is: how its end goes is a matter of who comes
/// first, and would be counted.
fn play(mut load: impl Load, times: u64) {
    load.operations(times);
    mem::forget(load);
}
