//! The relay's certificate and key, and the TLS that goes with them.
//!
//! Owns where the two come from: the operator's files, the self-signed one of an earlier start, or
//! a new one. Telling TLS from plain connections is `knock`'s. No file is touched until one of the
//! functions here is called; the library itself calls none.
//!
//! TLS 1.3 only, without session tickets: a client that comes back verifies the certificate anew,
//! and the relay keeps nothing for clients that have left.

use couplet::fingerprint::Fingerprint;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::TLS13;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of the self-signed certificate and its key, in the directory of the relay's data. It is
/// one file so that the two can't come apart.
pub const IDENTITY_FILE: &str = "tls-identity.pem";

/// What a self-signed certificate calls itself; nobody checks it.
const COMMON_NAME: &str = "couplet relay";

/// The longest file that is taken for a certificate or a key.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The certificate that a relay shows, with its key.
#[derive(Clone)]
pub struct TlsIdentity {
    config: Arc<ServerConfig>,
    fingerprint: Fingerprint,
    self_signed: bool,
}

/// A certificate that can't be used. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("can't read {path} ({source}); name a file that this user may read")]
    Unreadable {
        /// The file.
        path: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file has no certificate in it.
    #[error(
        "{0} holds no certificate; it must be PEM, beginning with -----BEGIN CERTIFICATE-----, the relay's own certificate first"
    )]
    NoCertificate(String),
    /// A file has no private key in it.
    #[error(
        "{0} holds no private key; it must be PEM, beginning with -----BEGIN PRIVATE KEY----- or the like, and not be encrypted"
    )]
    NoKey(String),
    /// The two don't belong together.
    #[error(
        "the key in {key} isn't the one of the certificate in {cert}; name two that belong together"
    )]
    Mismatch {
        /// The certificate's file.
        cert: String,
        /// The key's file.
        key: String,
    },
    /// The certificate or the key is of a kind that TLS 1.3 doesn't know, or broken.
    #[error(
        "the certificate in {cert} with the key in {key} can't be used ({source}); make new ones"
    )]
    Unusable {
        /// The certificate's file.
        cert: String,
        /// The key's file.
        key: String,
        /// What the TLS library says.
        source: rustls::Error,
    },
    /// The self-signed certificate of earlier starts is broken.
    #[error(
        "{0}. It was made by the relay at its first start: put it back from a backup, or delete it for a new one (then every client that knows the old one must forget it)"
    )]
    Kept(Box<TlsError>),
    /// No certificate could be made.
    #[error("can't make a certificate ({0}); give one with --tls-cert and --tls-key")]
    Making(rcgen::Error),
}

