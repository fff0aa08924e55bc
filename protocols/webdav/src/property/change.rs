//! Setting and removing properties (RFC 4918 9.2): all of a request or nothing.

use super::{Set, SetTarget};
use crate::app::Registry;
use crate::limits::{DEAD_PROPERTY_BYTES_MAX, DEAD_PROPERTY_COUNT_MAX, PROPERTY_COUNT_MAX};
use crate::xml::{DAV, Element, Name, Writer, XML};
use crate::{Refusal, Reply, Tree};
use http::StatusCode;
use model::Error;
use std::collections::BTreeMap;

/// One property to be set, or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Its name.
    pub(crate) name: Name,
    /// The whole element; `None` to remove it.
    pub(crate) value: Option<Element>,
}

/// Where the changes go.
#[derive(Clone, Copy)]
pub(crate) struct ChangeTarget<'a> {
    /// The tree; `None` for root and principals.
    pub(crate) tree: Option<&'a dyn Tree>,
    /// Whether it is a collection.
    pub(crate) is_collection: bool,
    /// Whether it is being made.
    pub(crate) creating: bool,
}

/// What became of each change.
#[derive(Debug)]
pub(crate) struct Outcome(Vec<(Name, Result<(), Refusal>)>);

/// Reads `DAV:set` and `DAV:remove` in document order (RFC 4918 9.2: the order counts).
///
/// # Errors
/// 413 past [`PROPERTY_COUNT_MAX`].
pub(crate) fn read(body: &Element) -> Reply<Vec<Change>> {
    let mut changes = Vec::new();
    for step in body.elements() {
        let set = step.is(DAV, "set");
        if !set && !step.is(DAV, "remove") {
            continue;
        }
        for prop in step.elements().filter(|prop| prop.is(DAV, "prop")) {
            // RFC 4918 4.3: the language in scope belongs to the value.
            let language = prop.language().or_else(|| step.language()).or_else(|| body.language());
            for element in prop.elements() {
                let value = set.then(|| with_language(element, language));
                changes.push(Change { name: element.name.clone(), value });
            }
        }
    }
    if changes.len() > PROPERTY_COUNT_MAX {
        return Err(Error::TooLarge(PROPERTY_COUNT_MAX as u64).into());
    }
    Ok(changes)
}

fn with_language(element: &Element, language: Option<&str>) -> Element {
    let mut element = element.clone();
    if let (None, Some(language)) = (element.language(), language) {
        element.attributes.push((Name::new(XML, "lang"), language.to_owned()));
    }
    element
}

/// Works the changes into a resource's properties. When any fails, the properties are to be thrown away.
pub(crate) fn apply(
    registry: &Registry,
    target: ChangeTarget<'_>,
    changes: &[Change],
    properties: &mut BTreeMap<String, String>,
) -> Outcome {
    let mut outcome = Vec::new();
    for change in changes {
        outcome.push((change.name.clone(), one(registry, target, change, properties)));
    }
    let count = properties.keys().filter(|key| key.starts_with('{')).count();
    if count > DEAD_PROPERTY_COUNT_MAX
        && let Some((_, last)) = outcome.last_mut()
    {
        *last = Err(Refusal::status(StatusCode::INSUFFICIENT_STORAGE));
    }
    Outcome(outcome)
}

fn one(
    registry: &Registry,
    target: ChangeTarget<'_>,
    change: &Change,
    properties: &mut BTreeMap<String, String>,
) -> Reply<()> {
    let set = match registry.property(&change.name) {
        None => Set::Keep,
        Some(property) => property.set(&SetTarget {
            tree: target.tree,
            is_collection: target.is_collection,
            creating: target.creating,
            value: change.value.as_ref(),
        }),
    };
    match set {
        // RFC 3253 3.12, RFC 4918 16
        Set::Protected => return Err(Refusal::forbidden(Name::dav("cannot-modify-protected-property"))),
        Set::Refuse(refusal) => return Err(refusal),
        Set::Ignore => {}
        Set::Text(key, value) => match value {
            Some(value) => drop(properties.insert(key.to_owned(), value)),
            None => drop(properties.remove(key)),
        },
        Set::Keep => match &change.value {
            None => drop(properties.remove(&change.name.to_string())),
            Some(element) => {
                let xml = element.standalone();
                if xml.len() > DEAD_PROPERTY_BYTES_MAX {
                    return Err(Refusal::status(StatusCode::INSUFFICIENT_STORAGE));
                }
                properties.insert(change.name.to_string(), xml);
            }
        },
    }
    Ok(())
}

impl Outcome {
    /// Of a resource whose properties nobody sets.
    pub(crate) fn refused(changes: &[Change]) -> Self {
        let refusal = || Refusal::forbidden(Name::dav("cannot-modify-protected-property"));
        Self(changes.iter().map(|change| (change.name.clone(), Err(refusal()))).collect())
    }

    /// Whether every change can be made.
    pub(crate) fn is_good(&self) -> bool {
        self.0.iter().all(|(_, outcome)| outcome.is_ok())
    }

    /// Writes one propstat per status; what failed only because others did is told so (424).
    pub(crate) fn write(&self, out: &mut Writer) {
        let good = self.is_good();
        let mut groups: Vec<(Refusal, Vec<&Name>)> = Vec::new();
        for (name, outcome) in &self.0 {
            let status = match outcome {
                Ok(()) if good => Refusal::status(StatusCode::OK),
                Ok(()) => Refusal::status(StatusCode::FAILED_DEPENDENCY),
                Err(refusal) => refusal.clone(),
            };
            match groups.iter_mut().find(|(known, _)| *known == status) {
                Some((_, names)) => names.push(name),
                None => groups.push((status, vec![name])),
            }
        }
        // RFC 4918 14.24: a response has a propstat, even about nothing.
        if groups.is_empty() {
            groups.push((Refusal::status(StatusCode::OK), Vec::new()));
        }
        for (refusal, names) in groups {
            write_group(&refusal, &names, out);
        }
    }
}

fn write_group(refusal: &Refusal, names: &[&Name], out: &mut Writer) {
    const PROPSTAT: Name = Name::dav("propstat");
    const PROP: Name = Name::dav("prop");
    out.open(&PROPSTAT);
    out.open(&PROP);
    names.iter().for_each(|name| out.empty(name));
    out.close(&PROP);
    out.leaf(&Name::dav("status"), &crate::multistatus::status_line(refusal.status));
    refusal.write(out);
    out.close(&PROPSTAT);
}
