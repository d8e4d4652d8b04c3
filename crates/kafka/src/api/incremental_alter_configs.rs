//! IncrementalAlterConfigs (44): changes single settings of a resource (KIP-339).
//!
//! - v1: flexible

use thalweg_broker::{Answer, ConfigChange, ConfigError, ConfigOperation};
use thalweg_wire::incremental_alter_configs_request::AlterableConfig;
use thalweg_wire::incremental_alter_configs_response::AlterConfigsResourceResponse;
use thalweg_wire::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::configs::{Told, change_each};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: IncrementalAlterConfigsRequest = request.decode()?;
    let resources = asked.resources.into_iter().map(|r| (r.resource_type, r.resource_name, r.configs));
    let (session, only_checked) = (&request.session, asked.validate_only);
    let change = |named, configs: Vec<AlterableConfig>| async move {
        match single_changes(&configs) {
            Ok(changes) => session.configs().alter_incrementally(&named, &changes, only_checked).await,
            Err(text) => Answer::now(Err(ConfigError::InvalidRequest(text))),
        }
    };
    let (told, after, error) = change_each(resources.collect(), change).await;
    let response = |told| {
        let Told { error_code, error_message, resource_type, resource_name } = told;
        AlterConfigsResourceResponse { error_code, error_message, resource_type, resource_name }
    };
    let responses = told.into_iter().map(response).collect();
    request.answer(after, &IncrementalAlterConfigsResponse { responses, ..Default::default() }, error)
}

fn single_changes(configs: &[AlterableConfig]) -> Result<Vec<ConfigChange>, String> {
    let mut changes = Vec::with_capacity(configs.len());
    for config in configs {
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
