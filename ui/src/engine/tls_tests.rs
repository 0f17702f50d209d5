//! Trust in certificates, against servers of a few lines.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A certificate and the key that signs for it.
type Shown = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn self_signed() -> Shown {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(Vec::new()).expect("no names");
    let certificate = params.self_signed(&key).expect("a certificate");
    (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

/// An authority, and a certificate of its for this machine's address.
fn vouched_for() -> (RootCertStore, Shown) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let mut roots = RootCertStore::empty();
    let root = authority.self_signed(&authority_key).expect("a certificate");
    roots.add(root.der().clone()).expect("an authority");
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    (roots, (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into())))
}

/// Shows this certificate, whatever the key.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A server that shakes hands with whoever comes; tells its address.
async fn server((certificate, key): Shown) -> SocketAddr {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let key = provider.key_provider.load_private_key(key).expect("a key");
    let shown = Always(Arc::new(CertifiedKey::new(vec![certificate], key)));
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(acceptor.accept(stream).await);
        }
    });
    address
}

/// Trust with these authorities and a list of its own.
fn trust(relay: &str, store: Option<PathBuf>, roots: RootCertStore) -> Trust {
    let mut trust = Trust::new(relay.to_owned(), TlsChoice::Always, store);
    trust.authorities = OnceCell::new_with(Some(vouching(roots, &trust.provider)));
    trust
}

/// One connection; what the user is told.
async fn secure(trust: &Trust, server: SocketAddr) -> Result<Option<String>, Fault> {
    let stream = TcpStream::connect(server).await.expect("a server");
    trust.secure(stream, server).await.map(|(_, notice)| notice)
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("known_relays")
    }

    fn contents(&self) -> Option<String> {
        std::fs::read_to_string(self.file()).ok()
    }

    /// Trust that remembers here, without authorities.
    fn trust(&self, relay: &str) -> Trust {
        trust(relay, Some(self.file()), RootCertStore::empty())
    }
}

fn distrusted(result: Result<Option<String>, Fault>) -> String {
    match result {
        Err(Fault::Distrusted(text)) => text,
        Ok(_) | Err(Fault::Failed(_)) => panic!("not distrusted: {result:?}"),
    }
}

fn failed(result: Result<Option<String>, Fault>) -> String {
    match result {
        Err(Fault::Failed(text)) => text,
        Ok(_) | Err(Fault::Distrusted(_)) => panic!("not failed: {result:?}"),
    }
}

