//! DeleteGroups (42): forgets groups without members.
//!
//! - v2: flexible
//! - v3: texts of errors

use thalweg_broker::WalSeq;
use thalweg_model::collections::HashSet;
use thalweg_wire::delete_groups_response::DeletableGroupResult;
use thalweg_wire::{DeleteGroupsRequest, DeleteGroupsResponse};

use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DeleteGroupsRequest = request.decode()?;
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = DeleteGroupsResponse::default();
    let mut seen = HashSet::default();
    for group in asked.groups_names {
        // Named twice, deleted once.
        if !seen.insert(group.clone()) {
            continue;
        }
        let deleted = request.session.groups().delete(&group).await;
        after = after.max(deleted.after);
        let (code, text) = match deleted.value {
            Ok(()) => (Code::None, None),
            Err(error) => (Code::from(error), Some(error.to_string().into())),
        };
        answer.results.push(DeletableGroupResult {
            group_id: group,
            error_code: first.see(code),
            error_message: text,
        });
    }
    request.answer(after, &answer, first.code())
}
