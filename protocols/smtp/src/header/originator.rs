//! The addresses of a From or Sender field (RFC 5322 3.4, with RFC 6532's octets and RFC 6854's groups).

use crate::limits::{COMMENT_DEPTH_MAX, ORIGINATOR_COUNT_MAX};
use model::Address;

/// One word of the field.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// An atom, dots in it or not, or a domain literal.
    Atom(String),
    /// A quoted string, quotes and backslashes as they stood.
    Quoted(String),
    /// `< > , : ; @` and nothing else.
    Special(char),
}

/// Every address of the field; `None` when it is not in the grammar, or holds none, or too many.
pub(super) fn addresses(value: &[u8]) -> Option<Vec<Address>> {
    let tokens = tokens(str::from_utf8(value).ok()?)?;
    let mut found = Vec::new();
    let mut rest = tokens.as_slice();
    let mut in_group = false;
    while !rest.is_empty() {
        let end = rest.iter().position(|token| matches!(token, Token::Special(',' | ':' | ';')));
        let (element, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        let separator = behind.first();
        match separator {
            // A group's name: words only.
            Some(Token::Special(':')) if !in_group && is_phrase(element) && !element.is_empty() => {
                in_group = true;
            }
            Some(Token::Special(':')) => return None,
            Some(Token::Special(';')) if !in_group => return None,
            _ if element.is_empty() => {
                // Nothing between separators: only the end of a group may follow nothing, or be followed by it.
                let after_group = matches!(separator, Some(Token::Special(';')));
                if !after_group && !matches!(separator, Some(Token::Special(',')) if !found.is_empty()) {
                    return None;
                }
                in_group &= !after_group;
            }
            _ => {
                found.push(mailbox(element)?);
                in_group &= !matches!(separator, Some(Token::Special(';')));
            }
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    let counted = (1..=ORIGINATOR_COUNT_MAX).contains(&found.len());
    (!in_group && counted).then_some(found)
}

/// `local@domain`, or words and then `<local@domain>` at the very end.
fn mailbox(tokens: &[Token]) -> Option<Address> {
    let inside = match tokens.iter().position(|token| *token == Token::Special('<')) {
        None => tokens,
        Some(open) => {
            let (phrase, rest) = tokens.split_at_checked(open)?;
            let (close, inside) = rest.get(1..)?.split_last()?;
            if *close != Token::Special('>') || !is_phrase(phrase) {
                return None;
            }
            inside
        }
    };
    let [local, Token::Special('@'), Token::Atom(domain)] = inside else { return None };
    let local = match local {
        Token::Atom(atom)
            if !atom.starts_with(['.', '[']) && !atom.ends_with('.') && !atom.contains("..") =>
        {
            atom.clone()
        }
        Token::Quoted(text) => format!("\"{text}\""),
        _ => return None,
    };
    Address::parse(&format!("{local}@{domain}")).ok()
}

fn is_phrase(tokens: &[Token]) -> bool {
    tokens.iter().all(|token| !matches!(token, Token::Special(_)))
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => {}
            '(' => skip_comment(&mut chars)?,
            '"' => found.push(Token::Quoted(until(&mut chars, '"')?)),
            '[' => found.push(Token::Atom(format!("[{}]", until(&mut chars, ']')?))),
            '<' | '>' | ',' | ':' | ';' | '@' => found.push(Token::Special(c)),
            _ if is_atom(c) => {
                let mut atom = String::from(c);
                while let Some(more) = chars.next_if(|&c| is_atom(c)) {
                    atom.push(more);
                }
                found.push(Token::Atom(atom));
            }
            _ => return None,
        }
    }
    Some(found)
}

fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || !c.is_ascii() && !c.is_control()
}

/// What stands before the closing mark, escapes kept.
fn until(chars: &mut impl Iterator<Item = char>, mark: char) -> Option<String> {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            _ if c == mark => return Some(text),
            '\\' => text.extend(['\\', chars.next().filter(|c| !c.is_control())?]),
            _ if c.is_control() && c != '\t' => return None,
            _ => text.push(c),
        }
    }
    None
}

fn skip_comment(chars: &mut impl Iterator<Item = char>) -> Option<()> {
    let mut depth = 1;
    while depth > 0 {
        match chars.next()? {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => drop(chars.next()?),
            _ => {}
        }
        if depth > COMMENT_DEPTH_MAX {
            return None;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests;
