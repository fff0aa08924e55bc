//! Refusals of cards as the preconditions of RFC 6352 6.3.2.1.

use format::vcard::validate::Refusal as Judgement;
use http::StatusCode;
use webdav::Refusal;
use webdav::xml::{CARDDAV, Name};

/// 403 with a precondition of CardDAV.
pub(crate) fn forbidden(local: &'static str) -> Refusal {
    Refusal::forbidden(Name::new(CARDDAV, local))
}

/// The precondition that a card failed.
pub(crate) fn of_judgement(judgement: Judgement) -> Refusal {
    match judgement {
        Judgement::Data(why) => {
            tracing::debug!(why, "a card is refused");
            forbidden("valid-address-data")
        }
        Judgement::Version => forbidden("supported-address-data"),
        Judgement::Size(_) => {
            Refusal::condition(StatusCode::PAYLOAD_TOO_LARGE, Name::new(CARDDAV, "max-resource-size"))
        }
    }
}
