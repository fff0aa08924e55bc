"""python caldav: our own calls, then the library's own server test-suite from its source package."""

import datetime

import caldav
import pytest
import yaml

from blackbox import suites

UTC = datetime.timezone.utc
RECURRING = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//conformance//EN
BEGIN:VEVENT
UID:weekly
DTSTAMP:20260101T000000Z
DTSTART:20260105T100000Z
DTEND:20260105T110000Z
RRULE:FREQ=WEEKLY;COUNT=10
SUMMARY:Weekly
END:VEVENT
BEGIN:VEVENT
UID:weekly
DTSTAMP:20260101T000000Z
RECURRENCE-ID:20260112T100000Z
DTSTART:20260113T150000Z
DTEND:20260113T160000Z
SUMMARY:Moved
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def principal(server):
    user, password = server.alice
    with caldav.DAVClient(server.url("caldav"), username=user, password=password, ssl_verify_cert=server.ca) as client:
        yield client.principal()


@pytest.fixture
def calendar(principal):
    made = principal.make_calendar(name="Library")
    yield made
    made.delete()


def test_principal_has_its_collections(principal, server):
    names = {calendar.get_display_name() for calendar in principal.calendars()}
    assert "Calendar" in names
    assert server.alice[0] in str(principal.get_vcal_address())


def test_create_change_delete(calendar):
    event = calendar.save_event(dtstart=datetime.datetime(2026, 5, 1, 8, tzinfo=UTC),
                                dtend=datetime.datetime(2026, 5, 1, 9, tzinfo=UTC), summary="Café ☕")
    found = calendar.event_by_uid(event.id)
    assert "Café ☕" in found.data
    with found.edit_icalendar_instance() as instance:
        instance["summary"] = "Thé"
    found.save()
    assert "Thé" in calendar.event_by_uid(event.id).data
    found.delete()
    with pytest.raises(caldav.error.NotFoundError):
        calendar.event_by_uid(event.id)


def test_search_and_expand(calendar):
    calendar.save_event(RECURRING)
    window = {"start": datetime.datetime(2026, 1, 12, tzinfo=UTC), "end": datetime.datetime(2026, 1, 20, tzinfo=UTC)}
    whole = calendar.search(event=True, **window)
    assert len(whole) == 1 and "RRULE" in whole[0].data
    parts = calendar.search(event=True, expand=True, **window)
    assert sorted(part.icalendar_component["summary"] for part in parts) == ["Moved", "Weekly"]
    far = {"start": datetime.datetime(2027, 1, 1, tzinfo=UTC), "end": datetime.datetime(2028, 1, 1, tzinfo=UTC)}
    assert calendar.search(event=True, **far) == []
    assert len(calendar.search(event=True, summary="Moved")) == 1


def test_tasks_and_journals(calendar):
    task = calendar.save_todo(summary="Laver", due=datetime.date(2026, 6, 1))
    calendar.save_journal(summary="Cher journal", dtstart=datetime.date(2026, 6, 1))
    assert [t.icalendar_component["summary"] for t in calendar.todos()] == ["Laver"]
    task.complete()
    assert calendar.todos() == []
    assert len(calendar.todos(include_completed=True)) == 1
    assert len(calendar.journals()) == 1


def test_freebusy(calendar):
    calendar.save_event(RECURRING)
    busy = calendar.freebusy_request(datetime.datetime(2026, 1, 1, tzinfo=UTC), datetime.datetime(2026, 2, 1, tzinfo=UTC))
    assert busy.data.count("FREEBUSY") >= 4
    assert "20260113T150000Z" in busy.data


def test_sync(calendar):
    calendar.save_event(RECURRING)
    known = calendar.get_objects_by_sync_token(load_objects=True)
    assert len(list(known)) == 1
    extra = calendar.save_event(dtstart=datetime.date(2026, 7, 14), dtend=datetime.date(2026, 7, 15), summary="Férié")
    updated, gone = known.sync()
    assert len(updated) == 1 and len(gone) == 0
    extra.delete()
    updated, gone = known.sync()
    assert len(updated) == 0 and len(gone) == 1


# What the library may not expect of this server yet. Everything else is at its default, "full".
FEATURES = {
    "scheduling": {"support": "unsupported"},
    "scheduling.calendar-user-address-set": {"support": "full"},
}


@pytest.mark.timeout(900)
def test_its_own_suite(server, tmp_path):
    """tests/test_caldav.py of the library against this server: no failure."""
    tree = suites.unpacked("caldav", tmp_path)
    user, password = server.alice
    config = {"test-servers": {"collegium": {
        "type": "external", "enabled": True, "url": server.url("caldav", f"/dav/calendars/{user}/"),
        "username": user, "password": password, "features": FEATURES}}}
    (tree / "tests" / "caldav_test_servers.yaml").write_text(yaml.safe_dump(config))
    environment = {"PYTHON_CALDAV_TEST_EMBEDDED": "0", "PYTHON_CALDAV_TEST_DOCKER": "0",
                   "REQUESTS_CA_BUNDLE": server.ca, "SSL_CERT_FILE": server.ca, "TMPDIR": str(tmp_path)}
    assert suites.run(tree, "tests/test_caldav.py", "-k", "Collegium", env=environment) >= 60
