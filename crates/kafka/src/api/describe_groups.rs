//! DescribeGroups (15).
//!
//! - v1: throttle time
//! - v3: authorized operations, where asked for
//! - v4: static members (KIP-345)
//! - v5: flexible
//! - v6: a group that is not there has an error and a text; before, it is described as dead (KIP-1043)

use thalweg_broker::WalSeq;
use thalweg_broker::groups::{Described, GroupError};
use thalweg_wire::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use thalweg_wire::{DescribeGroupsRequest, DescribeGroupsResponse};

use super::authorized;
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

/// The state of a group that is not there.
const NOT_THERE: &str = "Dead";

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DescribeGroupsRequest = request.decode()?;
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = DescribeGroupsResponse::default();
    for group in asked.groups {
        let described = request.session.groups().describe(&group).await;
        after = after.max(described.after);
        let mut result = match described.value {
            Ok(described) => of_group(&described),
            Err(GroupError::GroupNotFound) if request.version < 6 => dead(),
            Err(error) => DescribedGroup {
                error_code: first.see(Code::from(error)),
                error_message: (request.version >= 6).then(|| format!("Group {group}: {error}.").into()),
                ..dead()
            },
        };
        result.authorized_operations = authorized::group(asked.include_authorized_operations);
        result.group_id = group;
        answer.groups.push(result);
    }
    request.answer(after, &answer, first.code())
}

fn dead() -> DescribedGroup {
    DescribedGroup { group_state: NOT_THERE.into(), ..Default::default() }
}

fn of_group(group: &Described) -> DescribedGroup {
    let members = group
        .members
        .iter()
        .map(|member| DescribedGroupMember {
            member_id: (&member.id).into(),
            group_instance_id: member.instance.as_ref().map(Into::into),
            client_id: (&member.client_id).into(),
            client_host: (&member.client_host).into(),
            member_metadata: member.metadata.clone(),
            member_assignment: member.assignment.clone(),
        })
        .collect();
    DescribedGroup {
        group_state: group.state.name().into(),
        protocol_type: (&group.protocol_type).into(),
        protocol_data: (&group.protocol).into(),
        members,
        ..Default::default()
    }
}
