//! TLS of our own.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;

/// Makes AWS-LC what every TLS connection uses, inwards and outwards. Once, before the first.
pub(crate) fn install_provider() {
    // It fails only where one is installed already, which then is this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Reads certificate and key.
pub(crate) fn acceptor(files: &Tls) -> Result<TlsAcceptor, String> {
    let unreadable = |path: &std::path::Path, error: &dyn std::fmt::Display| {
        format!("{} cannot be read as PEM: {error}", path.display())
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(format!(
            "{} holds no certificate",
            files.certificate.display()
        ));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, &error))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| format!("certificate and key do not go together: {error}"))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
