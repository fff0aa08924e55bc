//! Conditions of a request: `If` (RFC 4918 10.4), `If-Match` and its kin (RFC 9110 13.1).
//!
//! Parsed before anything else, evaluated against a snapshot to refuse early, and again inside the write turn,
//! where alone the answer counts.

mod if_header;
mod lock_check;

pub(crate) use if_header::{IfHeader, State};
pub(crate) use lock_check::LockCheck;

use crate::lock::Place;
use crate::{Context, Node, Refusal, Reply, Resource};
use http::{HeaderMap, HeaderName, StatusCode, header};
use http_door::Path;
use model::{Error, Timestamp};
use std::collections::HashSet;
use store::Reader;

/// The conditions of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
    if_header: Option<IfHeader>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<String>),
}

impl Conditions {
    /// Reads them.
    ///
    /// # Errors
    /// 400 for a field that cannot be read, since guessing would defeat its purpose.
    pub fn parse(headers: &HeaderMap) -> Reply<Self> {
        Ok(Self {
            if_match: tags(headers, header::IF_MATCH)?,
            if_none_match: tags(headers, header::IF_NONE_MATCH)?,
            if_modified_since: date(headers, header::IF_MODIFIED_SINCE),
            if_unmodified_since: date(headers, header::IF_UNMODIFIED_SINCE),
            if_header: text(headers, HeaderName::from_static("if"))?
                .map(|text| IfHeader::parse(&text))
                .transpose()?,
        })
    }

    /// The lock tokens that the client shows (RFC 4918 10.4.1: wherever they stand in `If`).
    #[must_use]
    pub fn tokens(&self) -> HashSet<String> {
        self.if_header.as_ref().map(IfHeader::tokens).unwrap_or_default()
    }

