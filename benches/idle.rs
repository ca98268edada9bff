//! A system without work: see [`loads::idle`].
//!
//! A plain program: it watches for ten seconds, once, and has nothing that could be repeated faster.

mod loads;

use loads::alone::Alone;
use loads::size::Size;

fn main() -> Result<(), String> {
    if Alone::was_asked() {
        return Ok(());
    }
    let activity = Alone::IdleSystem.measure(Size::from_args())?;
    println!("an idle system: {:.0} ns of CPU time, {:.0} context switches", activity[0], activity[1]);
    Ok(())
}
