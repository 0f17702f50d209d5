//! TLS to the relay, and whose certificate to believe.
//!
//! Owns the decision to speak TLS, the handshake, and trust: a certificate that one of the system's
//! authorities vouches for is believed; any other is remembered the first time, and then only the
//! same one is believed. Nothing of couplet's protocol is sent before that is settled.
//!
//! TLS hides from the network who meets whom and when. What is said and sent is sealed between the
//! two clients besides, so that a relay that isn't the right one couldn't read it either.

use crate::known_relays::{KnownRelays, StoreError};
use clap::ValueEnum;
use couplet::fingerprint::Fingerprint;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long the handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// When the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TlsChoice {
    /// With TLS, except to a relay on this machine.
    #[default]
    Auto,
    /// With TLS.
    Always,
    /// Without.
    Never,
}

/// Why there is no connection to talk on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It can't be made: what is wrong and what to do.
    Failed(String),
    /// What answers can't be trusted to be the relay: what is wrong and what to do.
    Distrusted(String),
}

/// Whom to believe that it is the relay.
#[derive(Debug)]
pub(super) struct Trust {
    relay: String,
    choice: TlsChoice,
    store: Option<KnownRelays>,
    provider: Arc<CryptoProvider>,
    /// Those who may vouch; read when first needed.
    authorities: OnceCell<Option<Arc<WebPkiServerVerifier>>>,
    /// What was believed on first sight in this session. If nothing can be remembered, it holds for
    /// as long as this.
    met: Mutex<Option<Fingerprint>>,
}

impl Trust {
    /// Trust in the relay at `relay`, as `HOST:PORT`. Without a file nothing is remembered beyond
    /// the session.
    pub(super) fn new(relay: String, choice: TlsChoice, known_relays: Option<PathBuf>) -> Self {
        Self {
            relay,
            choice,
            store: known_relays.map(KnownRelays::at),
            provider: Arc::new(aws_lc_rs::default_provider()),
            authorities: OnceCell::new(),
            met: Mutex::default(),
        }
    }

    /// The relay, as `HOST:PORT`.
    pub(super) fn relay(&self) -> &str {
        &self.relay
    }

    /// Whether to speak TLS to the relay if it is there.
    pub(super) fn wants_tls(&self, ip: IpAddr) -> bool {
        match self.choice {
            TlsChoice::Auto => !ip.to_canonical().is_loopback(),
            TlsChoice::Always => true,
            TlsChoice::Never => false,
        }
    }

    /// Makes a connection to the relay a TLS connection. The text is for the user, the first time.
    ///
    /// # Errors
    /// [`Fault`], always before anything of couplet's protocol is sent.
    pub(super) async fn secure(
        &self,
        stream: TcpStream,
        address: SocketAddr,
    ) -> Result<(TlsStream<TcpStream>, Option<String>), Fault> {
        let verifier = Arc::new(self.verifier(address).await?);
        let connector = self.connector(Arc::clone(&verifier))?;
        let (name, _) = self.server_name(address);
        let connecting = connector.connect(name, stream);
        let connected = match tokio::time::timeout(HANDSHAKE_LIMIT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        match connected {
            Ok(stream) => Ok((stream, self.settle(verifier.finding()).await?)),
            Err(error) => Err(self.explain(&error, verifier.finding())),
        }
    }

    async fn verifier(&self, address: SocketAddr) -> Result<Verifier, Fault> {
        let (_, may_vouch) = self.server_name(address);
        let authorities = if may_vouch { self.authorities().await } else { None };
        let known = match *self.met() {
            Some(met) => Some(met),
            // A list that can't be read might know better, so nothing is believed.
            None => self.known().map_err(|error| Fault::Failed(error.to_string()))?,
        };
        let provider = Arc::clone(&self.provider);
        Ok(Verifier { provider, authorities, known, finding: Mutex::default() })
    }

    fn known(&self) -> Result<Option<Fingerprint>, StoreError> {
        self.store.as_ref().map_or(Ok(None), |store| store.find(&self.relay))
    }

    async fn authorities(&self) -> Option<Arc<WebPkiServerVerifier>> {
        let load = async {
            let certificates =
                tokio::task::spawn_blocking(|| rustls_native_certs::load_native_certs().certs);
            // A machine without authorities has nobody who vouches, and that is all.
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates.await.unwrap_or_default());
            vouching(roots, &self.provider)
        };
        self.authorities.get_or_init(|| load).await.clone()
    }

