//! Who takes part.

use std::fmt;
use std::str::FromStr;

/// A runtime, or a way to do without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Framework {
    Corecast,
    Tokio,
    /// `tokio::sync::broadcast`, which is no way to write actors: for publishing only.
    Broadcast,
    Kompact,
    Actix,
    Kameo,
    Ractor,
}

impl Framework {
    pub const ALL: [Self; 7] =
        [Self::Corecast, Self::Tokio, Self::Broadcast, Self::Kompact, Self::Actix, Self::Kameo, Self::Ractor];

    /// As it is written in arguments, tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Corecast => "corecast",
            Self::Tokio => "tokio",
            Self::Broadcast => "broadcast",
            Self::Kompact => "kompact",
            Self::Actix => "actix",
            Self::Kameo => "kameo",
            Self::Ractor => "ractor",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Framework {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|framework| framework.name() == name).ok_or_else(|| format!("no framework: {name}"))
    }
}
