//! sync-collection: every token plus its changes is the present, page by page, and no bad token is answered.

use super::{HOME, World};
use std::collections::BTreeSet;

async fn sync(world: &World, path: &str, token: &str, extra: &str) -> super::Answer {
    let body = format!(
        "<sync-collection xmlns='DAV:'><sync-token>{token}</sync-token><sync-level>1</sync-level>{extra}\
         <prop><getetag/></prop></sync-collection>"
    );
    world.alice(&format!("REPORT {path}\nDepth: 1"), body).await
}

#[tokio::test]
async fn changes_since_a_token() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    for name in ["a", "b", "c"] {
        world.put(&format!("d/{name}"), name).await;
    }
    world.alice("MKCOL d/sub", "").await;
    let first = sync(&world, "d/", "", "").await;
    assert_eq!(first.body.matches("<D:response>").count(), 4, "{first:?}");
    let token = first.text("sync-token").to_owned();
    let nothing = sync(&world, "d/", &token, "").await;
    assert_eq!(
        (nothing.body.matches("<D:response>").count(), nothing.text("sync-token")),
        (0, token.as_str())
    );

    world.put("d/b", "new").await;
    world.alice("DELETE d/a", "").await;
    world.alice("DELETE d/sub", "").await;
    let changed = sync(&world, "d/", &token, "").await;
    assert!(changed.has("/d/b</D:href><D:propstat>"), "{changed:?}");
    for gone in ["/d/a</D:href><D:status>HTTP/1.1 404", "/d/sub/</D:href><D:status>HTTP/1.1 404"] {
        assert!(changed.has(gone), "{gone} in {changed:?}");
    }
    assert_eq!(changed.body.matches("<D:response>").count(), 3);
}

#[tokio::test]
async fn a_token_is_a_state() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    let token = sync(&world, "d/", "", "").await.text("sync-token").to_owned();
    let put = format!("PUT d/f\nIf: <{HOME}/d/> (<{token}>)");
    assert_eq!(world.alice(&put, "1").await.status, 201);
    assert_eq!(world.alice(&put, "2").await.status, 412);
    let again = world.alice("MKCOL d", "").await;
    assert!(again.status == 405 && again.has("resource-must-be-null"), "{again:?}");
    assert!(!again.header("allow").is_empty());
}

#[tokio::test]
async fn pages_by_limit() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    for number in 0..25 {
        world.put(&format!("d/f {number:02}"), "x").await;
    }
    let (mut token, mut seen, mut pages) = (String::new(), BTreeSet::new(), 0);
    loop {
        let page = sync(&world, "d/", &token, "<limit><nresults>10</nresults></limit>").await;
        for part in page.body.split("<D:href>").skip(1) {
            let href = &part[..part.find('<').unwrap()];
            assert!(href.ends_with("/d/") || seen.insert(href.to_owned()) || pages == 3, "{href} twice");
        }
        token = page.text("sync-token").to_owned();
        pages += 1;
        if !page.has("507 Insufficient Storage") {
            break;
        }
        assert!(page.has("number-of-matches-within-limits"));
        // What changes behind the reader's back is told at the end.
        world.put("d/f 00", &pages.to_string()).await;
    }
    assert_eq!((seen.len(), pages), (25, 3));
    let late = sync(&world, "d/", &token, "").await;
    assert!(late.has("f%2000"), "{late:?}");
}

#[tokio::test]
async fn bad_tokens_are_refused() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    world.alice("MKCOL e", "").await;
    let token = sync(&world, "d/", "", "").await.text("sync-token").to_owned();
    let (start, number) = token.rsplit_once(':').unwrap();
    let future = format!("{start}:{}", number.parse::<u64>().unwrap() + 1);
    for bad in [future.as_str(), "urn:x", "http://example.org/1", "urn:collegium:sync:1", "-1"] {
        let refused = sync(&world, "d/", bad, "").await;
        assert!(refused.status == 403 && refused.has("valid-sync-token"), "{bad}: {refused:?}");
    }
    let other = sync(&world, "e/", &token, "").await;
    assert!(other.status == 403 && other.has("valid-sync-token"), "{other:?}");
    world.alice("DELETE d", "").await;
    world.alice("MKCOL d", "").await;
    assert_eq!(sync(&world, "d/", &token, "").await.status, 403);
}

#[tokio::test]
async fn levels() {
    let world = World::new();
    let body = |level: &str| {
        format!(
            "<sync-collection xmlns='DAV:'><sync-token/><sync-level>{level}</sync-level><prop/></sync-collection>"
        )
    };
    let refused = world.alice(&format!("REPORT {HOME}/"), body("infinite")).await;
    assert!(refused.status == 403 && refused.has("sync-traversal-supported"), "{refused:?}");
    assert_eq!(world.alice(&format!("REPORT {HOME}/"), body("7")).await.status, 400);
    world.put("f", "").await;
    assert_eq!(world.alice("REPORT f", body("1")).await.status, 403);
}

#[tokio::test]
async fn a_long_listing_is_streamed_whole() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    for number in 0..1_200 {
        world.put(&format!("d/{number:04}"), "x").await;
    }
    for head in ["PROPFIND d\nDepth: 1"] {
        let found = world.alice(head, "").await;
        assert_eq!(found.body.matches("<D:response>").count(), 1_201);
        assert!(found.body.ends_with("</D:multistatus>"));
        assert!(!found.headers.contains_key("content-length"));
    }
    let first = sync(&world, "d/", "", "").await;
    assert_eq!(first.body.matches("<D:response>").count(), 1_200);
}
