//! `collegium quickstart`: a small installation on loopback in one command, for trying and for tests.
//!
//! Makes a configuration, a development CA with a certificate, two accounts and a card of how to connect, then
//! serves. On a directory that has been made already it serves what is there.

mod authority;
mod card;

use crate::admin::{ImportMemory, Request, account, perform};
use crate::config::{self, Config, Protocol};
use crate::engines::Despite;
use crate::failure::Failure;
use crate::site::{Site, private_directory};
use crate::{logging, server};
use card::{Card, Login, Port};
use clap::Args;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The domain of the accounts made here (RFC 2606).
const DOMAIN: &str = "example.org";
/// The accounts made here.
const ACCOUNTS: [(&str, &str); 2] = [("alice", "Alice"), ("bob", "Bob")];
/// The configuration in the directory.
const CONFIG: &str = "collegium.toml";

/// How a configuration made here begins: any other is not ours to write over.
const MARK: &str = "# Made by `collegium quickstart`";

/// See [`super::Verb::Quickstart`].
#[derive(Debug, Args)]
pub(super) struct Quickstart {
    /// Where everything is kept; made when it is not there.
    #[arg(long, value_name = "DIR", default_value = "collegium-data")]
    data: PathBuf,
    /// The ports are this number plus 143, 993, 587, 465, 110, 995, 443, 843, 444 and 80.
    #[arg(long, value_name = "N", default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1000..=64000))]
    port_base: u16,
}

/// Every door of a quickstart. Only those that this build serves are configured and shown.
const PORTS: &[Port] = &[
    Port { name: "imap", offset: 143, protocols: &[Protocol::Imap], tls: "starttls", text: "IMAP, STARTTLS" },
    Port { name: "imaps", offset: 993, protocols: &[Protocol::Imap], tls: "implicit", text: "IMAP, TLS" },
    Port {
        name: "submission",
        offset: 587,
        protocols: &[Protocol::Submission],
        tls: "starttls",
        text: "SMTP submission, STARTTLS",
    },
    Port {
        name: "submissions",
        offset: 465,
        protocols: &[Protocol::Submission],
        tls: "implicit",
        text: "SMTP submission, TLS",
    },
    Port { name: "pop3", offset: 110, protocols: &[Protocol::Pop3], tls: "starttls", text: "POP3, STLS" },
    Port { name: "pop3s", offset: 995, protocols: &[Protocol::Pop3], tls: "implicit", text: "POP3, TLS" },
    Port { name: "caldav", offset: 443, protocols: &[Protocol::Caldav], tls: "implicit", text: "CalDAV" },
    Port { name: "carddav", offset: 843, protocols: &[Protocol::Carddav], tls: "implicit", text: "CardDAV" },
    Port { name: "webdav", offset: 444, protocols: &[Protocol::Webdav], tls: "implicit", text: "WebDAV" },
    Port {
        name: "https",
        offset: 80,
        protocols: &[Protocol::Caldav, Protocol::Carddav, Protocol::Webdav],
        tls: "implicit",
        text: "CalDAV, CardDAV and WebDAV together",
    },
];

impl Quickstart {
    pub(super) fn run(self) -> Result<(), Failure> {
        private_directory(&self.data).map_err(|cause| Failure::of(self.data.display(), cause))?;
        let data = self.data.canonicalize().map_err(|cause| Failure::of(self.data.display(), cause))?;
        let runtime = super::runtime()?;
        let fresh = !Card::path(&data).exists();
        if fresh {
            self.write_configuration(&data)?;
        }
        let path = data.join(CONFIG);
        let config =
            config::load(&path).map_err(|problems| Failure::new(config::report(&path, &problems)))?;
        logging::start(&config.log);
        if fresh {
            // The card is written last: a quickstart that was interrupted begins anew.
            let card = runtime.block_on(self.make_accounts(&config, &data))?;
            card.write(&data)?;
        }
        let card = Card::read(&data)?;
        if !fresh && card.base() != Some(self.port_base) {
            eprintln!("{} was made with other ports: they stay", data.display());
        }
        let ended = runtime.block_on(server::run(&config, Despite::default(), || show(&card, &path)));
        runtime.shutdown_background();
        ended
    }

