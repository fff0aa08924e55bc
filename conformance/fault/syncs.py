"""Table: every call that makes something durable, the lie of the disk that stands for its absence, and the scenario that
must turn red under that lie.

`code` is the line in the source, as `file: text`; a test compares them with what is in storage/. Those without `code`
are the engine's own, in fjall and lsm-tree. `spare` says why nothing can turn red.
"""

import dataclasses

JOURNAL = "data/engine/*.jnl"
SEGMENT = "data/blobs/*.seg"


@dataclasses.dataclass
class Sync:
    """One such call. `lie` is what `lossy.Disk.fault` is told beside the harm."""

    name: str
    scenario: str
    lie: dict
    code: str = ""
    spare: str = ""


ENGINE, LOCAL, DIRECTORY, SEGMENTS, MENDED, MARK, MEND = (
    f"storage/engine/src/{name}.rs: "
    for name in ("fjall", "blobs/local", "directory", "blobs/segments", "fjall/journal", "fjall/mark",
                 "fjall/mend"))
REPAIR = "repair of a stopped store: cut off, it is done again from what was there before"

ALL = [
    # -- ours ---------------------------------------------------------------------------------------
    Sync("a group of batches is committed", "load", {"on": "sync", "path": JOURNAL},
         ENGINE + "let done = batch.durability(Some(PersistMode::SyncData)).commit();"),
    Sync("what a killed process left in the journal is shown", "replay", {"on": "sync", "path": JOURNAL},
         ENGINE + "database.persist(PersistMode::SyncAll)?;"),
    Sync("the engine's directory gets its name", "rebirth", {"on": "syncdir", "path": "data", "after": "rename data/engine"},
         ENGINE + "directory::sync("),
    Sync("fjall's keyspaces get their names", "birth", {"on": "syncdir", "path": "data/engine*/keyspaces"},
         ENGINE + 'directory::sync(&path.join("keyspaces")).map_err(|error| {'),
    Sync("a directory is made", "birth", {"on": "syncdir", "path": "data", "after": "mkdir data/blobs"},
         DIRECTORY + "sync(parent)"),
    Sync("bodies are appended", "load", {"on": "sync", "path": SEGMENT},
         LOCAL + "if let Err(error) = files.iter().try_for_each(|file| file.sync_data()) {"),
    Sync("a new segment gets its name", "load", {"on": "syncdir", "path": "data/blobs", "after": "create " + SEGMENT},
         LOCAL + "directory::sync(&self.directory).map_err(|error| {"),
    Sync("the first segment gets its name", "birth", {"on": "syncdir", "path": "data/blobs"},
         LOCAL + "directory::sync(directory).map_err(|error| unavailable(directory, &error))?;"),
    Sync("a removed segment's mark gets its name", "collect",
         {"on": "syncdir", "path": "data/blobs", "after": "sync data/blobs/*.gone"},
         LOCAL + ".and_then(|()| directory::sync(directory))"),
    Sync("a removed segment's mark is written", "collect", {"on": "sync", "path": "data/blobs/*.gone"},
         LOCAL + ".and_then(|mark| mark.sync_all())",
         spare="the mark is empty: all there is to lose is its name, which the next line makes stable"),
    Sync("a torn tail is cut off", "replay", {"on": "sync", "path": SEGMENT}, LOCAL + "file.sync_all()",
         spare="nothing refers to a frame whose own sync was not answered, and the next frame's sync covers the new length"),
    Sync("the call itself", "", {}, DIRECTORY + "File::open(directory)?.sync_all()", spare="what the others above call"),
    Sync("a journal's torn tail is cut off", "", {}, MENDED + "file.sync_all()",
         spare="lost, the tail is there again and is cut off again; the next group's sync covers the new length"),
    Sync("the mark at an orderly end", "", {}, MARK + "if let Err(error) = self.file.sync_data() {",
         spare="what is not synced is an older mark, which is no less true"),
    Sync("repair: a journal is written anew", "", {}, MENDED + "file.sync_all()?;", spare=REPAIR),
    Sync("repair: and gets its name", "", {},
         MENDED + "directory::sync(directory).map_err(|error| outcome(directory, &error))?;", spare=REPAIR),
    Sync("repair: its draft gets its name", "", {}, MENDED + 'directory::sync(path.parent().unwrap_or(Path::new(".")))?;',
         spare=REPAIR),
    Sync("repair: a draft takes the journal's place", "", {}, MENDED + ".and_then(|()| directory::sync(directory))",
         spare="lost, the draft is still there and takes it again"),
    Sync("repair: a draft is known as one from its beginning", "", {},
         MEND + "let marked = std::fs::File::create(draft.join(DRAFT)).and_then(|_| directory::sync(draft));", spare=REPAIR),
    Sync("repair: and until nothing else is left of it", "", {}, MEND + "directory::sync(draft)?;", spare=REPAIR),
    Sync("repair: an engine made anew is stable", "", {},
         MEND + "directory::sync(draft).map_err(|error| outcome(draft, &error))?;", spare=REPAIR),
    Sync("repair: and takes the old one's place", "", {}, MEND + "directory::sync(parent_of(path))", spare=REPAIR),
    Sync("repair: the old one gets a name of its own", "", {}, MEND + "directory::sync(parent_of(path))", spare=REPAIR),
    Sync("repair: and the new one is no draft any more", "", {},
         MEND + "removed => removed.and_then(|()| directory::sync(path)),", spare=REPAIR),
    Sync("repair: a lost segment is written off", "", {}, SEGMENTS + ".and_then(|mark| mark.sync_all())", spare=REPAIR),
    Sync("repair: and that gets its name", "", {},
         SEGMENTS + "crate::directory::sync(directory).map_err(|error| unavailable(directory, &error))?;", spare=REPAIR),
    # -- fjall's and lsm-tree's ---------------------------------------------------------------------
    Sync("fjall: a table is written", "load", {"on": "sync", "path": "data/engine/keyspaces/*/tables/*"}),
    Sync("fjall: a table gets its name", "load", {"on": "syncdir", "path": "data/engine/keyspaces/*/tables"}),
    Sync("fjall: a list of tables is written", "load", {"on": "sync", "path": "data/engine/keyspaces/*/v*"}),
    Sync("fjall: a list of tables gets its name", "load",
         {"on": "syncdir", "path": "data/engine/keyspaces/*", "after": "sync data/engine/keyspaces/*/v*"},
         spare="the sync of the same directory after the pointer to the list was replaced covers both names"),
    Sync("fjall: the pointer to the list is written", "load", {"on": "sync", "path": "data/engine/keyspaces/*/.tmp*"},
         spare="it is synced once more under its new name"),
    Sync("fjall: the pointer to the list is written, again", "load", {"on": "sync", "path": "data/engine/keyspaces/*/current"},
         spare="it was synced before it got this name"),
    Sync("fjall: the pointer to the list is replaced", "load",
         {"on": "syncdir", "path": "data/engine/keyspaces/*", "after": "sync data/engine/keyspaces/*/current"}),
    Sync("fjall: a new journal gets its name", "rotate", {"on": "syncdir", "path": "data/engine"}),
]
