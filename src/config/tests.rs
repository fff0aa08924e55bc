//! Every mistake is told with its line; what is good is taken with its defaults.

use super::check::parse;
use super::{Config, LogFormat, Problem, TlsMode, report};
use std::path::Path;

const HEAD: &str = "[server]\nhostname = \"mail.example.org\"\ndata = \"data\"\n";
const LISTENER: &str = "[[listener]]\nprotocol = \"imap\"\nbind = \"127.0.0.1:143\"\n";
const PLAIN: &str = "tls = \"none\"\ncleartext_auth = true\n";

fn good(text: &str) -> Config {
    parse(text, Path::new("/base")).unwrap_or_else(|problems| panic!("{text}\n{problems:?}"))
}

/// The problems of a text as `line: message`.
fn problems(text: &str) -> Vec<(usize, String)> {
    let found = parse(text, Path::new("/base")).err().unwrap_or_default();
    found.into_iter().map(|problem| (problem.line, problem.message)).collect()
}

fn one(text: &str) -> (usize, String) {
    let found = problems(text);
    assert_eq!(found.len(), 1, "{text}\n{found:?}");
    found.into_iter().next().unwrap_or_default()
}

/// A certificate and key that fit, and a key that does not.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.path().join("a.pem"), pair.cert.pem()).unwrap();
    std::fs::write(folder.path().join("a.key"), pair.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.path().join("other.key"), other.serialize_pem()).unwrap();
    std::fs::write(folder.path().join("empty.pem"), "").unwrap();
    folder
}

#[test]
fn the_smallest_configuration_has_defaults() {
    let config = good(&format!("{HEAD}{LISTENER}{PLAIN}"));
    assert_eq!(config.server.data, Path::new("/base/data"));
    assert_eq!(config.store.cache_mib, 128);
    assert_eq!(*config.limits.connection_count_max.get_ref(), 20_000);
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(config.tls.is_none() && config.delivery.get_ref().relay.is_none());
    let listener = config.listener[0].get_ref();
    assert_eq!((listener.name().as_str(), *listener.tls.get_ref()), ("imap", TlsMode::None));
    assert!(listener.cleartext_auth());
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    assert_eq!(one("[server]\nhostname = \n").0, 2);
    assert_eq!(one("[server\n").0, 1);
}

#[test]
fn keys_that_nobody_knows_are_refused_in_every_section() {
    for (section, line) in [
        ("colour = 1\n[server]\nhostname = \"a\"\ndata = \"d\"\n", 1),
        ("[server]\nhostname = \"a\"\ndata = \"d\"\ncolour = 1\n", 4),
        ("[server]\nhostname = \"a\"\ndata = \"d\"\n[store]\ncolour = 1\n", 5),
        ("[server]\nhostname = \"a\"\ndata = \"d\"\n[limits]\n\ncolour = 1\n", 6),
        ("[server]\nhostname = \"a\"\ndata = \"d\"\n[log]\ncolour = 1\n", 5),
        ("[server]\nhostname = \"a\"\ndata = \"d\"\n[delivery]\ncolour = 1\n", 5),
        ("[server]\nhostname = \"a\"\ndata = \"d\"\n[submission]\ncolour = 1\n", 5),
        ("[server]\nhostname = \"a\"\ndata = \"d\"\n[[listener]]\nprotocol = \"imap\"\ncolour = 1\n", 6),
    ] {
        let (at, message) = one(section);
        assert!(message.contains("unknown field `colour`"), "{message}");
        assert_eq!(at, line, "{section}");
    }
}

#[test]
fn missing_and_mistyped_values_are_told() {
    assert!(one("[server]\ndata = \"d\"\n").1.contains("missing field `hostname`"));
    assert_eq!(one(&format!("{HEAD}[store]\ncache_mib = \"much\"\n")).0, 5);
    for (key, least, most) in [("segment_mib", 1, 256), ("memtable_kib", 64, 24_576)] {
        for wrong in [least - 1, most + 1] {
            let text = format!("{HEAD}[store]\n{key} = {wrong}\n{LISTENER}{PLAIN}");
            assert_eq!(one(&text).0, 5, "{key} = {wrong}");
        }
    }
    assert_eq!(one(&format!("{HEAD}[[listener]]\nprotocol = \"gopher\"\n")).0, 5);
    assert_eq!(one(&format!("{HEAD}[[listener]]\nprotocol = \"imap\"\nbind = \"nowhere\"\n")).0, 6);
    let (line, _) = one(&format!("{HEAD}{LISTENER}tls = \"maybe\"\n"));
    assert_eq!(line, 7);
}

