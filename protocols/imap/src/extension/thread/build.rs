//! From messages to trees: ORDEREDSUBJECT and REFERENCES as RFC 5256 3 has them, and REFS, which leaves
//! subjects alone.

use super::Message;
use super::forest::Forest;
use std::collections::HashMap;
use store::MessageIdHash;

/// One level: messages with the same base subject, by date (RFC 5256 3, ORDEREDSUBJECT).
pub(super) fn ordered_subject(messages: &[Message]) -> Forest {
    let mut order: Vec<usize> = (0..messages.len()).collect();
    let key = |&at: &usize| messages.get(at).map(|it| (it.keys.subject.as_str(), it.sent, it.number));
    order.sort_by(|left, right| key(left).cmp(&key(right)));
    let mut forest = Forest::default();
    let mut last: Option<&str> = None;
    for at in order {
        let Some(message) = messages.get(at) else { continue };
        let node = forest.push(Some(at));
        match forest.roots.last() {
            Some(&root) if last == Some(message.keys.subject.as_str()) => {
                if let Some(root) = forest.nodes.get_mut(root) {
                    root.children.push(node);
                }
            }
            _ => forest.roots.push(node),
        }
        last = Some(&message.keys.subject);
    }
    let dates = dates(&forest, messages, i64::min);
    let mut roots = std::mem::take(&mut forest.roots);
    roots.sort_by_key(|&root| dates.get(root).copied());
    forest.roots = roots;
    forest
}

/// By what messages answer, then by subject (RFC 5256 3, REFERENCES).
pub(super) fn references(messages: &[Message]) -> Forest {
    let mut forest = pruned(linked(messages));
    sort(&mut forest, messages);
    by_subject(&mut forest, messages);
    sort(&mut forest, messages);
    forest
}

/// By what messages answer alone; the thread with the newest message comes last.
pub(super) fn refs(messages: &[Message]) -> Forest {
    let mut forest = pruned(linked(messages));
    sort(&mut forest, messages);
    let newest = newest(&forest, messages);
    let mut roots = std::mem::take(&mut forest.roots);
    roots.sort_by_key(|&root| newest.get(root).copied());
    forest.roots = roots;
    forest
}

/// Who answers whom, before trees are made of it.
struct Links {
    forest: Forest,
    parents: Vec<Option<usize>>,
    /// Ways to the root of each tree, shortened as they are gone: a loop is found without walking a tree.
    ways: Vec<usize>,
}

impl Links {
    fn push(&mut self, message: Option<usize>) -> usize {
        let node = self.forest.push(message);
        self.parents.push(None);
        self.ways.push(node);
        node
    }

    fn root(&mut self, mut node: usize) -> usize {
        while let Some(&next) = self.ways.get(node) {
            if next == node {
                break;
            }
            let over = self.ways.get(next).copied().unwrap_or(next);
            if let Some(way) = self.ways.get_mut(node) {
                *way = over;
            }
            node = over;
        }
        node
    }

    /// Puts a node without a parent under another one, unless that lies below it.
    fn link(&mut self, child: usize, parent: usize) {
        let free = self.parents.get(child).is_some_and(Option::is_none);
        if !free || self.root(parent) == child {
            return;
        }
        if let (Some(slot), Some(way)) = (self.parents.get_mut(child), self.ways.get_mut(child)) {
            *slot = Some(parent);
            *way = parent;
        }
    }
}

/// RFC 5256 3, REFERENCES (1) and (2): one message after the other says who answers whom, first of those it names and
/// then of itself. What others say of a message before its turn comes would not outlast it, and is passed over: so no
/// link is ever broken.
fn linked(messages: &[Message]) -> Forest {
    let mut links = Links { forest: Forest::default(), parents: Vec::new(), ways: Vec::new() };
    let mut known: HashMap<MessageIdHash, usize> = HashMap::new();
    // The message at a place has the node of that number.
    for (at, message) in messages.iter().enumerate() {
        let node = links.push(Some(at));
        // A second message of the same id is one that nobody can answer.
        if let Some(id) = message.keys.message_id {
            known.entry(id).or_insert(node);
        }
    }
    for (own, message) in messages.iter().enumerate() {
        let mut parent = None;
        for id in &message.keys.references {
            let child = *known.entry(*id).or_insert_with(|| links.push(None));
            let is_to_come = own <= child && child < messages.len();
            if let Some(parent) = parent.filter(|_| !is_to_come) {
                links.link(child, parent);
            }
            parent = Some(child);
        }
        if let Some(parent) = parent {
            links.link(own, parent);
        }
    }
    let Links { mut forest, parents, .. } = links;
    for (node, parent) in parents.into_iter().enumerate() {
        match parent.and_then(|parent| forest.nodes.get_mut(parent)) {
            Some(parent) => parent.children.push(node),
            None => forest.roots.push(node),
        }
    }
    forest
}

