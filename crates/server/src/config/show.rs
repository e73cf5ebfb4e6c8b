//! The configuration as it is in force, without secrets.

use std::fmt::Write as _;

use latchkey_http::ProxyHeader;
use latchkey_notify::{ProviderConfig, SmtpSecurity};

use super::Config;

/// Every setting with its value; secrets are replaced by a word.
pub(crate) fn show(config: &Config) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(format!("listen = {:?}", config.listen.to_string()));
    line(format!("base_address = {:?}", config.base.url()));
    line(format!("extra_hosts = {:?}", config.extra_hosts));
    line(format!("service_name = {:?}", config.service_name));
    line(format!("data = {:?}", config.data.display().to_string()));
    line(format!(
        "key_file = {:?}",
        config.key_file.display().to_string()
    ));
    line("\n[database]".into());
    line(format!(
        "url = {:?}",
        without_password(config.database.url.expose())
    ));
    line(format!("connections = {}", config.database.connections));
    line(format!("wait_seconds = {}", config.database.wait.as_secs()));
    if let Some(tls) = &config.tls {
        line("\n[tls]".into());
        line(format!(
            "certificate = {:?}",
            tls.certificate.display().to_string()
        ));
        line(format!("key = {:?}", tls.key.display().to_string()));
    }
    line("\n[proxy]".into());
    line(format!(
        "# {} trusted networks",
        config.proxies.networks.len()
    ));
    let header = match config.proxies.header {
        ProxyHeader::XForwardedFor => "x-forwarded-for",
        ProxyHeader::Forwarded => "forwarded",
    };
    line(format!("header = {header:?}"));
    if let Some(metrics) = config.metrics {
        line("\n[metrics]".into());
        line(format!("listen = {:?}", metrics.to_string()));
    }
    if let Some(mail) = &config.mail {
        line("\n[mail]".into());
        line(format!("host = {:?}", mail.host));
        line(format!("port = {}", mail.port));
        let tls = match mail.security {
            SmtpSecurity::StartTls => "required",
            SmtpSecurity::Implicit => "wrapper",
            SmtpSecurity::None => "none",
        };
        line(format!("tls = {tls:?}"));
        if let Some(username) = &mail.username {
            line(format!("username = {username:?}"));
            line("password = \"[secret]\"".into());
        }
        line(format!("from = {:?}", mail.from.as_str()));
        line(format!("timeout_seconds = {}", mail.timeout.as_secs()));
        line(format!("connections = {}", mail.max_connections));
    }
    for (name, provider) in [("text", &config.text), ("call", &config.call)] {
        if let Some(provider) = provider {
            line(format!("\n[{name}]"));
            line(format!("url = {:?}", without_password(&provider.url)));
            line(provider_secrets(provider));
        }
    }
    line("\n[federation]".into());
    line(format!(
        "allow_private = {}",
        config.federation.allow_private
    ));
    if let Some(file) = &config.federation.extra_ca_file {
        line(format!("extra_ca_file = {:?}", file.display().to_string()));
    }
    line(format!(
        "timeout_seconds = {}",
        config.federation.timeout.as_secs()
    ));
    line("\n[passwords]".into());
    if let Some(filter) = &config.breached {
        line(format!(
            "breached_filter = {:?}",
            filter.display().to_string()
        ));
    }
    line(format!("memory_kib = {}", config.hash.memory()));
    line(format!("passes = {}", config.hash.passes()));
    line(format!("lanes = {}", config.hash.lanes()));
    line(format!("threads = {}", config.hash_threads));
    line(format!("queue = {}", config.hash_queue));
    line("\n[limits]".into());
    line(format!("connections = {}", config.limits.connections));
    line(format!(
        "connections_per_address = {}",
        config.limits.connections_per_address
    ));
    line(format!(
        "request_seconds = {}",
        config.limits.request_seconds
    ));
    line(format!("attempts = {}", config.limits.attempts));
    line(format!(
        "attempt_seconds = {}",
        config.limits.attempt_seconds
    ));
    line(format!("work_bits = {}", config.limits.work.bits()));
    line("\n[log]".into());
    line(format!("level = {:?}", config.log.level));
    line(format!(
        "format = {:?}",
        if config.log.json { "json" } else { "text" }
    ));
    out
}

/// Headers may hold keys, so that none of their values is shown.
fn provider_secrets(provider: &ProviderConfig) -> String {
    let headers: Vec<&str> = provider.headers.keys().map(String::as_str).collect();
    let secret = if provider.secret.is_some() || provider.secret_file.is_some() {
        "given"
    } else {
        "none"
    };
    format!("# headers {headers:?}, secret {secret}")
}

/// A URL without the password in it and without its query, which may hold one, too.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let rest = rest.split('?').next().unwrap_or_default();
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:[secret]@{host}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_of_a_url_is_shown() {
        for (url, shown) in [
            (
                "postgres://latchkey:hunter2@db/x?password=hunter3",
                "postgres://latchkey:[secret]@db/x",
            ),
            (
                "postgres://latchkey:hun@ter2@db/x",
                "postgres://latchkey:[secret]@db/x",
            ),
            ("postgres://db/x", "postgres://db/x"),
            ("sqlite:data/latchkey.db", "sqlite:data/latchkey.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
