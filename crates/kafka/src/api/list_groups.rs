//! ListGroups (16).
//!
//! - v1: throttle time
//! - v3: flexible
//! - v4: only groups in certain states (KIP-518)
//! - v5: only groups of certain types (KIP-848); all groups here are classic

use thalweg_wire::list_groups_response::ListedGroup;
use thalweg_wire::{ListGroupsRequest, ListGroupsResponse};

use crate::errors::Code;
use crate::request::{Handled, Request};

/// The type of all groups here.
const CLASSIC: &str = "classic";

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: ListGroupsRequest = request.decode()?;
    let listed = request.session.groups().list().await;
    let (groups, code) = match listed.value {
        Ok(groups) => (groups, Code::None),
        Err(error) => (Vec::new(), Code::from(error)),
    };
    let any_of = |filter: &[thalweg_model::codec::Text], word: &str| {
        filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(word))
    };
    let answer = ListGroupsResponse {
        error_code: code.number(),
        groups: groups
            .iter()
            .filter(|group| any_of(&asked.states_filter, group.state.name()))
            .filter(|_| any_of(&asked.types_filter, CLASSIC))
            .map(|group| ListedGroup {
                group_id: (&group.group).into(),
                protocol_type: (&group.protocol_type).into(),
                group_state: group.state.name().into(),
                group_type: CLASSIC.into(),
            })
            .collect(),
        ..Default::default()
    };
    request.answer(listed.after, &answer, Some(code).filter(|code| *code != Code::None))
}
