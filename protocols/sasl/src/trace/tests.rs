//! What is taken down, what is not, for how long and how much.

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const ALICE: AccountId = AccountId(1);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("collegium-trace-{}-{name}", std::process::id()));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The lines without their times.
fn lines(traces: &Traces) -> Vec<String> {
    let text = fs::read_to_string(traces.path(ALICE)).unwrap();
    text.lines().map(|line| line.get(10..).unwrap_or(line).to_owned()).collect()
}

#[test]
fn literals_are_left_out_however_they_are_cut() {
    let folder = Folder::new("literals");
    let octets =
        b"* 1 FETCH (BODY[] {14}\r\nsecret {3}\r\n\r\nX BODY[TEXT] ~{3}\r\nabc FLAGS ())\r\na OK done\r\n";
    for piece in 1..octets.len() {
        let traces = Traces::new(folder.0.clone());
        traces.begin(ALICE, Duration::from_secs(60)).unwrap();
        let mut tracer = traces.tracer(ALICE, 7).unwrap();
        octets.chunks(piece).for_each(|piece| tracer.said(piece));
        let expected =
            ["7 S: * 1 FETCH (BODY[] {14}", "7 S: X BODY[TEXT] ~{3}", "7 S:  FLAGS ())", "7 S: a OK done"];
        let found = lines(&traces);
        assert_eq!(found, expected, "pieces of {piece}");
    }
}

#[test]
fn commands_and_previews() {
    let folder = Folder::new("commands");
    let traces = Traces::new(folder.0.clone());
    traces.begin(ALICE, Duration::from_secs(60)).unwrap();
    let mut tracer = traces.tracer(ALICE, 1).unwrap();
    tracer.heard(b"a SEARCH TEXT {6+}\r\nsecret SEEN\r\n");
    tracer.said(b"* 1 FETCH (PREVIEW \"sec \\\" ret\" UID 5)\r\n");
    assert_eq!(
        lines(&traces),
        ["1 C: a SEARCH TEXT {6+}", "1 C:  SEEN", "1 S: * 1 FETCH (PREVIEW \"\" UID 5)"]
    );
    let mode = fs::metadata(traces.path(ALICE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "its owner's alone");
}

#[test]
fn it_ends_by_itself_and_on_demand() {
    let folder = Folder::new("ends");
    let traces = Traces::new(folder.0.clone());
    assert!(traces.tracer(ALICE, 1).is_none());
    traces.begin(ALICE, Duration::from_millis(30)).unwrap();
    assert!(traces.tracer(AccountId(2), 1).is_none(), "another account's");
    let tracer = traces.tracer(ALICE, 1).unwrap();
    std::thread::sleep(Duration::from_millis(40));
    assert!(tracer.is_over() && traces.tracer(ALICE, 1).is_none());
    traces.begin(ALICE, Duration::from_secs(60)).unwrap();
    assert!(traces.tracer(ALICE, 1).is_some());
    let mut tracer = traces.tracer(ALICE, 1).unwrap();
    traces.begin(ALICE, Duration::ZERO).unwrap();
    tracer.said(b"late\r\n");
    assert!(tracer.is_over() && traces.tracer(ALICE, 1).is_none() && lines(&traces).is_empty());
}

#[test]
fn lines_of_a_protocol_of_lines() {
    let folder = Folder::new("protocol");
    let sessions = crate::sessions::Sessions::new(folder.0.clone());
    let known = crate::sessions::Known {
        account: ALICE,
        app_password: None,
        door: "pop3",
        from: "127.0.0.1:1".parse().unwrap(),
        since: model::Timestamp::default(),
        client: None,
    };
    let present = sessions.enter(known);
    let mut trace = LineTrace::default();
    trace.heard(&present, || panic!("nobody listens"));
    trace.said(b"+OK\r\n");
    sessions.traces.begin(ALICE, Duration::from_secs(60)).unwrap();
    trace.said(b"+OK of the command before\r\n");
    trace.heard(&present, || "LIST".to_owned());
    trace.said(b"+OK 1 message {9}\r\n1 120\r\n.\r\n");
    assert_eq!(lines(&sessions.traces), ["1 C: LIST", "1 S: +OK 1 message {9}", "1 S: 1 120", "1 S: ."]);
    sessions.traces.begin(ALICE, Duration::ZERO).unwrap();
    trace.heard(&present, || panic!("it is over"));
    trace.said(b"+OK\r\n");
}

#[test]
fn lines_and_file_at_their_limits_and_past_them() {
    let folder = Folder::new("limits");
    let traces = Traces::new(folder.0.clone());
    traces.begin(ALICE, Duration::from_secs(60)).unwrap();
    let mut tracer = traces.tracer(ALICE, 1).unwrap();
    let line = |length: usize| [&vec![b'x'; length][..], b"\r\n"].concat();
    tracer.said(&line(TRACE_LINE_BYTES_MAX));
    tracer.said(&line(TRACE_LINE_BYTES_MAX + 1));
    let long = [&vec![b'x'; 100_000][..], b" {3}\r\nabc)\r\n"].concat();
    long.chunks(999).for_each(|piece| tracer.said(piece));
    let found = lines(&traces);
    assert_eq!(found[0].len(), "1 S: ".len() + TRACE_LINE_BYTES_MAX);
    assert!(
        found[1].ends_with("x ...") && found[2].ends_with("x ...") && found[3] == "1 S: )",
        "{}",
        found[3]
    );
    let each = fs::metadata(traces.path(ALICE)).unwrap().len() / 4;
    for _ in 0..TRACE_BYTES_MAX / each * 2 {
        tracer.said(&line(TRACE_LINE_BYTES_MAX));
    }
    let bytes = fs::metadata(traces.path(ALICE)).unwrap().len();
    assert!(bytes <= TRACE_BYTES_MAX + "full\n".len() as u64 && bytes > TRACE_BYTES_MAX - 2 * each);
    assert_eq!(lines(&traces).last().unwrap(), "full");
}
