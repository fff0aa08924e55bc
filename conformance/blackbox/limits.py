"""The limits that the code names, by name, so that a test stands at the limit itself and not at a copy of its figure."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = {"from_secs": 1, "from_millis": 0.001, "from_micros": 0.000001}


def value(crate, name):
    """A constant of the `limits.rs` of `crate` (as in `protocols/imap`); times in seconds."""
    text = (ROOT / crate / "src" / "limits.rs").read_text()
    found = re.search(rf"const {name}: [\w:]+ =\s*(.+?);", text)
    if not found:
        raise LookupError(f"{crate} has no limit {name}")
    sum_ = re.sub(r"(?<=\d)_(?=\d)", "", found.group(1))
    time = re.fullmatch(r"Duration::(\w+)\((.+)\)", sum_)
    scale, sum_ = (UNITS[time.group(1)], time.group(2)) if time else (1, sum_)
    if not re.fullmatch(r"[\d\s*+<()]+", sum_):
        raise LookupError(f"{name} is not written in figures: {sum_}")
    return eval(sum_) * scale  # figures, + * ( ) and << alone
