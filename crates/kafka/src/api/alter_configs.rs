//! AlterConfigs (33): replaces all settings of a resource. Clients have IncrementalAlterConfigs for less than that.
//!
//! - v2: flexible

use std::sync::Arc;

use thalweg_wire::alter_configs_response::AlterConfigsResourceResponse;
use thalweg_wire::{AlterConfigsRequest, AlterConfigsResponse};

use super::configs::Changes;
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: AlterConfigsRequest = request.decode()?;
    let mut answer = AlterConfigsResponse::default();
    let mut changes = Changes::of(asked.resources.iter().map(|r| (r.resource_type, &r.resource_name)));
    for resource in &asked.resources {
        let (resource_type, resource_name) = (resource.resource_type, resource.resource_name.clone());
        let change = async |named| {
            let values: Vec<(Arc<str>, Option<Arc<str>>)> = resource
                .configs
                .iter()
                .map(|c| (c.name.to_shared(), c.value.as_ref().map(|value| value.to_shared())))
                .collect();
            request.session.configs().alter(&named, &values, asked.validate_only).await
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
