//! Time: limits of replies, sleeping, messages that an actor sends to itself later. In virtual time, so that each says when
//! it comes, to the tick.
//!
//! What only real threads can show, that a blocked worker holds nobody's time up, stands in `tests/behaviour/time`.

mod limits;
mod messages;
mod sleeping;

use std::time::Duration;

/// Above the length from which on a worker looks at no clock for a limit.
const SHORT: Duration = Duration::from_millis(10);

/// So long that only its end is told.
const LONG: Duration = Duration::from_secs(3_600);
