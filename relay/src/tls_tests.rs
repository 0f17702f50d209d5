//! Where certificates come from, and what is said of those that can't be used.

use super::*;
use rcgen::CertifiedKey;

/// Writes a certificate and its key, as an operator has them.
fn written(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let (cert_path, key_path) = (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")));
    std::fs::write(&cert_path, cert.pem()).expect("written");
    std::fs::write(&key_path, signing_key.serialize_pem()).expect("written");
    (cert_path, key_path)
}

fn temp() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

#[test]
fn a_made_certificate_is_kept_and_found_again() {
    let dir = temp();
    let data = dir.path().join("state/couplet-relay");
    let (first, warning) = TlsIdentity::keep_in(&data).expect("made");
    assert!(first.is_self_signed() && warning.is_none());
    let (second, warning) = TlsIdentity::keep_in(&data).expect("kept");
    assert_eq!((first.fingerprint(), None), (second.fingerprint(), warning));
    let other = TlsIdentity::for_this_run().expect("made");
    assert_ne!(other.fingerprint(), first.fingerprint());
    let left: Vec<_> = std::fs::read_dir(&data).expect("a directory").collect();
    assert_eq!(left.len(), 1, "no temporary file stays");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let dir = temp();
    let data = dir.path().join("state/couplet-relay");
    let (first, _) = TlsIdentity::keep_in(&data).expect("made");
    let file = data.join(IDENTITY_FILE);
    assert_eq!((mode(&data), mode(&file)), (0o700, 0o600));
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("changed");
    let (second, warning) = TlsIdentity::keep_in(&data).expect("kept");
    assert_eq!((mode(&file), first.fingerprint()), (0o600, second.fingerprint()));
    assert!(warning.is_some_and(|text| text.contains("readable by others")));
}

#[test]
fn one_that_cannot_be_kept_serves_this_run_with_a_warning() {
    let dir = temp();
    let file = dir.path().join("no-directory");
    std::fs::write(&file, "").expect("written");
    let (_, warning) = TlsIdentity::keep_in(&file).expect("made");
    let warning = warning.expect("a warning");
    assert!(warning.contains("this run only") && warning.contains("--data"), "{warning}");
}

#[test]
fn a_broken_one_is_not_replaced() {
    let dir = temp();
    let file = dir.path().join(IDENTITY_FILE);
    std::fs::write(&file, "broken").expect("written");
    let error = TlsIdentity::keep_in(dir.path()).expect_err("broken").to_string();
    assert!(error.contains("no certificate") && error.contains("delete it"), "{error}");
    assert_eq!(std::fs::read(&file).expect("still there"), b"broken");
}

#[test]
fn the_operators_own_is_taken_and_each_fault_has_its_sentence() {
    let dir = temp();
    let (cert, key) = written(dir.path(), "one");
    let (other, _) = written(dir.path(), "two");
    let loaded = TlsIdentity::load(&cert, &key).expect("a certificate and its key");
    assert!(!loaded.is_self_signed());
    assert!(format!("{loaded:?}").starts_with("TlsIdentity(SHA256:"));
    let absent = dir.path().join("absent");
    let broken = dir.path().join("broken");
    let torn = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&broken, torn).expect("written");
    for (cert, key, says) in [
        (&absent, &key, "can't read"),
        (&cert, &absent, "can't read"),
        (&key, &key, "no certificate"),
        (&cert, &cert, "no private key"),
        (&other, &key, "isn't the one of the certificate"),
        (&broken, &key, "can't be used"),
    ] {
        let error = TlsIdentity::load(cert, key).expect_err(says).to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}
