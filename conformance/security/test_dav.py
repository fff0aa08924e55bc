"""Attacks on the HTTP doors (rows 7, 31, 41-46, 51 of the list of attack classes)."""

import base64
import socket
import time

import pytest

from blackbox import dav, limits

NESTED = "<a>" * 5000
BOMBS = {
    "entities": '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
                '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><D:propfind xmlns:D="DAV:"><D:prop><x>&c;</x></D:prop></D:propfind>',
    "external": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><D:propfind xmlns:D="DAV:"><D:prop><x>&a;</x>'
                "</D:prop></D:propfind>",
    "doctype": '<!DOCTYPE D:propfind><D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>',
    "depth": f'<D:propfind xmlns:D="DAV:"><D:prop>{NESTED}',
    "attributes": '<D:propfind xmlns:D="DAV:" ' + " ".join(f'a{n}="x"' for n in range(20000)) + "><D:allprop/></D:propfind>",
    "namespaces": '<D:propfind xmlns:D="DAV:" ' + " ".join(f'xmlns:n{n}="u{n}"' for n in range(20000)) + "><D:allprop/></D:propfind>",
    "properties": '<D:propfind xmlns:D="DAV:"><D:prop>' + "".join(f"<p{n}/>" for n in range(50000)) + "</D:prop></D:propfind>",
    "unclosed": '<D:propfind xmlns:D="DAV:"><D:prop>',
    "undeclared prefix": "<D:propfind><D:allprop/></D:propfind>",
    "undeclared entity": '<D:propfind xmlns:D="DAV:"><D:prop><x>&nope;</x></D:prop></D:propfind>',
    "not xml": "\0\1\2",
    "utf-16": '<?xml version="1.0" encoding="utf-16"?><D:propfind xmlns:D="DAV:"/>',
    "wrong root": '<D:lockinfo xmlns:D="DAV:"/>',
    "two roots": '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind><x/>',
}


@pytest.fixture(scope="module")
def alice(server):
    session = dav.connect(server, server.alice)
    session.put(dav.files(server.alice[0], "secret.txt"), b"secret words")
    session.put(dav.calendars(server.alice[0]) + "secret.ics", dav.event("secret"), "text/calendar")
    session.put(dav.addressbooks(server.alice[0]) + "secret.vcf", dav.card("secret"), "text/vcard")
    return session


@pytest.fixture(scope="module")
def bob(server):
    return dav.connect(server, server.bob)


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("method", ["PROPFIND", "PROPPATCH", "REPORT", "LOCK", "MKCOL"])
def test_xml_bombs(server, alice, name, method):
    """4xx, quickly and in little memory; never 5xx, never a line of /etc/passwd."""
    before, start = server.resident_bytes(), time.monotonic()
    path = dav.files(server.alice[0], "secret.txt" if method != "MKCOL" else "new")
    answer = alice.do(method, path, BOMBS[name], depth=0)
    if name in ("properties", "utf-16"):  # many properties may be answered; a wrong label may be seen through
        assert answer.status in (200, 207, 400, 403, 413, 415, 422, 507), answer
    else:
        assert answer.status // 100 == 4, answer
    assert time.monotonic() - start < 1
    assert server.resident_bytes() - before < 32 << 20
    assert b"root:" not in answer.body


def test_huge_xml(server, alice):
    """64 MiB of XML are refused, not read."""
    before = server.resident_bytes()
    try:
        answer = alice.do("PROPFIND", dav.files(server.alice[0]),
                          '<D:propfind xmlns:D="DAV:"><D:prop><x>' + "x" * (64 << 20) + "</x></D:prop></D:propfind>")
        assert answer.status in (400, 413), answer
    except OSError:
        alice.close()
    assert server.resident_bytes() - before < 48 << 20


TRAVERSALS = ["../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..%c0%af..%c0%afetc/passwd",
              "....//....//etc/passwd", "%00", "a%00b", "..;/..;/etc/passwd", "..%5c..%5cetc%5cpasswd", "%252e%252e%252fetc%252fpasswd",
              "../bob@example.org/", "//etc/passwd", "%2e%2e%2f%2e%2e%2fbob@example.org%2f"]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_traversal(server, alice, path):
    """Names are keys: nothing of the disk, nothing of others."""
    for method in ("GET", "PROPFIND", "PUT", "MKCOL", "DELETE"):
        answer = alice.do(method, dav.files(server.alice[0]) + path, b"x" if method == "PUT" else None)
        assert answer.status < 500, (method, path, answer)
        assert b"root:" not in answer.body
        if method == "GET":
            assert answer.status in (301, 400, 403, 404, 405), (path, answer)


