//! Pictures, sounds and keys: 3.0 has them as base64 with a TYPE of its own, 4.0 as URIs, of which `data:` is one
//! (RFC 6350 6.2.4, RFC 2397).

use super::property::Property;

/// The properties that hold media.
pub(super) fn holds_media(name: &str) -> bool {
    matches!(name, "PHOTO" | "LOGO" | "SOUND" | "KEY")
}

/// What 3.0 calls media types: the TYPE, and the media type by property.
const KNOWN: &[(&str, &str)] = &[
    ("JPEG", "image/jpeg"),
    ("JPG", "image/jpeg"),
    ("PNG", "image/png"),
    ("GIF", "image/gif"),
    ("BMP", "image/bmp"),
    ("TIFF", "image/tiff"),
    ("WEBP", "image/webp"),
    ("SVG", "image/svg+xml"),
    ("BASIC", "audio/basic"),
    ("WAVE", "audio/wav"),
    ("WAV", "audio/wav"),
    ("MP3", "audio/mp3"),
    ("AAC", "audio/aac"),
    ("OGG", "audio/ogg"),
    ("PGP", "application/pgp-keys"),
    ("X509", "application/pkix-cert"),
];

/// How base64 of the usual pictures begins.
const BEGINNINGS: &[(&str, &str)] =
    &[("/9j/", "image/jpeg"), ("iVBOR", "image/png"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];

/// From 3.0 to 4.0.
pub(super) fn to_uri(property: &mut Property<'_>) {
    let media = property.types().iter().find_map(|word| media_type(word));
    property.drop_types(|word| media_type(word).is_none());
    let encoding = property.param("ENCODING").unwrap_or_default();
    if encoding.eq_ignore_ascii_case("b") || encoding.eq_ignore_ascii_case("base64") {
        let octets: String = property.value().chars().filter(|c| !c.is_whitespace()).collect();
        let begins =
            || BEGINNINGS.iter().find(|(begin, _)| octets.starts_with(begin)).map(|(_, media)| *media);
        let media = media.or_else(begins).unwrap_or("application/octet-stream");
        property.drop_param("ENCODING");
        property.drop_param("VALUE");
        property.set_value(format!("data:{media};base64,{octets}"));
        return;
    }
    let value = property.param("VALUE").unwrap_or_default();
    if value.eq_ignore_ascii_case("uri") || value.eq_ignore_ascii_case("url") {
        property.drop_param("VALUE");
    }
    if let Some(media) = media {
        property.set_param("MEDIATYPE", media);
    }
}

/// From 4.0 to 3.0.
pub(super) fn from_uri(property: &mut Property<'_>) {
    let is_text = property.param("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("text"));
    if is_text || property.param("ENCODING").is_some() {
        return;
    }
    let told = property.param("MEDIATYPE");
    property.drop_param("MEDIATYPE");
    property.drop_param("VALUE");
    let inside = data(property.value()).map(|(media, octets)| (media.to_owned(), octets.to_owned()));
    let media = match inside {
        Some((media, octets)) => {
            property.set_value(octets);
            property.set_param("ENCODING", "b");
            Some(media).filter(|media| !media.is_empty()).or(told)
        }
        None => {
            property.set_param("VALUE", "uri");
            told
        }
    };
    if let Some(word) = media.as_deref().and_then(type_word) {
        let types = property.types();
        let all: Vec<&str> = types.iter().map(String::as_str).chain([word.as_str()]).collect();
        property.set_types(&all);
    }
}

/// The media type and the base64 of a `data:` URI; escapes that some writers put into it are taken for what they mean.
fn data(value: &str) -> Option<(&str, &str)> {
    let rest = value.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).and(value.get(5..))?;
    let (head, octets) = rest.split_once(',')?;
    let head = head.trim_end_matches('\\');
    let media = head.strip_suffix("base64")?.trim_end_matches(['\\', ';']);
    Some((media.split([';', '\\']).next().unwrap_or_default(), octets))
}

fn media_type(word: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, media)| *media)
}

/// What 3.0 calls a media type.
fn type_word(media: &str) -> Option<String> {
    let known = KNOWN.iter().find(|(_, known)| known.eq_ignore_ascii_case(media));
    if let Some((word, _)) = known {
        return Some((*word).to_owned());
    }
    let (class, sub) = media.split_once('/')?;
    let plain = sub.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && !class.eq_ignore_ascii_case("application")).then(|| sub.to_ascii_uppercase())
}
