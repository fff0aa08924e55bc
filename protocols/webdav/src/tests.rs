//! Requests over a store on a simulated disk: what a method does, seen from outside of it.

mod clients;
mod conditions;
mod files;
mod limits;
mod locks;
mod oracle;
mod properties;
mod sync;

use crate::{Dav, Files, Plugin};
use bytes::Bytes;
use directory::Directory;
use directory::testing::MemoryDirectory;
use engine::sim::{SimDisk, SimEnv};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_door::{App, Path, Request, RequestBody};
use model::{AccountId, Principal};
use std::sync::Arc;
use store::{Options, Store};

/// The drive of alice.
pub(crate) const HOME: &str = "/dav/files/alice@example.org";

/// A WebDAV with its disk and clock.
pub(crate) struct World {
    pub(crate) dav: Dav,
    pub(crate) store: Store,
    pub(crate) env: Arc<SimEnv>,
    people: Arc<MemoryDirectory>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &'static str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The text of the first element of that local name.
    pub(crate) fn text(&self, name: &str) -> &str {
        let from = self.body.find(&format!(":{name}>")).unwrap_or_else(|| panic!("{name} in {}", self.body));
        let rest = &self.body[from + name.len() + 2..];
        &rest[..rest.find('<').unwrap()]
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let disk = SimDisk::new(1);
        let env = Arc::new(SimEnv::new(1));
        let store = Store::new(disk.engine(), disk.blobs(), env.clone(), options);
        let people = Arc::new(MemoryDirectory::sample());
        let plugins: [Arc<dyn Plugin>; 1] = [Arc::new(Files)];
        let dav = Dav::new(store.clone(), people.clone(), &plugins);
        Self { dav, store, env, people }
    }

    pub(crate) async fn principal(&self, account: u32) -> Principal {
        self.people.principal(AccountId(account)).await.unwrap()
    }

    /// One request of alice. `head` is `METHOD path` and then header lines.
    pub(crate) async fn alice(&self, head: &str, body: impl Into<Bytes>) -> Answer {
        self.ask(1, head, body.into()).await
    }

    /// One request of bob.
    pub(crate) async fn bob(&self, head: &str, body: impl Into<Bytes>) -> Answer {
        self.ask(2, head, body.into()).await
    }

    async fn ask(&self, account: u32, head: &str, body: Bytes) -> Answer {
        let mut lines = head.lines().map(str::trim).filter(|line| !line.is_empty());
        let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{HOME}/{path}") };
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            headers.append(
                HeaderName::try_from(name).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        let request = Request {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            path: Path::parse(&path).unwrap(),
            query: None,
            headers,
            authority: Some("dav.example.org".to_owned()),
            body: RequestBody::from_bytes(body),
            principal: Arc::new(self.principal(account).await),
        };
        let response = self.dav.handle(request).await;
        let (parts, body) = response.into_parts();
        let body = String::from_utf8_lossy(&body.collect().await.unwrap()).into_owned();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// PUT, which must succeed; gives the ETag.
    pub(crate) async fn put(&self, path: &str, body: &str) -> String {
        let answer = self.alice(&format!("PUT {path}"), body.to_owned()).await;
        assert!(matches!(answer.status, 201 | 204), "{answer:?}");
        answer.header("etag").to_owned()
    }

    /// GET, which must succeed.
    pub(crate) async fn get(&self, path: &str) -> String {
        let answer = self.alice(&format!("GET {path}"), "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    pub(crate) async fn status(&self, head: &str) -> u16 {
        self.alice(head, "").await.status
    }
}
