//! The two things this server wants of a certificate: the mail addresses in it (RFC 5280 4.2.1.6, rfc822Name),
//! and its hash for channel binding (RFC 5929 4.1). rustls has verified the chain; here it is only read.

use crate::limits::CERTIFICATE_ADDRESS_COUNT_MAX;
use model::Address;
use ring::digest;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
/// `[3] EXPLICIT Extensions` of a TBSCertificate.
const EXTENSIONS: u8 = 0xa3;
/// `[1] IMPLICIT IA5String` of a GeneralName.
const RFC822_NAME: u8 = 0x81;
/// id-ce-subjectAltName, 2.5.29.17.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Elements of DER, one behind the other; ends at the first that is none.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    /// Tag and content.
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            // More than four octets of length are no certificate.
            if octets.is_empty() || octets.len() > 4 {
                return None;
            }
            (octets.iter().fold(0, |sum: usize, &octet| sum << 8 | usize::from(octet)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }
}

fn inside(der: &[u8], tag: u8) -> Option<&[u8]> {
    Elements(der).next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

/// The mail addresses of a certificate; those that are none are passed over.
pub(crate) fn addresses(certificate: &[u8]) -> Vec<Address> {
    names(certificate).unwrap_or_default()
}

fn names(certificate: &[u8]) -> Option<Vec<Address>> {
    let to_be_signed = inside(inside(certificate, SEQUENCE)?, SEQUENCE)?;
    let (_, extensions) = Elements(to_be_signed).find(|(tag, _)| *tag == EXTENSIONS)?;
    let mut all = Elements(inside(extensions, SEQUENCE)?);
    let (_, found) = all.find(|(tag, extension)| {
        *tag == SEQUENCE && inside(extension, OBJECT_IDENTIFIER) == Some(SUBJECT_ALT_NAME)
    })?;
    // Between the two there may be the critical flag.
    let (_, value) = Elements(found).find(|(tag, _)| *tag == OCTET_STRING)?;
    let mails = Elements(inside(value, SEQUENCE)?).filter(|(tag, _)| *tag == RFC822_NAME);
    let parsed = mails.filter_map(|(_, name)| Address::parse(str::from_utf8(name).ok()?).ok());
    Some(parsed.take(CERTIFICATE_ADDRESS_COUNT_MAX).collect())
}

/// `tls-server-end-point`: the certificate's hash by the hash of its signature, SHA-256 in place of older ones.
/// None where the signature has no hash of its own (Ed25519), as RFC 5929 4.1 leaves that open.
#[must_use]
pub fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let mut parts = Elements(inside(certificate, SEQUENCE)?);
    let (_to_be_signed, (_, algorithm)) = (parts.next()?, parts.next()?);
    let hash = match inside(algorithm, OBJECT_IDENTIFIER)? {
        // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 4 | 5 | 11] => &digest::SHA256,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 12] => &digest::SHA384,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 13] => &digest::SHA512,
        // 1.2.840.10045.4: ECDSA with SHA-1, then SHA-256, SHA-384, SHA-512.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 1] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 3, 2] => {
            &digest::SHA256
        }
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 3, 3] => &digest::SHA384,
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 3, 4] => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(hash, certificate).as_ref().to_vec())
}

#[cfg(test)]
mod tests;
