//! `Accept` of a GET (RFC 9110 12.5.1, RFC 6352 5.1.1): whether a client takes a card as it was sent, or only in the
//! other version.

use format::vcard::version::Version;

/// A media range of the field.
struct Range<'a> {
    essence: &'a str,
    version: Option<&'a str>,
    refused: bool,
}

/// The version to turn a card into; `None` when the client takes it as it is, or takes no card at all.
pub(crate) fn other_version(accept: &str, stored: Version) -> Option<Version> {
    let other = match stored {
        Version::V3 => Version::V4,
        Version::V4 => Version::V3,
    };
    let ranges: Vec<Range<'_>> = accept.split(',').map(Range::parse).collect();
    (!takes(&ranges, stored) && takes(&ranges, other)).then_some(other)
}

/// Whether the range that says most of cards of this version takes them.
fn takes(ranges: &[Range<'_>], version: Version) -> bool {
    let fitting = ranges.iter().filter_map(|range| Some((range.fits(version)?, range)));
    fitting.max_by_key(|(precision, _)| *precision).is_some_and(|(_, range)| !range.refused)
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let mut range = Self { essence: parts.next().unwrap_or(""), version: None, refused: false };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            if name.trim().eq_ignore_ascii_case("version") {
                range.version = Some(value);
            } else if name.trim().eq_ignore_ascii_case("q") {
                range.refused = value.parse() == Ok(0.0);
            }
        }
        range
    }

    /// How much it says of cards of a version; `None` when it means others.
    fn fits(&self, version: Version) -> Option<u8> {
        let precision = match self.essence.to_ascii_lowercase().as_str() {
            "text/vcard" | "text/x-vcard" => 2,
            "text/*" => 1,
            "*/*" => 0,
            _ => return None,
        };
        match self.version {
            Some(named) => (Version::of(named) == Some(version)).then_some(precision + 1),
            None => Some(precision),
        }
    }
}

#[cfg(test)]
mod tests;
