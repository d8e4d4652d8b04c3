//! IncrementalAlterConfigs (44): changes single settings of a resource (KIP-339).
//!
//! - v1: flexible

use thalweg_broker::{Answer, ConfigChange, ConfigError, ConfigOperation};
use thalweg_wire::incremental_alter_configs_request::AlterConfigsResource;
use thalweg_wire::incremental_alter_configs_response::AlterConfigsResourceResponse;
use thalweg_wire::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::configs::Changes;
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: IncrementalAlterConfigsRequest = request.decode()?;
    let mut answer = IncrementalAlterConfigsResponse::default();
    let mut changes = Changes::of(asked.resources.iter().map(|r| (r.resource_type, &r.resource_name)));
    for resource in &asked.resources {
        let (resource_type, resource_name) = (resource.resource_type, resource.resource_name.clone());
        let change = async |named| match single_changes(resource) {
            Ok(changes) => {
                let configs = request.session.configs();
                configs.alter_incrementally(&named, &changes, asked.validate_only).await
            }
            Err(text) => Answer::now(Err(ConfigError::InvalidRequest(text))),
        };
        let (error_code, error_message) = changes.make(resource_type, &resource_name, change).await;
        answer.responses.push(AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type,
            resource_name,
        });
    }
    let (after, error) = changes.end();
    request.answer(after, &answer, error)
}

fn single_changes(resource: &AlterConfigsResource) -> Result<Vec<ConfigChange>, String> {
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
