//! IncrementalAlterConfigs (44): changes single settings of a resource (KIP-339).
//!
//! - v1: flexible

use thalweg_broker::{ConfigChange, ConfigOperation, Resource, WalSeq};
use thalweg_wire::incremental_alter_configs_request::AlterConfigsResource;
use thalweg_wire::incremental_alter_configs_response::AlterConfigsResourceResponse;
use thalweg_wire::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::configs::{Twice, resource_kind};
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: IncrementalAlterConfigsRequest = request.decode()?;
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = IncrementalAlterConfigsResponse::default();
    let twice = Twice::among(asked.resources.iter().map(|r| (r.resource_type, &*r.resource_name)));
    for resource in &asked.resources {
        let wanted = if twice.has((resource.resource_type, &*resource.resource_name)) {
            Err("The request names this resource more than once.".into())
        } else {
            changes(resource)
        };
        let result = match (resource_kind(resource.resource_type), wanted) {
            (None, _) => Err((
                Code::InvalidRequest,
                format!("There is no resource of type {}.", resource.resource_type),
            )),
            (Some(_), Err(text)) => Err((Code::InvalidRequest, text)),
            (Some(kind), Ok(changes)) => {
                let named = Resource { kind, name: resource.resource_name.to_shared() };
                let configs = request.session.configs();
                let altered = configs.alter_incrementally(&named, &changes, asked.validate_only).await;
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

fn changes(resource: &AlterConfigsResource) -> Result<Vec<ConfigChange>, String> {
    let mut changes = Vec::with_capacity(resource.configs.len());
    for config in &resource.configs {
        let operation = match config.config_operation {
            0 => ConfigOperation::Set,
            1 => ConfigOperation::Delete,
            2 => ConfigOperation::Append,
            3 => ConfigOperation::Subtract,
            other => return Err(format!("There is no operation {other} on a setting.")),
        };
        let value = config.value.as_ref().map(|value| value.to_shared());
        changes.push(ConfigChange { name: config.name.to_shared(), operation, value });
    }
    Ok(changes)
}
