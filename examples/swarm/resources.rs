//! What the process has of the operating system: threads by their names, and memory. Where it doesn't say, there is none.

use std::fs;

/// How many threads have names that begin like this.
pub(crate) fn threads_named(prefix: &str) -> usize {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0 };
    let names = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with(prefix)).count()
}

/// How many threads there are.
pub(crate) fn threads() -> usize {
    threads_named("")
}

/// Resident memory, in KiB.
pub(crate) fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")).and_then(|size| size.trim().parse().ok()).unwrap_or(0)
}
