//! Bounces: what the sender is told about recipients that were not reached, as a delivery status notification
//! (RFC 3464 in the frame of RFC 6522; RFC 6533 where an address is beyond US-ASCII).

use crate::{
    date::rfc5322_date,
    limits::{BOUNCE_HEADER_BYTES_MAX, BOUNCE_RECIPIENT_COUNT_MAX, LEASE},
    route::Route,
    runner::Delivery,
};
use model::{Address, Flags, Result, Timestamp, ZonedTime};
use std::fmt::Write as _;
use store::{Arrival, Entry, QueueRecipient, Queued, Target};

/// The largest bounce, in octets: names, replies and the header it gives back are all bounded.
const BOUNCE_BYTES_MAX: u64 = 1024 * 1024;

/// A recipient that was given up.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    spelled: String,
    status: String,
    /// What was said last; a server's reply when `remote`.
    text: String,
    remote: bool,
}

impl Failure {
    pub(crate) fn new(recipient: &QueueRecipient, status: &str, text: &str) -> Self {
        Self {
            spelled: recipient.spelled.clone(),
            status: status.to_owned(),
            text: text.to_owned(),
            remote: recipient.target == Target::Relay,
        }
    }
}

/// The bounce to be queued for these failures; `None` when there is nothing to tell or nobody to tell it.
///
/// # Errors
/// `Unavailable` when it cannot be stored now; the failures are found again at the next try.
pub(crate) async fn compose(
    delivery: &Delivery,
    queued: &Queued,
    failures: &[Failure],
) -> Result<Option<(Entry, Vec<QueueRecipient>, Timestamp)>> {
    if failures.is_empty() {
        return Ok(None);
    }
    // RFC 5321 6.1: a bounce is never bounced.
    let Some(sender) = &queued.entry.sender else {
        tracing::warn!(id = %queued.id, recipients = failures.len(), "a message without a sender was given up");
        return Ok(None);
    };
    let recipients = recipients(delivery, sender).await?;
    if recipients.is_empty() {
        tracing::warn!(id = %queued.id, "a message was given up and its sender cannot be told");
        return Ok(None);
    }
    let header = original_header(delivery, queued).await?;
    let now = delivery.now();
    let text = render(delivery, queued, sender, failures, &header);
    let mut arrival = Arrival::new(delivery.store(), BOUNCE_BYTES_MAX);
    arrival.write(RETURN_PATH.as_bytes()).await?;
    arrival.write(text.as_bytes()).await?;
    let received = ZonedTime { seconds: now.seconds(), offset_minutes: 0 };
    let message = arrival.finish(Flags::default(), received).await?.record;
    let header_end = text.find("\r\n\r\n").map_or(text.len(), |end| end + 4);
    let entry = Entry {
        sender: None,
        created: now,
        expires: delivery.schedule().expiry_of(now),
        message,
        local_prefix_bytes: RETURN_PATH.len() as u64,
        header_bytes: (RETURN_PATH.len() + header_end) as u64,
        eight_bit: !text.is_ascii(),
        smtputf8: is_international(sender, failures),
    };
    let due = Timestamp(now.0.saturating_add(i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)));
    Ok(Some((entry, recipients, due)))
}

const RETURN_PATH: &str = "Return-Path: <>\r\n";

async fn recipients(delivery: &Delivery, sender: &Address) -> Result<Vec<QueueRecipient>> {
    let to = |target| QueueRecipient {
        address: sender.clone(),
        spelled: sender.to_string(),
        target,
        attempts: 0,
        last_reply: String::new(),
    };
    match delivery.route(sender).await {
        Ok(Route::Accounts(accounts)) => Ok(accounts.into_iter().map(|id| to(Target::Account(id))).collect()),
        Ok(Route::Relay) => Ok(vec![to(Target::Relay)]),
        Err(model::Error::Unavailable) => Err(model::Error::Unavailable),
        // A full mailbox: the bounce waits in the queue like any mail.
        Err(model::Error::OverQuota) => {
            let account = delivery.directory().by_address(sender).await?;
            Ok(account.map(|account| to(Target::Account(account.id))).into_iter().collect())
        }
        Err(_) => Ok(Vec::new()),
    }
}

