//! Dates: 3.0 writes `1996-04-15T10:22:00Z`, 4.0 `19960415T102200Z` (RFC 6350 4.3, RFC 2426 4).

/// Without hyphens and colons; `None` when it is nothing that 3.0 would write.
pub(super) fn basic(value: &str) -> Option<String> {
    let (day, time) = parted(value.trim());
    let (lead, rest, length) = match day.strip_prefix("--") {
        Some(rest) => ("--", rest, 4),
        None => ("", day, 8),
    };
    let plain = rest.replace('-', "");
    if plain.len() != length || !digits(&plain) {
        return None;
    }
    let day = format!("{lead}{plain}");
    let Some(time) = time else { return Some(day) };
    let (clock, zone) = zoned(time);
    let clock = clock.split('.').next().unwrap_or_default().replace(':', "");
    let zone = zone.replace(':', "");
    let known = matches!(zone.as_str(), "" | "Z") || zone.get(1..).is_some_and(digits);
    (known && digits(&clock)).then(|| format!("{day}T{clock}{zone}"))
}

/// With hyphens and colons; `None` for what has no whole date, which 3.0 cannot say.
pub(super) fn extended(value: &str) -> Option<String> {
    let (day, time) = parted(value.trim());
    let plain = day.replace('-', "");
    if plain.len() != 8 || !digits(&plain) {
        return None;
    }
    let day = format!("{}-{}-{}", plain.get(..4)?, plain.get(4..6)?, plain.get(6..)?);
    let Some(time) = time else { return Some(day) };
    let (clock, zone) = zoned(time);
    let clock = clock.replace(':', "");
    if !digits(&clock) {
        return None;
    }
    let part = |at: usize| clock.get(at..at + 2).unwrap_or("00");
    let zone = match zone.replace(':', "") {
        short if short.len() == 3 => format!("{short}:00"),
        long if long.len() == 5 => format!("{}:{}", long.get(..3)?, long.get(3..)?),
        other => other,
    };
    Some(format!("{day}T{}:{}:{}{zone}", part(0), part(2), part(4)))
}

/// An offset as 3.0 writes it, `-05:00`, from either form.
pub(super) fn offset(value: &str) -> Option<String> {
    let plain = value.trim().replace(':', "");
    let hours = plain.strip_prefix(['+', '-']).filter(|rest| digits(rest))?;
    let minutes = match hours.len() {
        2 => "00",
        4 => hours.get(2..)?,
        _ => return None,
    };
    Some(format!("{}:{minutes}", plain.get(..3)?))
}

fn parted(value: &str) -> (&str, Option<&str>) {
    value.split_once(['T', 't']).map_or((value, None), |(day, time)| (day, Some(time)))
}

/// A time, and its zone from `Z`, `+` or `-` on.
fn zoned(time: &str) -> (&str, &str) {
    let at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    time.split_at(at)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
