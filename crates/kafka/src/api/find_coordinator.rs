//! FindCoordinator (10): who coordinates a group. Transactions and share groups have no coordinator here, and are
//! refused for good.
//!
//! - v1: kinds of coordinators; texts of errors
//! - v3: flexible
//! - v4: several keys at once (KIP-699)
//! - v5: transactions may be aborted by a code of their own (KIP-890)
//! - v6: share groups (KIP-932)

use thalweg_broker::{CoordinatorKind, FindCoordinatorError, WalSeq};
use thalweg_model::codec::Text;
use thalweg_wire::find_coordinator_response::Coordinator;
use thalweg_wire::{FindCoordinatorRequest, FindCoordinatorResponse};

use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

/// The first version with several keys.
const SEVERAL_KEYS_FROM: i16 = 4;
/// The first version that knows share groups.
const SHARE_FROM: i16 = 6;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: FindCoordinatorRequest = request.decode()?;
    let kind = match asked.key_type {
        0 => Ok(CoordinatorKind::Group),
        1 => Ok(CoordinatorKind::Transaction),
        2 if request.version >= SHARE_FROM => Ok(CoordinatorKind::Share),
        _ => Err(Code::InvalidRequest),
    };
    let keys = if request.version >= SEVERAL_KEYS_FROM { asked.coordinator_keys } else { vec![asked.key] };
    let mut first = FirstError::default();
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.push(find(&request, kind, key, &mut first).await);
    }
    let mut answer = FindCoordinatorResponse::default();
    if request.version >= SEVERAL_KEYS_FROM {
        answer.coordinators = found;
    } else if let Some(one) = found.pop() {
        answer.error_code = one.error_code;
        answer.error_message = one.error_message;
        answer.node_id = one.node_id;
        answer.host = one.host;
        answer.port = one.port;
    }
    request.answer(WalSeq::default(), &answer, first.code())
}

async fn find(
    request: &Request,
    kind: Result<CoordinatorKind, Code>,
    key: Text,
    first: &mut FirstError,
) -> Coordinator {
    let (code, text) = match kind {
        Ok(kind) => match request.session.groups().find_coordinator(kind).await {
            Ok(broker) => {
                // Kafka's own words for no error: clients may take them for granted.
                let text = if request.version >= SEVERAL_KEYS_FROM { "" } else { Code::None.name() };
                return Coordinator {
                    key,
                    error_message: Some(text.into()),
                    node_id: broker.node.0,
                    host: (&broker.address).into(),
                    port: broker.address.port.into(),
                    ..Default::default()
                };
            }
            Err(error) => {
                if matches!(error, FindCoordinatorError::NotServed(_)) {
                    request.explain(&error);
                }
                (code(kind, &error), error.to_string())
            }
        },
        Err(code) => (code, "There is no such kind of coordinator in this version.".into()),
    };
    Coordinator {
        key,
        node_id: -1,
        port: -1,
        error_code: first.see(code),
        error_message: Some(text.into()),
        ..Default::default()
    }
}

/// Codes that every client takes for final where it would only ask again and again.
fn code(kind: CoordinatorKind, error: &FindCoordinatorError) -> Code {
    match (error, kind) {
        (FindCoordinatorError::NotServed(_), CoordinatorKind::Transaction) => {
            Code::TransactionalIdAuthorizationFailed
        }
        (FindCoordinatorError::NotServed(_), CoordinatorKind::Group | CoordinatorKind::Share) => {
            Code::GroupAuthorizationFailed
        }
        (FindCoordinatorError::Unavailable, _) => Code::CoordinatorNotAvailable,
    }
}
