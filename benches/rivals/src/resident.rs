//! The resident memory of this process.

use std::fs::read_to_string;
use std::thread::sleep;
use std::time::Duration;

/// Between two looks at the memory of a process that comes to rest.
const LOOK: Duration = Duration::from_millis(50);

/// Looks after which rest is no longer waited for.
const LOOKS: usize = 60;

/// Equal looks in a row that count as rest.
const AT_REST: usize = 4;

/// Resident bytes, once they no longer change.
///
/// From `smaps_rollup`, which counts pages; the figure in `status` may be off by many of them.
pub fn settled() -> u64 {
    let now = || kibibytes("/proc/self/smaps_rollup", "Rss:") * 1024;
    let mut last = now();
    let mut equal = 0;
    for _ in 0..LOOKS {
        sleep(LOOK);
        let resident = now();
        equal = if resident == last { equal + 1 } else { 0 };
        last = resident;
        if equal == AT_REST {
            break;
        }
    }
    last
}

/// The most that was ever resident, in bytes.
pub fn peak() -> u64 {
    kibibytes("/proc/self/status", "VmHWM:") * 1024
}

fn kibibytes(file: &str, key: &str) -> u64 {
    let text = read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.trim().strip_suffix("kB")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("{file} has no {key}"))
}
