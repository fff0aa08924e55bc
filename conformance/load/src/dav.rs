//! What calendar clients ask all day: "is there anything new?" and "show me this month".

use crate::http::Http;
use crate::{Outcome, Target, stats};
use serde_json::json;
use std::time::Instant;

const TYPE: &str = "Content-Type: application/xml; charset=utf-8\r\n";
const MONTH: &str = r#"<?xml version="1.0"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR">
<C:comp-filter name="VEVENT"><C:time-range start="20260601T000000Z" end="20260701T000000Z"/></C:comp-filter>
</C:comp-filter></C:filter></C:calendar-query>"#;

/// How much of it.
pub(crate) struct Size {
    pub(crate) events: usize,
    pub(crate) rounds: usize,
    pub(crate) bulk: bool,
}

/// Fills a calendar with events spread over ten years, one in twenty recurring, then measures.
pub(crate) async fn run(target: &Target, path: &str, size: &Size) -> Outcome {
    let (events, rounds) = (size.events, size.rounds);
    let mut http = Http::new(target);
    let filled = Instant::now();
    let made =
        if size.bulk { fill_at_once(&mut http, path, events).await? } else { make(&mut http, path).await? };
    if made && !size.bulk {
        fill(target, path, events).await?;
    }
    let fill_seconds = filled.elapsed().as_secs_f64();
    let (_, first) = sync(&mut http, path, "").await?;
    let token = between(&first, "sync-token>", "</").ok_or("no sync-token in the first answer")?;
    let listed = first.matches("getetag").count();
    if listed < events {
        return Err(format!("the first sync lists {listed} of {events} events").into());
    }
    let (mut unchanged, mut month) = (Vec::new(), Vec::new());
    let mut found = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        let (_, answer) = sync(&mut http, path, &token).await?;
        unchanged.push(start.elapsed());
        if answer.contains("getetag") {
            return Err("a sync with nothing changed listed something".into());
        }
        let start = Instant::now();
        let (status, body) = http.request("REPORT", path, &format!("{TYPE}Depth: 1\r\n"), MONTH).await?;
        month.push(start.elapsed());
        if status != 207 {
            return Err(format!("calendar-query answered {status}").into());
        }
        found = String::from_utf8_lossy(&body).matches("BEGIN:VCALENDAR").count();
    }
    Ok(json!({
        "sync_ms": stats::at(&unchanged, 0.5),
        "month_ms": stats::at(&month, 0.5),
        "found": found,
        "put_per_second": if made && !size.bulk { events as f64 / fill_seconds } else { 0.0 },
    }))
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn sync(http: &mut Http, path: &str, token: &str) -> Result<(u16, String), Failure> {
    let body = format!(
        "<?xml version=\"1.0\"?><D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{token}</D:sync-token>\
         <D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
    );
    let (status, answer) = http.request("REPORT", path, &format!("{TYPE}Depth: 0\r\n"), &body).await?;
    if status != 207 {
        return Err(format!("sync-collection answered {status}").into());
    }
    Ok((status, String::from_utf8_lossy(&answer).into_owned()))
}

fn between(text: &str, from: &str, to: &str) -> Option<String> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(inside, _)| inside.to_owned())
}

async fn make(http: &mut Http, path: &str) -> Result<bool, Failure> {
    Ok(http.request("MKCALENDAR", path, "", "").await?.0 == 201)
}

/// Whether it was filled now: a calendar that is there is left as it is.
async fn fill_at_once(http: &mut Http, path: &str, events: usize) -> Result<bool, Failure> {
    if sync(http, path, "").await.is_ok() {
        return Ok(false);
    }
    let parts = (0..events).map(|number| {
        let whole = event(number);
        between(&whole, "BEGIN:VEVENT", "END:VEVENT")
            .map_or(String::new(), |inside| format!("BEGIN:VEVENT{inside}END:VEVENT\r\n"))
    });
    let body = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//load//EN\r\n{}END:VCALENDAR\r\n",
        parts.collect::<String>()
    );
    let kind = "Content-Type: text/calendar; charset=utf-8\r\n";
    let (status, answer) = http.request("PUT", path, kind, &body).await?;
    if status != 201 {
        return Err(format!("PUT answered {status}: {}", String::from_utf8_lossy(&answer)).into());
    }
    Ok(true)
}

async fn fill(target: &Target, path: &str, events: usize) -> Result<(), Failure> {
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let (target, path) = (target.clone(), path.to_owned());
        tasks.spawn(async move {
            let mut http = Http::new(&target);
            for number in (worker..events).step_by(8) {
                let href = format!("{path}e{number}.ics");
                let kind = "Content-Type: text/calendar; charset=utf-8\r\n";
                let (status, answer) = http.request("PUT", &href, kind, &event(number)).await?;
                if status != 201 {
                    return Err::<(), Failure>(
                        format!("PUT answered {status}: {}", String::from_utf8_lossy(&answer)).into(),
                    );
                }
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// The n-th event: days spread over 2021 to 2030.
fn event(number: usize) -> String {
    let (year, month, day) = (2021 + number % 10, 1 + number / 10 % 12, 1 + number / 120 % 28);
    let hour = 8 + number % 9;
    let repeat = if number.is_multiple_of(20) { "RRULE:FREQ=WEEKLY;COUNT=10\r\n" } else { "" };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//load//EN\r\nBEGIN:VEVENT\r\nUID:load-{number}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:{year}{month:02}{day:02}T{hour:02}0000Z\r\n\
         DTEND:{year}{month:02}{day:02}T{hour:02}4500Z\r\n{repeat}SUMMARY:Meeting {number}\r\n\
         DESCRIPTION:A meeting like ten thousand others\\, with a line of text.\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
