//! `collegium export`: everything that accounts have, as files that other programs read, with a manifest of names,
//! flags, properties and hashes. What is damaged is told and passed over; the status says that there was some.
//!
//! Into a stream everything goes as it is read: memory holds a mebibyte of an item, whatever its length.

mod out;

use super::{Shown, runtime};
use crate::admin::{Administration, Refusal, Request};
use crate::export::{Facts, Line, MANIFEST, Traits, file_name, maildir_flags, maildir_name, tar::Archive};
use crate::failure::Failure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use out::Out;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How mail is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Maildir++: a file a message, flags in their names.
    Maildir,
    /// A file a mailbox; flags are in the manifest only.
    Mbox,
}

/// See [`super::Verb::Export`].
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Whose; everybody's when not said. May be given several times.
    #[arg(long, value_name = "ADDRESS")]
    account: Vec<String>,
    /// A directory that is made and must not be there, with one for each account in it; or `-` for the same as a tar
    /// archive on standard output, what there is to tell then going to standard error.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// How mail is written.
    #[arg(long, value_enum, default_value = "maildir")]
    format: Format,
    #[command(flatten)]
    shown: Shown,
}

/// Why an export ends.
enum End {
    Refused(Refusal),
    Disk(PathBuf, io::Error),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<End> for Failure {
    fn from(end: End) -> Self {
        match end {
            End::Refused(refusal) => Self::from(refusal),
            End::Disk(path, cause) => Self::of(path.display(), cause),
        }
    }
}

/// The export of one account.
struct Account<'a> {
    administration: &'a mut Administration,
    out: &'a mut Out,
    /// The account's own directory in it.
    directory: String,
    manifest: BufWriter<File>,
    format: Format,
    bar: ProgressBar,
    items: u64,
    bytes: u64,
    damaged: Vec<(String, String)>,
}

/// One item as the server tells it.
struct Item {
    name: String,
    value: Value,
}

impl Item {
    fn get<T: DeserializeOwned + Default>(&self, key: &str) -> T {
        self.value.get(key).cloned().and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
    }
}

impl Export {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.shown.target.load()?;
        crate::logging::start_for_command();
        let mut out = Out::begin(&self.to).map_err(|cause| Failure::of(self.to.display(), cause))?;
        if self.format == Format::Mbox && matches!(out, Out::Stream(_)) {
            return Err(Failure::new("a file a mailbox is written in a directory only: export maildir"));
        }
        let told = runtime()?.block_on(async {
            let mut administration = Administration::open(&config).await?;
            let told = self.export(&mut administration, &mut out).await;
            administration.close().await;
            told.map_err(Failure::from)
        })?;
        let told_apart = matches!(out, Out::Stream(_));
        out.finish().map_err(|cause| Failure::of(self.to.display(), cause))?;
        let damaged: usize = told.iter().filter_map(|one| one["damaged"].as_array().map(Vec::len)).sum();
        let told = self.report(told);
        let written = match told_apart {
            true => io::stderr().write_all(told.as_bytes()),
            false => io::stdout().write_all(told.as_bytes()),
        };
        written.map_err(|cause| Failure::of("output", cause))?;
        if damaged == 0 {
            Ok(())
        } else {
            Err(Failure::new(format!("{damaged} damaged items were passed over")))
        }
    }

    fn report(&self, told: Vec<Value>) -> String {
        if self.shown.json {
            return format!("{:#}\n", Value::from(told));
        }
        let mut text = String::new();
        for one in &told {
            text += &format!("{}: {} items, {} bytes\n", one["account"], one["items"], one["bytes"]);
            for damaged in one["damaged"].as_array().into_iter().flatten() {
                text += &format!("  damaged: {damaged}\n");
            }
        }
        text
    }

    async fn export(&self, administration: &mut Administration, out: &mut Out) -> Result<Vec<Value>, End> {
        let mut addresses = self.account.clone();
        if addresses.is_empty() {
            let listed = administration.call(Request::AccountList {}).await?;
            let address = |one: &Value| one.get("address").and_then(Value::as_str).map(str::to_owned);
            addresses = listed.as_array().into_iter().flatten().filter_map(address).collect();
        }
        let mut told = Vec::new();
        for address in addresses {
            let directory = file_name(&address);
            let place = out.name_of(&directory);
            let disk = |cause| End::Disk(place.clone(), cause);
            out.directory(&directory).map_err(disk)?;
            let manifest = out.begin_manifest(&directory).map_err(disk)?;
            let mut account = Account {
                administration,
                out,
                directory,
                manifest,
                format: self.format,
                bar: bar(),
                items: 0,
                bytes: 0,
                damaged: Vec::new(),
            };
            account.run(&address).await?;
            account.bar.finish_and_clear();
            account.out.end_manifest(&account.directory, account.manifest).map_err(disk)?;
            let damaged: Vec<_> =
                account.damaged.iter().map(|(place, why)| json!({"place": place, "why": why})).collect();
            told.push(json!({
                "account": address,
                "items": account.items,
                "bytes": account.bytes,
                "damaged": damaged,
            }));
        }
        Ok(told)
    }
}

