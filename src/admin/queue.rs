//! Mail in flight, for whoever administers: what waits and why, try now, give up.

use super::{Refusal, Request, misplaced, moment};
use crate::limits::LIST_COUNT_MAX;
use crate::site::Site;
use serde_json::{Value, json};
use store::{QueueId, Queued};

pub(super) async fn perform(site: &Site, request: Request) -> Result<Value, Refusal> {
    let queue = &site.delivery;
    match request {
        Request::QueueList {} => {
            let waiting = queue.list(None, LIST_COUNT_MAX).await;
            let waiting = waiting.map_err(|error| Refusal::of(error, "queue"))?;
            Ok(waiting.iter().map(row).collect())
        }
        Request::QueueRetry { id: text } => {
            let id = parse(&text)?;
            let _durable = queue.retry(id).await.map_err(|error| Refusal::of(error, &text))?;
            Ok(json!({"id": text}))
        }
        Request::QueueRemove { id: text } => {
            let id = parse(&text)?;
            let _durable = queue.remove(id).await.map_err(|error| Refusal::of(error, &text))?;
            Ok(json!({"id": text}))
        }
        _ => Err(misplaced()),
    }
}

fn parse(text: &str) -> Result<QueueId, Refusal> {
    text.parse().map_err(|error| Refusal::of(error, text))
}

fn row(queued: &Queued) -> Value {
    let recipients = queued.recipients.iter().map(|(_, one)| one.address.as_str());
    let last_reply =
        queued.recipients.iter().map(|(_, one)| one.last_reply.as_str()).find(|text| !text.is_empty());
    json!({
        "id": queued.id.to_string(),
        "sender": queued.entry.sender.as_ref().map_or("<>", |sender| sender.as_str()),
        "created": moment(queued.entry.created),
        "next_try": moment(queued.due),
        "bytes": queued.entry.message.body.size,
        "recipients": recipients.collect::<Vec<_>>(),
        "attempts": queued.recipients.iter().map(|(_, one)| one.attempts).max(),
        "last_reply": last_reply,
    })
}