#[tokio::test]
async fn the_first_certificate_is_remembered_and_another_is_refused() {
    let home = Home::new();
    let (shown, other) = (self_signed(), self_signed());
    let (seen, another) = (fingerprint(&shown.0), fingerprint(&other.0));
    let right = server(shown).await;
    let told = secure(&home.trust("Relay.example:1"), right).await.expect("trust");
    let told = told.expect("the first time is told");
    assert!(told.contains("first time") && told.contains(&seen.to_string()), "{told}");
    assert_eq!(home.contents(), Some(format!("relay.example:1 {seen}\n")));
    // In a later session it is silent.
    assert_eq!(secure(&home.trust("relay.EXAMPLE:1"), right).await, Ok(None));
    let wrong = server(other).await;
    let text = distrusted(secure(&home.trust("relay.example:1"), wrong).await);
    for part in [&seen.to_string(), &another.to_string(), "couplet relays forget relay.example:1"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let whole = couplet::text::message(&text, 2048);
    assert_eq!(whole, text, "it is shown as a whole");
    assert_eq!(home.contents(), Some(format!("relay.example:1 {seen}\n")));
    assert!(KnownRelays::at(home.file()).forget("relay.example:1").expect("a list"));
    assert!(secure(&home.trust("relay.example:1"), wrong).await.expect("trust").is_some());
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused_known_or_not() {
    let home = Home::new();
    let (certificate, key) = self_signed();
    let thief = server((certificate.clone(), self_signed().1)).await;
    let text = distrusted(secure(&home.trust("relay:1"), thief).await);
    assert!(text.contains("doesn't prove"), "{text}");
    assert_eq!(home.contents(), None, "nothing is remembered of a handshake that failed");
    let owner = server((certificate, key)).await;
    assert!(secure(&home.trust("relay:1"), owner).await.is_ok());
    distrusted(secure(&home.trust("relay:1"), thief).await);
}

#[tokio::test]
async fn who_is_vouched_for_is_believed_and_not_remembered() {
    let home = Home::new();
    let (roots, shown) = vouched_for();
    let seen = fingerprint(&shown.0);
    let address = server(shown).await;
    let relay = address.to_string();
    let with_roots = |relay: &str| trust(relay, Some(home.file()), roots.clone());
    assert_eq!(secure(&with_roots(&relay), address).await, Ok(None));
    assert_eq!(home.contents(), None);
    // For another name it is as good as self-signed, and so it is without its authority.
    assert!(secure(&with_roots("elsewhere.example:1"), address).await.expect("trust").is_some());
    assert!(secure(&home.trust(&relay), address).await.expect("trust").is_some());
    assert_eq!(home.contents(), Some(format!("elsewhere.example:1 {seen}\n{relay} {seen}\n")));
    // A relay that was known by its own certificate may come to have a real one.
    let store = KnownRelays::at(home.file());
    store.forget(&relay).expect("a list");
    store.remember(&relay, Fingerprint([9; 32])).expect("a list");
    assert_eq!(secure(&with_roots(&relay), address).await, Ok(None));
    distrusted(secure(&home.trust(&relay), address).await);
}

#[tokio::test]
async fn a_name_that_tls_does_not_know_cannot_be_vouched_for() {
    let home = Home::new();
    let (roots, shown) = vouched_for();
    let address = server(shown).await;
    let trust = trust("[127.0.0.1%lo]:1", Some(home.file()), roots);
    assert!(secure(&trust, address).await.expect("trust").is_some());
}

#[tokio::test]
async fn without_a_list_the_session_remembers() {
    let trust = trust("relay:1", None, RootCertStore::empty());
    let (one, two) = (server(self_signed()).await, server(self_signed()).await);
    let told = secure(&trust, one).await.expect("trust").expect("the first time is told");
    assert!(told.contains("isn't remembered"), "{told}");
    assert_eq!(secure(&trust, one).await, Ok(None));
    distrusted(secure(&trust, two).await);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_lets_nobody_in() {
    let home = Home::new();
    let address = server(self_signed()).await;
    std::fs::create_dir(home.file()).expect("a directory in its place");
    let text = failed(secure(&home.trust("relay:1"), address).await);
    assert!(text.contains("can't be read"), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_list_that_cannot_be_written_is_told() {
    let home = Home::new();
    let address = server(self_signed()).await;
    std::os::unix::fs::symlink("nowhere", home.file()).expect("a link");
    let trust = trust("relay:1", Some(home.file().join("list")), RootCertStore::empty());
    let told = secure(&trust, address).await.expect("trust").expect("the first time is told");
    assert!(told.contains("isn't remembered") && told.contains("can't be written"), "{told}");
}

#[tokio::test]
async fn who_does_not_speak_tls_is_told_in_one_sentence() {
    for (says, expected) in [
        (
            &b"this is a couplet relay; connect to it with the program couplet\r\n"[..],
            "doesn't speak TLS",
        ),
        (b"", "ended the connection"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "can't agree on TLS 1.3"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.readable().await.expect("a hello");
            let _ = stream.try_read(&mut [0; 8192]);
            stream.write_all(says).await.expect("written");
            stream.shutdown().await.expect("closed");
        });
        let trust = trust("relay:1", None, RootCertStore::empty());
        let text = failed(secure(&trust, address).await);
        assert!(text.contains(expected) && text.contains("relay:1"), "{text}");
    }
}

#[test]
fn this_machine_needs_no_tls_unless_it_is_asked_for() {
    let wants = |choice, ip: &str| {
        let ip = ip.parse().expect("an address");
        Trust::new("relay:1".to_owned(), choice, None).wants_tls(ip)
    };
    for ip in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert!(!wants(TlsChoice::Auto, ip) && wants(TlsChoice::Always, ip), "{ip}");
    }
    for ip in ["192.168.0.1", "0.0.0.0", "::ffff:192.168.0.1", "2001:db8::1"] {
        assert!(wants(TlsChoice::Auto, ip) && !wants(TlsChoice::Never, ip), "{ip}");
    }
}

#[tokio::test]
async fn a_machine_without_authorities_has_nobody_who_vouches() {
    let provider = Arc::new(aws_lc_rs::default_provider());
    assert!(vouching(RootCertStore::empty(), &provider).is_none());
}
