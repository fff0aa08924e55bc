//! How long an answer may be on its way.

use super::drive;
use crate::Refusal;
use crate::limits::{LISTING_TIME_MAX, STREAM_CHUNK_BYTES};
use http::StatusCode;
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const MOMENT: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn an_answer_may_be_on_its_way_for_so_long() {
    for (time, whole) in [(LISTING_TIME_MAX - MOMENT, true), (LISTING_TIME_MAX + MOMENT, false)] {
        // Stands for the snapshot.
        let held = Arc::new(());
        let holds = held.clone();
        let work = drive(move |mut out| async move {
            let _held = holds;
            let href = format!("/{}", "x".repeat(STREAM_CHUNK_BYTES));
            for _ in 0..10 {
                out.status(&href, &Refusal::status(StatusCode::NOT_FOUND));
                out.breathe().await?;
            }
            Ok((None, out))
        });
        let mut body = work.await.unwrap().into_body();
        let mut got = body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec();
        // Whether the client is slow at once or always is the same.
        sleep(time / 2).await;
        got.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
        assert_eq!(Arc::strong_count(&held), 2);
        sleep(time / 2).await;
        let rest = body.collect().await;
        assert_eq!(rest.is_ok(), whole);
        got.extend(rest.unwrap_or_default());
        assert_eq!(String::from_utf8(got).unwrap().ends_with("</D:multistatus>"), whole);
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_never_ends_is_given_up_with_what_it_holds() {
    let held = Arc::new(());
    let holds = held.clone();
    let work = drive(move |mut out| async move {
        let _held = holds;
        out.status(&"x".repeat(STREAM_CHUNK_BYTES), &Refusal::status(StatusCode::NOT_FOUND));
        out.breathe().await?;
        std::future::pending::<()>().await;
        Ok((None, out))
    });
    let mut body = work.await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    assert!(body.frame().await.unwrap().is_err());
    assert_eq!(Arc::strong_count(&held), 1);
}
