"""Sixty-four submissions at once: each 250 is one message, none is missing, none is there twice."""

import re
import threading
import time

from blackbox import imap, smtp

CLIENTS = 64
EACH = 15


def test_each_250_is_one_message(server):
    accepted, failed, lock = [], [], threading.Lock()
    ready = threading.Barrier(CLIENTS + 1)

    def work(number):
        try:
            session = smtp.connect(server, server.alice)
            ready.wait(60)
            for count in range(EACH):
                name = f"parallel-{number}-{count}"
                # Small ones go inline, large ones through the segments.
                filler = b"0123456789abcdef\r\n" * (1 if count % 3 else 2_000)
                code, text = session.submit(
                    server.alice[0], [server.bob[0]],
                    f"From: <{server.alice[0]}>\r\nSubject: {name}\r\n\r\n".encode() + filler)
                assert code == 250, text
                with lock:
                    accepted.append(name)
            session.close()
        except BaseException as error:  # told by the test's own thread
            ready.abort()
            failed.append(error)

    crew = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for one in crew:
        one.start()
    ready.wait(60)
    began = time.monotonic()
    for one in crew:
        one.join()
    took = time.monotonic() - began
    assert not failed, failed[:3]
    print(f"{len(accepted) / took:.0f} durable submissions per second with {CLIENTS} clients")
    box = imap.connect(server, server.bob)
    deadline = time.monotonic() + 20
    while box.select("INBOX")["exists"] < len(accepted) and time.monotonic() < deadline:
        time.sleep(0.2)
    box.select("INBOX")
    told = b" ".join(box.ok("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
    box.logout()
    found = re.findall(rb"parallel-\d+-\d+", told)
    assert sorted(found) == sorted(name.encode() for name in accepted)