@pytest.mark.parametrize("destination", ["/dav/files/bob@example.org/stolen", "https://evil.example/dav/files/alice@example.org/x",
                                         "//evil.example/x", "../bob@example.org/x", "/dav/calendars/bob@example.org/default/x.ics",
                                         "/etc/x", "", "\x7f", "/dav/files/bob%40example.org/stolen"])
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_destinations(server, alice, bob, destination, method):
    """Both ends are opened with rights; other hosts are 502 or 4xx (RFC 4918 9.8.5)."""
    source = dav.files(server.alice[0], "secret.txt")
    answer = alice.do(method, source, headers={"Destination": destination})
    assert answer.status // 100 == 4 or answer.status == 502, answer
    assert alice.get(source).status == 200
    assert bob.get(dav.files(server.bob[0], "stolen")).status == 404


METHODS = ["GET", "HEAD", "PUT", "DELETE", "PROPFIND", "PROPPATCH", "MKCOL", "MKCALENDAR", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "POST",
           "ACL", "PATCH"]
BODIES = {"PUT": b"x", "PROPPATCH": '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>'
          "</D:propertyupdate>", "REPORT": '<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>1</D:sync-level><D:prop>'
          "<D:getetag/></D:prop></D:sync-collection>", "LOCK": '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
          "<D:locktype><D:write/></D:locktype></D:lockinfo>"}
PLACES = ["/dav/files/{}/", "/dav/files/{}/secret.txt", "/dav/files/{}/new", "/dav/calendars/{}/", "/dav/calendars/{}/default/",
          "/dav/calendars/{}/default/secret.ics", "/dav/calendars/{}/new/", "/dav/addressbooks/{}/", "/dav/addressbooks/{}/default/",
          "/dav/addressbooks/{}/default/secret.vcf"]


def as_other(session, method, path, server):
    headers = {"Destination": server.url("https", dav.files(server.bob[0], "stolen")), "Lock-Token": "<urn:uuid:x>"}
    return session.do(method, path, BODIES.get(method), headers, depth=0)


@pytest.mark.parametrize("method", METHODS)
def test_stranger_is_asked_to_log_in(server, alice, method):
    """Every method on every kind of place: 401, whether it exists or not."""
    stranger = dav.connect(server)
    for place in PLACES:
        for owner in (server.alice[0], "nobody@example.org"):
            answer = as_other(stranger, method, place.format(owner), server)
            assert answer.status in (401, 405, 501), (method, place, answer)
            assert b"secret" not in answer.body.replace(place.format(owner).encode(), b"")


@pytest.mark.parametrize("method", METHODS)
def test_another_principal_gets_nothing(server, alice, bob, method):
    """Bob on Alice's places: refused with the same status as on places that do not exist, and nothing changes."""
    for place in PLACES:
        real = as_other(bob, method, place.format(server.alice[0]), server)
        absent = as_other(bob, method, place.format("nobody@example.org"), server)
        assert real.status == absent.status, (method, place, real, absent)
        assert real.status in (400, 403, 404, 405, 409, 501), (method, place, real)
        assert b"secret words" not in real.body and b"BEGIN:" not in real.body
    assert alice.get(dav.files(server.alice[0], "secret.txt")).body == b"secret words"
    assert bob.get(dav.files(server.bob[0], "stolen")).status == 404


def test_authentication_is_not_inherited(server, alice):
    """Each request of a kept connection authenticates itself."""
    assert alice.get(dav.files(server.alice[0], "secret.txt")).status == 200
    answer = alice.do("GET", dav.files(server.alice[0], "secret.txt"), headers={"Authorization": None})
    assert answer.status == 401 and b"secret" not in answer.body


def test_lock_theft(server, alice):
    """A token is bound to who made it, is not told to others, and does not unlock for them."""
    path = dav.files(server.alice[0], "locked.txt")
    alice.put(path, b"mine")
    answer = alice.do("LOCK", path, BODIES["LOCK"], {"Timeout": "Second-600"}, depth=0)
    assert answer.status == 200, answer
    token = answer.headers["lock-token"]
    bob = dav.connect(server, server.bob)
    assert bob.do("UNLOCK", path, headers={"Lock-Token": token}).status in (403, 404)
    assert bob.do("PUT", path, b"his", {"If": f"({token})"}).status in (403, 404, 409)
    refused = alice.put(path, b"without the token")
    assert refused.status == 423 and token.strip("<>").encode() not in refused.body, refused
    assert alice.do("UNLOCK", path, headers={"Lock-Token": token}).status == 204


def test_accounts_cannot_be_guessed(server):
    """401 of a wrong password and of nobody read the same."""
    told = set()
    for user in (server.alice[0], "nobody@example.org", "x", ""):
        answer = dav.connect(server, (user, "wrong")).get("/dav/")
        told.add((answer.status, answer.body, answer.headers.get("www-authenticate")))
    assert len(told) == 1, told