#[test]
fn nothing_to_serve_is_a_mistake() {
    assert!(one(HEAD).1.contains("no [[listener]]"));
}

#[test]
fn host_names_and_limits_are_checked() {
    let text = format!("{LISTENER}{PLAIN}[server]\nhostname = \"a b\"\ndata = \"d\"\n");
    assert_eq!(one(&text), (7, "hostname: not a host name".to_owned()));
    let text = format!("{HEAD}{LISTENER}{PLAIN}[limits]\nconnection_count_max = 0\n");
    assert_eq!(one(&text), (10, "connection_count_max: must be at least 1".to_owned()));
    let text = format!("{HEAD}{LISTENER}{PLAIN}[log]\nfilter = \"imap=loud\"\n");
    assert_eq!(one(&text).0, 10);
}

#[test]
fn passwords_cross_in_clear_on_loopback_only() {
    for (bind, good) in [
        ("127.0.0.1:143", true),
        ("[::1]:143", true),
        ("127.9.9.9:143", true),
        ("0.0.0.0:143", false),
        ("[::]:143", false),
        ("192.0.2.1:143", false),
    ] {
        let text = format!("{HEAD}[[listener]]\nprotocol = \"imap\"\nbind = \"{bind}\"\n{PLAIN}");
        let found = problems(&text);
        assert_eq!(found.is_empty(), good, "{bind} {found:?}");
        if !good {
            assert_eq!(found[0].0, 8);
            assert!(found[0].1.starts_with("cleartext_auth:"), "{found:?}");
        }
    }
    let without = one(&format!("{HEAD}{LISTENER}tls = \"none\"\n"));
    assert!(without.0 == 7 && without.1.contains("nobody could log in"), "{without:?}");
    let refused = one(&format!("{HEAD}{LISTENER}tls = \"none\"\ncleartext_auth = false\n"));
    assert!(refused.0 == 7 && refused.1.contains("nobody could log in"), "{refused:?}");
}

#[test]
fn tls_needs_a_certificate_that_fits_its_key() {
    let (line, message) = one(&format!("{HEAD}{LISTENER}tls = \"implicit\"\n"));
    assert!(line == 7 && message.contains("[tls]"), "{message}");
    let folder = files();
    let tls = |certificate: &str, key: &str| {
        let path = |name: &str| folder.path().join(name).display().to_string();
        format!(
            "{HEAD}[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n{LISTENER}tls = \"implicit\"\n",
            path(certificate),
            path(key)
        )
    };
    good(&tls("a.pem", "a.key"));
    for (certificate, key, line, word) in [
        ("gone.pem", "a.key", 5, "gone.pem"),
        ("a.pem", "gone.key", 6, "gone.key"),
        ("empty.pem", "a.key", 5, "holds none"),
        ("a.pem", "empty.pem", 6, "key:"),
        ("a.pem", "other.key", 6, "does not fit"),
    ] {
        let (at, message) = one(&tls(certificate, key));
        assert!(at == line && message.contains(word), "{at}: {message}");
    }
}

