//! LOGIN (draft-murchison-sasl-login, never an RFC): asks for the name, then for the password.
//!
//! Only for SMTP clients that know nothing better (old Outlook, printers, scanners).

use super::{Decoded, Mechanism, Step, credentials};
use model::Result;

/// The registry's line.
pub(super) const MECHANISM: Mechanism = Mechanism {
    name: "LOGIN",
    in_imap: false,
    usable: |_, _| true,
    start: |_| Box::new(Login { name: None }),
};

struct Login {
    name: Option<Vec<u8>>,
}

impl Step for Login {
    fn step(&mut self, message: Option<&[u8]>) -> Result<Decoded> {
        let Some(message) = message else { return Ok(Decoded::Challenge(b"Username:".to_vec())) };
        match self.name.take() {
            None => {
                self.name = Some(message.to_vec());
                Ok(Decoded::Challenge(b"Password:".to_vec()))
            }
            Some(name) => credentials(&name, message).map(Decoded::Credentials),
        }
    }
}
