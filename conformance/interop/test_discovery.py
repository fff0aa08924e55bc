"""Finding everything from nothing but a host name: the requests that Apple, DAVx5 and Thunderbird send."""

import urllib.parse

import pytest

from blackbox import dav

APPLE_HOME = ["CS:getctag", "D:displayname", "D:resourcetype", "D:owner", "D:sync-token", "D:supported-report-set",
              "D:current-user-privilege-set", "D:quota-available-bytes", "D:quota-used-bytes", "D:add-member",
              "A:calendar-color", "A:calendar-order", "C:calendar-description", "C:calendar-timezone",
              "C:supported-calendar-component-set", "C:schedule-calendar-transp", "CS:source",
              "CS:subscribed-strip-alarms", "CS:push-transports", "CS:pushkey", "CS:publish-url",
              "CS:allowed-sharing-modes", "CS:pre-publish-url", "C:default-alarm-vevent-date"]
TWO = [("caldav", "C:calendar-home-set", "urn:ietf:params:xml:ns:caldav", "/dav/calendars/"),
       ("carddav", "CR:addressbook-home-set", "urn:ietf:params:xml:ns:carddav", "/dav/addressbooks/")]


def follow(session, method, path, body=None, depth=0):
    """A request with its redirects followed as the clients follow them, keeping the method."""
    for _ in range(4):
        answer = session.do(method, path, body, depth=depth)
        if answer.status not in (301, 302, 303, 307, 308):
            return path, answer
        path = urllib.parse.urlsplit(answer.headers["location"]).path
    raise AssertionError("redirects without end")


def hrefs(entry, name):
    status, element = entry[name]
    assert status == 200, (name, status)
    return [urllib.parse.unquote(e.text) for e in element.iter("{DAV:}href")]


@pytest.mark.parametrize("kind,home,namespace,prefix", TWO)
@pytest.mark.parametrize("shared", [False, True])
def test_from_well_known_to_collections(server, kind, home, namespace, prefix, shared):
    """RFC 6764: .well-known, current-user-principal, home set, collections; on the own and the shared port."""
    session = dav.connect(server, server.alice, "https" if shared else kind)
    prop = f"<D:propfind {dav.DECLARED}><D:prop><D:current-user-principal/><D:resourcetype/></D:prop></D:propfind>"
    path, answer = follow(session, "PROPFIND", f"/.well-known/{kind}", prop)
    entry = next(iter(answer.multistatus().values()))
    principal = hrefs(entry, "{DAV:}current-user-principal")[0]
    assert principal.startswith("/dav/principals/")
    told = session.propfind(principal, home, "D:displayname", "D:principal-URL", "D:resourcetype",
                            "C:calendar-user-address-set", "D:no-such-thing").multistatus()
    entry = next(iter(told.values()))
    homes = hrefs(entry, "{%s}%s" % (namespace, home.split(":")[1]))
    assert homes[0].startswith(prefix)
    assert entry["{DAV:}no-such-thing"][0] == 404
    if kind == "caldav":
        addresses = hrefs(entry, "{urn:ietf:params:xml:ns:caldav}calendar-user-address-set")
        assert f"mailto:{server.alice[0]}" in addresses
    listing = session.propfind(homes[0], "D:resourcetype", "D:displayname", "D:sync-token", "CS:getctag",
                               depth=1).multistatus()
    wanted = "{%s}%s" % (namespace, "calendar" if kind == "caldav" else "addressbook")
    found = [href for href, entry in listing.items() if entry["{DAV:}resourcetype"][1].find(wanted) is not None]
    assert len(found) >= (2 if kind == "caldav" else 1), listing


