//! SaslAuthenticate (36): nothing is to be authenticated on a plain listener, as [`super::sasl_handshake`] says too.

use thalweg_broker::WalSeq;
use thalweg_wire::{SaslAuthenticateRequest, SaslAuthenticateResponse};

use crate::errors::Code;
use crate::request::{Handled, Request};

/// What the client is told.
const TEXT: &str = "This listener speaks no SASL: there is nothing to authenticate.";

pub(super) async fn handle(mut request: Request) -> Handled {
    let _: SaslAuthenticateRequest = request.decode()?;
    let code = Code::IllegalSaslState;
    let answer = SaslAuthenticateResponse {
        error_code: code.number(),
        error_message: Some(TEXT.into()),
        ..Default::default()
    };
    request.answer(WalSeq::default(), &answer, Some(code))
}
