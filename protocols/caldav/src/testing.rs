//! A door without a wire: requests go in as transcripts write them, answers come out as status, headers and
//! text. Shared with the address books' tests.

use bytes::Bytes;
use directory::testing::MemoryDirectory;
use engine::sim::{SimDisk, SimEnv};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_door::{App, Path, Request, RequestBody};
use model::{AccountId, Address, Principal, Role};
use std::sync::Arc;
use store::{Options, Store};
use webdav::{Dav, Plugin};

/// A store on a simulated disk behind one plug-in, and alice in front of it.
pub(crate) struct Site {
    dav: Dav,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// How many `response` elements a multistatus has.
    pub(crate) fn count(&self) -> usize {
        assert_eq!(self.status, 207, "{}", self.text);
        self.text.matches("<D:response>").count()
    }

    /// The status and the first element inside `D:error`.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        let inside = self.text.split("<D:error").nth(1).and_then(|rest| rest.split('<').nth(1)).unwrap_or("");
        (self.status, inside.split(['/', '>']).next().unwrap_or(""))
    }
}

impl Site {
    pub(crate) fn new(plugin: Arc<dyn Plugin>) -> Self {
        let disk = SimDisk::new(1);
        let store = Store::new(disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)), Options::default());
        Self { dav: Dav::new(store, Arc::new(MemoryDirectory::sample()), &[plugin]) }
    }

    /// One request; `head` is the request line and header lines.
    pub(crate) async fn ask(&self, head: &str, body: impl Into<Bytes>) -> Answer {
        self.ask_as(1, "alice@example.org", head, body).await
    }

    /// One request of somebody else.
    pub(crate) async fn ask_as(&self, id: u32, who: &str, head: &str, body: impl Into<Bytes>) -> Answer {
        let mut lines = head.lines().map(str::trim);
        let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap())
        });
        let address = Address::parse(who).unwrap();
        let account = AccountId(id);
        let request = Request {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            path: Path::parse(path).unwrap(),
            query: None,
            headers: headers.collect(),
            authority: Some("dav.example.org".to_owned()),
            body: RequestBody::from_bytes(body.into()),
            principal: Arc::new(Principal { account, address, groups: Vec::new(), role: Role::Member }),
        };
        let (parts, body) = self.dav.handle(request).await.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// PUT of an object that must succeed.
    pub(crate) async fn put(&self, path: &str, octets: &str) {
        let answer = self.ask(&format!("PUT {path}"), octets.to_owned()).await;
        assert!(matches!(answer.status, 201 | 204), "{path}: {} {}", answer.status, answer.text);
    }
}