    /// Whether a GET may be answered with 304, once [`Conditions::hold`].
    #[must_use]
    pub(crate) fn unchanged(&self, etag: &str, modified: Timestamp) -> bool {
        match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags.name(Some(etag), true),
            (None, Some(since)) => modified.seconds() <= since.seconds(),
            (None, None) => false,
        }
    }

    /// Whether the request may go on. `reader` is the snapshot, or the writer inside the turn.
    ///
    /// # Errors
    /// 412.
    pub(crate) async fn hold(
        &self,
        context: &Context,
        reader: &Reader,
        (path, current): (&Path, Option<&Resource>),
        reading: bool,
    ) -> Reply<()> {
        let item = current.and_then(Resource::item);
        let etag = item.map(crate::ItemNode::etag);
        let failed = Err(Refusal::status(StatusCode::PRECONDITION_FAILED));
        if let Some(tags) = &self.if_match {
            // A collection is there but has no ETag: only `*` matches it.
            if !(tags.name(etag.as_deref(), false) || *tags == Tags::Any && current.is_some()) {
                return failed;
            }
        } else if let (Some(since), Some(item)) = (self.if_unmodified_since, item)
            && item.row.modified.seconds() > since.seconds()
        {
            return failed;
        }
        if let Some(tags) = &self.if_none_match
            && !reading
            && (tags.name(etag.as_deref(), true) || *tags == Tags::Any && current.is_some())
        {
            return failed;
        }
        match &self.if_header {
            Some(header) if !self.if_holds(header, context, reader, (path, current)).await? => failed,
            _ => Ok(()),
        }
    }

    /// RFC 4918 10.4.3: true when any of the lists is true for its resource.
    async fn if_holds(
        &self,
        header: &IfHeader,
        context: &Context,
        reader: &Reader,
        request: (&Path, Option<&Resource>),
    ) -> Reply<bool> {
        for list in &header.lists {
            let (path, resource) = match &list.tag {
                None => (request.0.clone(), request.1.cloned()),
                Some(tag) => {
                    let Ok(path) = Path::parse_href(tag, context.authority()) else { continue };
                    match context.resolve_in(&path, reader).await {
                        Ok(resource) => (path, Some(resource)),
                        Err(Error::NotFound) => (path, None),
                        Err(error) => return Err(error.into()),
                    }
                }
            };
            let mut tokens = tokens_on(context, reader, &path, resource.as_ref()).await?;
            // RFC 6578 5: a collection's sync token is a state token too.
            if let Some(Node::Collection(node)) = resource.as_ref().map(|resource| &resource.node) {
                tokens.insert(node.sync_token());
            }
            let etag = resource.as_ref().and_then(Resource::item).map(crate::ItemNode::etag);
            let holds = list.conditions.iter().all(|condition| {
                let is = match &condition.state {
                    State::Token(token) => tokens.contains(token),
                    State::Etag(tag) => etag.as_deref() == Some(tag),
                };
                is != condition.not
            });
            if holds {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The tokens of the locks that cover a resource, or the place where one could be made.
async fn tokens_on(
    context: &Context,
    reader: &Reader,
    path: &Path,
    resource: Option<&Resource>,
) -> Reply<HashSet<String>> {
    let found;
    let (resource, above) = match resource {
        Some(resource) => (resource, false),
        // Nothing there: what covers its parent to any depth covers it too.
        None => match context.resolve_in(&path.parent(), reader).await {
            Ok(parent) => {
                found = parent;
                (&found, true)
            }
            Err(Error::NotFound) => return Ok(HashSet::new()),
            Err(error) => return Err(error.into()),
        },
    };
    if resource.owner().is_none_or(|owner| owner.id != reader.account()) {
        return other_account(context, resource).await;
    }
    let locks = reader.locks().await?;
    if locks.is_empty() {
        return Ok(HashSet::new());
    }
    let Some(place) = Place::of(reader, resource).await? else { return Ok(HashSet::new()) };
    let covers = |lock: &&store::Lock| place.covered_by(lock) && (!above || lock.infinite);
    Ok(locks.iter().filter(covers).map(|lock| lock.token.clone()).collect())
}

async fn other_account(context: &Context, resource: &Resource) -> Reply<HashSet<String>> {
    let Some(owner) = resource.owner() else { return Ok(HashSet::new()) };
    let reader = context.reader(owner.id).await?;
    let locks = reader.locks().await?;
    let Some(place) = Place::of(&reader, resource).await? else { return Ok(HashSet::new()) };
    Ok(locks.iter().filter(|lock| place.covered_by(lock)).map(|lock| lock.token.clone()).collect())
}

impl Tags {
    /// Whether the field names this ETag; `weak` comparison ignores `W/` (RFC 9110 8.8.3.2).
    fn name(&self, etag: Option<&str>, weak: bool) -> bool {
        let Some(etag) = etag else { return false };
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| {
                let tag = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
                tag == etag
            }),
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Reply<Option<String>> {
    let mut all = String::new();
    for value in headers.get_all(&name) {
        let value = value.to_str().map_err(|_| Refusal::bad_request())?;
        if !all.is_empty() {
            all.push_str(if name == HeaderName::from_static("if") { " " } else { "," });
        }
        all.push_str(value);
    }
    Ok(Some(all).filter(|all| !all.trim().is_empty()))
}

fn tags(headers: &HeaderMap, name: HeaderName) -> Reply<Option<Tags>> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    let text = text.trim();
    if text == "*" {
        return Ok(Some(Tags::Any));
    }
    let mut tags = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (weak, tail) = match rest.strip_prefix("W/") {
            Some(tail) => ("W/", tail),
            None => ("", rest),
        };
        // Clients that forget the quotes mean the tag nevertheless.
        let (tag, tail) = match tail.strip_prefix('"') {
            Some(inner) => inner.split_once('"').ok_or_else(Refusal::bad_request)?,
            None => tail.split_once(',').map_or((tail, ""), |(tag, tail)| (tag.trim(), tail)),
        };
        tags.push(format!("{weak}\"{tag}\""));
        rest = tail.trim_start().trim_start_matches(',').trim_start();
    }
    Ok(Some(Tags::These(tags)))
}

/// RFC 9110 13.1.3: a date that cannot be read is as if it were not there.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    crate::date::parse_http(headers.get(name)?.to_str().ok()?)
}

#[cfg(test)]
mod tests;
