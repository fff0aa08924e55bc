//! Who is logged in at this moment, and the trace of what an account's IMAP, POP3 and submission sessions
//! say.

use super::{Refusal, Request, account::find, misplaced, moment};
use crate::limits::TRACE_TIME_MAX;
use crate::site::Site;
use directory::{AccountKind, Directory};
use model::AccountId;
use sasl::sessions::Known;
use serde_json::{Value, json};
use std::collections::{HashMap, hash_map::Entry};
use std::time::Duration;

pub(super) async fn perform(site: &Site, request: Request) -> Result<Value, Refusal> {
    if !site.sessions.is_serving() {
        return Err(Refusal {
            kind: "conflict".to_owned(),
            message: "no server runs: there are no sessions".to_owned(),
        });
    }
    match request {
        Request::SessionList { account } => list(site, account.as_deref()).await,
        Request::AccountTrace { address, minutes } => trace(site, &address, minutes).await,
        _ => Err(misplaced()),
    }
}

async fn list(site: &Site, account: Option<&str>) -> Result<Value, Refusal> {
    let wanted = match account {
        Some(address) => Some(find(site, address, Some(AccountKind::Person)).await?.id),
        None => None,
    };
    let mut names: HashMap<AccountId, String> = HashMap::new();
    let mut rows = Vec::new();
    for (number, known) in site.sessions.all() {
        if wanted.is_some_and(|wanted| wanted != known.account) {
            continue;
        }
        if let Entry::Vacant(name) = names.entry(known.account) {
            let found = site.directory.account(known.account).await;
            let found = found.map_err(|error| Refusal::of(error, "sessions"))?;
            name.insert(found.map_or_else(String::new, |found| found.address.to_string()));
        }
        rows.push(row(number, &known, names.get(&known.account)));
    }
    Ok(Value::Array(rows))
}

fn row(number: u64, known: &Known, address: Option<&String>) -> Value {
    json!({
        "session": number,
        "account": address,
        "door": known.door,
        "from": known.from.ip().to_string(),
        "since": moment(known.since),
        "app_password": known.app_password,
        "client": known.client,
    })
}

async fn trace(site: &Site, address: &str, minutes: u64) -> Result<Value, Refusal> {
    let time = Duration::from_secs(minutes.saturating_mul(60));
    if time > TRACE_TIME_MAX {
        let most = TRACE_TIME_MAX.as_secs() / 60;
        let message = format!("{minutes} minutes: a trace lasts {most} at the most");
        return Err(Refusal { kind: "invalid".to_owned(), message });
    }
    let id = find(site, address, Some(AccountKind::Person)).await?.id;
    let traces = &site.sessions.traces;
    let begun = traces.begin(id, time);
    begun.map_err(|cause| Refusal::unavailable(format!("{}: {cause}", traces.path(id).display())))?;
    let shown = traces.path(id);
    Ok(json!({"address": address, "minutes": minutes, "file": shown.display().to_string()}))
}
