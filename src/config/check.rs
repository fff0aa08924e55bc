//! Reading the file, and what types alone do not tell.

use super::{Config, EngineKind, Listener, Problem, Protocol, TlsMode};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The largest configuration read, in octets.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

/// Reads and checks a file; paths in it come out absolute or relative to the working directory.
///
/// # Errors
/// All problems that could be found, in the order of their lines.
pub(crate) fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    let whole = |cause: std::io::Error| vec![Problem::whole(format!("cannot be read: {cause}"))];
    if std::fs::metadata(path).map_err(whole)?.len() > CONFIG_BYTES_MAX {
        return Err(vec![Problem::whole(format!("is larger than {CONFIG_BYTES_MAX} bytes"))]);
    }
    let text = std::fs::read_to_string(path).map_err(whole)?;
    parse(&text, path.parent().unwrap_or(Path::new("")))
}

/// As [`load`], from text; `base` is where relative paths start.
pub(super) fn parse(text: &str, base: &Path) -> Result<Config, Vec<Problem>> {
    let mut config: Config = toml::from_str(text).map_err(|cause| {
        let message = cause.message().replace('\n', "; ");
        vec![match cause.span() {
            Some(span) => Problem::at(text, &span, message),
            None => Problem::whole(message),
        }]
    })?;
    resolve(&mut config, base);
    let mut checker = Checker { text, problems: Vec::new() };
    checker.server(&config);
    checker.store(&config);
    checker.tls(&config);
    checker.listeners(&config);
    checker.login(&config);
    checker.delivery(&config);
    checker.log(&config);
    if checker.problems.is_empty() {
        return Ok(config);
    }
    checker.problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(checker.problems)
}

/// Paths are relative to the file they stand in.
fn resolve(config: &mut Config, base: &Path) {
    // Component by component: `data = "."` shall not show as `DIR/.` in every message.
    let below = |path: &mut PathBuf| *path = base.join(&*path).components().collect();
    below(&mut config.server.data);
    if let Some(tls) = &mut config.tls {
        below(tls.certificate.get_mut());
        below(tls.key.get_mut());
    }
    for listener in &mut config.listener {
        if let Some(file) = listener.get_mut().client_ca.as_mut() {
            below(file.get_mut());
        }
    }
    for file in [&mut config.store.password_file, &mut config.store.ca_file].into_iter().flatten() {
        below(file.get_mut());
    }
    if let Some(oauth) = &mut config.login.oauth {
        below(&mut oauth.get_mut().keys);
    }
    if let Some(relay) = &mut config.delivery.get_mut().relay {
        relay.password_file.as_mut().map(below);
        relay.ca_file.as_mut().map(below);
    }
}

/// Whether a URL carries `user:password@`.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

