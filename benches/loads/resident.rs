//! The resident memory of this process.

use std::thread::sleep;
use std::time::Duration;

/// Between two looks at the memory of a process that comes to rest.
const LOOK: Duration = Duration::from_millis(50);

/// Looks after which rest is no longer waited for.
const LOOKS: usize = 60;

/// Equal looks in a row that count as rest.
const AT_REST: usize = 6;

/// Resident bytes, once they no longer change.
///
/// From `smaps_rollup`, which counts pages; the figure in `status` may be off by many of them.
pub fn settled() -> Result<u64, String> {
    let mut last = now()?;
    let mut equal = 0;
    for _ in 0..LOOKS {
        sleep(LOOK);
        let resident = now()?;
        equal = if resident == last { equal + 1 } else { 0 };
        last = resident;
        if equal == AT_REST {
            break;
        }
    }
    Ok(last)
}

fn now() -> Result<u64, String> {
    const FILE: &str = "/proc/self/smaps_rollup";
    let text = std::fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let kibibytes = text
        .lines()
        .find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok())
        .ok_or_else(|| format!("{FILE} has no Rss"))?;
    Ok(kibibytes * 1024)
}
