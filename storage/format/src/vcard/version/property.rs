//! One property on its way to the other version: written as it was sent unless something of it is changed.

use crate::icalendar::line::{Line, write_line};
use std::borrow::Cow;

/// A property that may be changed.
#[derive(Clone, Debug)]
pub(super) struct Property<'l> {
    /// Where it came from; `None` for a new or a changed one.
    line: Option<&'l Line<'l>>,
    group: Option<&'l str>,
    name: Cow<'l, str>,
    /// Names and values as they are written.
    params: Vec<(&'l str, Cow<'l, str>)>,
    value: Cow<'l, str>,
}

impl<'l> Property<'l> {
    /// From a line of the card.
    pub(super) fn of(line: &'l Line<'l>) -> Self {
        Self {
            line: Some(line),
            group: line.group(),
            name: Cow::Borrowed(line.name()),
            params: line.params().map(|param| (param.name, Cow::Borrowed(param.value))).collect(),
            value: Cow::Borrowed(line.value()),
        }
    }

    /// A new one that stands with another in a group.
    pub(super) fn beside(&self, name: &'static str, value: String) -> Self {
        let (name, value) = (Cow::Borrowed(name), Cow::Owned(value));
        Self { line: None, group: self.group, name, params: Vec::new(), value }
    }

    /// A new one.
    pub(super) fn new(name: &'static str, value: String) -> Self {
        let (name, value) = (Cow::Borrowed(name), Cow::Owned(value));
        Self { line: None, group: None, name, params: Vec::new(), value }
    }

    /// Whether it has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its name in capitals.
    pub(super) fn upper_name(&self) -> String {
        self.name.to_ascii_uppercase()
    }

    /// The group it stands in.
    pub(super) fn group(&self) -> Option<&str> {
        self.group
    }

    /// The value, still escaped.
    pub(super) fn value(&self) -> &str {
        &self.value
    }

    /// Gives it another name.
    pub(super) fn rename(&mut self, name: &'static str) {
        self.line = None;
        self.name = Cow::Borrowed(name);
    }

    /// Gives it another value.
    pub(super) fn set_value(&mut self, value: String) {
        self.line = None;
        self.value = Cow::Owned(value);
    }

    /// The first value of a parameter, without quotes and carets.
    pub(super) fn param(&self, name: &str) -> Option<String> {
        let (name, value) = self.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        let head = format!("X;{name}={value}:");
        Line::from_text(&head).params().next().map(|param| param.first().into_owned())
    }

    /// Takes a parameter away, if it is there.
    pub(super) fn drop_param(&mut self, name: &str) {
        let before = self.params.len();
        self.params.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if self.params.len() != before {
            self.line = None;
        }
    }

    /// Sets a parameter to one value.
    pub(super) fn set_param(&mut self, name: &'static str, value: &str) {
        self.drop_param(name);
        self.line = None;
        self.params.push((name, Cow::Owned(quoted(value))));
    }

    /// What TYPE says, and the bare words of old writers; quoted lists are taken apart.
    pub(super) fn types(&self) -> Vec<String> {
        let said = self.params.iter().filter(|(name, _)| is_type(name));
        let words = said.flat_map(|(_, value)| value.split(','));
        words.map(|word| word.trim_matches(['"', ' ']).to_owned()).filter(|word| !word.is_empty()).collect()
    }

    /// Takes the types away that are not to be kept; whether there were any.
    pub(super) fn drop_types(&mut self, wanted: impl Fn(&str) -> bool) -> bool {
        let all = self.types();
        let kept: Vec<&str> = all.iter().map(String::as_str).filter(|word| wanted(word)).collect();
        let dropped = kept.len() != all.len();
        if dropped {
            self.set_types(&kept);
        }
        dropped
    }

    /// Sets TYPE.
    pub(super) fn set_types(&mut self, types: &[&str]) {
        self.line = None;
        self.params.retain(|(name, _)| !is_type(name));
        if !types.is_empty() {
            self.params.push(("TYPE", Cow::Owned(types.join(","))));
        }
    }

    /// Writes it: as it was sent, or anew.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if let Some(line) = self.line {
            return out.extend_from_slice(line.raw());
        }
        let mut text = self.group.map(|group| format!("{group}.")).unwrap_or_default();
        text.push_str(&self.name);
        for (name, value) in &self.params {
            text.push(';');
            text.push_str(name);
            if !name.is_empty() {
                text.push('=');
            }
            text.push_str(value);
        }
        text.push(':');
        text.push_str(&self.value);
        write_line(out, &text);
    }
}

fn is_type(name: &str) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case("TYPE")
}

/// A parameter's value, with quotes and carets where they are needed (RFC 6868 3.1).
fn quoted(value: &str) -> String {
    let plain = value.replace('^', "^^").replace('\n', "^n").replace('"', "^'");
    match plain.contains([',', ';', ':']) {
        true => format!("\"{plain}\""),
        false => plain,
    }
}
