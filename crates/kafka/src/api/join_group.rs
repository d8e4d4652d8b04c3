//! JoinGroup (11): joins a classic group; the answer comes when the join phase ends.
//!
//! - v1: rebalance timeout (before: the session timeout)
//! - v2: throttle time
//! - v4: a member without an id is given one and joins again (KIP-394)
//! - v5: static members (KIP-345)
//! - v6: flexible
//! - v7: protocol type in the answer
//! - v8: reasons
//! - v9: the leader may be told to keep the assignment (KIP-814)

use std::time::Duration;

use thalweg_broker::groups::{Join, JoinRefused, Joined, Protocol};
use thalweg_wire::join_group_response::JoinGroupResponseMember;
use thalweg_wire::{JoinGroupRequest, JoinGroupResponse};

use super::milliseconds;
use crate::errors::Code;
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: JoinGroupRequest = request.decode()?;
    let session_timeout = milliseconds(asked.session_timeout_ms);
    let rebalance_timeout: Duration =
        if request.version >= 1 { milliseconds(asked.rebalance_timeout_ms) } else { session_timeout };
    let client_host = request.client_host();
    let join = Join {
        group: &asked.group_id,
        member: &asked.member_id,
        instance: asked.group_instance_id.as_deref(),
        client_id: &request.client_id,
        client_host: &client_host,
        session_timeout,
        rebalance_timeout,
        protocol_type: &asked.protocol_type,
        protocols: asked
            .protocols
            .iter()
            .map(|protocol| Protocol {
                name: protocol.name.to_shared(),
                // A copy, so that a member does not keep the whole frame in memory.
                metadata: bytes::Bytes::copy_from_slice(&protocol.metadata),
            })
            .collect(),
        require_known_member: request.version >= 4 && asked.group_instance_id.is_none(),
        can_skip_assignment: request.version >= 9,
    };
    let joined = request.session.groups().join(join).await;
    let (answer, error) = match joined.value {
        Ok(joined) => (of_joined(&request, joined), None),
        Err(refused) => {
            let (answer, code) = of_refused(&request, &refused);
            (answer, Some(code))
        }
    };
    request.answer(joined.after, &answer, error)
}

fn of_joined(request: &Request, joined: Joined) -> JoinGroupResponse {
    let member = |member: &thalweg_broker::groups::JoinedMember| JoinGroupResponseMember {
        member_id: (&member.id).into(),
        group_instance_id: member.instance.as_ref().map(Into::into),
        metadata: member.metadata.clone(),
    };
    JoinGroupResponse {
        generation_id: joined.generation,
        protocol_type: joined.protocol_type.map(Into::into),
        protocol_name: name_or_empty(request, joined.protocol.map(Into::into)),
        leader: joined.leader.into(),
        // Only those who said so are told so.
        skip_assignment: joined.skip_assignment && request.version >= 9,
        member_id: joined.member.into(),
        members: joined.members.iter().map(member).collect(),
        ..Default::default()
    }
}

fn of_refused(request: &Request, refused: &JoinRefused) -> (JoinGroupResponse, Code) {
    let code = Code::from(refused.error);
    let answer = JoinGroupResponse {
        error_code: code.number(),
        generation_id: -1,
        protocol_name: name_or_empty(request, None),
        member_id: (&refused.member).into(),
        ..Default::default()
    };
    (answer, code)
}

/// Null came to the protocol's name with v7.
fn name_or_empty(
    request: &Request,
    name: Option<thalweg_model::codec::Text>,
) -> Option<thalweg_model::codec::Text> {
    if request.version >= 7 { name } else { Some(name.unwrap_or_default()) }
}
