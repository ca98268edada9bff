//! Figures of others: what was published, and what Verona BoC does on our kind of machine.

/// What others need for a benchmark.
#[derive(Debug)]
pub struct Published {
    /// The benchmark's name in this suite.
    pub name: &'static str,
    /// The artefact's figures.
    pub artefact: Option<Artefact>,
    /// Verona BoC on our kind of machine.
    pub verona: Option<Verona>,
}

/// From the artefact of "When Concurrency Matters: Behaviour-Oriented Concurrency" (OOPSLA 2023): Pony 0.53.0 and Verona BoC,
/// built with clang 12. Mean milliseconds of a run of the suite's parameters, start and teardown included, on 1 and 8 cores
/// of the authors' machine; BoC in its actor variants. The artefact checks no results.
#[derive(Debug, Clone, Copy)]
pub struct Artefact {
    /// Messages of such a run, or actors: what its milliseconds are divided by here.
    pub messages: f64,
    /// Pony on 1 and 8 cores.
    pub pony: [f64; 2],
    /// BoC on 1 and 8 cores.
    pub boc: [f64; 2],
}

impl Artefact {
    /// Nanoseconds per message for a run of so many milliseconds.
    pub fn nanoseconds(&self, milliseconds: f64) -> f64 {
        milliseconds * 1e6 / self.messages
    }
}

/// Verona BoC (verona-rt at c4c53e8 with its own Savina ports, clang 14 -O3, snmalloc) on a virtual machine with two EPYC
/// processors, nanoseconds per message: the least and the median of five processes of at least a second each. Its ports check
/// no results. Ping-pong and thread ring ran 50 times as long as the suite says, so that start and teardown don't count:
/// compare them with `--size steady`.
#[derive(Debug, Clone, Copy)]
pub struct Verona {
    /// On one core.
    pub one: Figures,
    /// On two cores.
    pub two: Figures,
}

/// Nanoseconds per message of several processes.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Figures {
    /// The least.
    pub min: f64,
    /// The median.
    pub median: f64,
}

const fn artefact(messages: u32, pony: [f64; 2], boc: [f64; 2]) -> Option<Artefact> {
    Some(Artefact { messages: messages as f64, pony, boc })
}

const fn verona(one: [f64; 2], two: [f64; 2]) -> Option<Verona> {
    const fn figures([min, median]: [f64; 2]) -> Figures {
        Figures { min, median }
    }
    Some(Verona { one: figures(one), two: figures(two) })
}

/// All of them.
#[rustfmt::skip]
pub const ALL: &[Published] = &[
    Published {
        name: "ping-pong",
        artefact: artefact(80_000, [7.2, 51.3], [4.6, 5.4]),
        verona: verona([36.0, 37.8], [36.1, 37.3]),
    },
    Published {
        name: "counting",
        artefact: artefact(1_000_002, [25.1, 120.4], [46.1, 47.7]),
        verona: verona([29.2, 30.6], [29.5, 30.5]),
    },
    // Per send, of which there are half as many as messages.
    Published {
        name: "fork-join-throughput",
        artefact: artefact(600_000, [50.2, 206.8], [53.4, 100.8]),
        verona: verona([70.3, 77.7], [91.4, 112.0]),
    },
    Published {
        name: "fork-join-throughput-full",
        artefact: None,
        verona: verona([47.3, 49.7], [47.3, 58.4]),
    },
    // Per actor.
    Published {
        name: "fork-join-create",
        artefact: artefact(40_000, [50.2, 31.3], [10.5, 12.4]),
        verona: verona([118.0, 126.0], [123.0, 145.0]),
    },
    Published {
        name: "thread-ring",
        artefact: artefact(100_002, [11.0, 95.1], [4.7, 5.5]),
        verona: verona([30.4, 31.3], [30.4, 31.3]),
    },
    Published {
        name: "chameneos",
        artefact: artefact(800_300, [110.1, 522.3], [46.1, 94.5]),
        verona: verona([37.9, 39.7], [43.5, 59.6]),
    },
    Published {
        name: "big",
        artefact: artefact(4_800_481, [250.3, 500.6], [247.2, 201.9]),
        verona: verona([29.7, 30.9], [22.4, 24.9]),
    },
    // Per actor.
    Published {
        name: "fibonacci",
        artefact: artefact(150_049, [321.7, 46.7], [29.3, 19.4]),
        verona: verona([125.0, 143.0], [70.0, 94.0]),
    },
    Published {
        name: "concurrent-dictionary",
        artefact: artefact(400_041, [256.5, 365.6], [22.7, 66.5]),
        verona: verona([37.4, 39.3], [32.6, 57.4]),
    },
    Published {
        name: "concurrent-sorted-list",
        artefact: artefact(320_000, [13_653.0, 15_059.0], [6_206.0, 9_913.0]),
        verona: None,
    },
    Published {
        name: "bounded-buffer",
        artefact: artefact(160_081, [2_983.6, 406.1], [1_593.1, 341.9]),
        verona: None,
    },
    Published {
        name: "dining-philosophers",
        artefact: artefact(1_350_118, [142.4, 560.0], [73.3, 164.9]),
        verona: None,
    },
    Published {
        name: "sleeping-barber",
        artefact: artefact(24_027_388, [3_652.2, 261.3], [1_659.5, 3_543.6]),
        verona: None,
    },
    Published {
        name: "cigarette-smokers",
        artefact: artefact(3_001, [1.9, 2.2], [0.7, 1.4]),
        verona: None,
    },
    Published {
        name: "logistic-map",
        artefact: artefact(750_022, [832.3, 44.1], [39.0, 41.2]),
        verona: None,
    },
    Published {
        name: "bank-transaction",
        artefact: artefact(252_407, [184.5, 48.5], [19.8, 22.6]),
        verona: verona([56.4, 62.4], [49.3, 60.0]),
    },
    Published {
        name: "recursive-matmul",
        artefact: artefact(2_267, [9_824.8, 1_158.2], [1_614.4, 563.3]),
        verona: None,
    },
    Published {
        name: "quicksort",
        artefact: artefact(3_869, [233.7, 67.1], [124.7, 58.8]),
        verona: None,
    },
    Published {
        name: "radix-sort",
        artefact: artefact(6_100_000, [180.4, 209.7], [235.8, 149.0]),
        verona: None,
    },
    Published {
        name: "filter-bank",
        artefact: artefact(1_419_325, [2_786.8, 380.3], [1_170.0, 348.7]),
        verona: None,
    },
    Published {
        name: "sieve",
        artefact: artefact(91_328, [221.7, 45.2], [330.7, 103.9]),
        verona: None,
    },
    Published {
        name: "trapezoid",
        artefact: artefact(201, [841.9, 115.4], [970.0, 172.0]),
        verona: None,
    },
];

/// What others need for the benchmark of this name.
pub fn of(name: &str) -> Option<&'static Published> {
    ALL.iter().find(|published| published.name == name)
}
