//! If, If-Match and their kin against stored files.

use super::{HOME, World};

#[tokio::test]
async fn entity_tags() {
    let world = World::new();
    let tag = world.put("f", "one").await;
    for (head, status) in [
        ("PUT f\nIf-None-Match: *".to_owned(), 412),
        ("PUT f\nIf-Match: \"other\"".to_owned(), 412),
        ("PUT new\nIf-Match: *".to_owned(), 412),
        ("DELETE f\nIf-Match: \"other\"".to_owned(), 412),
        (format!("GET f\nIf-None-Match: {tag}"), 304),
        (format!("GET f\nIf-None-Match: W/{tag}, \"x\""), 304),
        ("GET f\nIf-None-Match: \"x\"".to_owned(), 200),
        (format!("GET f\nIf-Match: {tag}"), 200),
        ("GET f\nIf-Match: \"x\"".to_owned(), 412),
        ("GET f\nIf-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT".to_owned(), 412),
        ("GET f\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT".to_owned(), 304),
        ("MKCOL d\nIf-None-Match: *".to_owned(), 201),
    ] {
        assert_eq!(world.status(&head).await, status, "{head}");
    }
    assert_eq!(world.alice(&format!("PUT f\nIf-Match: {tag}"), "two").await.status, 204);
    assert_eq!(world.alice(&format!("PUT f\nIf-Match: {tag}"), "three").await.status, 412);
    assert_eq!(world.get("f").await, "two");
}

#[tokio::test]
async fn if_header() {
    let world = World::new();
    let tag = world.put("f", "one").await;
    world.put("g", "other").await;
    for (condition, status) in [
        (format!("([{tag}])"), 204),
        ("([\"x\"])".to_owned(), 412),
        ("(Not [\"x\"])".to_owned(), 204),
        ("(<DAV:no-lock>)".to_owned(), 412),
        ("(Not <DAV:no-lock>)".to_owned(), 204),
        (format!("([\"x\"]) ([{tag}])"), 204),
        (format!("<{HOME}/f> ([{tag}])"), 204),
        (format!("<http://dav.example.org{HOME}/g> ([{tag}])"), 412),
        (format!("<{HOME}/absent> (Not [{tag}])"), 204),
        ("(".to_owned(), 400),
    ] {
        let answer = world.alice(&format!("PUT f\nIf: {condition}"), "one").await;
        assert_eq!(answer.status, status, "{condition}");
    }
}

#[tokio::test]
async fn writers_race_and_one_wins() {
    let world = World::new();
    let tag = world.put("f", "start").await;
    let head = format!("PUT f\nIf-Match: {tag}");
    let (one, two, three) =
        tokio::join!(world.alice(&head, "1"), world.alice(&head, "2"), world.alice(&head, "3"));
    let mut statuses = [one.status, two.status, three.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 412, 412]);
}
