//! A power cut: what had not been synced is kept, dropped or torn, as seeded dice say, and what survives becomes a
//! new disk.

use crate::{
    content::Content,
    dice::Dice,
    disk::{Change, DirectoryChange, Disk, Entries, Kind, Node, Order, ROOT},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How much is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Loss {
    /// Everything that was not synced.
    Drop,
    /// Nothing: as when only the process had been killed.
    Keep,
    /// Each write by its own dice: kept, dropped or torn; files differ; so writes get out of order.
    Torn,
    /// One of these, by dice; mostly torn.
    Any,
}

/// What became of what was pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Toll {
    pub(crate) kept: u64,
    pub(crate) dropped: u64,
    pub(crate) torn: u64,
    pub(crate) names_kept: u64,
    pub(crate) names_dropped: u64,
}

/// The disk as it is found after a cut.
pub(crate) fn survivors(disk: &Disk, seed: u64, loss: Loss) -> (Disk, Toll) {
    let mut dice = Dice::new(seed);
    let mut toll = Toll::default();
    let loss = match loss {
        Loss::Any => match dice.below(8) {
            0 => Loss::Drop,
            1 => Loss::Keep,
            _ => Loss::Torn,
        },
        loss => loss,
    };
    let names = names(disk, &mut dice, loss, &mut toll);
    let mut found = Disk::new(disk.order);
    (found.next, found.pages_max) = (disk.next, disk.pages_max);
    let mut moved = BTreeMap::new();
    fill(
        &mut found,
        (disk, &names),
        (ROOT, ROOT),
        &mut |node| {
            let file_loss = match (loss, dice.below(4)) {
                (Loss::Torn, 0) => Loss::Drop,
                (Loss::Torn, 1) => Loss::Keep,
                (loss, _) => loss,
            };
            bytes(node, &mut dice, file_loss, &mut toll)
        },
        &mut moved,
    );
    (found, toll)
}

/// The disk as programs see it, all of it durable, with new numbers for all nodes but the root.
pub(crate) fn renumbered(disk: &Disk, next: u64) -> Disk {
    let names: BTreeMap<u64, Entries> =
        disk.nodes.iter().map(|(number, node)| (*number, node.entries.clone())).collect();
    let mut made = Disk::new(disk.order);
    (made.next, made.pages_max) = (next, disk.pages_max);
    fill(&mut made, (disk, &names), (ROOT, ROOT), &mut |node| node.content.clone(), &mut BTreeMap::new());
    made
}

/// The entries of each directory after the cut.
fn names(disk: &Disk, dice: &mut Dice, loss: Loss, toll: &mut Toll) -> BTreeMap<u64, Entries> {
    let mut names: BTreeMap<u64, Entries> =
        disk.nodes.iter().map(|(number, node)| (*number, node.durable_entries.clone())).collect();
    for DirectoryChange(changes) in kept_names(disk, dice, loss, toll) {
        for (parent, name, target) in changes {
            let Some(entries) = names.get_mut(parent) else { continue };
            match target {
                Some(number) => entries.insert(name.clone(), *number),
                None => entries.remove(name),
            };
        }
    }
    names
}

/// The pending directory operations that survive: a prefix of all in journal order; in strict order any of them, as
/// long as what an operation builds on survives too.
fn kept_names<'a>(disk: &'a Disk, dice: &mut Dice, loss: Loss, toll: &mut Toll) -> Vec<&'a DirectoryChange> {
    let prefix = dice.below(disk.pending.len() + 1);
    let style = dice.below(4);
    let (mut lost_names, mut lost_nodes) = (BTreeSet::new(), BTreeSet::new());
    let mut kept = Vec::new();
    for (at, change) in disk.pending.iter().enumerate() {
        let wanted = match (loss, disk.order, style) {
            (Loss::Drop, ..) => false,
            (Loss::Keep, ..) => true,
            (_, Order::Journal, _) => at < prefix,
            (_, Order::Strict, 0) => false,
            (_, Order::Strict, _) => dice.below(2) == 0,
        };
        let stands = change.0.iter().all(|(parent, name, target)| {
            !lost_names.contains(&(*parent, name))
                && !target.is_some_and(|target| lost_nodes.contains(&target))
        });
        if wanted && stands {
            toll.names_kept += 1;
            kept.push(change);
        } else {
            toll.names_dropped += 1;
            lost_names.extend(change.0.iter().map(|(parent, name, _)| (*parent, name)));
            lost_nodes.extend(change.0.iter().filter_map(|(.., target)| *target));
        }
    }
    kept
}

/// A file's bytes after the cut.
fn bytes(node: &Node, dice: &mut Dice, loss: Loss, toll: &mut Toll) -> Content {
    let mut content = node.durable.clone();
    if node.kind != Kind::File {
        return node.content.clone();
    }
    for change in &node.pending {
        let fate = match loss {
            Loss::Drop => 0,
            Loss::Keep => 1,
            Loss::Torn | Loss::Any => dice.below(3),
        };
        match (fate, change) {
            (0, _) => toll.dropped += 1,
            (2, Change::Write { offset, data }) if data.len() > 1 => {
                toll.torn += 1;
                tear(&mut content, *offset, data, dice);
            }
            (_, Change::Write { offset, data }) => {
                toll.kept += 1;
                content.write(*offset, data);
            }
            (_, Change::Resize(size)) => {
                toll.kept += 1;
                content.resize(*size);
            }
        }
    }
    content
}

/// Part of a write, in units of sectors or pages of the file: its beginning, or any of its units.
fn tear(content: &mut Content, offset: u64, data: &[u8], dice: &mut Dice) {
    let unit = if dice.below(2) == 0 { 512 } else { 4096 };
    let first = usize::try_from(unit as u64 - offset % unit as u64).unwrap_or(unit).min(data.len());
    let (head, rest) = data.split_at(first);
    let parts: Vec<&[u8]> = std::iter::once(head).chain(rest.chunks(unit)).collect();
    let (prefix, scattered) = (dice.below(parts.len()), dice.below(2) == 0);
    let mut at = offset;
    for (number, part) in parts.into_iter().enumerate() {
        if if scattered { dice.below(2) == 0 } else { number < prefix } {
            content.write(at, part);
        }
        at += part.len() as u64;
    }
}

/// Copies what the names reach into a new disk, everything durable there.
fn fill(
    made: &mut Disk,
    (disk, names): (&Disk, &BTreeMap<u64, Entries>),
    (from, to): (u64, u64),
    content_of: &mut dyn FnMut(&Node) -> Content,
    moved: &mut BTreeMap<u64, u64>,
) {
    for (name, number) in names.get(&from).into_iter().flatten() {
        let Some(node) = disk.nodes.get(number) else { continue };
        let fresh = *moved.entry(*number).or_insert_with(|| {
            let fresh = made.next;
            made.next += 1;
            let mut copy = Node::new(node.kind, node.mode, node.owner);
            copy.modified = node.modified;
            copy.content = content_of(node);
            copy.durable = copy.content.clone();
            copy.place = (to, name.clone());
            made.pages_used += copy.content.pages_held();
            made.nodes.insert(fresh, copy);
            fresh
        });
        if let Some(copy) = made.nodes.get_mut(&fresh) {
            copy.links += 1;
            copy.durable_links += 1;
        }
        if let Some(directory) = made.nodes.get_mut(&to) {
            directory.entries.insert(name.clone(), fresh);
            directory.durable_entries.insert(name.clone(), fresh);
        }
        if node.kind == Kind::Directory {
            fill(made, (disk, names), (*number, fresh), content_of, moved);
        }
    }
}
