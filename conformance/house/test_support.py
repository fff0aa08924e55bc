"""README.md's support tables are what the binary says of itself."""

import pathlib
import subprocess

from blackbox import server

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def test_readme_tells_what_the_build_serves():
    printed = subprocess.run([server.binary(), "support"], capture_output=True, text=True, check=True, timeout=30)
    text = README.read_text()
    block = text[text.index("<!-- support:begin"):text.index("<!-- support:end")].split("\n", 1)[1]
    assert block.strip() == printed.stdout.strip(), "paste the output of `collegium support` into README.md"