impl Account<'_> {
    async fn run(&mut self, address: &str) -> Result<(), End> {
        let begun = self.administration.call(Request::ExportBegin { account: address.to_owned() }).await?;
        let collections = begun.get("collections").and_then(Value::as_array).cloned().unwrap_or_default();
        let count = |one: &Value| one.get("count").and_then(Value::as_u64).unwrap_or(0);
        self.bar.set_length(collections.iter().map(count).sum());
        if let Some(lost) = begun.get("damaged_count").and_then(Value::as_u64).filter(|lost| *lost > 0) {
            self.damage(address, &format!("{lost} collections cannot be read: repair first"))?;
        }
        for collection in collections {
            self.collection(&Item { name: String::new(), value: collection }).await?;
        }
        self.administration.call(Request::ExportEnd {}).await?;
        Ok(())
    }

    async fn collection(&mut self, collection: &Item) -> Result<(), End> {
        let path: Vec<String> = collection.get("path");
        let joined = path.join("/");
        let properties = collection.get("properties");
        let kind: String = collection.get("kind");
        let name = path.last().cloned().unwrap_or_default();
        // The first name of a folder's path is that of the account's root of files.
        let below: Vec<String> = path.get(1..).unwrap_or_default().to_vec();
        let place = match kind.as_str() {
            "mailbox" => {
                self.line(&Line::Mailbox { path: joined.clone(), subscribed: collection.get("subscribed") })?;
                self.mailbox_place(&joined)?
            }
            "calendar" => {
                self.line(&Line::Calendar { name: name.clone(), properties })?;
                format!("calendars/{}", file_name(&joined))
            }
            "addressbook" => {
                self.line(&Line::Addressbook { name: name.clone(), properties })?;
                format!("contacts/{}", file_name(&joined))
            }
            _ => {
                self.line(&Line::Folder { path: below.clone(), properties })?;
                let names: Vec<_> = below.iter().map(|name| file_name(name)).collect();
                std::iter::once("files".to_owned()).chain(names).collect::<Vec<_>>().join("/")
            }
        };
        if self.format == Format::Maildir || kind != "mailbox" {
            self.make(&place)?;
        }
        let (mut keywords, mut behind) = (Vec::new(), None);
        loop {
            let id: u32 = collection.get("id");
            let page = self.administration.call(Request::ExportPage { collection: id, behind }).await?;
            let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            behind = items.last().and_then(|item| item.get("key")).and_then(Value::as_str).map(str::to_owned);
            for value in items {
                let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                let item = Item { name, value };
                let file = self.file_of(&kind, &place, &item, &mut keywords);
                if item.get::<bool>("damaged") {
                    self.damage(&format!("{joined}/{}", item.name), "its row cannot be read")?;
                    continue;
                }
                match self.write(&kind, &file, &item).await? {
                    Ok(facts) => {
                        let line = line_of((&kind, &joined, &below), file, &item, facts);
                        self.line(&line)?;
                    }
                    Err(why) => self.damage(&format!("{joined}/{}", item.name), &why)?,
                }
                self.bar.inc(1);
            }
            if !page.get("more").and_then(Value::as_bool).unwrap_or(false) {
                break;
            }
        }
        self.keywords(&kind, &place, &keywords)
    }

    fn mailbox_place(&mut self, path: &str) -> Result<String, End> {
        if self.format == Format::Mbox {
            self.make("mail")?;
            return Ok(format!("mail/{}.mbox", file_name(path)));
        }
        let place = format!("mail/{}", maildir_name(path)).trim_end_matches('/').to_owned();
        for part in ["cur", "new", "tmp"] {
            self.make(&format!("{place}/{part}"))?;
        }
        Ok(place)
    }

    fn file_of(&self, kind: &str, place: &str, item: &Item, keywords: &mut Vec<String>) -> String {
        if kind != "mailbox" {
            return format!("{place}/{}", file_name(&item.name));
        }
        if self.format == Format::Mbox {
            return place.to_owned();
        }
        let flags = maildir_flags(&item.get::<Vec<String>>("flags"), keywords);
        let (seconds, _): (i64, i16) = item.get("received");
        let uid: u64 = item.name.parse().unwrap_or(0);
        // Names sort as the UIDs do: an import keeps the order.
        format!("{place}/cur/{uid:010}.{seconds}.collegium,S={}:2,{flags}", item.get::<u64>("size"))
    }

    /// Writes an item's octets; the inner error says what is wrong with them.
    async fn write(&mut self, kind: &str, file: &str, item: &Item) -> Result<Result<Facts, String>, End> {
        let written = match self.out {
            Out::Tree(_) => self.write_file(kind, file, item).await?,
            Out::Stream(_) => self.write_entry(kind, file, item).await?,
        };
        if let Ok(facts) = &written {
            self.items += 1;
            self.bytes += facts.size;
        }
        Ok(written)
    }

    async fn write_file(
        &mut self,
        kind: &str,
        file: &str,
        item: &Item,
    ) -> Result<Result<Facts, String>, End> {
        let path = self.out.name_of(&format!("{}/{file}", self.directory));
        let is_mbox = kind == "mailbox" && self.format == Format::Mbox;
        let draft = match is_mbox {
            true => path.with_extension("part"),
            false => self.out.name_of(&format!("{}/part", self.directory)),
        };
        let disk = |cause| End::Disk(path.clone(), cause);
        let mut out = BufWriter::new(File::create(&draft).map_err(disk)?);
        let mut hasher = blake3::Hasher::new();
        let mut size = 0;
        loop {
            let (octets, is_last) = match self.octets(kind, item, size).await? {
                Ok(read) => read,
                Err(why) => {
                    fs::remove_file(&draft).map_err(disk)?;
                    return Ok(Err(why));
                }
            };
            hasher.update(&octets);
            out.write_all(&octets).map_err(disk)?;
            size += octets.len() as u64;
            if is_last {
                break;
            }
        }
        let written = out.into_inner().map_err(|error| disk(error.into_error()))?;
        let millis = modified(kind, item);
        if is_mbox {
            drop(written);
            append_mbox(&path, &draft, millis.div_euclid(1000)).map_err(disk)?;
            fs::remove_file(&draft).map_err(disk)?;
        } else {
            if let Ok(millis) = u64::try_from(millis) {
                let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
                written.set_modified(time).map_err(disk)?;
            }
            fs::rename(&draft, &path).map_err(disk)?;
        }
        Ok(Ok(Facts { size, blake3: hasher.finalize().to_hex().to_string(), guessed: false }))
    }

    /// An archive says how long a file is and then takes no octet back: so all of them are read once before, and what
    /// is damaged is passed over as in a directory.
    async fn write_entry(
        &mut self,
        kind: &str,
        file: &str,
        item: &Item,
    ) -> Result<Result<Facts, String>, End> {
        let mut hasher = blake3::Hasher::new();
        let (mut size, mut first) = (0, None);
        loop {
            let (octets, is_last) = match self.octets(kind, item, size).await? {
                Ok(read) => read,
                Err(why) => return Ok(Err(why)),
            };
            hasher.update(&octets);
            size += octets.len() as u64;
            first.get_or_insert(octets);
            if is_last {
                break;
            }
        }
        let first = first.unwrap_or_default();
        let name = format!("{}/{file}", self.directory);
        self.stream(|archive| {
            archive.file(&name, size, modified(kind, item).div_euclid(1000))?;
            archive.write_all(&first)
        })?;
        let mut offset = first.len() as u64;
        while offset < size {
            match self.octets(kind, item, offset).await? {
                Ok((octets, _)) => {
                    self.stream(|archive| archive.write_all(&octets))?;
                    offset += octets.len() as u64;
                }
                // The disk has lost it since it was read a moment ago.
                Err(why) => return Ok(Err(format!("{why}; zeros stand for octets of it in {file}"))),
            }
        }
        Ok(Ok(Facts { size, blake3: hasher.finalize().to_hex().to_string(), guessed: false }))
    }

    fn stream(
        &mut self,
        work: impl FnOnce(&mut Archive<BufWriter<Stdout>>) -> io::Result<()>,
    ) -> Result<(), End> {
        let name = self.out.name_of("");
        match self.out {
            Out::Stream(archive) => work(archive).map_err(|cause| End::Disk(name, cause)),
            Out::Tree(_) => Ok(()),
        }
    }

    /// Some octets of an item, and whether they are the last; the inner error says what is wrong with them.
    async fn octets(
        &mut self,
        kind: &str,
        item: &Item,
        offset: u64,
    ) -> Result<Result<(Vec<u8>, bool), String>, End> {
        let request = Request::ExportOctets { item: item.get("item"), message: kind == "mailbox", offset };
        let answer = match self.administration.call(request).await {
            Ok(answer) => answer,
            Err(refusal) if refusal.is_unavailable() => return Err(refusal.into()),
            Err(refusal) => return Ok(Err(refusal.to_string())),
        };
        let octets = answer.get("octets").and_then(Value::as_str).unwrap_or_default();
        let octets = STANDARD.decode(octets);
        let octets = octets.map_err(|cause| End::Disk(self.out.name_of(""), io::Error::other(cause)))?;
        let is_last = octets.is_empty() || answer.get("end").and_then(Value::as_bool).unwrap_or(true);
        Ok(Ok((octets, is_last)))
    }

    fn keywords(&mut self, kind: &str, place: &str, keywords: &[String]) -> Result<(), End> {
        if kind != "mailbox" || self.format == Format::Mbox || keywords.is_empty() {
            return Ok(());
        }
        let lines: String =
            keywords.iter().take(26).enumerate().map(|(at, name)| format!("{at} {name}\n")).collect();
        let path = format!("{}/{place}/dovecot-keywords", self.directory);
        let done = self.out.small_file(&path, lines.as_bytes());
        done.map_err(|cause| End::Disk(self.out.name_of(&path), cause))
    }

    fn make(&mut self, place: &str) -> Result<(), End> {
        let path = format!("{}/{place}", self.directory);
        self.out.directory(&path).map_err(|cause| End::Disk(self.out.name_of(&path), cause))
    }

    fn line(&mut self, line: &Line) -> Result<(), End> {
        let disk = |cause| End::Disk(self.out.name_of(&format!("{}/{MANIFEST}", self.directory)), cause);
        let text = serde_json::to_string(line).map_err(|cause| disk(io::Error::other(cause)))?;
        writeln!(self.manifest, "{text}").map_err(disk)
    }

    fn damage(&mut self, place: &str, why: &str) -> Result<(), End> {
        self.damaged.push((place.to_owned(), why.to_owned()));
        self.line(&Line::Damaged { place: place.to_owned(), why: why.to_owned() })
    }
}

