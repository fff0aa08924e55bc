"""`collegium migrate-store` there and back, its verification, and how the database may be reached."""

import subprocess

import pytest

from blackbox import dav, imap, pgserver, postgres, server as servers


def config_with(server, path, folder, store):
    text = servers.Server.config_file(server).read_text()
    lines = [f'data = "{folder}"' if line.startswith("data = ") else line for line in text.splitlines()]
    path.write_text("\n".join(lines) + f"\n[store]\n{store}")
    return str(path)


def test_there_and_back():
    server = pgserver.Server()
    try:
        servers.Server.start(server)
        session = imap.connect(server, server.alice)
        uids = [session.append("INBOX", b"Subject: %d\r\n\r\n%s\r\n" % (n, b"x" * n * 3000))[1] for n in range(20)]
        session.logout()
        files = dav.connect(server, server.alice)
        assert files.put(dav.files(server.alice[0], "large.bin"), bytes(range(256)) * 12000).status == 201
        files.close()
        running = server.command("migrate-store", "--config", str(servers.Server.config_file(server)), "--to",
                                 config_with(server, server.data / "x.toml", "x", 'engine = "fjall"\n'), check=False)
        assert running.returncode != 0 and "another process" in running.stderr
        server.stop()
        server.write_config(server.database_config, "node-1")
        assert "both stores hold the same" in server.migrate().stdout
        server.restart()
        session = imap.connect(server, server.alice)
        session.select("INBOX")
        assert session.uids() == uids
        assert len(session.body(uids[-1])) > 19 * 3000
        session.append("INBOX", b"Subject: new\r\n\r\nx\r\n")
        session.logout()
        files = dav.connect(server, server.alice)
        assert files.get(dav.files(server.alice[0], "large.bin")).body == bytes(range(256)) * 12000
        files.close()
        server.stop()
        again = server.command("migrate-store", "--config", str(servers.Server.config_file(server)), "--to",
                               str(server.database_config), check=False)
        assert again.returncode != 0 and "holds a store already" in again.stderr
        # And back, into an empty one.
        back = config_with(server, server.data / "back.toml", "back", 'engine = "fjall"\n')
        done = server.command("migrate-store", "--config", str(server.database_config), "--to", back, timeout=120)
        assert "both stores hold the same" in done.stdout
        server._spawn("serve", "--config", back)
        session = imap.connect(server, server.alice)
        session.select("INBOX")
        assert len(session.uids()) == 21
        session.logout()
        server.stop()
        assert server.command("fsck", "--bytes", "--config", back).returncode == 0
    finally:
        server.dispose()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-days", "30", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")
    (folder / "names").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=db")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            "server.pem", "-days", "30", "-extfile", "names")
    return folder


def test_tls_to_the_database_is_verified(authority):
    import shutil
    cluster = postgres.Cluster()
    server = None
    try:
        for name in ("server.pem", "server.key"):
            shutil.copy(authority / name, cluster.folder / name)
            if cluster.owner:
                shutil.chown(cluster.folder / name, cluster.owner)
        (cluster.folder / "server.key").chmod(0o600)
        cluster.tls, cluster.certificate, cluster.key = True, cluster.folder / "server.pem", cluster.folder / "server.key"
        cluster.start()
        cluster.psql("ALTER USER postgres PASSWORD 'sehr-geheim'")
        (cluster.data / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        cluster.psql("SELECT pg_reload_conf()")
        server = servers.Server()
        server.start()
        server.stop()
        (server.data / "password").write_text("sehr-geheim\n")

        def listed(host, authorities, password="password"):
            store = (f'engine = "postgres"\nurl = "postgresql://postgres@{host}:{cluster.port}/collegium"\n'
                     f'password_file = "{server.data / password}"\nca_file = "{authorities}"\nschema = "tls"\n')
            config = config_with(server, server.data / "tls.toml", "tls-node", store)
            return server.command("domain", "list", "--config", config, check=False)

        good = listed("localhost", authority / "ca.pem")
        assert good.returncode == 0, good.stderr
        for host, authorities in (("localhost", authority / "other.pem"), ("127.0.0.1", authority / "ca.pem")):
            refused = listed(host, authorities)
            assert refused.returncode != 0 and "database" in refused.stderr, refused.stderr
        (server.data / "wrong").write_text("falsch")
        refused = listed("localhost", authority / "ca.pem", "wrong")
        assert refused.returncode != 0
        assert "geheim" not in refused.stderr + refused.stdout and "falsch" not in refused.stderr + refused.stdout
        encrypted = cluster.psql("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
                                 "WHERE a.application_name = 'collegium' AND NOT s.ssl")
        assert encrypted == "0"
    finally:
        if server:
            server.dispose()
        cluster.dispose()
