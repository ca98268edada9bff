//! What a supervisor goes by: for itself, and for each child.

use std::time::Duration;

use super::auto_shutdown::AutoShutdown;
use super::backoff::Backoff;
use super::error::SpecError;
use super::intensity::Intensity;
use super::restart::RestartType;
use super::shutdown::ShutdownPolicy;
use super::strategy::Strategy;
use crate::sync::Arc;
use crate::task::checkup::Regimen;

/// What a supervisor goes by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SupervisorRules {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: Intensity,
    pub(crate) auto_shutdown: AutoShutdown,
    /// All children are of one kind, have no ids, and are forgotten when they end: OTP's `simple_one_for_one`. They are stopped
    /// all together, with the budget of this policy for all of them.
    pub(crate) dynamic: Option<ShutdownPolicy>,
}

impl SupervisorRules {
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        self.intensity.check()
    }
}

/// What a child does, for those who count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ChildKind {
    #[default]
    Worker,
    Supervisor,
}

/// What a supervisor goes by for a child.
#[derive(Clone, Debug)]
pub(crate) struct ChildRules {
    /// Empty for a dynamic child, which has none.
    pub(crate) id: Arc<str>,
    pub(crate) kind: ChildKind,
    pub(crate) restart: RestartType,
    pub(crate) shutdown: ShutdownPolicy,
    pub(crate) significant: bool,
    pub(crate) backoff: Option<Backoff>,
    /// After so many failures without a success between it is given up.
    pub(crate) quarantine_after: Option<u32>,
    /// How long its start may take.
    pub(crate) start_limit: Option<Duration>,
    pub(crate) health_check: Option<Regimen>,
}

impl ChildRules {
    /// A permanent child with nothing special about it.
    pub(crate) fn new(id: impl Into<Arc<str>>, kind: ChildKind) -> Self {
        Self {
            id: id.into(),
            kind,
            restart: RestartType::default(),
            shutdown: match kind {
                ChildKind::Worker => ShutdownPolicy::default(),
                ChildKind::Supervisor => ShutdownPolicy::Infinity,
            },
            significant: false,
            backoff: None,
            quarantine_after: None,
            start_limit: None,
            health_check: None,
        }
    }

    pub(crate) fn check(&self, supervisor: &SupervisorRules) -> Result<(), SpecError> {
        if self.id.is_empty() && supervisor.dynamic.is_none() {
            return Err(SpecError::EmptyId);
        }
        self.check_settings().map_err(|error| match &*self.id {
            "" => error,
            id => SpecError::InChild { id: id.to_owned(), error: Box::new(error) },
        })?;
        if self.significant && supervisor.auto_shutdown == AutoShutdown::Never {
            return Err(SpecError::SignificantInVain { id: self.id.to_string() });
        }
        if self.significant && self.restart == RestartType::Permanent {
            return Err(SpecError::SignificantPermanent { id: self.id.to_string() });
        }
        Ok(())
    }

    /// What can't be, whoever its supervisor is.
    fn check_settings(&self) -> Result<(), SpecError> {
        if let Some(backoff) = &self.backoff {
            backoff.check()?;
        }
        if self.quarantine_after == Some(0) {
            return Err(SpecError::QuarantineAfterNone);
        }
        if self.start_limit == Some(Duration::ZERO) {
            return Err(SpecError::ZeroStartLimit);
        }
        if let Some(Regimen { every, budget }) = self.health_check {
            if every.is_zero() {
                return Err(SpecError::ZeroHealthInterval);
            }
            if budget.is_zero() {
                return Err(SpecError::ZeroHealthBudget);
            }
        }
        Ok(())
    }
}
