//! What a request asks of each resource, worked out once and then done for thousands of them.

use super::{Needs, Property, View};
use crate::app::Registry;
use crate::limits::PROPERTY_COUNT_MAX;
use crate::xml::{DAV, Element, Name, Writer};
use crate::{Context, Refusal, Reply};
use http::StatusCode;
use model::Error;
use std::sync::Arc;

/// What a client wants to know (RFC 4918 9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// `DAV:prop`: these, with what stands inside them.
    Named(Vec<Element>),
    /// `DAV:allprop`, and these (`DAV:include`).
    All(Vec<Element>),
    /// `DAV:propname`.
    Names,
}

impl Selection {
    /// Reads `DAV:prop`, `DAV:allprop` or `DAV:propname` out of the body of PROPFIND or a report; no body and
    /// none of the three mean all (RFC 4918 9.1) .
    ///
    /// # Errors
    /// 400 for more than one of them; 413 past [`PROPERTY_COUNT_MAX`].
    pub fn parse(body: Option<&Element>) -> Reply<Self> {
        let Some(body) = body else { return Ok(Self::All(Vec::new())) };
        let mut found = None;
        for element in body.elements().filter(|element| element.name.namespace == DAV) {
            let selection = match &*element.name.local {
                "prop" => Self::Named(limited(element)?),
                "propname" => Self::Names,
                "allprop" => {
                    let include = body.child(DAV, "include");
                    Self::All(include.map(limited).transpose()?.unwrap_or_default())
                }
                _ => continue,
            };
            if found.replace(selection).is_some() {
                return Err(Refusal::bad_request());
            }
        }
        Ok(found.unwrap_or_else(|| Self::All(Vec::new())))
    }
}

fn limited(prop: &Element) -> Reply<Vec<Element>> {
    let names: Vec<_> = prop.elements().cloned().collect();
    if names.len() > PROPERTY_COUNT_MAX {
        return Err(Error::TooLarge(PROPERTY_COUNT_MAX as u64).into());
    }
    Ok(names)
}

struct Step {
    asked: Element,
    live: Option<Arc<dyn Property>>,
}

/// A [`Selection`] with the properties looked up.
pub struct Plan {
    steps: Vec<Step>,
    needs: Needs,
    dead: bool,
    names_only: bool,
}

impl Plan {
    /// Looks the properties up.
    #[must_use]
    pub fn new(context: &Context, selection: &Selection) -> Self {
        let registry = &context.registry;
        let mut plan = Self { steps: Vec::new(), needs: Needs::empty(), dead: false, names_only: false };
        match selection {
            Selection::Named(names) => plan.add_named(registry, names),
            Selection::All(include) => {
                plan.add_live(registry, |property| property.in_allprop());
                plan.add_named(registry, include);
                plan.dead = true;
            }
            Selection::Names => {
                // Names cost nothing: what would have to be loaded is not asked for its value.
                plan.add_live(registry, |property| !property.needs().contains(Needs::BODY));
                plan.dead = true;
                plan.names_only = true;
            }
        }
        if plan.dead {
            plan.needs |= Needs::STORED;
        }
        plan
    }

    /// What must be loaded for it.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.needs
    }

    fn add_named(&mut self, registry: &Registry, names: &[Element]) {
        for asked in names {
            let live = registry.property(&asked.name).cloned();
            self.needs |= live.as_ref().map_or(Needs::STORED, |property| property.needs());
            self.steps.push(Step { asked: asked.clone(), live });
        }
    }

    fn add_live(&mut self, registry: &Registry, wanted: impl Fn(&dyn Property) -> bool) {
        for property in registry.properties().iter().filter(|property| wanted(&***property)) {
            self.needs |= property.needs();
            self.steps.push(Step { asked: Element::new(property.name()), live: Some(property.clone()) });
        }
    }

    /// Writes the propstats of one resource.
    pub(crate) fn write(&self, view: View<'_>, out: &mut Writer) {
        let mut found = Writer::new();
        let mut missing: Vec<(StatusCode, &Name)> = Vec::new();
        for step in &self.steps {
            let before = found.len();
            let outcome = match &step.live {
                Some(property) => property.get(&View { asked: &step.asked, ..view }, &mut found),
                None => {
                    if let Some(xml) = view.stored(&step.asked.name) {
                        found.raw(xml);
                    }
                    Ok(())
                }
            };
            if let Err(error) = outcome {
                found.truncate(before);
                missing.push((Refusal::from(error).status, &step.asked.name));
            } else if found.len() == before {
                missing.push((StatusCode::NOT_FOUND, &step.asked.name));
            } else if self.names_only {
                found.truncate(before);
                found.empty(&step.asked.name);
            }
        }
        if self.dead {
            self.write_dead(view, &mut found);
        }
        self.finish(&found, missing, view.context.minimal(), out);
    }

    fn write_dead(&self, view: View<'_>, found: &mut Writer) {
        let properties = view.properties().into_iter().flatten();
        for (name, xml) in properties.filter(|(name, _)| name.starts_with('{')) {
            let Some((namespace, local)) = name.get(1..).and_then(|rest| rest.rsplit_once('}')) else {
                continue;
            };
            if self.steps.iter().any(|step| step.asked.is(namespace, local))
                || view.context.registry.property(&Name::owned(namespace, local)).is_some()
            {
                continue;
            }
            if self.names_only {
                found.empty(&Name::owned(namespace, local));
            } else {
                found.raw(xml);
            }
        }
    }

    /// RFC 4918 9.1: one propstat per status. Properties that are not there are told when they were asked for
    /// by name, unless the client wants no such news (RFC 8144 2.1).
    fn finish(&self, found: &Writer, mut missing: Vec<(StatusCode, &Name)>, minimal: bool, out: &mut Writer) {
        if minimal || self.dead {
            missing.retain(|(status, _)| *status != StatusCode::NOT_FOUND);
        }
        if !found.is_empty() || missing.is_empty() {
            propstat(StatusCode::OK, out, |out| out.raw(found.as_str()));
        }
        missing.sort_by_key(|(status, _)| *status);
        for group in missing.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((status, _)) = group.first() else { continue };
            propstat(*status, out, |out| group.iter().for_each(|(_, name)| out.empty(name)));
        }
    }
}

/// Writes one `DAV:propstat`.
pub(crate) fn propstat(status: StatusCode, out: &mut Writer, content: impl FnOnce(&mut Writer)) {
    const PROPSTAT: Name = Name::dav("propstat");
    const PROP: Name = Name::dav("prop");
    out.open(&PROPSTAT);
    out.open(&PROP);
    content(out);
    out.close(&PROP);
    out.leaf(&Name::dav("status"), &crate::multistatus::status_line(status));
    out.close(&PROPSTAT);
}
