//! A certificate authority for development and the server's certificate under it (RFC 5280).
//!
//! Leaf and CA are apart, with the key usages that Thunderbird, Apple and Python ask for. The CA's key is not
//! kept: it signs this one certificate and nothing else ever.

use super::write_private;
use crate::failure::Failure;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

/// Where the CA's certificate is.
pub(super) fn ca_path(tls: &Path) -> PathBuf {
    tls.join("ca.pem")
}

/// Makes `ca.pem`, `server.pem` and `server.key`.
///
/// # Errors
/// When they cannot be made or written.
pub(super) fn make(tls: &Path) -> Result<(), Failure> {
    let made = certificates().map_err(|cause| Failure::of("certificate", cause))?;
    write_private(&ca_path(tls), &made.ca)?;
    write_private(&tls.join("server.key"), &made.key)?;
    write_private(&tls.join("server.pem"), &made.certificate)
}

struct Made {
    ca: String,
    certificate: String,
    key: String,
}

fn certificates() -> Result<Made, rcgen::Error> {
    // The beginning of the day that many days from now.
    let day = |days: i64| {
        let date = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(days));
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(date.year().into(), part(date.month()), part(date.day()))
    };
    let mut ca = CertificateParams::new(Vec::<String>::new())?;
    ca.distinguished_name.push(DnType::CommonName, "Collegium development CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // The day before: clocks of test machines are not all right.
    (ca.not_before, ca.not_after) = (day(-1), day(3650));
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;

    let mut names = vec!["localhost".to_owned()];
    names.extend(host_name());
    let mut leaf = CertificateParams::new(names)?;
    leaf.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    leaf.subject_alt_names.push(SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    leaf.distinguished_name.push(DnType::CommonName, "localhost");
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    // Apple takes no leaf for longer than 825 days, even under a CA of one's own.
    (leaf.not_before, leaf.not_after) = (day(-1), day(800));
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &Issuer::from_params(&ca, &ca_key))?;
    Ok(Made { ca: ca_certificate.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}

/// This machine's name, when it is one that a certificate can bear.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (!name.is_empty() && name != "localhost" && name.len() < 64 && name.chars().all(good))
        .then(|| name.to_owned())
}
