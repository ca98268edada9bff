//! Futures that sleep.

use std::sync::mpsc::channel;

use super::LONG;
use crate::support::{LIMIT, recv, system, wait, within};

#[test]
fn what_sleeps_is_woken_when_the_system_ends() {
    let system = system(1);
    let nap = system.sleep(LONG);
    let (began, begin) = channel();
    let sleeper = std::thread::spawn(move || {
        began.send(()).unwrap();
        wait(nap);
    });
    recv(&begin);
    drop(system);
    within(LIMIT, move || sleeper.join().unwrap());
}