    fn connector(&self, verifier: Arc<Verifier>) -> Result<TlsConnector, Fault> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| {
                Fault::Failed(format!("TLS can't be used ({error}); use --tls never"))
            })?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        // A resumed session would show no certificate.
        config.resumption = Resumption::disabled();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// The name that a certificate must be for, and whether it is what the user has asked for: what
    /// is neither a name nor an address of TLS's (one with a zone, for example) can't be vouched for.
    fn server_name(&self, address: SocketAddr) -> (ServerName<'static>, bool) {
        let host = self.relay.rsplit_once(':').map_or(self.relay.as_str(), |(host, _)| host);
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        match ServerName::try_from(host.to_owned()) {
            Ok(name) => (name, true),
            Err(_) => (ServerName::from(address.ip()), false),
        }
    }

    /// Remembers whom the handshake, now complete, was with. The text is for the user.
    async fn settle(&self, finding: Finding) -> Result<Option<String>, Fault> {
        let seen = match finding {
            Finding::New(seen) => seen,
            Finding::Nothing | Finding::Vouched | Finding::Known | Finding::Changed { .. } => {
                return Ok(None);
            }
        };
        let relay = &self.relay;
        let then = match self.remember(seen).await {
            Some(Ok(())) => "from now on couplet refuses any other here".to_owned(),
            Some(Err(StoreError::Another(known))) => {
                return Err(Fault::Distrusted(self.changed(known, seen)));
            }
            Some(Err(error)) => format!("it isn't remembered, because {error}"),
            None => "it isn't remembered".to_owned(),
        };
        *self.met() = Some(seen);
        Ok(Some(format!(
            "you meet the relay {relay} for the first time. Its certificate is {seen}: compare that \
             with what the relay printed at its start; {then}"
        )))
    }

    /// Writes it down, away from the engine's loop, as disks may be slow; `None` if there is
    /// nowhere to write.
    async fn remember(&self, seen: Fingerprint) -> Option<Result<(), StoreError>> {
        let (store, relay) = (self.store.clone()?, self.relay.clone());
        tokio::task::spawn_blocking(move || store.remember(&relay, seen)).await.ok()
    }

    fn explain(&self, error: &io::Error, finding: Finding) -> Fault {
        let relay = &self.relay;
        if let Finding::Changed { known, seen } = finding {
            return Fault::Distrusted(self.changed(known, seen));
        }
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(error)) = tls {
            return Fault::Distrusted(format!(
                "what answers at {relay} doesn't prove that its certificate is its own ({error}), so \
                 nothing was sent to it. Somebody may sit between you and the relay: ask whoever runs \
                 it, or try another network"
            ));
        }
        Fault::Failed(if let Some(rustls::Error::InvalidMessage(_)) = tls {
            format!(
                "what answers at {relay} doesn't speak TLS: it may be an older relay, or none; bring \
                 it to the same release, or take --tls never in a network that you trust"
            )
        } else if let Some(error) = tls {
            format!("can't agree on TLS 1.3 with {relay} ({error}); bring both to the same release")
        } else if error.kind() == io::ErrorKind::TimedOut {
            let limit = HANDSHAKE_LIMIT.as_secs();
            format!(
                "what answers at {relay} doesn't answer in TLS within {limit} s; check the address, \
                 and that a couplet relay runs there"
            )
        } else {
            format!(
                "{relay} ended the connection instead of answering in TLS ({error}); it may be \
                 ending, or be no couplet relay: try again in a moment, and check the address"
            )
        })
    }

    fn changed(&self, known: Fingerprint, seen: Fingerprint) -> String {
        let relay = &self.relay;
        format!(
            "the relay {relay} shows another certificate than before, so nothing was sent to it this \
             time.\n  before: {known}\n  now:    {seen}\nSomebody may sit between you and the relay, \
             or whoever runs it has given it a new one: ask them. If the new one is theirs, type \
             `couplet relays forget {relay}` and start again."
        )
    }

    fn met(&self) -> std::sync::MutexGuard<'_, Option<Fingerprint>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those who may vouch; nobody if there are none.
fn vouching(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Option<Arc<WebPkiServerVerifier>> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().ok()
}

/// What one handshake has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Finding {
    /// No certificate yet.
    #[default]
    Nothing,
    /// An authority vouches for it.
    Vouched,
    /// It is the one that is known.
    Known,
    /// It isn't the one that is known.
    Changed { known: Fingerprint, seen: Fingerprint },
    /// None is known.
    New(Fingerprint),
}

/// Looks at the certificate of one handshake.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    known: Option<Fingerprint>,
    finding: Mutex<Finding>,
}

impl Verifier {
    fn finding(&self) -> Finding {
        *self.finding.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let seen = fingerprint(end_entity);
        let is_vouched_for = || {
            self.authorities.as_ref().is_some_and(|authorities| {
                authorities
                    .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                    .is_ok()
            })
        };
        let finding = match self.known {
            Some(known) if known == seen => Finding::Known,
            Some(_) | None if is_vouched_for() => Finding::Vouched,
            Some(known) => Finding::Changed { known, seen },
            None => Finding::New(seen),
        };
        *self.finding.lock().unwrap_or_else(PoisonError::into_inner) = finding;
        if matches!(finding, Finding::Changed { .. }) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // Never asked, as TLS 1.2 isn't offered; if it were, this would be the answer.
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    /// What makes the fingerprint worth anything: that the other side has the certificate's key.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let digest = ::aws_lc_rs::digest::digest(&::aws_lc_rs::digest::SHA256, certificate);
    // The digest's length is that of its algorithm.
    Fingerprint(digest.as_ref().try_into().unwrap_or_default())
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
