"""vdirsyncer: calendars, tasks and contacts two ways; khal, todoman and khard work on what it brings."""

import re

import pytest

from blackbox import client, dav, mail


def configure(server, home):
    user, password = server.alice
    (home / "vdirsyncer.conf").write_text(f"""
[general]
status_path = "{home}/status/"
[pair calendars]
a = "calendars_here"
b = "calendars_there"
collections = ["from a", "from b"]
metadata = ["displayname", "color"]
conflict_resolution = "b wins"
[storage calendars_here]
type = "filesystem"
path = "{home}/calendars/"
fileext = ".ics"
[storage calendars_there]
type = "caldav"
url = "https://localhost:{server.port("caldav")}/"
username = "{user}"
password = "{password}"
verify = "{server.ca}"
[pair contacts]
a = "contacts_here"
b = "contacts_there"
collections = ["from a", "from b"]
[storage contacts_here]
type = "filesystem"
path = "{home}/contacts/"
fileext = ".vcf"
[storage contacts_there]
type = "carddav"
url = "https://localhost:{server.port("carddav")}/"
username = "{user}"
password = "{password}"
verify = "{server.ca}"
""")
    run(home, "discover", stdin="y\n" * 20)


def run(home, *arguments, stdin=None):
    return client.run("vdirsyncer", "-c", str(home / "vdirsyncer.conf"), *arguments, stdin=stdin, timeout=200)


@pytest.fixture
def synced(server, own_home):
    configure(server, own_home)
    run(own_home, "sync")
    return own_home


def names(session, path):
    return {href.rstrip("/").rsplit("/", 1)[-1] for href in session.propfind(path, "D:getetag", depth=1).multistatus()
            if href.rstrip("/") != path.rstrip("/")}


def identity(octets):
    return re.search(rb"^UID:(.*?)\r?$", octets, re.M).group(1).decode()


def plain(octets):
    return octets.replace(b"\r\n", b"\n").strip()


@pytest.mark.parametrize("kind", ["calendars", "contacts"])
def test_two_way(server, synced, kind):
    """100 made here, 100 made there, then a change and a deletion on each side."""
    home = synced
    session = dav.connect(server, server.alice)
    if kind == "calendars":
        remote, make, suffix, content = dav.calendars(server.alice[0]), dav.event, ".ics", "text/calendar"
    else:
        remote, make, suffix, content = dav.addressbooks(server.alice[0]), dav.card, ".vcf", "text/vcard"
    here = home / kind / "default"
    for number in range(100):
        (here / f"here{number}{suffix}").write_bytes(make(f"here-{number}"))
        assert session.put(f"{remote}there{number}{suffix}", make(f"there-{number}"), content).status == 201
    run(home, "sync")
    local = {identity(path.read_bytes()): path for path in here.glob("*" + suffix)}
    far = {identity(body): (name, body) for name in names(session, remote)
           if (body := session.get(remote + name).body)}
    assert len(local) == 200 and set(local) == set(far)
    for uid, path in local.items():
        assert plain(path.read_bytes()) == plain(far[uid][1])

    (here / f"here0{suffix}").unlink()
    changed = session.get(f"{remote}there1{suffix}").body.replace(b"SUMMARY:Meeting", b"SUMMARY:Changed there") \
        .replace(b"FN:Ada", b"FN:Changed there Ada")
    etag = session.get(f"{remote}there1{suffix}").headers["etag"]
    assert session.put(f"{remote}there1{suffix}", changed, content, If_Match=etag).status == 204
    assert session.delete(f"{remote}there2{suffix}").status == 204
    mine = here / f"here3{suffix}"
    mine.write_bytes(mine.read_bytes().replace(b"Meeting", b"Changed here").replace(b"FN:Ada", b"FN:Changed here Ada"))
    run(home, "sync")
    assert len(list(here.glob("*" + suffix))) == 198 == len(names(session, remote))
    assert b"Changed there" in local["there-1"].read_bytes()
    assert b"Changed here" in session.get(remote + far["here-3"][0]).body
    assert session.get(remote + far["here-0"][0]).status == 404

    token = session.sync(remote).sync_token()
    run(home, "sync")
    assert session.sync(remote).sync_token() == token, "a run with nothing to do changed the server"


def test_new_collections(server, synced):
    """A calendar made here is made there (MKCALENDAR or MKCOL) with its name and colour."""
    home = synced
    (home / "calendars" / "travel").mkdir()
    (home / "contacts" / "club").mkdir()
    run(home, "discover", stdin="y\n" * 20)
    run(home, "metasync")
    (home / "calendars" / "travel" / "displayname").write_text("Voyages d'été")
    (home / "calendars" / "travel" / "color").write_text("#123456")
    run(home, "metasync")
    run(home, "sync")
    session = dav.connect(server, server.alice)
    told = session.propfind(dav.calendars(server.alice[0], "travel"), "D:displayname", "A:calendar-color",
                            "D:resourcetype").multistatus()
    entry = next(iter(told.values()))
    assert entry["{DAV:}displayname"][1].text == "Voyages d'été"
    assert entry["{http://apple.com/ns/ical/}calendar-color"][1].text.lower().startswith("#123456")
    assert entry["{DAV:}resourcetype"][1].find("{urn:ietf:params:xml:ns:caldav}calendar") is not None
    book = session.propfind(dav.addressbooks(server.alice[0], "club"), "D:resourcetype").multistatus()
    kind = next(iter(book.values()))["{DAV:}resourcetype"][1]
    assert kind.find("{urn:ietf:params:xml:ns:carddav}addressbook") is not None


