//! In whose company the cast plays: by itself, watched, or supervised. What a message costs is to be the same.

use corecast::{Actor, ActorContext, ActorError, ActorRef, ChildError, ChildSpec, Mailbox, Strategy, Supervisor};

use super::cast::{ACTORS, Player, Quartet, Share, State};

/// What others have to do with the actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    Nobody,
    /// The driver watches each of them.
    Watched,
    /// A supervisor has started each of them.
    Supervised,
}

/// The cast, and who supervises it.
#[derive(Default)]
pub struct Troupe {
    pub quartets: Vec<Quartet>,
    _supervisor: Option<ActorRef<Supervisor>>,
}

impl Troupe {
    /// Starts the cast, for the actor of this context.
    pub async fn start<A: Actor>(company: Company, ctx: &ActorContext<A>, share: &Share) -> Result<Self, ActorError> {
        if company != Company::Supervised {
            let quartets = Quartet::start_all(&ctx.system(), ACTORS, None, share)?;
            if company == Company::Watched {
                quartets.iter().for_each(|quartet| quartet.watch_by(ctx));
            }
            return Ok(Self { quartets, _supervisor: None });
        }
        let supervisor = ctx.system().spawn(Supervisor::builder(Strategy::OneForOne).build()?).await?;
        let mut quartets = Vec::new();
        for number in 0..ACTORS / Quartet::PLAYERS {
            quartets.push(Quartet {
                counter: child(&supervisor, number, share).await?,
                gauge: child(&supervisor, number, share).await?,
                digest: child(&supervisor, number, share).await?,
                window: child(&supervisor, number, share).await?,
            });
        }
        Ok(Self { quartets, _supervisor: Some(supervisor) })
    }
}

async fn child<S: State>(
    supervisor: &ActorRef<Supervisor>,
    number: usize,
    share: &Share,
) -> Result<ActorRef<Player<S>>, ChildError> {
    let id = format!("{}-{number}", std::any::type_name::<S>());
    let share = share.clone();
    let spec = ChildSpec::new(id, move || Player::new(share.clone())).mailbox(Mailbox::default());
    supervisor.start_child(spec).await
}
