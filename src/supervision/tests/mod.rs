//! What holds of a supervisor's decisions.

mod rows;
mod settings;
mod stage;
