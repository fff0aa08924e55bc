//! [`Dav`]: the application behind the HTTP door, made of the plug-ins of its listener.

use crate::context::{PRINCIPALS, ROOT};
use crate::xml::Name;
use crate::{Call, Context, Method, Node, Plugin, Property, Refusal, Report, Tree};
use async_trait::async_trait;
use directory::Directory;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_door::{App, Path, Request, Response};
use model::Error;
use std::collections::HashMap;
use std::sync::Arc;
use store::Store;

/// Everything a listener's WebDAV knows: the core's own lists and those of its plug-ins.
pub(crate) struct Registry {
    pub(crate) store: Store,
    pub(crate) directory: Arc<dyn Directory>,
    classes: String,
    trees: Vec<Arc<dyn Tree>>,
    methods: Vec<Arc<dyn Method>>,
    properties: Vec<Arc<dyn Property>>,
    by_name: HashMap<Name, Arc<dyn Property>>,
    reports: Vec<Arc<dyn Report>>,
}

impl Registry {
    pub(crate) fn new(store: Store, directory: Arc<dyn Directory>, plugins: &[Arc<dyn Plugin>]) -> Self {
        let mut methods = crate::method::all();
        let mut properties = crate::property::all();
        let mut reports = crate::report::all();
        let mut classes = vec!["1", "2", "3", "extended-mkcol"];
        let mut trees = Vec::new();
        for plugin in plugins {
            methods.extend(plugin.methods());
            properties.extend(plugin.properties());
            reports.extend(plugin.reports());
            classes.extend(plugin.classes());
            trees.extend(plugin.tree());
        }
        let by_name = properties.iter().map(|property| (property.name(), property.clone())).collect();
        let classes = classes.join(", ");
        Self { store, directory, classes, trees, methods, properties, by_name, reports }
    }

    pub(crate) fn tree(&self, segment: &str) -> Option<&Arc<dyn Tree>> {
        self.trees.iter().find(|tree| tree.segment() == segment)
    }

    pub(crate) fn trees(&self) -> &[Arc<dyn Tree>] {
        &self.trees
    }

    pub(crate) fn property(&self, name: &Name) -> Option<&Arc<dyn Property>> {
        self.by_name.get(name)
    }

    pub(crate) fn properties(&self) -> &[Arc<dyn Property>] {
        &self.properties
    }

    pub(crate) fn reports(&self) -> &[Arc<dyn Report>] {
        &self.reports
    }

    pub(crate) fn methods(&self) -> &[Arc<dyn Method>] {
        &self.methods
    }

    /// The value of the `DAV` header.
    pub(crate) fn classes(&self) -> &str {
        &self.classes
    }
}

/// WebDAV with the plug-ins of one listener.
pub struct Dav {
    registry: Arc<Registry>,
}

impl Dav {
    /// An application that serves these plug-ins and nothing else.
    #[must_use]
    pub fn new(store: Store, directory: Arc<dyn Directory>, plugins: &[Arc<dyn Plugin>]) -> Self {
        Self { registry: Arc::new(Registry::new(store, directory, plugins)) }
    }

    async fn answer(&self, request: Request) -> Result<Response, Refusal> {
        let minimal = wants_minimal(&request.headers);
        let principal = request.principal.clone();
        let mut context = Context::new(self.registry.clone(), principal, request.authority.clone(), minimal);
        context.load_groups().await?;
        let resource = match context.resolve(&request.path).await {
            Ok(resource) => Some(resource),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(Node::Home(tree, owner)) = resource.as_ref().map(|resource| &resource.node) {
            context.load_home_tag(tree.kind(), owner.id).await?;
        }
        let named = |method: &&Arc<dyn Method>| method.name() == request.method.as_str();
        let Some(method) = self.registry.methods.iter().find(named).cloned() else {
            // RFC 9110 9.1: 405 is for methods that something else here has.
            return Err(Refusal::status(StatusCode::NOT_IMPLEMENTED));
        };
        if !method.allowed(resource.as_ref()) {
            let refusal = match &resource {
                None => Refusal::status(StatusCode::NOT_FOUND),
                Some(_) if matches!(method.name(), "MKCOL" | "MKCALENDAR") => {
                    crate::method::not_null(method.name())
                }
                Some(_) => Refusal::status(StatusCode::METHOD_NOT_ALLOWED),
            };
            return Ok(self.not_allowed(resource.as_ref(), refusal));
        }
        let context = Arc::new(context);
        let call =
            Call { context, path: request.path, resource, headers: request.headers, body: request.body };
        let mut response = method.run(call).await?;
        // RFC 7240 3: the client is told that less is what it asked for.
        if minimal {
            let applied = HeaderValue::from_static("return=minimal");
            response.headers_mut().entry(HeaderName::from_static("preference-applied")).or_insert(applied);
        }
        Ok(response)
    }

    fn not_allowed(&self, resource: Option<&crate::Resource>, refusal: Refusal) -> Response {
        let mut response = refusal.into_response();
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Ok(allow) = HeaderValue::from_str(&allowed(&self.registry, resource))
        {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }
}

/// The value of `Allow` for a resource.
pub(crate) fn allowed(registry: &Registry, resource: Option<&crate::Resource>) -> String {
    let methods = registry.methods().iter().filter(|method| method.allowed(resource));
    methods.map(|method| method.name()).collect::<Vec<_>>().join(", ")
}

/// RFC 8144 2.1, and the older `return-minimal` of the drafts.
fn wants_minimal(headers: &HeaderMap) -> bool {
    let brief = headers.get("brief").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"t"));
    brief || prefers(headers, "return=minimal") || prefers(headers, "return-minimal")
}

/// Whether the client prefers something (RFC 7240 2).
pub(crate) fn prefers(headers: &HeaderMap, what: &str) -> bool {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split([',', ';'])).any(|part| part.trim().eq_ignore_ascii_case(what))
}

#[async_trait]
impl App for Dav {
    fn well_known(&self) -> Vec<(&'static str, &'static str)> {
        let names = self.registry.trees().iter().filter_map(|tree| tree.well_known());
        names.map(|name| (name, "/dav/")).collect()
    }

    fn serves(&self, path: &Path) -> bool {
        match path.names() {
            [] => true,
            [root] => root == ROOT,
            [root, part, ..] => root == ROOT && (part == PRINCIPALS || self.registry.tree(part).is_some()),
        }
    }

    async fn handle(&self, request: Request) -> Response {
        self.answer(request).await.unwrap_or_else(Refusal::into_response)
    }
}
