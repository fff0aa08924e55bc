"""Calendars and address books as one file each, and cards in the version that is asked for, as the libraries that
everybody uses read them: icalendar and vobject."""

import icalendar
import pytest
import vobject

from blackbox import dav

# More than are read at once, with octets past what are read at once.
MANY = 130
LONG = "x" * 60_000


@pytest.fixture(scope="module")
def session(server):
    made = dav.connect(server, server.alice)
    yield made
    made.close()


def test_a_calendar_is_one_file(session, server):
    path = dav.calendars(server.alice[0], "many")
    assert session.do("MKCALENDAR", path).status == 201
    for number in range(MANY):
        made = dav.event(f"e{number}", summary=f"Event {number}", extra=f"DESCRIPTION:{LONG}")
        assert session.put(f"{path}{number}.ics", made, "text/calendar").status == 201
    answer = session.get(path)
    assert answer.status == 200 and answer.headers["content-type"] == "text/calendar; charset=utf-8"
    read = icalendar.Calendar.from_ical(answer.body)
    assert {str(event["UID"]) for event in read.walk("VEVENT")} == {f"e{number}" for number in range(MANY)}
    assert answer.body.count(b"BEGIN:VCALENDAR") == answer.body.count(b"END:VCALENDAR") == 1
    assert all(str(event["DESCRIPTION"]) == LONG for event in read.walk("VEVENT"))


def test_a_book_is_one_file_in_the_version_that_is_taken(session, server):
    path = dav.addressbooks(server.alice[0])
    photo = "PHOTO;ENCODING=b;TYPE=JPEG:" + "QUJD" * 20_000
    for number in range(MANY):
        old = number % 2
        extra = f"TEL;TYPE=home,pref:{number}\n{photo}" if old else f"TEL;PREF=1:{number}"
        made = dav.card(f"c{number}", f"Name {number}", "3.0" if old else "4.0", extra)
        assert session.put(f"{path}{number}.vcf", made, "text/vcard").status == 201
    for version in ("3.0", "4.0"):
        answer = session.get(path, Accept=f"text/vcard;version={version}")
        cards = list(vobject.readComponents(answer.body.decode()))
        assert {card.uid.value for card in cards} == {f"c{number}" for number in range(MANY)}
        assert {card.version.value for card in cards} == {version}
        preferred = {"3.0": lambda params: "pref" in params["TYPE"],
                     "4.0": lambda params: params["PREF"] == ["1"]}[version]
        assert all(preferred(card.tel.params) for card in cards)
        assert answer.body.count(b"BEGIN:VCARD") == MANY
    assert len(list(vobject.readComponents(session.get(path).body.decode()))) == MANY
