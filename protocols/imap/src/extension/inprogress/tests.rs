//! When work that takes long speaks, and how.

use super::{Progress, patiently};
use crate::session::connection::Connection;
use crate::wire::encoder::Output;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn every_ten_seconds_while_it_lasts() {
    for (seconds, lines) in [(0, 0), (9, 0), (11, 1), (35, 3)] {
        let (near, mut far) = tokio::io::duplex(4096);
        let mut connection = Connection::new(Box::new(near));
        let mut progress = Progress::new(None);
        let work = async {
            sleep(Duration::from_secs(seconds)).await;
            7
        };
        assert_eq!(patiently(&mut connection, "A003", &mut progress, work).await.unwrap(), 7);
        drop(connection);
        let mut heard = String::new();
        far.read_to_string(&mut heard).await.unwrap();
        assert_eq!(
            heard,
            "* OK [INPROGRESS (\"A003\" NIL NIL)] Working on it\r\n".repeat(lines),
            "{seconds}"
        );
    }
}

/// A client that reads nothing does not hold up what holds the account's turn: the work ends in its time, whatever
/// becomes of the client.
#[tokio::test(start_paused = true)]
async fn work_does_not_wait_for_a_client_that_reads_nothing() {
    let (near, _far) = tokio::io::duplex(1);
    let mut connection = Connection::new(Box::new(near));
    let mut progress = Progress::new(None);
    let began = Instant::now();
    let ended = std::cell::Cell::new(None);
    let work = async {
        sleep(Duration::from_secs(25)).await;
        ended.set(Some(began.elapsed()));
    };
    // The first line is due after 10 seconds and would be waited for until the client is given up.
    let outcome = patiently(&mut connection, "A003", &mut progress, work).await;
    assert_eq!(ended.get(), Some(Duration::from_secs(25)));
    assert!(outcome.is_err() && began.elapsed() >= Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn spellings() {
    let told = |tag: &str, counts| {
        let mut out = Output::default();
        Progress::new(Some(0)).tell(&mut out, tag, counts);
        String::from_utf8(out.bytes().to_vec()).unwrap()
    };
    let counted = told("A001", Some((454, 1000)));
    assert_eq!(counted, "* OK [INPROGRESS (\"A001\" 454 1000)] Working on it\r\n");
    assert_eq!(told("a]", None), "* OK [INPROGRESS (NIL NIL NIL)] Working on it\r\n");
}