/// When an item came or was changed, in milliseconds since 1970.
fn modified(kind: &str, item: &Item) -> i64 {
    match kind {
        "mailbox" => item.get::<(i64, i16)>("received").0.saturating_mul(1000),
        _ => item.get("modified"),
    }
}

fn line_of((kind, path, below): (&str, &str, &[String]), file: String, item: &Item, facts: Facts) -> Line {
    let name = item.name.clone();
    let traits = Traits {
        modified: Some(item.get("modified")),
        content_type: Some(item.get("content_type")),
        properties: item.get("properties"),
    };
    match kind {
        "mailbox" => Line::Message {
            file,
            mailbox: path.to_owned(),
            uid: name,
            flags: item.get("flags"),
            received: Some(item.get("received")),
            message_id: None,
            facts,
        },
        "calendar" => Line::Event { file, calendar: path.to_owned(), name, traits, facts },
        "addressbook" => Line::Card { file, addressbook: path.to_owned(), name, traits, facts },
        _ => {
            let path = below.iter().cloned().chain([name]).collect();
            Line::File { file, path, traits, facts }
        }
    }
}

/// Appends a message to an mbox file in the mboxrd quoting, its line ends as files have them.
fn append_mbox(path: &Path, draft: &Path, seconds: i64) -> io::Result<()> {
    use io::BufRead;
    let mut out = BufWriter::new(File::options().create(true).append(true).open(path)?);
    let date = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    writeln!(out, "From collegium {}", date.strftime("%a %b %e %H:%M:%S %Y"))?;
    let mut reader = io::BufReader::new(File::open(draft)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let unquoted = line.iter().position(|octet| *octet != b'>').and_then(|at| line.get(at..));
        if unquoted.is_some_and(|rest| rest.starts_with(b"From ")) {
            out.write_all(b">")?;
        }
        match line.strip_suffix(b"\r\n") {
            Some(text) => {
                out.write_all(text)?;
                out.write_all(b"\n")?;
            }
            None => out.write_all(&line)?,
        }
        if !line.ends_with(b"\n") {
            out.write_all(b"\n")?;
        }
        line.clear();
    }
    out.write_all(b"\n")?;
    out.flush()
}

/// On a terminal; elsewhere it draws nothing.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar
}
