//! Whole dialogues as drives of desktops hold them: each client's order of requests, headers and oddities.

use super::{HOME, World};

const LOCK: &str = "<?xml version='1.0' encoding='utf-8'?><D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/>\
    </D:lockscope><D:locktype><D:write/></D:locktype><D:owner><D:href>someone</D:href></D:owner></D:lockinfo>";

async fn statuses(world: &World, heads: &[(&str, &str, u16)]) {
    for (head, body, status) in heads {
        let answer = world.alice(head, (*body).to_owned()).await;
        assert_eq!(answer.status, *status, "{head}: {answer:?}");
    }
}

/// Windows' redirector: an empty PUT, LOCK without Depth, PROPPATCH of its own attributes, the true PUT, and a
/// Lock-Token without brackets.
#[tokio::test]
async fn windows() {
    let world = World::new();
    let options = world.alice("OPTIONS /\nTranslate: f", "").await;
    assert_eq!((options.status, options.header("ms-author-via")), (200, "DAV"));
    assert!(options.header("dav").starts_with("1, 2, 3"));
    statuses(
        &world,
        &[
            ("PROPFIND /\nDepth: 0\nTranslate: f", "", 207),
            (&format!("PROPFIND {HOME}\nDepth: 1\nTranslate: f"), "", 207),
            ("PROPFIND report.docx\nDepth: 0", "", 404),
            ("PUT report.docx\nTranslate: f", "", 201),
        ],
    )
    .await;
    let lock = world.alice("LOCK report.docx\nTimeout: Second-3600\nTranslate: f", LOCK).await;
    assert_eq!(lock.status, 200);
    let token = lock.header("lock-token").to_owned();
    let times = "<D:propertyupdate xmlns:D='DAV:' xmlns:Z='urn:schemas-microsoft-com:'><D:set><D:prop>\
        <Z:Win32CreationTime>Mon, 23 Nov 2026 11:00:00 GMT</Z:Win32CreationTime>\
        <Z:Win32LastAccessTime>Mon, 23 Nov 2026 11:00:00 GMT</Z:Win32LastAccessTime>\
        <Z:Win32FileAttributes>00000000</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>";
    let patched = world.alice(&format!("PROPPATCH report.docx\nIf: ({token})"), times).await;
    assert!(patched.status == 207 && !patched.has("HTTP/1.1 4"), "{patched:?}");
    let bare = token.trim_matches(['<', '>']);
    statuses(
        &world,
        &[
            (&format!("PUT report.docx\nIf: ({token})"), "content", 204),
            (&format!("UNLOCK report.docx\nLock-Token: {bare}"), "", 204),
            ("GET report.docx\nTranslate: f", "", 200),
        ],
    )
    .await;
    assert_eq!(world.get("report.docx").await, "content");
}

/// Finder: probes for files that it would like to be there, LOCK, an empty PUT, a chunked PUT, its shadow file.
#[tokio::test]
async fn finder() {
    let world = World::new();
    statuses(
        &world,
        &[
            ("PROPFIND .metadata_never_index\nDepth: 0", "", 404),
            ("PROPFIND ._.\nDepth: 0", "", 404),
            ("PUT photo.heic", "", 201),
        ],
    )
    .await;
    let token = world.alice("LOCK photo.heic\nDepth: 0\nTimeout: Second-600", LOCK).await;
    let token = token.header("lock-token").to_owned();
    statuses(
        &world,
        &[
            (&format!("PUT photo.heic\nIf: ({token})\nX-Expected-Entity-Length: 4"), "heic", 204),
            ("PUT ._photo.heic", "shadow", 201),
            ("GET photo.heic", "", 200),
            (&format!("UNLOCK photo.heic\nLock-Token: {token}"), "", 204),
            ("DELETE ._photo.heic", "", 204),
        ],
    )
    .await;
    let quota = "<D:propfind xmlns:D='DAV:'><D:prop><D:quota-available-bytes/><D:quota-used-bytes/>\
        <D:quota/><D:quotaused/></D:prop></D:propfind>";
    let found = world.alice(&format!("PROPFIND {HOME}/\nDepth: 0"), quota).await;
    assert!(found.text("quota-used-bytes") == "4" && found.has("404 Not Found"), "{found:?}");
}

/// davfs2 and LibreOffice: a lock on a name that is free, HEAD, PUT, UNLOCK; a save through a temporary name.
#[tokio::test]
async fn office_on_linux() {
    let world = World::new();
    let lock = world.alice("LOCK letter.odt\nDepth: 0\nTimeout: Second-180", LOCK).await;
    assert_eq!(lock.status, 201);
    let token = lock.header("lock-token").to_owned();
    statuses(&world, &[
        ("HEAD letter.odt", "", 200),
        (&format!("PUT letter.odt\nIf: <{HOME}/letter.odt> ({token})"), "one", 204),
        (&format!("LOCK letter.odt\nIf: ({token})\nTimeout: Second-180"), "", 200),
        ("PUT letter.odt.tmp", "two", 201),
        (
            &format!("MOVE letter.odt.tmp\nDestination: {HOME}/letter.odt\nOverwrite: T\nIf: <{HOME}/letter.odt> ({token})"),
            "",
            204,
        ),
    ])
    .await;
    assert_eq!(world.get("letter.odt").await, "two");
    // The lock went with what it locked.
    assert_eq!(world.status("PUT letter.odt").await, 204);
}

/// Office on Windows refreshes every 45 s for as long as the document is open.
#[tokio::test]
async fn a_day_at_the_office() {
    let world = World::new();
    world.put("plan.docx", "x").await;
    let token = world.alice("LOCK plan.docx\nTimeout: Second-3600", LOCK).await;
    let token = token.header("lock-token").to_owned();
    for _ in 0..50 {
        world.env.step(45_000);
        let refresh = format!("LOCK plan.docx\nIf: ({token})\nTimeout: Second-3600");
        assert_eq!(world.status(&refresh).await, 200);
    }
    assert_eq!(world.status("PUT plan.docx").await, 423);
}

/// Cyberduck and rclone: foreign namespaces in PROPFIND, times kept by a header, names with everything in them.
#[tokio::test]
async fn synchronisers() {
    let world = World::new();
    let put = world.alice("PUT odd%20%23%3F%25%26+%5B%5D;=@!$'(),.txt\nX-OC-Mtime: 1000000000", "x").await;
    assert_eq!((put.status, put.header("x-oc-mtime")), (201, "accepted"));
    let asked = "<D:propfind xmlns:D='DAV:' xmlns:s='SAR:'><D:prop><D:getlastmodified/><s:lastmodified/>\
        <D:checked-in/><oc:checksums xmlns:oc='http://owncloud.org/ns'/></D:prop></D:propfind>";
    let found = world.alice(&format!("PROPFIND {HOME}/\nDepth: 1"), asked).await;
    assert!(found.has("Sun, 09 Sep 2001 01:46:40 GMT"), "{found:?}");
    assert!(found.has(r#"<x:lastmodified xmlns:x="SAR:"/>"#), "{found:?}");
    assert!(found.has("/odd%20%23%3F%25%26+%5B%5D%3B=@!$'(),.txt</D:href>"), "{found:?}");
}