struct Checker<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn wrong<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.problems.push(Problem::at(self.text, &at.span(), message));
    }

    fn server(&mut self, config: &Config) {
        let hostname = &config.server.hostname;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let name = hostname.get_ref();
        if name.is_empty() || name.len() > 253 || !name.chars().all(plain) {
            self.wrong(hostname, "hostname: not a host name");
        }
        let limits = &config.limits;
        for (name, limit) in [
            ("connection_count_max", &limits.connection_count_max),
            ("connection_per_address_count_max", &limits.connection_per_address_count_max),
        ] {
            if *limit.get_ref() == 0 {
                self.wrong(limit, format!("{name}: must be at least 1"));
            }
        }
    }

    fn store(&mut self, config: &Config) {
        let (segment, memtable) = (&config.store.segment_mib, &config.store.memtable_kib);
        let segment_max = engine::limits::SEGMENT_BYTES_MAX >> 20;
        if !(1..=segment_max).contains(segment.get_ref()) {
            self.wrong(segment, format!("segment_mib: must be from 1 to {segment_max}"));
        }
        let (least, most) =
            (engine::limits::MEMTABLE_BYTES_MIN >> 10, engine::limits::MEMTABLE_BYTES_MAX >> 10);
        if !(least..=most).contains(memtable.get_ref()) {
            self.wrong(memtable, format!("memtable_kib: must be from {least} to {most}"));
        }
        self.database(config);
    }

    fn database(&mut self, config: &Config) {
        let store = &config.store;
        if *store.engine.get_ref() == EngineKind::Fjall {
            let words = [
                ("url", store.url.as_ref().map(Spanned::span)),
                ("password_file", store.password_file.as_ref().map(Spanned::span)),
                ("ca_file", store.ca_file.as_ref().map(Spanned::span)),
                ("schema", store.schema.as_ref().map(Spanned::span)),
                ("reader_count_max", store.reader_count_max.as_ref().map(Spanned::span)),
            ];
            for (word, span) in words {
                if let Some(span) = span {
                    self.wrong(&Spanned::new(span, ()), format!("{word}: is for engine = \"postgres\""));
                }
            }
            return;
        }
        let Some(url) = &store.url else {
            self.wrong(&store.engine, "engine: \"postgres\" needs the url of its database");
            return;
        };
        if url.get_ref().contains("password=") || has_password(url.get_ref()) {
            self.wrong(url, "url: a password belongs into the password_file");
            return;
        }
        if let Some(count) = store.reader_count_max.as_ref().filter(|count| *count.get_ref() == 0) {
            self.wrong(count, "reader_count_max: must be at least 1");
        }
        match crate::engines::postgres_options(store) {
            Err(why) => {
                let at = store.password_file.as_ref().map_or_else(|| url.span(), Spanned::span);
                self.wrong(&Spanned::new(at, ()), why);
            }
            Ok(options) => {
                if let Err(error) = options.check() {
                    let why = match error {
                        model::Error::Invalid(why) => why,
                        _ => "cannot be used",
                    };
                    self.wrong(url, format!("url: {why}"));
                }
            }
        }
    }

    fn tls(&mut self, config: &Config) {
        let Some(tls) = &config.tls else { return };
        for (name, path) in [("certificate", &tls.certificate), ("key", &tls.key)] {
            if let Err(cause) = std::fs::File::open(path.get_ref()) {
                self.wrong(path, format!("{name}: {}: {cause}", path.get_ref().display()));
                return;
            }
        }
        if let Err(cause) = crate::tls::certified_key(tls) {
            let at = if cause.concerns_key { &tls.key } else { &tls.certificate };
            self.wrong(at, cause.message);
        }
    }

    fn listeners(&mut self, config: &Config) {
        if config.listener.is_empty() {
            self.problems.push(Problem::whole("no [[listener]]: nothing would be served"));
        }
        let mut bound = BTreeMap::new();
        for spanned in &config.listener {
            let listener = spanned.get_ref();
            let bind = *listener.bind.get_ref();
            if bind.port() != 0 && bound.insert(bind, ()).is_some() {
                self.wrong(&listener.bind, format!("bind: {bind} is another listener's already"));
            }
            self.protocols(listener);
            self.listener_tls(listener, config.tls.is_some());
        }
    }

    fn protocols(&mut self, listener: &Listener) {
        let list = listener.protocol.get_ref().list();
        if list.is_empty() {
            self.wrong(&listener.protocol, "protocol: the list is empty");
        }
        if list.len() > 1 && !list.iter().all(|one| one.is_http()) {
            self.wrong(&listener.protocol, "protocol: only caldav, carddav and webdav can share a listener");
        }
        let mut sorted: Vec<Protocol> = list.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() != list.len() {
            self.wrong(&listener.protocol, "protocol: named twice");
        }
        if let Some(missing) = list.iter().find(|one| !crate::server::serves(**one)) {
            self.wrong(&listener.protocol, format!("protocol: this build does not serve {}", missing.name()));
        }
    }

    fn listener_tls(&mut self, listener: &Listener, has_tls: bool) {
        let mode = *listener.tls.get_ref();
        let http = listener.protocol.get_ref().list().iter().any(|one| one.is_http());
        if mode == TlsMode::Starttls && http {
            self.wrong(&listener.tls, "tls: HTTP has no STARTTLS; use \"implicit\"");
        }
        if mode != TlsMode::None && !has_tls {
            self.wrong(&listener.tls, "tls: needs the [tls] section with certificate and key");
        }
        if let Some(file) = &listener.client_ca {
            if mode == TlsMode::None || http {
                self.wrong(file, "client_ca: only imap, submission and pop3 with TLS let in by certificate");
            } else if let Err(message) = crate::tls::roots(file.get_ref()) {
                self.wrong(file, format!("client_ca: {}: {message}", file.get_ref().display()));
            }
        }
        let loopback = listener.bind.get_ref().ip().is_loopback();
        match &listener.cleartext_auth {
            Some(flag) if *flag.get_ref() && !loopback => {
                self.wrong(
                    flag,
                    "cleartext_auth: passwords would cross the network; only a loopback bind may",
                );
            }
            Some(flag) if *flag.get_ref() && mode == TlsMode::Implicit => {
                self.wrong(flag, "cleartext_auth: means nothing with tls = \"implicit\"");
            }
            _ => {}
        }
        if mode == TlsMode::None && !listener.cleartext_auth() {
            self.wrong(
                &listener.tls,
                "tls: nobody could log in without TLS; \"none\" needs cleartext_auth = true (loopback only)",
            );
        }
    }

    fn login(&mut self, config: &Config) {
        let Some(oauth) = &config.login.oauth else { return };
        if let Err(message) = oauth.get_ref().load() {
            self.wrong(oauth, format!("login.oauth: keys: {message}"));
        }
    }

    fn delivery(&mut self, config: &Config) {
        let section = &config.delivery;
        let Some(relay) = &section.get_ref().relay else { return };
        if relay.login.is_some() != relay.password_file.is_some() {
            self.wrong(section, "relay: login and password_file come together");
        }
        if let Some(file) = &relay.password_file
            && let Err(cause) = std::fs::File::open(file)
        {
            self.wrong(section, format!("relay.password_file: {}: {cause}", file.display()));
        }
        if let Some(ca) = &relay.ca_file
            && let Err(message) = crate::tls::roots(ca)
        {
            self.wrong(section, format!("relay.ca_file: {}: {message}", ca.display()));
        }
    }

    fn log(&mut self, config: &Config) {
        let filter = &config.log.filter;
        if let Err(cause) = tracing_subscriber::EnvFilter::try_new(filter.get_ref()) {
            self.wrong(filter, format!("filter: {cause}"));
        }
    }
}
