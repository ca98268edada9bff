//! The threads of this process, by name.

use std::fs;

/// How many threads of this process belong to the system called `name`.
///
/// The kernel keeps 15 bytes of a thread's name, more than a test's system name and its dash.
pub(crate) fn threads_of(name: &str) -> usize {
    let prefix = format!("{name}-");
    assert!(prefix.len() <= 15, "too long to be told from others: {prefix}");
    let tasks = fs::read_dir("/proc/self/task").expect("Linux lists threads");
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|comm| comm.starts_with(&prefix))
        .count()
}
