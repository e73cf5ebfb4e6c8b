//! `config`.

use crate::cli::Config as Command;
use crate::config::{Config, EXAMPLE, Given, show};
use crate::failure::Failure;
use crate::output::Output;
use crate::{key_file, start, tls};

pub(super) fn run(command: &Command, given: &Given, out: &Output) -> Result<(), Failure> {
    match command {
        Command::Example => out.line(EXAMPLE.trim_end()),
        Command::Show => out.line(show(&super::configuration(given)?).trim_end()),
        Command::Check => {
            let config = super::configuration(given)?;
            let problems = files(&config);
            if !problems.is_empty() {
                return Err(problems.join("\n").into());
            }
            for warning in &config.warnings {
                out.line(&format!("warning: {warning}"))?;
            }
            out.line("the configuration is good")
        }
    }
}

/// What is wrong with what the configuration names. The database is not opened.
fn files(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    if config.key_file.exists()
        && let Err(problem) = key_file::check(&config.key_file)
    {
        problems.push(problem);
    }
    if let Some(tls) = &config.tls
        && let Err(problem) = tls::acceptor(tls)
    {
        problems.push(format!("[tls]: {problem}"));
    }
    if let Err(problem) = start::channels(config) {
        problems.push(problem.text);
    }
    if let Err(problem) = start::federation(config) {
        problems.push(problem);
    }
    if let Some(filter) = &config.breached
        && let Err(problem) = start::breached(filter)
    {
        problems.push(format!("passwords.breached_filter: {problem}"));
    }
    problems
}