    /// Configuration, CA and certificate.
    fn write_configuration(&self, data: &Path) -> Result<(), Failure> {
        let path = data.join(CONFIG);
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        if path.exists() && !there.starts_with(MARK) {
            return Err(Failure::of(
                path.display(),
                "is another installation's; `collegium serve` serves it",
            ));
        }
        let tls = data.join("tls");
        private_directory(&tls).map_err(|cause| Failure::of(tls.display(), cause))?;
        authority::make(&tls)?;
        write_private(&data.join(CONFIG), &self.configuration()?)
    }

    fn configuration(&self) -> Result<String, Failure> {
        let mut text = format!(
            "{MARK}: loopback only, a development certificate.\n\n\
             [server]\nhostname = \"localhost\"\ndata = \".\"\n\n\
             [tls]\ncertificate = \"tls/server.pem\"\nkey = \"tls/server.key\"\n\n\
             # Everybody comes from one address here.\n\
             [limits]\nconnection_per_address_count_max = 20000\n",
        );
        for port in served() {
            let names: Vec<String> = port.protocols.iter().map(|one| format!("\"{}\"", one.name())).collect();
            let protocol = match names.as_slice() {
                [one] => one.clone(),
                many => format!("[{}]", many.join(", ")),
            };
            let number = port.number(self.port_base);
            let written = write!(
                text,
                "\n[[listener]]\nprotocol = {protocol}\nbind = \"127.0.0.1:{number}\"\ntls = \"{}\"\n",
                port.tls
            );
            written.map_err(|cause| Failure::of(CONFIG, cause))?;
        }
        Ok(text)
    }

    async fn make_accounts(&self, config: &Config, data: &Path) -> Result<Card, Failure> {
        let site = Site::open(config).await?;
        let made = self.fill(&site, data).await;
        site.close().await;
        made
    }

    async fn fill(&self, site: &Site, data: &Path) -> Result<Card, Failure> {
        let mut memory = ImportMemory::default();
        let mut nothing = tokio::io::empty();
        let domain = Request::DomainAdd { name: DOMAIN.to_owned(), tenant: None };
        match perform(site, &mut memory, domain, &mut nothing).await {
            Err(refusal) if refusal.kind != "exists" => return Err(refusal.into()),
            _ => {}
        }
        let mut logins = Vec::new();
        for (local, name) in ACCOUNTS {
            let address = format!("{local}@{DOMAIN}");
            let add = Request::AccountAdd(account::Add {
                address: address.clone(),
                name: name.to_owned(),
                password: None,
                administrator: false,
                quota_bytes: None,
            });
            let answer = match perform(site, &mut memory, add, &mut nothing).await {
                // Left by a quickstart that was interrupted; nobody has seen its password.
                Err(refusal) if refusal.kind == "exists" => {
                    let again = Request::AccountSetPassword { address: address.clone(), password: None };
                    perform(site, &mut memory, again, &mut nothing).await?
                }
                other => other?,
            };
            let password = answer.get("password").and_then(serde_json::Value::as_str).unwrap_or_default();
            logins.push(Login { address, password: password.to_owned() });
        }
        Ok(Card::new(logins, served(), self.port_base, &authority::ca_path(&data.join("tls"))))
    }
}

/// The ports whose protocols are all served.
fn served() -> impl Iterator<Item = &'static Port> {
    PORTS.iter().filter(|port| port.protocols.iter().all(|one| server::serves(*one)))
}

/// Prints the card; a closed output is no reason not to serve.
fn show(card: &Card, config: &Path) {
    let text = card.text(PORTS, config);
    let mut out = std::io::stdout().lock();
    if let Err(cause) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        tracing::debug!(%cause, "the card could not be printed");
    }
}

/// Writes a file that only its owner may read, whole or not at all, and durable.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let of = |cause| Failure::of(path.display(), cause);
    let draft = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(of)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(of)?;
    std::fs::rename(&draft, path).map_err(of)?;
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::File::open(parent).and_then(|directory| directory.sync_all()).map_err(of)
}