/// The header of the message that failed, in whole lines, as it would have gone out.
async fn original_header(delivery: &Delivery, queued: &Queued) -> Result<String> {
    let start = queued.entry.local_prefix_bytes;
    let end = queued.entry.header_bytes.min(start.saturating_add(BOUNCE_HEADER_BYTES_MAX));
    let octets = delivery.store().body(&queued.entry.message.body, start..end).collect().await?;
    let text = String::from_utf8_lossy(&octets);
    let whole = text.rfind("\r\n").and_then(|last| text.get(..last + 2)).unwrap_or_default();
    // The empty line behind a header is the frame's here.
    Ok(whole.strip_suffix("\r\n\r\n").map_or_else(|| whole.to_owned(), |text| format!("{text}\r\n")))
}

/// RFC 6533: whether UTF-8 is needed in the machine-readable part.
fn is_international(sender: &Address, failures: &[Failure]) -> bool {
    !sender.as_str().is_ascii() || failures.iter().any(|failure| !failure.spelled.is_ascii())
}

fn render(
    delivery: &Delivery,
    queued: &Queued,
    sender: &Address,
    failures: &[Failure],
    header: &str,
) -> String {
    let boundary = format!("=_{}", delivery.token());
    let (global, encoding) =
        if is_international(sender, failures) { (true, "8bit") } else { (false, "7bit") };
    let status_type = if global { "message/global-delivery-status" } else { "message/delivery-status" };
    let (header_type, header_encoding) = match (global, header.is_ascii()) {
        (true, _) => ("message/global-headers", "8bit"),
        (false, true) => ("text/rfc822-headers", "7bit"),
        (false, false) => ("text/rfc822-headers; charset=utf-8", "8bit"),
    };
    let host = delivery.hostname();
    let front = format!(
        "From: Mail Delivery System <mailer-daemon@{host}>\r\n\
         To: <{sender}>\r\n\
         Subject: Undelivered mail returned to sender\r\n\
         Date: {}\r\n\
         Message-ID: <{}@{host}>\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\
         \tboundary=\"{boundary}\"\r\n",
        rfc5322_date(delivery.now()),
        delivery.token(),
    );
    format!(
        "{front}\r\n\
         This is a report in MIME format.\r\n\
         \r\n--{boundary}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\
         \r\n{}\
         \r\n--{boundary}\r\n\
         Content-Type: {status_type}\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\
         \r\n{}\
         \r\n--{boundary}\r\n\
         Content-Type: {header_type}\r\n\
         Content-Transfer-Encoding: {header_encoding}\r\n\
         \r\n{header}\
         \r\n--{boundary}--\r\n",
        for_people(host, failures),
        for_machines(delivery, queued, failures, global),
    )
}

fn for_people(host: &str, failures: &[Failure]) -> String {
    let mut text = format!(
        "This is the mail system at {host}.\r\n\
         \r\n\
         Your message could not be delivered to one or more recipients.\r\n\
         It will not be tried again.\r\n"
    );
    for failure in failures.iter().take(BOUNCE_RECIPIENT_COUNT_MAX) {
        let _ = write!(text, "\r\n<{}>\r\n    {}\r\n", failure.spelled, failure.text);
    }
    if let Some(more) = failures.len().checked_sub(BOUNCE_RECIPIENT_COUNT_MAX).filter(|&more| more > 0) {
        let _ = write!(text, "\r\nand {more} more recipients.\r\n");
    }
    text
}

/// RFC 3464 2: a group of fields for the message, then one for each recipient.
fn for_machines(delivery: &Delivery, queued: &Queued, failures: &[Failure], global: bool) -> String {
    let mut text = format!(
        "Reporting-MTA: dns; {}\r\nX-Queue-Id: {}\r\nArrival-Date: {}\r\n",
        delivery.hostname(),
        queued.id,
        rfc5322_date(queued.entry.created)
    );
    let kind = if global { "utf-8" } else { "rfc822" };
    for failure in failures.iter().take(BOUNCE_RECIPIENT_COUNT_MAX) {
        let _ = write!(
            text,
            "\r\nFinal-Recipient: {kind}; {}\r\nAction: failed\r\nStatus: {}\r\n",
            failure.spelled, failure.status
        );
        if failure.remote {
            if let Some(relay) = delivery.relay() {
                let _ = write!(text, "Remote-MTA: dns; {}\r\n", relay.host());
            }
            let _ = write!(text, "Diagnostic-Code: smtp; {}\r\n", failure.text);
        } else {
            let _ = write!(text, "Diagnostic-Code: X-Collegium; {}\r\n", failure.text);
        }
        let _ = write!(text, "Last-Attempt-Date: {}\r\n", rfc5322_date(delivery.now()));
    }
    text
}
