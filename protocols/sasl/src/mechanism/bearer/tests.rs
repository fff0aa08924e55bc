//! Messages of both mechanisms, the RFC's own among them.

use super::*;

fn told(read: fn(&str) -> Result<(String, String)>, text: &str) -> String {
    match read(text) {
        Ok((login, token)) => format!("{login} {token}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn messages_of_oauthbearer() {
    let bad = BAD.to_string();
    for (text, expect) in [
        (
            "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmT\x01\x01",
            "user@example.com vF9dft4qmT",
        ),
        ("n,,\x01auth=Bearer t\x01\x01", " t"),
        ("y,,\x01auth=bearer t\x01\x01", " t"),
        ("n,a=a=2Cb@c,\x01auth=Bearer t\x01\x01", "a,b@c t"),
        ("p=tls-exporter,,\x01auth=Bearer t\x01\x01", &bad),
        ("n,a@b,\x01auth=Bearer t\x01\x01", &bad),
        ("n,,x\x01auth=Bearer t\x01\x01", &bad),
        ("n,,\x01auth=Basic t\x01\x01", &bad),
        ("n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01", &bad),
        ("n,,\x01auth=Bearer t\x01", &bad),
        ("n,,\x01auth=Bearer t", &bad),
        ("n,,\x01auth=Bearer t\x01\x01more", &bad),
        ("n,,\x01host=x\x01\x01", &bad),
        ("n,,", &bad),
        ("", &bad),
    ] {
        assert_eq!(told(oauthbearer, text), expect, "{text:?}");
    }
}

#[test]
fn messages_of_xoauth2() {
    let bad = BAD.to_string();
    for (text, expect) in [
        ("user=someuser@example.com\x01auth=Bearer ya29.vF9\x01\x01", "someuser@example.com ya29.vF9"),
        ("user=\x01auth=Bearer t\x01\x01", "invalid: not a login"),
        ("auth=Bearer t\x01\x01", &bad),
        ("user=a@b\x01\x01", &bad),
        ("user=a@b\x01auth=Bearer t\x01", &bad),
    ] {
        assert_eq!(told(xoauth2, text), expect, "{text:?}");
    }
}
