//! What holds of a supervisor's decisions.

mod against;
mod cases;
mod delays;
mod otp;
mod rows;
mod settings;
mod stage;
