//! Sizes that decide which edges a run reaches: large in production, tiny under loom.

/// Picks the first value in production and the second one under loom.
macro_rules! sized {
    ($(#[$meta:meta])* $name:ident: $ty:ty = $real:expr, $model:expr) => {
        $(#[$meta])*
        #[cfg(not(corecast_loom))]
        pub(crate) const $name: $ty = $real;
        $(#[$meta])*
        #[cfg(corecast_loom)]
        pub(crate) const $name: $ty = $model;
    };
}

sized! {
    /// Messages in one segment of a mailbox. A power of two: positions map to places by a mask.
    SEGMENT_SLOTS: usize = 64, 2
}
sized! {
    /// Messages that one activation handles before the actor goes to the back of the queue.
    ACTIVATION_MESSAGES: u32 = 128, 2
}
sized! {
    /// Messages after which a reader looks at the latest whether room is due.
    CREDIT_INTERVAL: u32 = 32, 2
}
sized! {
    /// Nanoseconds that one activation may take before the actor goes to the back of the queue.
    ACTIVATION_NANOS: u64 = 100_000, u64::MAX
}
sized! {
    /// Messages of an activation before it looks at the clock; the next look comes after four times as many, or soon if
    /// much time has passed.
    FIRST_LOOK: u32 = 32, 1_000
}
sized! {
    /// Pauses spent on a place that is claimed but not yet published before giving the worker away.
    BUSY_SPINS: u32 = 32, 0
}
sized! {
    /// Pauses spent on an empty mailbox that another core was feeding, before going idle.
    DEFER_SPINS: u32 = 64, 0
}
sized! {
    /// Wakes of a handler that are told apart: all that fit into the upper half of the task word.
    MOST_WAKES: u32 = 0xffff, 3
}
sized! {
    /// Polls of corecast's own futures that succeed within one poll of a handler before it must yield: some
    /// microseconds of nothing but `tell`.
    COOP_BUDGET: i32 = 512, 2
}
sized! {
    /// Buckets of a table by names when it is made. A power of two.
    FIRST_BUCKETS: usize = 16, 1
}
sized! {
    /// Free places of a bucket when it is made.
    BUCKET_ROOM: usize = 2, 1
}
sized! {
    /// Buckets that a table's changes have replaced, and that wait for one barrier: as many as make it cheap.
    MOST_RETIRED: usize = 32, 2
}
sized! {
    /// Runnable actors that a worker's deque holds at most: crossbeam's smallest buffer, so that it never grows.
    DEQUE_CAPACITY: usize = 64, 4
}
sized! {
    /// Runnable actors in a worker's deque that are more than a few. It comes to fewer by itself: nobody is woken for them, and
    /// nobody takes them, unless they wait for long.
    MANY: usize = 3, 1
}
sized! {
    /// Nanoseconds after which a few runnable actors have waited for long: what it takes to wake a thread.
    FEW_NANOS: u64 = 10_000, 0
}
sized! {
    /// Activations over which the time is measured that a few runnable actors wait.
    FEW_RUNS: u32 = 16, 1
}
sized! {
    /// Runnable actors that a worker takes from a shared queue at once.
    TAKE_BATCH: usize = 16, 2
}
sized! {
    /// Activations between two looks at the shared queues, so that a busy worker doesn't starve them.
    SHARED_INTERVAL: u32 = 61, 2
}
sized! {
    /// Consecutive runs out of the next-slot before the deque gets a turn, while the deque has anybody waiting.
    NEXT_SLOT_RUNS: u32 = 3, 1
}
sized! {
    /// Snapshots that a thread reads at once without taking a page of marks for each: all that fits on its line.
    MARKS: usize = 14, 2
}
sized! {
    /// Numbered blocks whose addresses stand in one page of the directory.
    DIRECTORY_PAGE: usize = 1 << 13, 16
}
sized! {
    /// Pages that the directory can have.
    DIRECTORY_PAGES: usize = 1 << 14, 1
}
sized! {
    /// Rounds of looking for work before a worker goes to sleep, each with a pause: a few microseconds.
    SEARCH_ROUNDS: u32 = 100, 1
}
sized! {
    /// Pauses before a thread in `block_on` sleeps: at least so many, and as many as this again for each recent wait that
    /// ended so; up to [`MOST_BLOCK_SPINS`].
    LEAST_BLOCK_SPINS: u32 = 16, 1
}
sized! {
    /// Pauses for which a thread puts off a wake while it spins for what that would bring: a microsecond or two.
    OWING_SPINS: u32 = 64, 1
}
sized! {
    /// A sleep and its wake cost as much as some hundred pauses: there is no use in more.
    MOST_BLOCK_SPINS: u32 = 512, 1
}
sized! {
    /// Looks at the shared queues between two looks at other workers' next-slots.
    RESCUE_INTERVAL: u32 = 16, 2
}
sized! {
    /// Activations in a row that found a claimed place unpublished before the worker yields to the operating system.
    BEHIND_RUNS: u32 = 3, 0
}
sized! {
    /// Rounds with everybody asleep after which the sentinel sleeps for good.
    QUIET_ROUNDS: u32 = 16, 0
}
sized! {
    /// Waits of one handler at once of which others can tell: what fits on a line.
    MOST_WAITS: usize = 6, 2
}
sized! {
    /// Seats that desks trade at once, whose numbers follow one another at first; a power of two.
    SEAT_RUN: u32 = 64, 1
}
sized! {
    /// Bits of the number of a seat: one less than a word has beside a turn, which tells vacant seats from others. In models
    /// as few as their actors need: tables by seats have a word for each doubling, used or not.
    SEAT_BITS: u32 = 31, 4
}
sized! {
    /// Runs of seats whose waits have a place in the first segment of their table. A power of two.
    FIRST_WAITS: usize = 16, 2
}
sized! {
    /// Timers that are taken out of a wheel under its lock at once.
    FIRE_BATCH: usize = 16, 2
}
sized! {
    /// Steps of a wheel under its lock at once: some microseconds.
    FIRE_STEPS: usize = 128, 4
}
sized! {
    /// Slots of a worker for limits whose time hasn't begun.
    FRESH_SLOTS: usize = 16, 1
}
sized! {
    /// Slots that a worker looks at for a free one.
    FRESH_TRIES: usize = 2, 1
}
sized! {
    /// Nanoseconds that a wheel is left alone, after a look at what came in fresh, if nothing else is due: a millisecond.
    FRESH_PAUSE: u64 = 1 << 20, 0
}
sized! {
    /// Nanoseconds that what came in fresh may wait in its queue while the wheel is in use.
    FRESH_WAIT: u64 = 500_000_000, 0
}
sized! {
    /// Beginnings of what came in fresh that a wheel tells apart: a second of pauses.
    FRESH_SPELLS: usize = 1_024, 2
}
sized! {
    /// Messages of timers that one activation handles ahead of the mailbox.
    ACTIVATION_TICKS: u32 = 8, 1
}