@pytest.mark.parametrize("path", ["/", "/dav/", "/.well-known/caldav", "/.well-known/carddav"])
def test_stranger_is_asked(server, path):
    """Without credentials: 401 with Basic, or the redirect of .well-known (RFC 6764 6)."""
    answer = dav.connect(server).propfind(path, "D:current-user-principal")
    if answer.status != 401:
        assert path.startswith("/.well-known") and answer.status in (301, 302, 303, 307, 308), answer
    else:
        assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_apple_asks_forty_properties(server):
    """What is unknown answers 404 in its own propstat and nothing is missing."""
    session = dav.connect(server, server.alice)
    told = session.propfind(f"/dav/calendars/{server.alice[0]}/", *APPLE_HOME, depth=1).multistatus()
    assert len(told) >= 3
    for href, entry in told.items():
        assert len(entry) == len(APPLE_HOME), (href, set(entry))
        assert {status for status, _ in entry.values()} <= {200, 404}
    calendar = told[dav.calendars(server.alice[0])]
    for name in ("{DAV:}sync-token", "{http://calendarserver.org/ns/}getctag", "{DAV:}displayname",
                 "{urn:ietf:params:xml:ns:caldav}supported-calendar-component-set", "{DAV:}supported-report-set",
                 "{DAV:}current-user-privilege-set"):
        assert calendar[name][0] == 200, name


def test_apple_searches_principals(server):
    """macOS sends OPTIONS to the principal and needs calendar-access in the DAV header."""
    session = dav.connect(server, server.alice)
    answer = session.do("OPTIONS", f"/dav/principals/{server.alice[0]}/")
    assert answer.status in (200, 204)
    classes = {part.strip() for part in answer.headers["dav"].split(",")}
    assert {"1", "3", "calendar-access", "addressbook"} <= classes, classes


def test_davx5_flow(server):
    """DAVx5: calendar list, initial sync with limit, multiget in tens, change, delta, 404 for what went."""
    session = dav.connect(server, server.alice, "caldav")
    path = dav.calendars(server.alice[0])
    for number in range(25):
        assert session.put(f"{path}dx{number}.ics", dav.event(f"dx{number}"), "text/calendar",
                           If_None_Match="*").status == 201
    first = session.sync(path)
    told = first.multistatus()
    assert len(told) == 25
    chosen = list(told)[:10]
    multiget = "".join(f"<D:href>{urllib.parse.quote(href)}</D:href>" for href in chosen)
    answer = session.report(path, f"<C:calendar-multiget><D:prop><D:getetag/><C:calendar-data/></D:prop>{multiget}"
                                  "</C:calendar-multiget>", depth=0)
    for href, entry in answer.multistatus().items():
        assert entry["{DAV:}getetag"][1].text == told[href]["{DAV:}getetag"][1].text
    session.delete(f"{path}dx0.ics")
    session.put(f"{path}dx1.ics", dav.event("dx1", summary="New"), "text/calendar")
    delta = session.sync(path, first.sync_token()).multistatus()
    assert set(delta) == {f"{path}dx0.ics", f"{path}dx1.ics"}
    assert delta[f"{path}dx0.ics"][None][0] == 404
    stale = session.sync(path, "http://example.org/not-a-token")
    assert stale.status in (403, 409) and b"valid-sync-token" in stale.body


def test_thunderbird_flow(server):
    """Thunderbird: PROPFIND with several name spaces, Depth 1 on sync-collection, If-None-Match on create."""
    session = dav.connect(server, server.alice, "carddav")
    path = dav.addressbooks(server.alice[0])
    assert session.put(f"{path}tb.vcf", dav.card("tb"), "text/vcard", If_None_Match="*").status == 201
    assert session.put(f"{path}tb.vcf", dav.card("tb"), "text/vcard", If_None_Match="*").status == 412
    answer = session.report(path, "<D:sync-collection><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/>"
                                  "<CR:address-data/></D:prop></D:sync-collection>", depth=1)
    assert b"BEGIN:VCARD" in answer.body


def test_bob_cannot_see_alice(server):
    """Another principal's collections are as absent as if they did not exist."""
    alice, bob = dav.connect(server, server.alice), dav.connect(server, server.bob)
    secret = f"{dav.calendars(server.alice[0])}secret.ics"
    assert alice.put(secret, dav.event("secret"), "text/calendar").status == 201
    nowhere = dav.calendars("nobody@example.org") + "secret.ics"
    for method, body in (("GET", None), ("DELETE", None), ("PUT", dav.event("x")), ("PROPFIND", None)):
        real, absent = (bob.do(method, path, body) for path in (secret, nowhere))
        assert real.status == absent.status and real.status in (403, 404, 409), (method, real, absent)
    assert bob.propfind(f"/dav/calendars/{server.alice[0]}/", "D:displayname", depth=1).status in (403, 404)
    assert alice.get(secret).status == 200
