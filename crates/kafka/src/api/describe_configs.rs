//! DescribeConfigs (32). v0, which Kafka 4 no longer serves, is here for the clients of Kafka 1.0.
//!
//! - v0: says of each value whether it is the default; v1: says where it comes from, and what would hold without it
//! - v3: kinds of values, documentation
//! - v4: flexible

use thalweg_broker::{ConfigEntry, ConfigSource, DescribeOptions, Resource, WalSeq};
use thalweg_model::codec::Text;
use thalweg_wire::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use thalweg_wire::{DescribeConfigsRequest, DescribeConfigsResponse};

use super::configs::{kind_number, no_such_kind, resource_kind, source_number};
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DescribeConfigsRequest = request.decode()?;
    let options =
        DescribeOptions { synonyms: asked.include_synonyms, documentation: asked.include_documentation };
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = DescribeConfigsResponse::default();
    for resource in &asked.resources {
        let mut result = DescribeConfigsResult {
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            ..Default::default()
        };
        let Some(kind) = resource_kind(resource.resource_type) else {
            let error = no_such_kind(resource.resource_type);
            result.error_code = first.see(Code::from(&error));
            result.error_message = Some(error.to_string().into());
            answer.results.push(result);
            continue;
        };
        let names: Option<Vec<&str>> = match &resource.configuration_keys {
            Some(keys) if !keys.is_empty() => Some(keys.iter().map(Text::as_str).collect()),
            _ => None,
        };
        let named = Resource { kind, name: resource.resource_name.to_shared() };
        let described = request.session.configs().describe(&named, names.as_deref(), options);
        after = after.max(described.after);
        match described.value {
            Ok(entries) => result.configs = entries.iter().map(of_entry).collect(),
            Err(error) => {
                result.error_code = first.see(Code::from(&error));
                result.error_message = Some(error.to_string().into());
            }
        }
        answer.results.push(result);
    }
    request.answer(after, &answer, first.code())
}

fn of_entry(entry: &ConfigEntry) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult {
        name: (&entry.name).into(),
        value: entry.value.as_ref().map(Into::into),
        read_only: entry.read_only,
        is_default: entry.source == ConfigSource::Default,
        config_source: source_number(entry.source),
        is_sensitive: entry.sensitive,
        synonyms: entry
            .synonyms
            .iter()
            .map(|synonym| DescribeConfigsSynonym {
                name: (&synonym.name).into(),
                value: synonym.value.as_ref().map(Into::into),
                source: source_number(synonym.source),
            })
            .collect(),
        config_type: kind_number(entry.kind),
        documentation: entry.documentation.as_ref().map(Into::into),
    }
}
