//! SaslHandshake (17): there is no SASL on a plain listener, and Kafka says so instead of closing the connection.
//!
//! It is not advertised: it becomes a listener's first request where that listener speaks SASL.

use thalweg_broker::WalSeq;
use thalweg_wire::{SaslHandshakeRequest, SaslHandshakeResponse};

use crate::errors::Code;
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let _: SaslHandshakeRequest = request.decode()?;
    let code = Code::IllegalSaslState;
    let answer = SaslHandshakeResponse { error_code: code.number(), mechanisms: Vec::new() };
    request.answer(WalSeq::default(), &answer, Some(code))
}
