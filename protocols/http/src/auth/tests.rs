//! Credentials as clients send them.

use super::credentials;
use crate::limits::CREDENTIALS_BYTES_MAX;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};

fn read(values: &[&str]) -> Option<(String, String)> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    credentials(&headers).map(|(login, secret)| (login, secret.expose().to_owned()))
}

#[test]
fn basic() {
    let pair = |text: &str| STANDARD.encode(text);
    let good = Some(("a@b".to_owned(), "s:é".to_owned()));
    assert_eq!(read(&[&format!("Basic {}", pair("a@b:s:é"))]), good);
    assert_eq!(read(&[&format!("bAsIc   {}", pair("a@b:s:é").trim_end_matches('='))]), good);
    assert_eq!(read(&[]), None);
    assert_eq!(read(&["Bearer abc"]), None);
    assert_eq!(read(&["Basic"]), None);
    assert_eq!(read(&["Basic %%%"]), None);
    assert_eq!(read(&[&format!("Basic {}", pair("no colon"))]), None);
    let one = format!("Basic {}", pair("a:b"));
    assert_eq!(read(&[&one, &one]), None);
}

#[test]
fn limits() {
    let value = |bytes: usize| {
        let room = bytes - "Basic ".len();
        // Every 4 octets carry 3; the login is as long as it must be.
        format!("Basic {}", STANDARD.encode(format!("{}:s", "l".repeat(room / 4 * 3 - 2))))
    };
    let most = value(CREDENTIALS_BYTES_MAX);
    assert!(most.len() <= CREDENTIALS_BYTES_MAX && read(&[&most]).is_some());
    assert!(read(&[&value(CREDENTIALS_BYTES_MAX + 4)]).is_none());
    let secret = |bytes: usize| format!("Basic {}", STANDARD.encode(format!("l:{}", "s".repeat(bytes))));
    assert!(read(&[&secret(model::SECRET_BYTES_MAX)]).is_some());
    assert!(read(&[&secret(model::SECRET_BYTES_MAX + 1)]).is_none());
}
