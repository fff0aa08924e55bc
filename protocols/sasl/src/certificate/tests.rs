//! Certificates made by rcgen, and octets that are none.

use super::*;
use rcgen::{CertificateParams, KeyPair, SanType};

fn certificate(names: &[&str]) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["client.example.org".to_owned()]).unwrap();
    params
        .subject_alt_names
        .extend(names.iter().map(|name| SanType::Rfc822Name((*name).try_into().unwrap())));
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[test]
fn mail_addresses_are_found_and_other_names_are_not() {
    let shown = |names: &[&str]| {
        addresses(&certificate(names)).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(&[]), "");
    assert_eq!(shown(&["Alice@Example.org"]), "alice@example.org");
    assert_eq!(shown(&["a@b", "nobody", "c@d"]), "a@b c@d");
    let many: Vec<String> = (0..=CERTIFICATE_ADDRESS_COUNT_MAX).map(|at| format!("a{at}@b")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(addresses(&certificate(&many[1..])).len(), CERTIFICATE_ADDRESS_COUNT_MAX);
    assert_eq!(addresses(&certificate(&many)).len(), CERTIFICATE_ADDRESS_COUNT_MAX);
}

#[test]
fn the_end_point_is_the_hash_of_the_whole() {
    let der = certificate(&["a@b"]);
    assert_eq!(end_point(&der).unwrap(), digest::digest(&digest::SHA256, &der).as_ref());
    let ed = CertificateParams::new(vec!["a".to_owned()]).unwrap();
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    assert_eq!(end_point(ed.self_signed(&key).unwrap().der()), None);
}

#[test]
fn cut_and_bent_octets_are_no_certificate_and_no_panic() {
    let der = certificate(&["alice@example.org"]);
    for end in 0..der.len() {
        assert!(addresses(&der[..end]).is_empty());
    }
    for at in 0..der.len() {
        let mut bent = der.clone();
        bent[at] ^= 0xff;
        let _ = (addresses(&bent), end_point(&bent));
    }
}
