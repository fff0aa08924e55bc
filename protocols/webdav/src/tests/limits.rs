//! At each limit, and one past it.

use super::World;
use crate::limits::{
    DEAD_PROPERTY_BYTES_MAX, DEAD_PROPERTY_COUNT_MAX, EXPANSION_COUNT_MAX, EXPANSION_DEPTH_MAX,
    LOCK_OWNER_BYTES_MAX, LOCK_TIMEOUT_SECONDS_MAX, MEDIA_TYPE_BYTES_MAX, PROPERTY_COUNT_MAX,
    SEARCH_COUNT_MAX,
};

fn patch(properties: &str) -> String {
    format!("<propertyupdate xmlns='DAV:'><set><prop>{properties}</prop></set></propertyupdate>")
}

#[tokio::test]
async fn properties_named_at_once() {
    let world = World::new();
    world.put("f", "x").await;
    let find = |count: usize| {
        let names: String = (0..count).map(|n| format!("<p{n}/>")).collect();
        format!("<propfind xmlns='DAV:'><prop>{names}</prop></propfind>")
    };
    assert_eq!(world.alice("PROPFIND f\nDepth: 0", find(PROPERTY_COUNT_MAX)).await.status, 207);
    assert_eq!(world.alice("PROPFIND f\nDepth: 0", find(PROPERTY_COUNT_MAX + 1)).await.status, 413);
}

#[tokio::test]
async fn dead_properties() {
    let world = World::new();
    world.put("f", "x").await;
    let value = |bytes: usize| {
        let around = "<x:p xmlns:x=\"urn:x\"></x:p>".len();
        patch(&format!("<p xmlns='urn:x'>{}</p>", "v".repeat(bytes - around)))
    };
    assert!(world.alice("PROPPATCH f", value(DEAD_PROPERTY_BYTES_MAX)).await.has("200 OK"));
    assert!(world.alice("PROPPATCH f", value(DEAD_PROPERTY_BYTES_MAX + 1)).await.has("507"));

    world.put("g", "x").await;
    let many = |count: usize| {
        let all: String = (0..count).map(|n| format!("<p{n} xmlns='urn:x'>1</p{n}>")).collect();
        patch(&all)
    };
    assert!(world.alice("PROPPATCH g", many(DEAD_PROPERTY_COUNT_MAX + 1)).await.has("507"));
    assert!(world.alice("PROPPATCH g", many(DEAD_PROPERTY_COUNT_MAX)).await.has("200 OK"));
}

#[tokio::test]
async fn lock_owners() {
    let world = World::new();
    let lock = |bytes: usize| {
        let around = "<x:owner xmlns:x=\"DAV:\"></x:owner>".len();
        let owner = "o".repeat(bytes - around);
        format!(
            "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype>\
             <owner>{owner}</owner></lockinfo>"
        )
    };
    assert_eq!(world.alice("LOCK f", lock(LOCK_OWNER_BYTES_MAX + 1)).await.status, 413);
    assert_eq!(world.alice("LOCK f", lock(LOCK_OWNER_BYTES_MAX)).await.status, 201);
}

#[tokio::test]
async fn lock_timeouts() {
    let world = World::new();
    let body =
        "<lockinfo xmlns='DAV:'><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>";
    for (asked, given) in [
        (LOCK_TIMEOUT_SECONDS_MAX, LOCK_TIMEOUT_SECONDS_MAX),
        (LOCK_TIMEOUT_SECONDS_MAX + 1, LOCK_TIMEOUT_SECONDS_MAX),
    ] {
        let answer = world.alice(&format!("LOCK f\nTimeout: Second-{asked}"), body).await;
        assert!(answer.has(&format!("Second-{given}<")), "{answer:?}");
    }
}

#[tokio::test]
async fn media_types() {
    let world = World::new();
    let kind = |bytes: usize| format!("text/{}", "x".repeat(bytes - "text/".len()));
    let most = kind(MEDIA_TYPE_BYTES_MAX);
    for (said, kept) in [
        (most.as_str(), most.as_str()),
        (&kind(MEDIA_TYPE_BYTES_MAX + 1), "image/png"),
        ("application/octet-stream", "image/png"),
        ("nonsense", "image/png"),
    ] {
        assert!(world.status(&format!("PUT f.png\nContent-Type: {said}")).await < 300);
        assert_eq!(world.alice("GET f.png", "").await.header("content-type"), kept, "{said}");
    }
}

#[tokio::test]
async fn searches() {
    let world = World::new();
    let search = |count: usize| {
        let one = "<property-search><prop><displayname/></prop><match>alice</match></property-search>";
        format!(
            "<principal-property-search xmlns='DAV:'>{}<prop><displayname/></prop></principal-property-search>",
            one.repeat(count)
        )
    };
    let found = world.alice("REPORT /dav/principals/", search(SEARCH_COUNT_MAX)).await;
    assert!(found.status == 207 && found.has("alice@example.org"), "{found:?}");
    assert_eq!(world.alice("REPORT /dav/principals/", search(SEARCH_COUNT_MAX + 1)).await.status, 400);
}

#[tokio::test]
async fn expansions() {
    let world = World::new();
    let wide = |count: usize| {
        let one = "<property name='owner'><property name='displayname'/></property>";
        format!("<expand-property xmlns='DAV:'>{}</expand-property>", one.repeat(count))
    };
    let target = "REPORT /dav/files/alice@example.org/";
    assert_eq!(world.alice(target, wide(EXPANSION_COUNT_MAX)).await.status, 207);
    assert_eq!(world.alice(target, wide(EXPANSION_COUNT_MAX + 1)).await.status, 413);
    let deep = |depth: usize| {
        let (open, close) = ("<property name='owner'>", "</property>");
        format!(
            "<expand-property xmlns='DAV:'>{}{}</expand-property>",
            open.repeat(depth),
            close.repeat(depth)
        )
    };
    for (depth, followed) in
        [(EXPANSION_DEPTH_MAX + 1, EXPANSION_DEPTH_MAX), (EXPANSION_DEPTH_MAX + 2, EXPANSION_DEPTH_MAX)]
    {
        let found = world.alice(target, deep(depth)).await;
        assert_eq!(found.body.matches("<D:response>").count(), followed + 1, "{found:?}");
    }
}
