//! The service and its command line.

mod cli;
mod commands;
mod config;
mod demo;
mod failure;
mod key_file;
mod output;
mod serve;
mod service;
mod start;
mod system;
mod tls;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("latchkey: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}
