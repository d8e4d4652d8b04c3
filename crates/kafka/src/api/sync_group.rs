//! SyncGroup (14): the leader brings the assignment, everybody gets a part of it.
//!
//! - v1: throttle time
//! - v3: static members (KIP-345)
//! - v4: flexible
//! - v5: protocol type and name have to be the group's

use bytes::Bytes;
use thalweg_broker::WalSeq;
use thalweg_broker::groups::Sync;
use thalweg_wire::{SyncGroupRequest, SyncGroupResponse};

use crate::errors::Code;
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: SyncGroupRequest = request.decode()?;
    if request.version >= 5 && (asked.protocol_type.is_none() || asked.protocol_name.is_none()) {
        let code = Code::InconsistentGroupProtocol;
        let answer = SyncGroupResponse { error_code: code.number(), ..Default::default() };
        return request.answer(WalSeq::default(), &answer, Some(code));
    }
    let sync = Sync {
        group: &asked.group_id,
        member: &asked.member_id,
        instance: asked.group_instance_id.as_deref(),
        generation: asked.generation_id,
        protocol_type: asked.protocol_type.as_deref(),
        protocol: asked.protocol_name.as_deref(),
        assignments: asked
            .assignments
            .iter()
            .map(|one| (one.member_id.as_str(), Bytes::copy_from_slice(&one.assignment)))
            .collect(),
    };
    let synced = request.session.groups().sync(sync).await;
    let (answer, error) = match synced.value {
        Ok(synced) => (
            SyncGroupResponse {
                protocol_type: synced.protocol_type.map(Into::into),
                protocol_name: synced.protocol.map(Into::into),
                assignment: synced.assignment,
                ..Default::default()
            },
            None,
        ),
        Err(error) => {
            let code = Code::from(error);
            (SyncGroupResponse { error_code: code.number(), ..Default::default() }, Some(code))
        }
    };
    request.answer(synced.after, &answer, error)
}
