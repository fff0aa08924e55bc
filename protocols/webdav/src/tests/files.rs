//! Files and folders: PUT, GET, MKCOL, COPY, MOVE, DELETE.

use super::{HOME, World};
use model::AccountId;
use store::Options;

#[tokio::test]
async fn put_get_delete() {
    let world = World::new();
    let answer = world.alice("PUT a.txt\nX-OC-Mtime: 1500000000.5", "hello").await;
    assert_eq!((answer.status, answer.header("x-oc-mtime")), (201, "accepted"));
    let got = world.alice("GET a.txt", "").await;
    assert_eq!(got.body, "hello");
    assert_eq!(got.header("last-modified"), "Fri, 14 Jul 2017 02:40:00 GMT");
    assert_eq!(got.header("content-type"), "text/plain");
    assert_eq!(got.header("content-disposition"), "attachment");
    assert!(got.header("content-security-policy").starts_with("sandbox"));
    assert_eq!(world.status("PUT a.txt").await, 204);
    let head = world.alice("HEAD a.txt", "").await;
    assert_eq!((head.header("content-length"), head.body.as_str()), ("0", ""));
    assert_eq!(world.status("DELETE a.txt").await, 204);
    assert_eq!(world.status("GET a.txt").await, 404);
    assert_eq!(world.status("DELETE a.txt").await, 404);
}

#[tokio::test]
async fn ranges_of_a_chunked_file() {
    let world = World::new();
    let octets: String = (0..300_000).map(|n| char::from(b'a' + (n / 7 % 26) as u8)).collect();
    world.put("big", &octets).await;
    assert_eq!(world.get("big").await, octets);
    let part = world.alice("GET big\nRange: bytes=262140-262150", "").await;
    assert_eq!((part.status, part.body.as_str()), (206, &octets[262_140..=262_150]));
    assert_eq!(part.header("content-range"), "bytes 262140-262150/300000");
    let beyond = world.alice("GET big\nRange: bytes=300000-", "").await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */300000"));
    let other = world.alice("GET big\nRange: bytes=0-1\nIf-Range: \"other\"", "").await;
    assert_eq!(other.status, 200);
    let etag = part.header("etag");
    let same = world.alice(&format!("GET big\nRange: bytes=0-1\nIf-Range: {etag}"), "").await;
    assert_eq!(same.status, 206);
    // The date may be another content's: no part is joined to it.
    let date = part.header("last-modified");
    let dated = world.alice(&format!("GET big\nRange: bytes=0-1\nIf-Range: {date}"), "").await;
    assert_eq!(dated.status, 200);
}

#[tokio::test]
async fn what_cannot_be_put() {
    let world = World::new();
    assert_eq!(world.status("MKCOL d").await, 201);
    for (head, status) in [
        ("PUT nowhere/a", 409),
        ("PUT d", 405),
        ("PUT a/", 409),
        ("PUT /dav/files/x", 403),
        ("PUT /dav/", 405),
        ("PUT a\nContent-Range: bytes 0-1/2", 400),
        ("PUT a\nContent-Encoding: gzip", 415),
        ("MKCOL d", 405),
        ("MKCOL nowhere/d", 409),
        ("MKCOL /dav/x", 403),
        ("DELETE /dav/files/alice@example.org/", 405),
        ("GET d", 405),
        ("PATCH d", 501),
        ("GET /dav/unknown/x", 404),
    ] {
        assert_eq!(world.status(head).await, status, "{head}");
    }
    let long = "n".repeat(store::NAME_BYTES_MAX + 1);
    assert_eq!(world.status(&format!("PUT {long}")).await, 413);
    assert_eq!(world.status(&format!("PUT {}", &long[1..])).await, 201);
}

#[tokio::test]
async fn trees_move_and_copy() {
    let world = World::new();
    for head in ["MKCOL a", "MKCOL a/b", "MKCOL a/b/c"] {
        assert_eq!(world.status(head).await, 201);
    }
    world.put("a/b/c/f", "deep").await;
    assert_eq!(world.status(&format!("COPY a\nDestination: http://dav.example.org{HOME}/copy")).await, 201);
    assert_eq!(world.get("copy/b/c/f").await, "deep");
    assert_eq!(world.status(&format!("COPY copy\nDestination: {HOME}/détour")).await, 201);
    assert_eq!(world.status("PROPFIND d%C3%A9tour\nDepth: 0").await, 207);
    assert_eq!(world.status(&format!("MOVE a/b\nDestination: {HOME}/copy/b\nOverwrite: F")).await, 412);
    assert_eq!(world.status(&format!("MOVE a/b\nDestination: {HOME}/copy/b")).await, 204);
    assert_eq!(world.get("copy/b/c/f").await, "deep");
    assert_eq!(world.status("GET a/b/c/f").await, 404);
    assert_eq!(world.status(&format!("COPY copy\nDepth: 0\nDestination: {HOME}/flat/")).await, 201);
    assert_eq!(world.status("GET flat/b/c/f").await, 404);
    assert_eq!(world.status("DELETE copy\nDepth: 0").await, 400);
    assert_eq!(world.status("DELETE copy").await, 204);
    assert_eq!(world.status("GET copy/b/c/f").await, 404);
}

