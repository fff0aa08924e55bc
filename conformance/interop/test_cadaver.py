"""cadaver: the interactive WebDAV client, typed at as a person would."""

from blackbox import client


def test_session(plain_server, own_home):
    """put, get, copy, move, mkcol, lock, properties, delete."""
    server = plain_server
    user, password = server.alice
    (own_home / ".netrc").write_text(f"machine localhost\nlogin {user}\npassword {password}\n")
    (own_home / ".netrc").chmod(0o600)
    (own_home / "one.txt").write_bytes(b"cadaver was here\n" * 100)
    script = "\n".join([
        "mkcol shelf", "cd shelf", f"put {own_home}/one.txt one.txt", "ls", "copy one.txt two.txt",
        "move two.txt three.txt", f"get three.txt {own_home}/three.txt", "lock one.txt", "discover one.txt",
        "unlock one.txt", "set namespace http://example.org/ns", "propset one.txt mood bright",
        "propget one.txt mood", "delete one.txt", "ls", "cd ..", "rmcol shelf", "ls", "quit", ""])
    done = client.run("cadaver", f"http://localhost:{server.plain_http}/dav/files/{user}/", stdin=script, timeout=60)
    shown = done.stdout
    assert (own_home / "three.txt").read_bytes() == (own_home / "one.txt").read_bytes(), shown
    assert "failed" not in shown and "bright" in shown, shown
    assert shown.count("succeeded") >= 9, shown
