//! `DAV:expand-property` (RFC 3253 3.8): properties whose hrefs are followed at once.

use super::{Report, ReportCall};
use crate::limits::{EXPANSION_COUNT_MAX, EXPANSION_DEPTH_MAX, PROPERTY_COUNT_MAX};
use crate::property::{Needs, View, propstat};
use crate::xml::{DAV, Element, Name, Writer, is_local_name};
use crate::{Context, Multistatus, Refusal, Reply, Resource};
use async_trait::async_trait;
use http::StatusCode;
use http_door::{Path, Response};
use model::Error;
use std::future::Future;
use std::pin::Pin;

/// `expand-property`
#[derive(Debug)]
pub(super) struct ExpandProperty;

#[async_trait]
impl Report for ExpandProperty {
    fn name(&self) -> Name {
        Name::dav("expand-property")
    }

    fn applies(&self, _resource: &Resource) -> bool {
        true
    }

    async fn run(&self, call: &ReportCall, out: &mut Multistatus) -> Reply<Option<Response>> {
        let mut expansion = Expansion { context: &call.context, left: EXPANSION_COUNT_MAX };
        let mut written = Writer::new();
        expansion.response(&call.resource, &call.body, 0, &mut written).await?;
        out.write(|out| out.raw(written.as_str()));
        Ok(None)
    }
}

struct Expansion<'a> {
    context: &'a Context,
    left: usize,
}

type Written<'a> = Pin<Box<dyn Future<Output = Reply<()>> + Send + 'a>>;

impl Expansion<'_> {
    fn response<'a>(
        &'a mut self,
        resource: &'a Resource,
        wanted: &'a Element,
        depth: usize,
        out: &'a mut Writer,
    ) -> Written<'a> {
        Box::pin(async move {
            const RESPONSE: Name = Name::dav("response");
            let (mut found, mut missing) = (Writer::new(), Vec::new());
            for (count, property) in wanted.elements().filter(|child| child.is(DAV, "property")).enumerate() {
                if count >= PROPERTY_COUNT_MAX {
                    return Err(Error::TooLarge(PROPERTY_COUNT_MAX as u64).into());
                }
                let name = property.attribute("name").filter(|name| is_local_name(name));
                let name = name.ok_or_else(Refusal::bad_request)?;
                let name = Name::owned(property.attribute("namespace").unwrap_or(DAV), name);
                match self.value(resource, &name)? {
                    None => missing.push(name),
                    Some(value) => self.property(&value, property, depth, &mut found).await?,
                }
            }
            out.open(&RESPONSE);
            out.href(&resource.href());
            if !found.is_empty() || missing.is_empty() {
                propstat(StatusCode::OK, out, |out| out.raw(found.as_str()));
            }
            if !missing.is_empty() && !self.context.minimal() {
                propstat(StatusCode::NOT_FOUND, out, |out| missing.iter().for_each(|name| out.empty(name)));
            }
            out.close(&RESPONSE);
            Ok(())
        })
    }

    /// The property as a tree of its own.
    fn value(&self, resource: &Resource, name: &Name) -> Reply<Option<Element>> {
        let asked = Element::new(name.clone());
        let view =
            View { context: self.context, resource, asked: &asked, body: None, locks: &[], dead: None };
        let mut out = Writer::standalone();
        match self.context.registry.property(name) {
            // What would have to be loaded first is not expanded.
            Some(property) if !property.needs().intersects(Needs::BODY | Needs::LOCKS) => {
                property.get(&view, &mut out)?;
            }
            Some(_) => {}
            None => out.raw(view.stored(name).unwrap_or_default()),
        }
        if out.is_empty() {
            return Ok(None);
        }
        Ok(Some(Element::parse(out.as_str().as_bytes())?))
    }

    /// Writes a property; where properties are asked of what its hrefs name, those stand in their place.
    async fn property(
        &mut self,
        value: &Element,
        wanted: &Element,
        depth: usize,
        out: &mut Writer,
    ) -> Reply<()> {
        let deeper = wanted.elements().any(|child| child.is(DAV, "property"));
        if !deeper || depth >= EXPANSION_DEPTH_MAX {
            out.element(value);
            return Ok(());
        }
        out.open(&value.name);
        for href in value.elements().filter(|child| child.is(DAV, "href")) {
            self.left = self.left.checked_sub(1).ok_or(Error::TooLarge(EXPANSION_COUNT_MAX as u64))?;
            let Ok(path) = Path::parse_href(&href.text(), self.context.authority()) else { continue };
            match self.context.resolve(&path).await {
                Ok(resource) => self.response(&resource, wanted, depth + 1, out).await?,
                Err(Error::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        out.close(&value.name);
        Ok(())
    }
}
