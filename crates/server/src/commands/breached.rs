//! `breached`.

use latchkey_app::breached::import;

use crate::cli::Breached;
use crate::config::Config;
use crate::failure::Failure;
use crate::output::Output;

pub(super) fn run(command: Breached, config: &Config, out: &Output) -> Result<(), Failure> {
    let Breached::Import { file, to } = command;
    let target = to
        .or_else(|| config.breached.clone())
        .unwrap_or_else(|| config.data.join("breached.filter"));
    let imported = import(&file, &target).map_err(|error| {
        let text = format!("{}: {error}", file.display());
        if let Some(cause) = std::error::Error::source(&error) {
            return format!("{text}: {cause}");
        }
        text
    })?;
    out.line(&format!(
        "{} hashes in {} ({} bytes)",
        imported.hashes,
        target.display(),
        imported.bytes
    ))?;
    if config.breached.as_deref() != Some(target.as_path()) {
        out.line(&format!(
            "set breached_filter = {:?} in [passwords] and restart the service to use it",
            target.display().to_string()
        ))?;
    }
    Ok(())
}
