//! The registry of extensions: one file each, one line in [`ALL`]. The greeting, CAPABILITY, ENABLE, the
//! dispatch of commands and the README's table derive from it. What stands here is whole.

mod acl;
mod appendlimit;
mod auth_external;
mod auth_oauthbearer;
mod auth_plain;
mod auth_scram_sha_1;
mod auth_scram_sha_256;
mod auth_xoauth2;
mod binary;
mod catenate;
mod children;
mod compress;
pub(crate) mod condstore;
pub(crate) mod context;
mod create_special_use;
mod enable;
mod esearch;
mod esort;
pub(crate) mod filters;
pub(crate) mod i18nlevel;
mod id;
mod idle;
mod imap4rev1;
mod imap4rev2;
pub(crate) mod inprogress;
mod language;
mod list_extended;
mod list_metadata;
mod list_myrights;
mod list_status;
pub(crate) mod literal_minus;
mod literal_plus;
mod logindisabled;
pub(crate) mod messagelimit;
mod metadata;
mod r#move;
mod multiappend;
mod multisearch;
mod namespace;
pub(crate) mod notify;
pub(crate) mod objectid;
mod partial;
mod preview;
pub(crate) mod qresync;
mod quota;
mod replace;
mod sasl_ir;
mod savedate;
pub(crate) mod search_fuzzy;
mod searchres;
mod sort;
mod sort_display;
mod special_use;
mod starttls;
mod status_size;
mod thread;
mod uidbatches;
pub(crate) mod uidonly;
mod uidplus;
mod unauthenticate;
mod unselect;
mod url_partial;
mod utf8_accept;
mod within;
mod xlist;

use crate::Config;
use crate::command::Verb;
use crate::session::Session;
use crate::wire::decoder::fetch::FetchModifiers;
use crate::wire::decoder::list::Selection;
use crate::wire::decoder::search::Return;
use crate::wire::decoder::select::SelectParameters;
use crate::wire::decoder::store::StoreModifiers;
use crate::wire::encoder::Output;
use crate::words::{FetchWord, ListWord, MailboxPlace, OptionWord, SearchWord, StatusWord};
use sasl::Mechanism;
use store::{CollectionRow, NewCollection};

/// When a capability is told.
#[derive(Clone, Copy)]
pub(crate) enum When {
    /// Always.
    Always,
    /// Before login.
    BeforeLogin,
    /// Before login, where a password may cross.
    MayAuthenticate,
    /// Before login, where no password may cross.
    MayNotAuthenticate,
    /// While TLS can still be put on.
    MayStartTls,
    /// After login.
    LoggedIn,
    /// Before login, where this SASL mechanism can be used.
    Mechanism(&'static str),
    /// When another one would be told, were it not hidden from this login.
    InPlaceOf(&'static Extension),
}

/// An extension as the registry knows it.
pub(crate) struct Extension {
    /// Its usual name.
    pub name: &'static str,
    /// Where it is described.
    pub rfc: &'static str,
    /// What CAPABILITY says of it.
    pub capability: Option<&'static str>,
    /// The figure that CAPABILITY says behind it, from what the installation sets; without one it says nothing.
    pub figure: Option<fn(&Config) -> Option<u32>>,
    /// When CAPABILITY says it.
    pub when: When,
    /// Capabilities that it makes no sense without: it is hidden where one of them is.
    pub needs: &'static [&'static str],
    /// What ENABLE does with its name; `None` when it cannot be enabled.
    pub enable: Option<fn(&mut Session)>,
    /// Commands it brings.
    pub commands: &'static [Verb],
    /// FETCH items it brings.
    pub fetch: &'static [FetchWord],
    /// FETCH modifiers it brings (RFC 4466 2.4).
    pub fetch_modifiers: &'static [OptionWord<FetchModifiers>],
    /// SEARCH keys it brings.
    pub search: &'static [SearchWord],
    /// SEARCH return options it brings.
    pub search_returns: &'static [OptionWord<Return>],
    /// STATUS items it brings.
    pub status: &'static [StatusWord],
    /// STORE modifiers it brings (RFC 4466 2.5).
    pub store_modifiers: &'static [OptionWord<StoreModifiers>],
    /// SELECT and EXAMINE parameters it brings (RFC 4466 2.1).
    pub select: &'static [OptionWord<SelectParameters>],
    /// What SELECT and EXAMINE tell besides.
    pub selected: Option<fn(&mut Output, MailboxPlace, &CollectionRow)>,
    /// CREATE parameters it brings (RFC 4466 2.2).
    pub create: &'static [OptionWord<NewCollection>],
    /// LIST selection options it brings.
    pub list_selections: &'static [OptionWord<Selection>],
    /// LIST return options it brings.
    pub list_returns: &'static [ListWord],
    /// Response codes it brings.
    pub codes: &'static [&'static str],
}

impl Extension {
    /// One that is always told and brings nothing of its own.
    pub(crate) const PLAIN: Self = Self {
        name: "",
        rfc: "",
        capability: None,
        figure: None,
        when: When::Always,
        needs: &[],
        enable: None,
        commands: &[],
        fetch: &[],
        fetch_modifiers: &[],
        search: &[],
        search_returns: &[],
        status: &[],
        store_modifiers: &[],
        select: &[],
        selected: None,
        create: &[],
        list_selections: &[],
        list_returns: &[],
        codes: &[],
    };
}

