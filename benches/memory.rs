//! Resident memory: see [`loads::memory`].
//!
//! A plain program: what it measures are bytes, once, and not the time of something that could be repeated.

mod loads;

use loads::alone::Alone;
use loads::size::Size;

fn main() -> Result<(), String> {
    if Alone::was_asked() {
        return Ok(());
    }
    let size = Size::from_args();
    println!("an idle actor, beside its state: {:.0} bytes", Alone::IdleActor.measure(size)?[0]);
    println!("after a million messages: {:.3} times as before", Alone::Messages.measure(size)?[0]);
    Ok(())
}
