//! PROPFIND, PROPPATCH, extended MKCOL.

use super::{HOME, World};

fn find(names: &str) -> String {
    format!("<propfind xmlns='DAV:'><prop>{names}</prop></propfind>")
}

#[tokio::test]
async fn unknown_properties_have_a_propstat_of_their_own() {
    let world = World::new();
    world.put("f", "x").await;
    let body = find("<getetag/><nope/><n xmlns='urn:x'/><getcontentlength/>");
    let found = world.alice("PROPFIND f\nDepth: 0", body.clone()).await;
    assert_eq!(found.status, 207);
    let (good, bad) = found.body.split_once("200 OK").unwrap();
    assert!(good.contains("getetag") && good.contains("<D:getcontentlength>1<"), "{found:?}");
    assert!(bad.contains(r#"<D:nope/><x:n xmlns:x="urn:x"/>"#) && bad.contains("404 Not Found"), "{found:?}");
    let brief = world.alice("PROPFIND f\nDepth: 0\nPrefer: return=minimal", body).await;
    assert!(!brief.has("404"), "{brief:?}");
}

#[tokio::test]
async fn depths() {
    let world = World::new();
    world.alice("MKCOL d", "").await;
    world.alice("MKCOL d/e", "").await;
    world.put("d/f", "x").await;
    let responses = |body: &str| body.matches("<D:response>").count();
    assert_eq!(responses(&world.alice("PROPFIND d\nDepth: 0", "").await.body), 1);
    assert_eq!(responses(&world.alice("PROPFIND d\nDepth: 1", "").await.body), 3);
    for head in ["PROPFIND d", "PROPFIND d\nDepth: infinity", "PROPFIND /dav/"] {
        let refused = world.alice(head, "").await;
        assert!(refused.status == 403 && refused.has("propfind-finite-depth"), "{head}: {refused:?}");
    }
    assert_eq!(world.status("PROPFIND d/f").await, 207);
    assert_eq!(world.status("PROPFIND d\nDepth: 2").await, 400);
    assert_eq!(world.status("PROPFIND nope\nDepth: 0").await, 404);
}

#[tokio::test]
async fn names_only() {
    let world = World::new();
    world.put("f", "x").await;
    let found = world.alice("PROPFIND f\nDepth: 0", "<propfind xmlns='DAV:'><propname/></propfind>").await;
    assert!(found.has("<D:getetag/>") && found.has("<D:lockdiscovery/>"), "{found:?}");
    assert!(!found.has("quota-used-bytes"), "{found:?}");
    for bad in ["<propfind xmlns='DAV:'><prop/><allprop/></propfind>", "<x/>", "<propfind", "<a:b/>"] {
        assert_eq!(world.alice("PROPFIND f\nDepth: 0", bad).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn patches_are_all_or_nothing() {
    let world = World::new();
    world.put("f", "x").await;
    let patch = "<propertyupdate xmlns='DAV:' xmlns:z='urn:z'>\
        <set><prop xml:lang='fr'><z:a>un <z:b z:c='d'/></z:a></prop></set>\
        <set><prop><getetag>mine</getetag></prop></set></propertyupdate>";
    let refused = world.alice("PROPPATCH f", patch).await;
    assert!(refused.has("424 Failed Dependency") && refused.has("403 Forbidden"), "{refused:?}");
    assert!(refused.has("cannot-modify-protected-property"), "{refused:?}");
    assert!(!world.alice("PROPFIND f\nDepth: 0", "").await.has("urn:z"));

    let patch = patch.replace("<set><prop><getetag>mine</getetag></prop></set>", "");
    assert!(world.alice("PROPPATCH f", patch.clone()).await.has("200 OK"));
    let found = world.alice("PROPFIND f\nDepth: 0", find("<a xmlns='urn:z'/>")).await;
    let kept =
        r#"<x:a xmlns:x="urn:z" xml:lang="fr">un <x:b xmlns:x="urn:z" xmlns:a0="urn:z" a0:c="d"/></x:a>"#;
    assert!(found.has(kept), "{found:?}");
    let quiet = world.alice("PROPPATCH f\nPrefer: return=minimal", patch).await;
    assert_eq!((quiet.status, quiet.body.as_str()), (200, ""));

    let twice = "<propertyupdate xmlns='DAV:'><set><prop><a xmlns='urn:z'>2</a></prop></set>\
        <remove><prop><a xmlns='urn:z'/></prop></remove></propertyupdate>";
    assert!(world.alice("PROPPATCH f", twice).await.has("200 OK"));
    assert!(world.alice("PROPFIND f\nDepth: 0", find("<a xmlns='urn:z'/>")).await.has("404 Not Found"));
}

#[tokio::test]
async fn every_resource_answers_a_patch() {
    let world = World::new();
    world.put("f", "x").await;
    let nothing = "<propertyupdate xmlns='DAV:'><set><prop/></set></propertyupdate>";
    let empty = world.alice("PROPPATCH f", nothing).await;
    assert!(empty.status == 207 && empty.has("<D:propstat>") && empty.has("200 OK"), "{empty:?}");
    let patch = "<propertyupdate xmlns='DAV:'><set><prop><displayname>x</displayname><a xmlns='urn:z'/></prop>\
        </set></propertyupdate>";
    for path in ["/", "/dav/", "/dav/files/", "/dav/principals/", "/dav/principals/alice@example.org/"] {
        let refused = world.alice(&format!("PROPPATCH {path}"), patch).await;
        assert!(
            refused.status == 207 && refused.has("403 Forbidden") && !refused.has("200 OK"),
            "{refused:?}"
        );
    }
    assert_eq!(world.alice("PROPPATCH /dav/files/nobody@example.org/", patch).await.status, 404);
}

#[tokio::test]
async fn windows_may_set_its_own() {
    let world = World::new();
    world.put("f", "x").await;
    let patch = "<propertyupdate xmlns='DAV:' xmlns:Z='urn:schemas-microsoft-com:'><set><prop>\
        <Z:Win32LastModifiedTime>Mon, 23 Nov 2026 11:00:00 GMT</Z:Win32LastModifiedTime>\
        <Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></prop></set></propertyupdate>";
    let answer = world.alice("PROPPATCH f", patch).await;
    assert!(answer.status == 207 && answer.has("200 OK") && !answer.has("40"), "{answer:?}");
}

#[tokio::test]
async fn folders_are_made_with_properties() {
    let world = World::new();
    let make = |kind: &str, extra: &str| {
        format!(
            "<mkcol xmlns='DAV:'><set><prop><resourcetype>{kind}</resourcetype>\
             <displayname>Plans</displayname>{extra}</prop></set></mkcol>"
        )
    };
    let calendar = make("<collection/><calendar xmlns='urn:ietf:params:xml:ns:caldav'/>", "");
    let refused = world.alice("MKCOL d", calendar).await;
    assert!(refused.status == 403 && refused.has("valid-resourcetype"), "{refused:?}");
    let refused = world.alice("MKCOL d", make("<collection/>", "<getetag>1</getetag>")).await;
    assert!(refused.status == 424 && refused.has("mkcol-response"), "{refused:?}");
    assert_eq!(world.status("PROPFIND d\nDepth: 0").await, 404);
    assert_eq!(world.alice("MKCOL d", make("<collection/>", "<n xmlns='urn:x'>1</n>")).await.status, 201);
    let found = world.alice("PROPFIND d\nDepth: 0", "").await;
    assert!(found.text("displayname") == "Plans" && found.has("urn:x"), "{found:?}");
    let plain = world.alice("MKCOL e\nContent-Type: text/plain", "body").await;
    assert_eq!(plain.status, 415);
}

#[tokio::test]
async fn principals_are_found() {
    let world = World::new();
    let found = world.alice("PROPFIND /\nDepth: 0", find("<current-user-principal/><resourcetype/>")).await;
    assert!(found.has("<D:href>/dav/principals/alice@example.org/</D:href>"), "{found:?}");
    let names = "<displayname/><principal-URL/><group-membership/><owner/><current-user-privilege-set/>\
                 <supported-report-set/><principal-collection-set/>";
    let own = world.alice("PROPFIND /dav/principals/alice%40example.org/\nDepth: 0", find(names)).await;
    assert!(own.has("/dav/principals/team@example.org/") && !own.has("404"), "{own:?}");
    let list = world.alice("PROPFIND /dav/principals/\nDepth: 1", find("<displayname/>")).await;
    assert!(list.has("team@") && !list.has("bob@"), "{list:?}");
    let search = "<principal-property-search xmlns='DAV:' test='anyof'><property-search><prop>\
        <C:calendar-user-address-set xmlns:C='urn:ietf:params:xml:ns:caldav'/></prop>\
        <match>mailto:bob@example.org</match></property-search><prop><displayname/></prop>\
        </principal-property-search>";
    let found = world.alice("REPORT /dav/principals/\nDepth: 0", search).await;
    assert!(found.has("/dav/principals/bob@example.org/") && !found.has("alice"), "{found:?}");
    let own = world
        .alice("REPORT /dav/principals/", "<principal-match xmlns='DAV:'><self/></principal-match>")
        .await;
    assert!(own.has("alice@example.org") && own.has("team@example.org"), "{own:?}");
    let expand = "<expand-property xmlns='DAV:'><property name='owner'><property name='displayname'/>\
        </property><property name='nope'/></expand-property>";
    let found = world.alice(&format!("REPORT {HOME}/"), expand).await;
    assert!(found.has("<D:owner><D:response><D:href>/dav/principals/alice@example.org/"), "{found:?}");
    assert!(found.has("<D:displayname>alice</D:displayname>") && found.has("404 Not Found"), "{found:?}");
    let unknown = world.alice(&format!("REPORT {HOME}/"), "<nope xmlns='DAV:'/>").await;
    assert!(unknown.status == 403 && unknown.has("supported-report"), "{unknown:?}");
}
