use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::SetupError;

/// TLS with these authorities only, or with those of the operating system.
pub(crate) fn client_config(ca_pem: Option<&[u8]>) -> Result<Arc<ClientConfig>, SetupError> {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let wrong = |what: String| SetupError(format!("TLS to the directory: {what}"));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&crypto))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?;
    let config = if let Some(pem) = ca_pem {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|error| wrong(format!("the file of authorities is not PEM: {error}")))?;
            roots
                .add(certificate)
                .map_err(|error| wrong(format!("an authority cannot be used: {error}")))?;
        }
        if roots.is_empty() {
            return Err(wrong("the file of authorities holds no certificate".into()));
        }
        builder.with_root_certificates(roots).with_no_client_auth()
    } else {
        let verifier = rustls_platform_verifier::Verifier::new(crypto)
            .map_err(|error| wrong(error.to_string()))?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth()
    };
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        for wrong in [
            &b""[..],
            b"no PEM at all",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(client_config(Some(wrong)).is_err());
        }
        assert!(client_config(None).is_ok());
    }
}
