//! Trees of messages, some of their places empty, and how THREAD tells them (RFC 5256 4, thread-list).

use super::Message;
use crate::wire::encoder::Output;

/// A place in a tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Which of the messages; `None` for one that is only spoken of.
    pub message: Option<usize>,
    pub children: Vec<usize>,
}

/// Trees over one list of nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Forest {
    pub nodes: Vec<Node>,
    pub roots: Vec<usize>,
}

/// What is still to be told.
enum Step {
    Open(usize),
    Close,
}

impl Forest {
    /// Adds a node.
    pub(super) fn push(&mut self, message: Option<usize>) -> usize {
        self.nodes.push(Node { message, children: Vec::new() });
        self.nodes.len() - 1
    }

    /// The children of a node.
    pub(super) fn children(&self, node: usize) -> &[usize] {
        self.nodes.get(node).map_or(&[], |node| &node.children)
    }

    /// The message of a node.
    pub(super) fn message(&self, node: usize) -> Option<usize> {
        self.nodes.get(node)?.message
    }

    /// The children of a node, taken out.
    pub(super) fn take_children(&mut self, node: usize) -> Vec<usize> {
        self.nodes.get_mut(node).map(|node| std::mem::take(&mut node.children)).unwrap_or_default()
    }

    /// Puts children under a node.
    pub(super) fn set_children(&mut self, node: usize, children: Vec<usize>) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.children = children;
        }
    }

    /// Every node below the roots, each behind its parent.
    pub(super) fn downward(&self) -> Vec<usize> {
        let mut order = self.roots.clone();
        let mut at = 0;
        while let Some(&node) = order.get(at) {
            order.extend_from_slice(self.children(node));
            at += 1;
        }
        order
    }

    /// Writes `(1 2 (3)(4))(5)`.
    pub(super) fn tell(&self, messages: &[Message], out: &mut Output) {
        let mut steps: Vec<Step> = self.roots.iter().rev().map(|&root| Step::Open(root)).collect();
        while let Some(step) = steps.pop() {
            let mut node = match step {
                Step::Close => {
                    out.raw(b")");
                    continue;
                }
                Step::Open(node) => node,
            };
            out.raw(b"(");
            steps.push(Step::Close);
            // A run of only children stands on one level.
            let mut separator = "";
            loop {
                if let Some(message) = self.message(node).and_then(|at| messages.get(at)) {
                    out.raw(separator).number(message.number);
                    separator = " ";
                }
                match self.children(node) {
                    [] => break,
                    [only] => node = *only,
                    several => {
                        out.raw(separator);
                        steps.extend(several.iter().rev().map(|&child| Step::Open(child)));
                        break;
                    }
                }
            }
        }
    }
}