#[test]
fn only_http_doors_share_a_listener_and_none_has_starttls() {
    let listener = |protocol: &str, tls: &str| {
        format!(
            "{HEAD}[[listener]]\nprotocol = {protocol}\nbind = \"127.0.0.1:1\"\ntls = \"{tls}\"\ncleartext_auth = true\n"
        )
    };
    let messages = |protocol: &str, tls: &str| {
        problems(&listener(protocol, tls))
            .into_iter()
            .map(|(_, message)| message)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(messages("[\"imap\", \"caldav\"]", "none").contains("can share a listener"));
    assert!(messages("[]", "none").contains("list is empty"));
    assert!(messages("[\"caldav\", \"caldav\"]", "none").contains("named twice"));
    assert!(messages("\"caldav\"", "starttls").contains("no STARTTLS"));
    assert!(messages("\"imap\"", "implicit").contains("means nothing with"));
}

#[test]
fn two_listeners_do_not_share_an_address() {
    let text = format!("{HEAD}{LISTENER}{PLAIN}{LISTENER}{PLAIN}");
    let (line, message) = one(&text);
    assert!(line == 11 && message.contains("another listener's"), "{line} {message}");
}

#[test]
fn a_relay_is_whole() {
    let text =
        format!("{HEAD}{LISTENER}{PLAIN}[delivery.relay]\nhost = \"relay.example.net\"\nlogin = \"us\"\n");
    assert!(one(&text).1.contains("come together"));
    let text = format!(
        "{HEAD}{LISTENER}{PLAIN}[delivery]\nrelay = {{ host = \"r\", login = \"us\", password_file = \"/nowhere\" }}\n"
    );
    assert!(one(&text).1.contains("/nowhere"));
    let text =
        format!("{HEAD}{LISTENER}{PLAIN}[delivery]\nrelay = {{ host = \"r\", ca_file = \"/nowhere\" }}\n");
    assert!(one(&text).1.contains("ca_file"));
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_their_lines() {
    let text = format!(
        "[server]\nhostname = \"!\"\ndata = \"d\"\n{LISTENER}tls = \"none\"\n[log]\nfilter = \"a=b=c\"\n"
    );
    let lines: Vec<usize> = problems(&text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 7, 9]);
}

#[test]
fn problems_read_like_a_compilers() {
    let here = Problem { line: 3, column: 5, message: "wrong".to_owned() };
    let told = report(Path::new("c.toml"), &[here, Problem::whole("all wrong")]);
    assert_eq!(told, "c.toml:3:5: wrong\nc.toml: all wrong");
    let at = Problem::at("a\nä = b\n", &(7..8), "x");
    assert_eq!((at.line, at.column), (2, 5));
}

/// Every key in it is known and every default is what it says; only the files it names are not here.
#[test]
fn the_example_for_systemd_tells_the_truth() {
    let text = include_str!("../../systemd/collegium.toml");
    let is_key = |line: &&str| {
        line.starts_with('#') && (line.contains(" = ") && !line.starts_with("# ") || line.starts_with("#["))
    };
    assert_eq!(text.lines().filter(is_key).count(), 37);
    let whole: String =
        text.lines().map(|line| if is_key(&line) { &line[1..] } else { line }).collect::<Vec<_>>().join("\n");
    for text in [text, &whole] {
        for (_, message) in problems(text) {
            assert!(message.contains("No such file"), "{message}");
        }
    }
    let config: Config = toml::from_str(text).unwrap();
    let told: Config = toml::from_str(&whole).unwrap();
    let facts = |config: &Config| {
        format!("{:?} {:?} {:?}", config.store, config.submission, config.log.format)
            + config.log.filter.get_ref()
            + &format!("{:?}", config.limits.connection_count_max.get_ref())
            + &format!("{:?}", config.limits.connection_per_address_count_max.get_ref())
    };
    // Where a key stands is no fact of it.
    let placeless = |text: String| {
        let values = text.split("span: ").map(|part| part.split_once(", ").map_or(part, |(_, rest)| rest));
        values.collect::<Vec<_>>().join("")
    };
    assert_eq!(placeless(facts(&config)), placeless(facts(&told)));
}

#[test]
fn a_database_is_named_whole_and_its_password_stays_out() {
    let store = |lines: &str| format!("{HEAD}[store]\n{lines}{LISTENER}{PLAIN}");
    let far = "url = \"postgresql://collegium@db.example.org/collegium\"\n";
    let line = |text: &str| one(&store(text)).0;
    assert_eq!(line("engine = \"postgres\"\n"), 5);
    assert_eq!(line(far), 5, "an url without its engine");
    assert_eq!(line(&format!("engine = \"postgres\"\n{}", far.replace("@db", ":hunter2@db"))), 6);
    assert_eq!(line(&format!("engine = \"postgres\"\n{}", far.replace("org/", "org:port/"))), 6);
    assert_eq!(
        line(&format!("engine = \"postgres\"\n{}", far.replace("collegium\"", "c?sslmode=disable\""))),
        6
    );
    assert_eq!(line(&format!("engine = \"postgres\"\n{far}password_file = \"not/there\"\n")), 7);
    assert_eq!(line(&format!("engine = \"postgres\"\n{far}reader_count_max = 0\n")), 7);
    assert_eq!(line("engine = \"sled\"\n"), 5);
}
