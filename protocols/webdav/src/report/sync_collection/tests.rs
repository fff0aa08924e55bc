//! The bound of an answer (RFC 6578 3.7), at its limit and past it.

use super::*;

fn asked(nresults: &str) -> Option<Option<usize>> {
    let body = format!("<sync-collection xmlns='DAV:'>{nresults}</sync-collection>");
    limit(&Element::parse(body.as_bytes()).unwrap()).ok()
}

#[test]
fn a_client_may_set_a_bound_up_to_the_limit() {
    let bound = |count: usize| asked(&format!("<limit><nresults>{count}</nresults></limit>"));
    assert_eq!(asked(""), Some(None));
    assert_eq!(bound(0), Some(Some(1)), "an answer that tells nothing would never end");
    assert_eq!(bound(SYNC_RESULT_COUNT_MAX), Some(Some(SYNC_RESULT_COUNT_MAX)));
    assert_eq!(bound(SYNC_RESULT_COUNT_MAX + 1), Some(Some(SYNC_RESULT_COUNT_MAX)));
    assert_eq!(asked("<limit><nresults>many</nresults></limit>"), None);
}
