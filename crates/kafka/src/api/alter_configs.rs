//! AlterConfigs (33): replaces all settings of a resource. Clients have IncrementalAlterConfigs for less than that.
//!
//! - v2: flexible

use std::sync::Arc;

use thalweg_broker::{Resource, WalSeq};
use thalweg_wire::alter_configs_response::AlterConfigsResourceResponse;
use thalweg_wire::{AlterConfigsRequest, AlterConfigsResponse};

use super::configs::{Twice, resource_kind};
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: AlterConfigsRequest = request.decode()?;
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = AlterConfigsResponse::default();
    let twice = Twice::among(asked.resources.iter().map(|r| (r.resource_type, &*r.resource_name)));
    for resource in &asked.resources {
        let result = match resource_kind(resource.resource_type) {
            None => Err((
                Code::InvalidRequest,
                format!("There is no resource of type {}.", resource.resource_type),
            )),
            Some(_) if twice.has((resource.resource_type, &*resource.resource_name)) => {
                Err((Code::InvalidRequest, "The request names this resource more than once.".into()))
            }
            Some(kind) => {
                let named = Resource { kind, name: resource.resource_name.to_shared() };
                let values: Vec<(Arc<str>, Option<Arc<str>>)> = resource
                    .configs
                    .iter()
                    .map(|c| (c.name.to_shared(), c.value.as_ref().map(|value| value.to_shared())))
                    .collect();
                let altered = request.session.configs().alter(&named, &values, asked.validate_only).await;
                after = after.max(altered.after);
                altered.value.map_err(|error| (Code::from(&error), error.to_string()))
            }
        };
        let (code, text) = match result {
            Ok(()) => (Code::None, None),
            Err((code, text)) => (code, Some(text.into())),
        };
        answer.responses.push(AlterConfigsResourceResponse {
            error_code: first.see(code),
            error_message: text,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
        });
    }
    request.answer(after, &answer, first.code())
}