#[tokio::test]
async fn where_nothing_can_go() {
    let world = World::new();
    world.alice("MKCOL a", "").await;
    world.alice("MKCOL a/b", "").await;
    world.put("f", "x").await;
    for (head, status) in [
        (format!("MOVE a\nDestination: {HOME}/a/b/c"), 403),
        (format!("COPY a\nDestination: {HOME}/a/b/c"), 403),
        (format!("MOVE a/b\nDestination: {HOME}/a"), 403),
        (format!("MOVE a\nDestination: {HOME}/a"), 403),
        (format!("COPY f\nDestination: {HOME}/%66"), 403),
        (format!("COPY f\nDestination: {HOME}/no/g"), 409),
        (format!("COPY f\nDestination: {HOME}/c#.txt"), 400),
        (format!("MOVE f\nDestination: {HOME}/why?.txt"), 400),
        (format!("COPY f\nDestination: http://elsewhere.example{HOME}/g"), 502),
        ("COPY f\nDestination: /dav/files/bob@example.org/g".to_owned(), 404),
        ("COPY f\nDestination: /dav/principals/g".to_owned(), 403),
        ("COPY f".to_owned(), 400),
        (format!("COPY f\nDestination: {HOME}/g\nOverwrite: maybe"), 400),
        (format!("MOVE a\nDepth: 0\nDestination: {HOME}/z"), 400),
    ] {
        assert_eq!(world.status(&head).await, status, "{head}");
    }
    assert_eq!(world.get("f").await, "x");
}

#[tokio::test]
async fn dead_properties_come_along() {
    let world = World::new();
    world.put("f", "x").await;
    let patch =
        "<propertyupdate xmlns='DAV:'><set><prop><n xmlns='urn:x'>1</n></prop></set></propertyupdate>";
    assert_eq!(world.alice("PROPPATCH f", patch).await.status, 207);
    world.alice("MKCOL d", "").await;
    for (head, at) in [("COPY f", "d/copy"), ("MOVE f", "d/moved")] {
        assert_eq!(world.status(&format!("{head}\nDestination: {HOME}/{at}")).await, 201);
        let found = world.alice(&format!("PROPFIND {at}\nDepth: 0"), "").await;
        assert!(found.has(r#"<x:n xmlns:x="urn:x">1</x:n>"#), "{found:?}");
    }
    world.put("f", "new").await;
    assert!(!world.alice("PROPFIND f\nDepth: 0", "").await.has("urn:x"));
}

#[tokio::test]
async fn strangers_learn_nothing() {
    let world = World::new();
    world.put("secret", "x").await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "REPORT"] {
        let real = world.bob(&format!("{method} secret"), "").await.status;
        let absent = world.bob(&format!("{method} absent"), "").await.status;
        assert_eq!((real, absent), (404, 404), "{method}");
    }
    let head = "COPY secret\nDestination: /dav/files/bob@example.org/stolen";
    assert_eq!(world.bob(head, "").await.status, 404);
}

#[tokio::test]
async fn over_quota() {
    let world = World::with(Options { quota_bytes: Some(10), ..Options::default() });
    world.put("a", "12345").await;
    let full = world.alice("PUT b", "123456").await;
    assert!(full.status == 507 && full.has("quota-not-exceeded"), "{full:?}");
    assert_eq!(world.status("GET b").await, 404);
    let body = "<propfind xmlns='DAV:'><prop><quota-available-bytes/><quota-used-bytes/></prop></propfind>";
    let quota = world.alice("PROPFIND /dav/files/alice@example.org\nDepth: 0", body).await;
    assert_eq!((quota.text("quota-available-bytes"), quota.text("quota-used-bytes")), ("5", "5"));
    world.put("b", "12345").await;
    let reader = world.store.read(&world.principal(1).await, AccountId(1)).await.unwrap();
    assert_eq!(reader.quota().used_bytes, 10);
}
