//! InitProducerId (22): an identity for an idempotent producer. With a transactional id it is refused for good: there
//! are no transactions here.
//!
//! - v2: flexible
//! - v3: the producer tells the identity that it has (KIP-360)
//! - v4: fenced producers have a code of their own
//! - v5: transactions may be aborted by a code of their own (KIP-890)
//! - v6: two-phase commits (KIP-939), which are of transactions; unstable, so only where the settings ask for it

use thalweg_broker::{InitProducerError, Producer, WalSeq};
use thalweg_model::{ProducerEpoch, ProducerId};
use thalweg_wire::{InitProducerIdRequest, InitProducerIdResponse};

use crate::errors::Code;
use crate::request::{Handled, Request};

/// Stands for no epoch.
const NO_EPOCH: i16 = -1;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: InitProducerIdRequest = request.decode()?;
    let current = match (ProducerId(asked.producer_id), asked.producer_epoch) {
        (ProducerId::NONE, NO_EPOCH) => Ok(None),
        (ProducerId::NONE, _) | (_, NO_EPOCH) => Err(Code::InvalidRequest),
        (id, epoch) => Ok(Some(Producer { id, epoch: ProducerEpoch(epoch) })),
    };
    let current = match current {
        Ok(current) => current,
        Err(code) => return refuse(&request, WalSeq::default(), code),
    };
    let given = request.session.records().init_producer_id(asked.transactional_id.as_deref(), current).await;
    match given.value {
        Ok(producer) => {
            let answer = InitProducerIdResponse {
                producer_id: producer.id.0,
                producer_epoch: producer.epoch.0,
                ..Default::default()
            };
            request.answer(given.after, &answer, None)
        }
        Err(error) => {
            if matches!(error, InitProducerError::Transactional) {
                request.explain(&error);
            }
            refuse(&request, given.after, Code::from(&error))
        }
    }
}

fn refuse(request: &Request, after: WalSeq, code: Code) -> Handled {
    let answer = InitProducerIdResponse {
        error_code: code.number(),
        producer_id: ProducerId::NONE.0,
        producer_epoch: NO_EPOCH,
        ..Default::default()
    };
    request.answer(after, &answer, Some(code))
}
