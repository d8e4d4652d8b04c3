//! ListConfigResources (74): what has settings.
//!
//! - v0: subscriptions to clients' metrics alone (KIP-714)
//! - v1: any kind of resource (KIP-1142)

use thalweg_broker::{ResourceKind, WalSeq};
use thalweg_wire::list_config_resources_response::ConfigResource;
use thalweg_wire::{ListConfigResourcesRequest, ListConfigResourcesResponse};

use super::configs::{resource_kind, resource_number};
use crate::errors::Code;
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: ListConfigResourcesRequest = request.decode()?;
    let kinds: Option<Vec<ResourceKind>> = if request.version == 0 {
        Some(vec![ResourceKind::ClientMetrics])
    } else {
        asked.resource_types.iter().copied().map(resource_kind).collect()
    };
    let Some(kinds) = kinds else {
        let code = Code::UnsupportedVersion;
        let answer = ListConfigResourcesResponse { error_code: code.number(), ..Default::default() };
        return request.answer(WalSeq::default(), &answer, Some(code));
    };
    let answer = ListConfigResourcesResponse {
        config_resources: request
            .session
            .configs()
            .list(&kinds)
            .iter()
            .map(|resource| ConfigResource {
                resource_name: (&resource.name).into(),
                resource_type: resource_number(resource.kind),
            })
            .collect(),
        ..Default::default()
    };
    request.answer(WalSeq::default(), &answer, None)
}
