"""A raw WebDAV client over http.client: any method, any header, the answer as it came."""

import base64
import http.client
import re
import ssl
import urllib.parse
import xml.etree.ElementTree as ET

NAMESPACES = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:caldav", "CR": "urn:ietf:params:xml:ns:carddav",
              "CS": "http://calendarserver.org/ns/", "A": "http://apple.com/ns/ical/"}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


class Answer:
    """Status, headers (lower case) and body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def xml(self):
        return ET.fromstring(self.body)

    def multistatus(self):
        """{href: {property name in Clark notation: (status, element)}}; a response without propstat gives
        {None: (status, None)}."""
        assert self.status == 207, self
        told = {}
        for response in self.xml().findall("{DAV:}response"):
            href = urllib.parse.unquote(response.findtext("{DAV:}href", ""))
            entry = told.setdefault(href, {})
            whole = response.findtext("{DAV:}status")
            if whole:
                entry[None] = (int(whole.split()[1]), None)
            for propstat in response.findall("{DAV:}propstat"):
                status = int(propstat.findtext("{DAV:}status").split()[1])
                for element in propstat.find("{DAV:}prop"):
                    entry[element.tag] = (status, element)
        return told

    def sync_token(self):
        return self.xml().findtext("{DAV:}sync-token")


class Dav:
    """One keep-alive connection of one principal."""

    def __init__(self, port, account=None, tls=None, host="localhost", timeout=60):
        self.port, self.tls, self.host, self.timeout, self.account = port, tls, host, timeout, account
        self.connection = None

    def _connect(self):
        if self.tls:
            return http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout, context=self.tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)

    def do(self, method, path, body=None, headers=None, depth=None):
        """One request. `body` may be str, bytes or a file."""
        wanted = dict(headers or {})
        if depth is not None:
            wanted["Depth"] = str(depth)
        if self.account and "Authorization" not in wanted:
            pair = f"{self.account[0]}:{self.account[1]}".encode()
            wanted["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        if isinstance(body, str):
            body = body.encode()
            wanted.setdefault("Content-Type", 'application/xml; charset="utf-8"')
        for attempt in (1, 2):
            fresh = self.connection is None
            self.connection = self.connection or self._connect()
            try:
                self.connection.request(method, path, body, {k: v for k, v in wanted.items() if v is not None})
                reply = self.connection.getresponse()
                data = reply.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                # A kept connection may be closed at any time; the request is sent once more on a new one.
                self.close()
                if fresh or attempt == 2:
                    raise
        headers = {k.lower(): v for k, v in reply.getheaders()}
        if reply.will_close:
            self.close()
        return Answer(reply.status, headers, data)

    def propfind(self, path, *names, depth=0):
        """PROPFIND of names such as 'D:getetag'."""
        wanted = "".join(f"<{name}/>" for name in names)
        return self.do("PROPFIND", path, f"<D:propfind {DECLARED}><D:prop>{wanted}</D:prop></D:propfind>",
                       depth=depth)

    def report(self, path, xml, depth=1):
        """REPORT; the root element gets all namespaces declared."""
        return self.do("REPORT", path, re.sub(r"^<([\w:-]+)", rf"<\1 {DECLARED}", xml.strip(), count=1),
                       depth=depth)

    def sync(self, path, token="", *names):
        wanted = "".join(f"<{name}/>" for name in names or ("D:getetag",))
        return self.report(path, f"<D:sync-collection><D:sync-token>{token}</D:sync-token>"
                                 f"<D:sync-level>1</D:sync-level><D:prop>{wanted}</D:prop></D:sync-collection>",
                           depth=0)

    def put(self, path, data, content_type="application/octet-stream", **headers):
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.do("PUT", path, data if isinstance(data, bytes) else data.encode(),
                       {"Content-Type": content_type, **named})

    def get(self, path, **headers):
        return self.do("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})

    def delete(self, path, **headers):
        return self.do("DELETE", path, headers={key.replace("_", "-"): value for key, value in headers.items()})

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None


def connect(server, account=None, door="https", timeout=60):
    """A connection over verified TLS."""
    return Dav(server.port(door), account, server.tls(), timeout=timeout)


def calendars(address, name="default"):
    return f"/dav/calendars/{address}/{name}/"


def addressbooks(address, name="default"):
    return f"/dav/addressbooks/{address}/{name}/"


def files(address, path=""):
    return f"/dav/files/{address}/{path}"


def event(uid, start="20260105T100000Z", end="20260105T110000Z", summary="Meeting", extra=""):
    """A whole VCALENDAR with one VEVENT."""
    extra = "".join(line + "\r\n" for line in extra.split("\n") if line)
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//conformance//EN\r\nBEGIN:VEVENT\r\n"
            f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\nDTEND:{end}\r\n"
            f"SUMMARY:{summary}\r\n{extra}END:VEVENT\r\nEND:VCALENDAR\r\n").encode()


def todo(uid, summary="Task", extra=""):
    extra = "".join(line + "\r\n" for line in extra.split("\n") if line)
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//conformance//EN\r\nBEGIN:VTODO\r\n"
            f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:{summary}\r\n{extra}"
            "END:VTODO\r\nEND:VCALENDAR\r\n").encode()


def card(uid, name="Ada Lovelace", version="3.0", extra=""):
    family = name.split()[-1]
    given = " ".join(name.split()[:-1])
    extra = "".join(line + "\r\n" for line in extra.split("\n") if line)
    return (f"BEGIN:VCARD\r\nVERSION:{version}\r\nUID:{uid}\r\nFN:{name}\r\nN:{family};{given};;;\r\n"
            f"EMAIL:{given.lower() or 'x'}@example.net\r\n{extra}END:VCARD\r\n").encode()
