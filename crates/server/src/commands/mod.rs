//! The commands beside `serve`, a file each.

pub mod bench;
pub mod channel;
pub mod config;
pub mod doctor;
pub mod init;
pub mod migrate;
pub mod simulator;
pub mod token;
pub mod verify;
