"""Thunderbird itself, on a display of its own, driven by its privileged JavaScript over Marionette (its remote protocol:
a length, a colon, and a JSON array)."""

import base64
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

PREFERENCES = {
    "app.update.enabled": False, "app.donation.eoy.version.viewed": 999, "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False, "datareporting.policy.firstRunURL": "",
    "mail.provider.suppress_dialog_on_startup": True, "mail.rights.version": 1, "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True, "mail.winsearch.firstRunDone": True, "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore", "app.normandy.enabled": False, "toolkit.telemetry.enabled": False,
    "mail.server.default.autosync_offline_stores": False, "mail.biff.show_alert": False, "mail.biff.play_sound": False,
    "mail.warn_on_send_accel_key": False, "mail.SpellCheckBeforeSend": False, "offline.startup_state": 2,
    "mailnews.database.global.indexer.enabled": False, "marionette.log.level": "Error",
}


class Thunderbird:
    """A running Thunderbird with an empty profile."""

    def __init__(self, folder):
        self.profile = pathlib.Path(folder) / "thunderbird"
        self.profile.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        wanted = {**PREFERENCES, "marionette.port": port}
        (self.profile / "user.js").write_text(
            "".join(f'user_pref("{name}", {json.dumps(value)});\n' for name, value in wanted.items()))
        self.display = Display()
        self.log = open(self.profile / "output.log", "wb")
        self.process = subprocess.Popen(
            [shutil.which("thunderbird"), "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", str(self.profile)],
            env={**os.environ, "DISPLAY": self.display.name, "MOZ_DISABLE_CONTENT_SANDBOX": "1", "GDK_BACKEND": "x11",
                 "LIBGL_ALWAYS_SOFTWARE": "1"},
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        try:
            self.connect(port)
        except BaseException:
            self.close()
            raise

    def connect(self, port):
        deadline = time.monotonic() + 90
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), 5)
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"no Thunderbird: {(self.profile / 'output.log').read_text()[-2000:]}") from None
                time.sleep(0.3)
        self.socket.settimeout(300)
        self.buffer, self.count = b"", 0
        assert self.receive()["marionetteProtocol"] == 3
        self.command("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})
        self.command("WebDriver:SetTimeouts", {"script": 240_000})
        self.command("Marionette:SetContext", {"value": "chrome"})

    def receive(self):
        while not (found := re.match(rb"(\d+):", self.buffer)) or len(self.buffer) < found.end() + int(found.group(1)):
            chunk = self.socket.recv(65536)
            if not chunk:
                raise RuntimeError("Thunderbird has gone")
            self.buffer += chunk
        end = found.end() + int(found.group(1))
        text, self.buffer = self.buffer[found.end():end], self.buffer[end:]
        return json.loads(text)

    def command(self, name, parameters):
        self.count += 1
        text = json.dumps([0, self.count, name, parameters]).encode()
        self.socket.sendall(b"%d:%b" % (len(text), text))
        _, number, error, result = self.receive()
        assert number == self.count
        if error:
            raise RuntimeError(f"{error['error']}: {error['message']}\n{error.get('stacktrace', '')[:800]}")
        return result

    def do(self, script, *arguments):
        """Runs the body of an async function with `arguments` and `MailServices` at hand; returns what it returns."""
        whole = ("const done = arguments[arguments.length - 1];"
                 'const {MailServices} = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");'
                 f"(async (args) => {{ {HELPERS} {script} }})(Array.from(arguments)).then("
                 "value => done({value}), error => done({error: String(error) + ' ' + (error.stack || '')}));")
        told = self.command("WebDriver:ExecuteAsyncScript", {"script": whole, "args": list(arguments), "newSandbox": True})["value"]
        if "error" in told:
            raise RuntimeError(told["error"])
        return told.get("value")

    def trust(self, path):
        """Imports a CA."""
        text = pathlib.Path(path).read_text()
        der = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END", text, re.S).group(1)
        self.do('Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(args[0], "CT,,");',
                "".join(der.split()))
        assert base64.b64decode("".join(der.split()))

    def close(self):
        """Ends it, and its display."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        self.display.close()


class Display:
    """A virtual X display."""

    def __init__(self):
        out, inside = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(inside), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
                                        pass_fds=[inside], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(inside)
        with os.fdopen(out) as told:
            self.name = ":" + told.readline().strip()
        assert self.name != ":", "Xvfb did not start"

    def close(self):
        self.process.terminate()
        self.process.wait()


HELPERS = """
const sleep = time => new Promise(resolve => win.setTimeout(resolve, time));
const win = Services.wm.getMostRecentWindow("mail:3pane") || Services.wm.getMostRecentWindow(null);
const until = async (what, test) => {
  for (let turn = 0; turn < 2000; turn++) { const value = await test(); if (value) return value; await sleep(100); }
  throw new Error("it never came: " + what);
};
const account = () => MailServices.accounts.accounts.find(it => it.incomingServer.type == "imap");
const root = () => account().incomingServer.rootFolder;
const folder = name => root().getChildNamed(name);
const heard = start => new Promise((resolve, reject) => start({
  OnStartRunningUrl() {}, OnStopRunningUrl(url, status) { status ? reject(new Error("status " + status)) : resolve(); },
  QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
}));
const copied = start => new Promise((resolve, reject) => start({
  onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; },
  onStopCopy(status) { status ? reject(new Error("status " + status)) : resolve(); },
  QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]),
}));
const update = one => heard(listener => one.QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, listener));
"""