impl TlsIdentity {
    /// The operator's certificate (with those that lead to its authority) and key, both PEM.
    ///
    /// # Errors
    /// [`TlsError`] with one clear sentence.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = read(cert)?;
        let private = read(key)?;
        Self::from_pem((cert, &chain), (key, &private), false)
    }

    /// The self-signed certificate that is kept in `dir`; made there if there is none yet. If it
    /// can't be kept, it is good for this run only, and the text says so.
    ///
    /// # Errors
    /// [`TlsError`] if what is kept there can't be used, or none can be made.
    pub fn keep_in(dir: &Path) -> Result<(Self, Option<String>), TlsError> {
        let path = dir.join(IDENTITY_FILE);
        match read(&path) {
            Ok(kept) => {
                return Self::kept(&path, &kept).map(|identity| (identity, tighten(&path)));
            }
            // One that is there but can't be read isn't replaced: its clients know it.
            Err(error) if is_there(&path) => {
                return Err(TlsError::Kept(Box::new(error)));
            }
            Err(_) => {}
        }
        let made = make()?;
        match keep(dir, &path, &made) {
            Ok(()) => Self::kept(&path, &made).map(|identity| (identity, None)),
            // Another relay was quicker; both then show the same.
            Err(_) if is_there(&path) => {
                let kept = read(&path).map_err(|error| TlsError::Kept(Box::new(error)))?;
                Self::kept(&path, &kept).map(|identity| (identity, None))
            }
            Err(error) => {
                let dir = dir.display();
                let warning = format!(
                    "the relay's certificate can't be kept in {dir} ({error}), so it is good for \
                     this run only and clients will refuse the next one; give a directory that can \
                     be written with --data"
                );
                Self::kept(&path, &made).map(|identity| (identity, Some(warning)))
            }
        }
    }

    /// A self-signed certificate for this run only.
    ///
    /// # Errors
    /// [`TlsError::Making`] if the crypto library can't.
    pub fn for_this_run() -> Result<Self, TlsError> {
        Self::kept(Path::new(IDENTITY_FILE), &make()?)
    }

    /// What clients compare.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether the relay made it itself, so that no authority vouches for it.
    #[must_use]
    pub const fn is_self_signed(&self) -> bool {
        self.self_signed
    }

    /// What the TLS library needs.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    fn kept(path: &Path, pem: &[u8]) -> Result<Self, TlsError> {
        Self::from_pem((path, pem), (path, pem), true)
            .map_err(|error| TlsError::Kept(Box::new(error)))
    }

    fn from_pem(
        (cert_path, cert): (&Path, &[u8]),
        (key_path, key): (&Path, &[u8]),
        self_signed: bool,
    ) -> Result<Self, TlsError> {
        let (cert_path, key_path) = (shown(cert_path), shown(key_path));
        let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(cert).collect();
        let chain = chain.map_err(|_| TlsError::NoCertificate(cert_path.clone()))?;
        let Some(own) = chain.first() else { return Err(TlsError::NoCertificate(cert_path)) };
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, own);
        // The digest's length is that of its algorithm.
        let fingerprint = Fingerprint(digest.as_ref().try_into().unwrap_or_default());
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey(key_path.clone()))?;
        let mismatch = rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch);
        let config = server_config(chain, key).map_err(|source| {
            if source == mismatch {
                TlsError::Mismatch { cert: cert_path, key: key_path }
            } else {
                TlsError::Unusable { cert: cert_path, key: key_path, source }
            }
        })?;
        Ok(Self { config: Arc::new(config), fingerprint, self_signed })
    }
}

/// The key isn't shown.
impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsIdentity({})", self.fingerprint)
    }
}

/// Where the relay keeps its data if it isn't told: `$XDG_STATE_HOME/couplet-relay`, or
/// `~/.local/state/couplet-relay`; `None` without a home.
#[must_use]
pub fn default_data_dir() -> Option<PathBuf> {
    // A relative one is invalid, says the specification, and must be ignored.
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("couplet-relay"))
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// A new key and its certificate, as one PEM text. It is valid for as long as dates go: what
/// clients go by is the fingerprint.
fn make() -> Result<Vec<u8>, TlsError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(TlsError::Making)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(TlsError::Making)?;
    params.distinguished_name.push(DnType::CommonName, COMMON_NAME);
    let certificate = params.self_signed(&key).map_err(TlsError::Making)?;
    Ok([key.serialize_pem(), certificate.pem()].concat().into_bytes())
}

/// Writes the file as a whole or not at all, readable by this user only from the first moment on.
/// One that is there already stays.
fn keep(dir: &Path, path: &Path, made: &[u8]) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    // Temporary files have mode 0600.
    let mut file = tempfile::Builder::new().prefix(".tls-identity-").tempfile_in(dir)?;
    file.write_all(made)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: shown(path), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let len = io::Read::read_to_end(&mut io::Read::take(file, MAX_FILE_BYTES + 1), &mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(len).is_ok_and(|len| len > MAX_FILE_BYTES) {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Takes the key's file from others who may read it, and says so.
fn tighten(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = std::fs::metadata(path).ok()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o600);
            let done = std::fs::set_permissions(path, permissions).is_ok();
            let now = if done { "no longer is" } else { "still is" };
            return Some(format!(
                "the key in {} was readable by others, and {now}; if one of them may have read it, \
                 delete the file for a new one",
                shown(path)
            ));
        }
    }
    None
}

fn shown(path: &Path) -> String {
    couplet::text::line(&path.to_string_lossy(), couplet::limits::MAX_REASON_COLUMNS)
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
