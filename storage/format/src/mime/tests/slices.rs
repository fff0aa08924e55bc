//! Every section of every part: the slices are where they must be, and together they are the message.

use super::*;

/// The part numbers of everything that has some, found by walking down, not by asking `Parts::find`.
fn numbered(parts: &Parts, container: usize, prefix: &[u32], out: &mut Vec<(Vec<u32>, usize)>) {
    let children: Vec<_> = match parts.get(container).map(|part| part.kind) {
        Some(Kind::Multipart) => parts.children(container).collect(),
        _ => vec![container],
    };
    for (child, number) in children.into_iter().zip(1..) {
        let path = [prefix, &[number]].concat();
        out.push((path.clone(), child));
        match parts.get(child).unwrap().kind {
            Kind::Multipart => numbered(parts, child, &path, out),
            Kind::Message => numbered(parts, child + 1, &path, out),
            Kind::Basic | Kind::Text => {}
        }
    }
}

/// What a section sends.
fn sent(message: &[u8], parts: &Parts, path: &[u32], what: What) -> Option<Vec<u8>> {
    Some(match parts.resolve(&Section { path: path.to_vec(), what })? {
        Slice::Range(span) => span.of(message).to_vec(),
        Slice::Filtered { header, filter } => filter.apply(header.of(message)),
    })
}

/// Checks all sections of a message.
pub(crate) fn check_sections(name: &str, message: &[u8], parts: &Parts) {
    let get = |path: &[u32], what: What| sent(message, parts, path, what);
    assert_eq!(get(&[], What::Whole).unwrap(), message, "{name}");
    assert_eq!([get(&[], What::Header).unwrap(), get(&[], What::Text).unwrap()].concat(), message, "{name}");
    check_fields(name, message, parts, &[]);
    let mut all = Vec::new();
    numbered(parts, 0, &[], &mut all);
    for (path, index) in &all {
        let place = format!("{name} part {path:?}");
        let part = parts.get(*index).unwrap();
        let body = get(path, What::Whole).unwrap();
        let mime = get(path, What::Mime).unwrap();
        // Header and body of a part stand together in the message.
        let span = Span { start: part.header.start, len: part.header.len + part.body.len };
        assert_eq!([mime, body.clone()].concat(), span.of(message), "{place}");
        if part.kind == Kind::Message {
            let (header, text) = (get(path, What::Header).unwrap(), get(path, What::Text).unwrap());
            assert_eq!([header, text].concat(), body, "{place}");
            check_fields(name, message, parts, path);
        } else {
            assert_eq!((get(path, What::Header), get(path, What::Text)), (None, None), "{place}");
        }
        // One number further there is nothing at a leaf.
        if matches!(part.kind, Kind::Basic | Kind::Text) {
            assert_eq!(get(&[path.as_slice(), &[1]].concat(), What::Whole), None, "{place}");
        }
    }
    // Parts with numbers are all parts but the multiparts that are messages themselves.
    let unnumbered = parts.iter().enumerate().filter(|(index, part)| {
        let is_message = *index == 0 || parts.get(index - 1).is_some_and(|above| above.kind == Kind::Message);
        is_message && part.kind == Kind::Multipart
    });
    assert_eq!(all.len() + unnumbered.count(), parts.iter().count(), "{name}");
}

/// The fields with a name and those without are the header.
fn check_fields(name: &str, message: &[u8], parts: &Parts, path: &[u32]) {
    let header = sent(message, parts, path, What::Header).unwrap();
    let names = vec![b"subject".to_vec(), b"Content-Type".to_vec()];
    let with = sent(message, parts, path, What::Fields(names.clone())).unwrap();
    let without = sent(message, parts, path, What::FieldsNot(names)).unwrap();
    // The blank line is in both; it may have more than one CR.
    let blank = header.iter().rev().skip(1).position(|&byte| byte != b'\r').map_or(header.len(), |at| at + 1);
    let doubled = if with.ends_with(&header[header.len() - blank..]) { blank } else { 0 };
    let total = with.len() + without.len();
    assert!(
        total == header.len() || total == header.len() + doubled,
        "{name} {path:?}: {:?} and {:?} of {:?}",
        String::from_utf8_lossy(&with),
        String::from_utf8_lossy(&without),
        String::from_utf8_lossy(&header)
    );
    assert_eq!(sent(message, parts, path, What::FieldsNot(vec![])).unwrap(), header, "{name} {path:?}");
}

#[test]
fn every_section_of_the_corpus() {
    for (name, message) in corpus() {
        check_sections(&name, &message, scan(&message).parts());
    }
}
