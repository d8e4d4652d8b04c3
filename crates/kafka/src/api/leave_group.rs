//! LeaveGroup (13): members leave of their own will.
//!
//! - v1: throttle time
//! - v3: several members, static ones too (KIP-345)
//! - v4: flexible
//! - v5: reasons

use thalweg_broker::groups::Leaving;
use thalweg_wire::leave_group_response::MemberResponse;
use thalweg_wire::{LeaveGroupRequest, LeaveGroupResponse};

use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

/// The first version with several members.
const SEVERAL_FROM: i16 = 3;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: LeaveGroupRequest = request.decode()?;
    let leaving: Vec<Leaving<'_>> = if request.version >= SEVERAL_FROM {
        asked
            .members
            .iter()
            .map(|member| Leaving {
                member: &member.member_id,
                instance: member.group_instance_id.as_deref(),
            })
            .collect()
    } else {
        vec![Leaving { member: &asked.member_id, instance: None }]
    };
    let left = request.session.groups().leave(&asked.group_id, &leaving).await;
    let mut first = FirstError::default();
    let mut answer = LeaveGroupResponse::default();
    match left.value {
        Ok(results) if request.version >= SEVERAL_FROM => {
            for (member, result) in asked.members.iter().zip(results) {
                answer.members.push(MemberResponse {
                    member_id: member.member_id.clone(),
                    group_instance_id: member.group_instance_id.clone(),
                    error_code: first.see(result.err().map_or(Code::None, Code::from)),
                });
            }
        }
        Ok(results) => {
            let refused = results.into_iter().find_map(Result::err);
            answer.error_code = first.see(refused.map_or(Code::None, Code::from));
        }
        Err(error) => answer.error_code = first.see(Code::from(error)),
    }
    request.answer(left.after, &answer, first.code())
}