def test_stored_pages_do_not_run(server, alice):
    """Uploaded HTML and SVG come back so that a browser neither sniffs nor scripts them."""
    for name, kind in (("x.html", "text/html"), ("x.svg", "image/svg+xml")):
        path = dav.files(server.alice[0], name)
        alice.put(path, b"<script>alert(1)</script>", kind)
        headers = alice.get(path).headers
        assert headers.get("x-content-type-options") == "nosniff"
        assert "sandbox" in headers.get("content-security-policy", "") or "attachment" in headers.get("content-disposition", "")


SMUGGLES = [
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"Content-Length: +5\r\n\r\nhello",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Content-Length : 5\r\n\r\nhello",
    b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n",
    b"X: a\r\n folded: b\r\nContent-Length: -1\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
]


@pytest.mark.parametrize("number", range(len(SMUGGLES)))
def test_http_smuggling(server, number):
    """Ambiguous framing is one refusal and a closed connection, never two answers."""
    connection = server.tls(["http/1.1"]).wrap_socket(socket.create_connection(("localhost", server.port("https")), 10),
                                                      server_hostname="localhost")
    connection.sendall(b"PUT /dav/files/alice@example.org/s HTTP/1.1\r\nHost: localhost\r\n" + SMUGGLES[number])
    connection.settimeout(5)
    said = b""
    try:
        while data := connection.recv(65536):
            said += data
    except OSError:
        pass
    assert said.count(b"HTTP/1.1 ") <= 1, said
    assert said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5", b"")), said
    assert not said.startswith(b"HTTP/1.1 2")


def test_the_largest_file(server):
    """Nobody can send a tebibyte here: the content of a file at the limit is asked for (where there is room for it), that
    of one past it is refused unseen."""
    most = int(limits.value("protocols/webdav", "FILE_BYTES_MAX"))
    login = base64.b64encode(":".join(server.alice).encode()).decode()
    for length, expected in ((most, (b"100", b"507")), (most + 1, (b"413",))):
        connection = server.tls(["http/1.1"]).wrap_socket(socket.create_connection(("localhost", server.port("https")), 10),
                                                          server_hostname="localhost")
        connection.sendall(f"PUT {dav.files(server.alice[0], 'large')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
                           f"Expect: 100-continue\r\nAuthorization: Basic {login}\r\n\r\n".encode())
        assert connection.recv(65536).split(b" ")[1] in expected, length
        connection.close()


def test_depth_infinity_is_bounded(server, alice):
    """A finite answer to an infinite question (RFC 4918 9.1)."""
    answer = alice.do("PROPFIND", dav.files(server.alice[0]), None, depth="infinity")
    assert answer.status in (207, 403), answer


RULES = ["FREQ=SECONDLY", "FREQ=SECONDLY;COUNT=2000000000", "FREQ=MINUTELY;BYSECOND=0,1,2,3,4,5,6,7,8,9",
         "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=2147483647", "FREQ=YEARLY;BYDAY=" + ",".join(["MO"] * 500),
         "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31;BYHOUR=25", "FREQ=MONTHLY;BYSETPOS=366;BYDAY=MO", "FREQ=WEEKLY;UNTIL=99991231T235959Z"]


@pytest.mark.parametrize("rule", RULES, ids=range(len(RULES)))
def test_recurrence_bombs(server, alice, rule):
    """Refused at PUT, or every question about it is answered within two seconds (RFC 4791 8.?, row 47)."""
    path = dav.calendars(server.alice[0])
    start, before = time.monotonic(), server.resident_bytes()
    answer = alice.put(path + "bomb.ics", dav.event("bomb", extra=f"RRULE:{rule}"), "text/calendar")
    assert answer.status in (201, 204, 400, 403, 409, 415), answer
    queries = [
        '<C:calendar-query><D:prop><C:calendar-data><C:expand start="20000101T000000Z" end="20990101T000000Z"/></C:calendar-data>'
        '</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20000101T000000Z" '
        'end="20990101T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>',
        '<C:calendar-query><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        '<C:time-range start="20980101T000000Z" end="20990101T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>',
        '<C:free-busy-query><C:time-range start="20000101T000000Z" end="20990101T000000Z"/></C:free-busy-query>']
    for query in queries:
        assert alice.report(path, query).status in (200, 207, 403, 507)
    assert time.monotonic() - start < 4
    assert server.resident_bytes() - before < 96 << 20
    alice.delete(path + "bomb.ics")


def test_slow_headers_are_cut_off(server):
    """A request that never ends is ended within 75 s (slowloris)."""
    connection = server.tls(["http/1.1"]).wrap_socket(socket.create_connection(("localhost", server.port("https")), 10),
                                                      server_hostname="localhost")
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    connection.settimeout(1)
    start = time.monotonic()
    while time.monotonic() - start < 75:
        try:
            connection.sendall(b"X: y\r\n")
            if connection.recv(1024) == b"":
                return
            return  # an answer (408) is an end as well
        except TimeoutError:
            continue
        except OSError:
            return
    raise AssertionError("headers may take for ever")
