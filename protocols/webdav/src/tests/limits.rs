//! At each limit, and one past it.

use super::World;
use crate::limits::{
    DEAD_PROPERTY_BYTES_MAX, DEAD_PROPERTY_COUNT_MAX, LOCK_OWNER_BYTES_MAX, PROPERTY_COUNT_MAX,
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
