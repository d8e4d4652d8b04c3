//! AlterConfigs (33): replaces all settings of a resource. Clients have IncrementalAlterConfigs for less than that.
//!
//! - v2: flexible

use thalweg_wire::alter_configs_request::AlterableConfig;
use thalweg_wire::alter_configs_response::AlterConfigsResourceResponse;
use thalweg_wire::{AlterConfigsRequest, AlterConfigsResponse};

use super::configs::{Told, change_each};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: AlterConfigsRequest = request.decode()?;
    let resources = asked.resources.into_iter().map(|r| (r.resource_type, r.resource_name, r.configs));
    let (session, only_checked) = (&request.session, asked.validate_only);
    let change = |named, configs: Vec<AlterableConfig>| async move {
        let value = |config: &AlterableConfig| config.value.as_ref().map(|value| value.to_shared());
        let values: Vec<_> = configs.iter().map(|config| (config.name.to_shared(), value(config))).collect();
        session.configs().alter(&named, &values, only_checked).await
    };
    let (told, after, error) = change_each(resources.collect(), change).await;
    let response = |told| {
        let Told { error_code, error_message, resource_type, resource_name } = told;
        AlterConfigsResourceResponse { error_code, error_message, resource_type, resource_name }
    };
    let responses = told.into_iter().map(response).collect();
    request.answer(after, &AlterConfigsResponse { responses, ..Default::default() }, error)
}
