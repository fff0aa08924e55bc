//! Draining and what stands behind STARTTLS.

use super::*;

#[tokio::test]
async fn a_drain_reaches_every_session_and_is_finished_when_they_are_gone() {
    let (trigger, drain) = drain();
    let session = tokio::spawn({
        let drain = drain.clone();
        async move {
            assert!(!drain.is_draining());
            drain.drained().await;
            drain.drained().await;
            assert!(drain.is_draining());
        }
    });
    drop(drain);
    tokio::task::yield_now().await;
    trigger.drain();
    session.await.unwrap();
    trigger.finished().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_trigger_does_not_drain() {
    let (trigger, drain) = drain();
    drop(trigger);
    let waited = tokio::time::timeout(std::time::Duration::from_secs(3600), drain.drained()).await;
    assert!(waited.is_err());
}

#[test]
fn plaintext_behind_starttls_is_refused() {
    assert_eq!(refuse_buffered(b""), Ok(()));
    assert!(matches!(refuse_buffered(b"b NOOP\r\n"), Err(Error::Invalid(_))));
}
