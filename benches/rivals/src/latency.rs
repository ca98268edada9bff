//! Latencies under load.

use crate::args::Args;
use crate::framework::Framework;

#[derive(Debug)]
pub struct Scale;
impl Scale {
    pub fn parse(_: &str, _: &str) -> Result<Self, String> {
        Ok(Self)
    }
}
pub fn child(_: Framework, _: &Scale) -> Result<bool, String> {
    Ok(true)
}
pub fn compare(_: &Args) -> Result<bool, String> {
    Ok(true)
}
