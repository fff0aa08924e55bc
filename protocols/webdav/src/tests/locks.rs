//! Locks: who is kept out, for how long, and what goes with what.

use super::{HOME, World};

const EXCLUSIVE: &str = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope>\
    <locktype><write/></locktype><owner>me &amp; <b xmlns='urn:x'/></owner></lockinfo>";
const SHARED: &str =
    "<lockinfo xmlns='DAV:'><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>";

async fn lock(world: &World, head: &str, body: &'static str) -> String {
    let answer = world.alice(head, body).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    answer.header("lock-token").to_owned()
}

#[tokio::test]
async fn exclusive_keeps_out() {
    let world = World::new();
    world.put("f", "x").await;
    let token = lock(&world, "LOCK f\nTimeout: Second-600", EXCLUSIVE).await;
    let refused = world.alice("PUT f", "y").await;
    assert!(refused.status == 423 && refused.has("lock-token-submitted"), "{refused:?}");
    assert!(!refused.has("urn:uuid"), "{refused:?}");
    for head in ["DELETE f", "PROPPATCH f"] {
        let body = "<propertyupdate xmlns='DAV:'><remove><prop><a/></prop></remove></propertyupdate>";
        assert_eq!(world.alice(head, body).await.status, 423, "{head}");
    }
    assert_eq!(world.status(&format!("MOVE f\nDestination: {HOME}/g")).await, 423);
    assert_eq!(world.status(&format!("COPY f\nDestination: {HOME}/g")).await, 201);
    assert_eq!(world.status(&format!("COPY g\nDestination: {HOME}/f")).await, 423);
    assert_eq!(world.alice("LOCK f", EXCLUSIVE).await.status, 423);
    assert_eq!(world.alice("LOCK f", SHARED).await.status, 423);
    assert_eq!(world.status("GET f").await, 200);
    assert_eq!(world.alice(&format!("PUT f\nIf: ({token})"), "y").await.status, 204);
    let found = world.alice("PROPFIND f\nDepth: 0", "").await;
    assert!(
        found.has("Second-600") && found.has("me &amp; ") && found.has(&token[1..token.len() - 1]),
        "{found:?}"
    );
    assert_eq!(world.status("UNLOCK f\nLock-Token: <urn:uuid:0>").await, 409);
    assert_eq!(world.status("UNLOCK f").await, 400);
    assert_eq!(world.status(&format!("UNLOCK f\nLock-Token: {token}")).await, 204);
    assert_eq!(world.status("PUT f").await, 204);
}

#[tokio::test]
async fn locks_lapse_and_are_refreshed() {
    let world = World::new();
    world.put("f", "x").await;
    let token = lock(&world, "LOCK f\nTimeout: Second-60", EXCLUSIVE).await;
    world.env.step(50_000);
    assert_eq!(world.status(&format!("LOCK f\nTimeout: Second-60\nIf: ({token})")).await, 200);
    world.env.step(50_000);
    assert_eq!(world.status("PUT f").await, 423);
    assert_eq!(world.status("LOCK f\nIf: (<urn:uuid:0>)").await, 412);
    assert_eq!(world.status("LOCK f").await, 400);
    world.env.step(20_000);
    assert_eq!(world.status("PUT f").await, 204);
    assert_eq!(world.status(&format!("UNLOCK f\nLock-Token: {token}")).await, 409);
    assert!(!world.alice("PROPFIND f\nDepth: 0", "").await.has("activelock"));
}

#[tokio::test]
async fn shared_locks_bear_each_other() {
    let world = World::new();
    world.put("f", "x").await;
    let one = lock(&world, "LOCK f", SHARED).await;
    let two = lock(&world, "LOCK f", SHARED).await;
    assert_ne!(one, two);
    assert_eq!(world.alice("LOCK f", EXCLUSIVE).await.status, 423);
    assert_eq!(world.status("PUT f").await, 423);
    assert_eq!(world.alice(&format!("PUT f\nIf: ({two})"), "y").await.status, 204);
}

#[tokio::test]
async fn deep_locks_cover_what_is_below() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    world.alice("MKCOL d/e", "").await;
    world.put("d/e/f", "x").await;
    let token = lock(&world, "LOCK d", EXCLUSIVE).await;
    for head in ["PUT d/e/f", "PUT d/e/new", "MKCOL d/new", "DELETE d/e", "DELETE d"] {
        assert_eq!(world.status(head).await, 423, "{head}");
    }
    assert_eq!(world.alice("LOCK d/e/f", EXCLUSIVE).await.status, 423);
    assert_eq!(world.status(&format!("PUT d/e/new\nIf: <{HOME}/d/> ({token})")).await, 201);
    assert_eq!(world.status(&format!("UNLOCK d/e/f\nLock-Token: {token}")).await, 204);
    let inner = lock(&world, "LOCK d/e/f", EXCLUSIVE).await;
    assert_eq!(world.alice("LOCK d", EXCLUSIVE).await.status, 423);
    assert_eq!(world.alice("LOCK d\nDepth: 0", EXCLUSIVE).await.status, 200);
    assert_eq!(world.status("DELETE d").await, 423);
    assert_eq!(world.status(&format!("PUT d/e/f\nIf: ({inner})")).await, 204);
}

#[tokio::test]
async fn shallow_locks_guard_membership() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    world.put("d/f", "x").await;
    let token = lock(&world, "LOCK d\nDepth: 0", EXCLUSIVE).await;
    assert_eq!(world.status("PUT d/f").await, 204);
    for head in ["PUT d/g", "DELETE d/f", "MKCOL d/h"] {
        assert_eq!(world.status(head).await, 423, "{head}");
    }
    assert_eq!(world.status(&format!("DELETE d/f\nIf: <{HOME}/d/> ({token})")).await, 204);
}

#[tokio::test]
async fn a_lock_on_nothing_makes_an_empty_file() {
    let world = World::new();
    let answer = world.alice("LOCK new", EXCLUSIVE).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(world.get("new").await, "");
    assert_eq!(world.alice("LOCK nowhere/new", EXCLUSIVE).await.status, 409);
}

#[tokio::test]
async fn locks_stay_where_they_were_made() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    world.put("d/f", "x").await;
    let token = lock(&world, "LOCK d/f", EXCLUSIVE).await;
    let tagged = format!("If: <{HOME}/d/f> ({token})");
    assert_eq!(world.status(&format!("MOVE d\nDestination: {HOME}/e")).await, 423);
    assert_eq!(world.status(&format!("MOVE d\nDestination: {HOME}/e\n{tagged}")).await, 201);
    assert_eq!(world.status("PUT e/f").await, 204);
    let token = lock(&world, "LOCK e/f", EXCLUSIVE).await;
    assert_eq!(world.status(&format!("MOVE e/f\nDestination: {HOME}/g\nIf: ({token})")).await, 201);
    assert_eq!(world.status("PUT g").await, 204);
    let token = lock(&world, "LOCK g", EXCLUSIVE).await;
    assert_eq!(world.status(&format!("DELETE g\nIf: ({token})")).await, 204);
    assert_eq!(world.status("PUT g").await, 201);
    assert_eq!(world.status("PUT g").await, 204);
}