/// Every extension of this server.
pub(crate) const ALL: &[Extension] = &[
    imap4rev1::EXTENSION,
    imap4rev2::EXTENSION,
    starttls::EXTENSION,
    logindisabled::EXTENSION,
    auth_external::EXTENSION,
    auth_scram_sha_256::PLUS,
    auth_scram_sha_256::EXTENSION,
    auth_scram_sha_1::PLUS,
    auth_scram_sha_1::EXTENSION,
    auth_oauthbearer::EXTENSION,
    auth_xoauth2::EXTENSION,
    auth_plain::EXTENSION,
    sasl_ir::EXTENSION,
    literal_plus::EXTENSION,
    literal_minus::EXTENSION,
    enable::EXTENSION,
    id::EXTENSION,
    idle::EXTENSION,
    namespace::EXTENSION,
    children::EXTENSION,
    uidplus::EXTENSION,
    r#move::EXTENSION,
    unselect::EXTENSION,
    special_use::EXTENSION,
    list_extended::EXTENSION,
    list_status::EXTENSION,
    status_size::EXTENSION,
    condstore::EXTENSION,
    qresync::EXTENSION,
    esearch::EXTENSION,
    searchres::EXTENSION,
    sort::EXTENSION,
    sort_display::EXTENSION,
    esort::EXTENSION,
    thread::EXTENSION,
    partial::EXTENSION,
    context::EXTENSION,
    context::SORT,
    multisearch::EXTENSION,
    filters::EXTENSION,
    notify::EXTENSION,
    inprogress::EXTENSION,
    search_fuzzy::EXTENSION,
    uidbatches::EXTENSION,
    objectid::EXTENSION,
    savedate::EXTENSION,
    preview::EXTENSION,
    within::EXTENSION,
    multiappend::EXTENSION,
    compress::EXTENSION,
    binary::EXTENSION,
    catenate::EXTENSION,
    url_partial::EXTENSION,
    replace::EXTENSION,
    uidonly::EXTENSION,
    unauthenticate::EXTENSION,
    create_special_use::EXTENSION,
    xlist::EXTENSION,
    appendlimit::EXTENSION,
    messagelimit::EXTENSION,
    messagelimit::SAVE,
    acl::EXTENSION,
    acl::RIGHTS,
    list_myrights::EXTENSION,
    quota::EXTENSION,
    quota::STORAGE,
    quota::MESSAGE,
    quota::SET,
    metadata::EXTENSION,
    list_metadata::EXTENSION,
    utf8_accept::EXTENSION,
    i18nlevel::EXTENSION,
    i18nlevel::LEVEL_1,
    language::EXTENSION,
];

/// What CAPABILITY says to this session now.
pub(crate) fn capabilities(session: &Session) -> String {
    let name = |extension: &Extension| {
        let name = extension.capability?;
        match extension.figure {
            None => Some(name.to_owned()),
            Some(of) => of(&session.context.config).map(|figure| format!("{name}{figure}")),
        }
    };
    let named = ALL.iter().filter(|extension| is_time_for(session, extension.when)).filter_map(name);
    // One entry may be several names, each of which can be hidden by itself.
    let told = |names: String| {
        let told: Vec<&str> = names.split(' ').filter(|name| !is_hidden(session, name)).collect();
        (!told.is_empty()).then(|| told.join(" "))
    };
    named.filter_map(told).collect::<Vec<_>>().join(" ")
}

/// Whether it is the time to tell of a capability, unless it is hidden.
fn is_time_for(session: &Session, when: When) -> bool {
    let logged_in = session.principal.is_some();
    let may = session.peer.may_authenticate();
    match when {
        When::Always => true,
        When::BeforeLogin => !logged_in,
        When::MayAuthenticate => !logged_in && may,
        When::MayNotAuthenticate => !logged_in && !may,
        When::MayStartTls => !logged_in && session.peer.offers_starttls(),
        When::LoggedIn => logged_in,
        When::Mechanism(name) => {
            let directory = session.context.directory.as_ref();
            !logged_in && may && Mechanism::find(name, &session.peer, directory).is_some()
        }
        When::InPlaceOf(other) => {
            let is_hidden = other.capability.is_some_and(|name| is_hidden(session, name));
            is_hidden && is_time_for(session, other.when)
        }
    }
}

/// Whether an administrator hides a capability from this login or from everybody, by its whole name, by what stands
/// before its `=`, or by the name of one that it needs.
pub(crate) fn is_hidden(session: &Session, capability: &str) -> bool {
    let everybody = &session.context.config.hide_capabilities;
    is_among(&[&session.hidden, everybody], capability)
}

/// Whether some lists hide a capability.
fn is_among(lists: &[&[String]], capability: &str) -> bool {
    if lists.iter().all(|list| list.is_empty()) {
        return false;
    }
    let stem = capability.split('=').next().unwrap_or_default();
    let names =
        |hidden: &String| hidden.eq_ignore_ascii_case(capability) || hidden.eq_ignore_ascii_case(stem);
    let entry = ALL.iter().find(|extension| extension.capability == Some(capability));
    let needs = entry.map_or(&[][..], |extension| extension.needs);
    lists.iter().copied().flatten().any(names) || needs.iter().any(|needed| is_among(lists, needed))
}

/// A line of the support table.
#[derive(Clone, Copy, Debug)]
pub struct Support {
    /// The extension's usual name.
    pub name: &'static str,
    /// Where it is described.
    pub rfc: &'static str,
    /// What CAPABILITY says of it.
    pub capability: Option<&'static str>,
    /// Response codes it brings.
    pub codes: &'static [&'static str],
}

/// The support table, for documents.
pub fn table() -> impl Iterator<Item = Support> {
    ALL.iter().map(|&Extension { name, rfc, capability, codes, .. }| Support { name, rfc, capability, codes })
}

#[cfg(test)]
mod tests;