def test_khal(server, synced):
    """khal makes an event, vdirsyncer carries it, the server's event shows in khal's list."""
    home = synced
    (home / "khal.conf").write_text(f"""
[calendars]
[[home]]
path = {home}/calendars/default
[sqlite]
path = {home}/khal.db
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = Europe/Paris
default_timezone = Europe/Paris
[default]
default_calendar = home
""")
    config = ("-c", str(home / "khal.conf"))
    client.run("khal", *config, "new", "2026-03-28", "09:00", "10:30", "Marché", "hebdomadaire",
               "--repeat", "weekly", "--location", "Rennes")
    run(home, "sync")
    session = dav.connect(server, server.alice)
    path = dav.calendars(server.alice[0])
    answer = session.report(path, """<C:calendar-query><D:prop><C:calendar-data/></D:prop><C:filter>
      <C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
      <C:time-range start="20260404T000000Z" end="20260405T000000Z"/></C:comp-filter></C:comp-filter>
      </C:filter></C:calendar-query>""")
    assert "Marché" in answer.text and "Rennes" in answer.text, answer
    session.put(f"{path}fromserver.ics", dav.event("fromserver", "20260406T080000Z", "20260406T090000Z", "Du serveur"),
                "text/calendar")
    run(home, "sync")
    shown = client.run("khal", *config, "list", "2026-04-04", "3d").stdout
    assert "Marché" in shown and "Du serveur" in shown and "10:00" in shown, shown


def test_todoman(server, synced):
    """todoman makes and ends a task in the list made at the account's birth."""
    home = synced
    (home / "todo.py").write_text(f'path = "{home}/calendars/*"\ndefault_list = "tasks"\n'
                                    'date_format = "%Y-%m-%d"\ntime_format = "%H:%M"\n'
                                    f'cache_path = "{home}/todo.db"\n')
    program = ("todoman", "--config", str(home / "todo.py"))
    tasks = home / "calendars" / "tasks"
    assert tasks.is_dir(), list((home / "calendars").iterdir())
    client.run(*program, "new", "-l", tasks.name, "--due", "2026-05-01", "Rendre", "le", "rapport")
    run(home, "sync")
    session = dav.connect(server, server.alice)
    path = dav.calendars(server.alice[0], "tasks")
    names_there = names(session, path)
    assert len(names_there) == 1
    stored = session.get(path + next(iter(names_there))).text
    assert "BEGIN:VTODO" in stored and "Rendre le rapport" in stored
    listed = client.run(*program, "list").stdout
    assert "Rendre le rapport" in listed
    client.run(*program, "done", "1")
    run(home, "sync")
    assert "STATUS:COMPLETED" in session.get(path + next(iter(names_there))).text


def test_khard(server, synced):
    """khard reads the server's contact and adds one of its own."""
    home = synced
    (home / "khard.conf").write_text(f"[addressbooks]\n[[main]]\npath = {home}/contacts/default\n"
                                     "[general]\neditor = /bin/true\nmerge_editor = /bin/true\n"
                                     "default_action = list\n[vcard]\npreferred_version = 3.0\n")
    session = dav.connect(server, server.alice)
    path = dav.addressbooks(server.alice[0])
    session.put(f"{path}grace.vcf", dav.card("grace", "Grace Hopper"), "text/vcard")
    run(home, "sync")
    config = ("khard", "-c", str(home / "khard.conf"))
    assert "Grace Hopper" in client.run(*config, "list").stdout
    client.run(*config, "new", "-a", "main", stdin="First name: Émilie\nLast name: du Châtelet\n"
               "Email:\n    home: emilie@example.net\n")
    run(home, "sync")
    answer = session.report(path, """<CR:addressbook-query><D:prop><CR:address-data/></D:prop><CR:filter>
      <CR:prop-filter name="FN"><CR:text-match collation="i;unicode-casemap">du châtelet</CR:text-match>
      </CR:prop-filter></CR:filter></CR:addressbook-query>""")
    assert "Émilie" in answer.text, answer


def test_corpus_survives(server, synced):
    """Every calendar and card of the corpus that the server takes comes back to the octet."""
    session = dav.connect(server, server.alice)
    taken = 0
    for kind, base, content in (("ical", dav.calendars(server.alice[0]), "text/calendar"),
                                ("vcard", dav.addressbooks(server.alice[0]), "text/vcard")):
        for path in mail.corpus(kind):
            octets = path.read_bytes()
            href = f"{base}corpus-{path.name}"
            answer = session.put(href, octets, content)
            assert answer.status in (201, 400, 403, 409, 412, 413, 415, 422), (path.name, answer)
            if answer.status == 201:
                taken += 1
                assert session.get(href).body == octets, path.name
    assert taken > 0 or not mail.corpus("ical")