/// RFC 5256 3, REFERENCES (3): empty places go, but for a root of several.
fn pruned(mut forest: Forest) -> Forest {
    for node in forest.downward().into_iter().rev() {
        let children = forest.take_children(node);
        let mut kept = Vec::with_capacity(children.len());
        for child in children {
            match forest.message(child) {
                Some(_) => kept.push(child),
                // Its own children were pruned before it was.
                None => kept.extend(forest.take_children(child)),
            }
        }
        forest.set_children(node, kept);
    }
    let mut roots = Vec::with_capacity(forest.roots.len());
    for root in std::mem::take(&mut forest.roots) {
        match (forest.message(root), forest.children(root).len()) {
            (None, 0) => {}
            (None, 1) => roots.extend(forest.take_children(root)),
            _ => roots.push(root),
        }
    }
    forest.roots = roots;
    forest
}

/// The date of every node: its message's, or for an empty place that of its children which `choose` takes.
fn dates(forest: &Forest, messages: &[Message], choose: fn(i64, i64) -> i64) -> Vec<i64> {
    let mut dates = vec![0; forest.nodes.len()];
    for node in forest.downward().into_iter().rev() {
        let of_children =
            forest.children(node).iter().filter_map(|&child| dates.get(child).copied()).reduce(choose);
        let own = forest.message(node).and_then(|at| messages.get(at)).map(|message| message.sent);
        if let Some(date) = dates.get_mut(node) {
            *date = own.or(of_children).unwrap_or_default();
        }
    }
    dates
}

/// The newest INTERNALDATE in every subtree, as REFS sorts threads by.
fn newest(forest: &Forest, messages: &[Message]) -> Vec<i64> {
    let mut dates = vec![i64::MIN; forest.nodes.len()];
    for node in forest.downward().into_iter().rev() {
        let below = forest.children(node).iter().filter_map(|&child| dates.get(child).copied()).max();
        let own = forest.message(node).and_then(|at| messages.get(at)).map(|message| message.received);
        if let Some(date) = dates.get_mut(node) {
            *date = own.max(below).unwrap_or_default();
        }
    }
    dates
}

/// RFC 5256 3, REFERENCES (4) and (6): siblings by date, then by number; an empty place has its first child's.
fn sort(forest: &mut Forest, messages: &[Message]) {
    let dates = dates(forest, messages, i64::min);
    let numbers: Vec<u32> = forest
        .nodes
        .iter()
        .map(|node| {
            let first = node.message.or_else(|| forest.message(*node.children.first()?));
            first.and_then(|at| messages.get(at)).map_or(u32::MAX, |message| message.number)
        })
        .collect();
    let key = |node: &usize| (dates.get(*node).copied(), numbers.get(*node).copied());
    for node in &mut forest.nodes {
        node.children.sort_by_key(key);
    }
    forest.roots.sort_by_key(key);
}

/// RFC 5256 3, REFERENCES (5): threads whose first messages have the same base subject become one.
fn by_subject(forest: &mut Forest, messages: &[Message]) {
    let mut chosen: HashMap<&str, usize> = HashMap::new();
    for &root in &forest.roots {
        let Some((subject, is_reply)) = subject(forest, messages, root) else { continue };
        let better = match chosen.get(subject) {
            None => true,
            Some(&other) => {
                let other_is_reply = self::subject(forest, messages, other).is_some_and(|(_, reply)| reply);
                let other_is_empty = forest.message(other).is_none();
                let is_empty = forest.message(root).is_none();
                is_empty && !other_is_empty || !other_is_empty && other_is_reply && !is_reply
            }
        };
        if better {
            chosen.insert(subject, root);
        }
    }
    let mut gone = vec![false; forest.nodes.len()];
    let mut added = Vec::new();
    for root in forest.roots.clone() {
        let Some((subject, is_reply)) = subject(forest, messages, root) else { continue };
        let Some(&other) = chosen.get(subject).filter(|&&other| other != root) else { continue };
        let (is_empty, other_is_empty) = (forest.message(root).is_none(), forest.message(other).is_none());
        let other_is_reply = self::subject(forest, messages, other).is_some_and(|(_, reply)| reply);
        let mut below = if is_empty && other_is_empty { forest.take_children(root) } else { vec![root] };
        if other_is_empty || is_reply && !other_is_reply {
            let mut children = forest.take_children(other);
            children.append(&mut below);
            forest.set_children(other, children);
        } else {
            // Two that both answer, or both do not: neither is the other's parent.
            let both = forest.push(None);
            below.push(other);
            forest.set_children(both, below);
            if let Some(gone) = gone.get_mut(other) {
                *gone = true;
            }
            added.push(both);
            chosen.insert(subject, both);
        }
        if let Some(gone) = gone.get_mut(root) {
            *gone = true;
        }
    }
    gone.resize(forest.nodes.len(), false);
    let mut roots = std::mem::take(&mut forest.roots);
    roots.extend(added);
    roots.retain(|&root| !gone.get(root).copied().unwrap_or_default());
    forest.roots = roots;
}

/// The subject of a thread, unless it is empty, and whether its first message is an answer.
fn subject<'m>(forest: &Forest, messages: &'m [Message], root: usize) -> Option<(&'m str, bool)> {
    let first = forest.message(root).or_else(|| forest.message(*forest.children(root).first()?))?;
    let keys = &messages.get(first)?.keys;
    (!keys.subject.is_empty()).then_some((keys.subject.as_str(), keys.is_reply))
}
