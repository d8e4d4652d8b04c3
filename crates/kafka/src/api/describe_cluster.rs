//! DescribeCluster (60): the cluster's id and its brokers (KIP-700).
//!
//! - v1: the client says whether it means brokers or controllers; there are only brokers here
//! - v2: fenced brokers, of which there are none

use thalweg_broker::WalSeq;
use thalweg_wire::describe_cluster_response::DescribeClusterBroker;
use thalweg_wire::{DescribeClusterRequest, DescribeClusterResponse};

use super::authorized;
use crate::errors::Code;
use crate::request::{Handled, Request};

/// The endpoint of a broker.
const BROKERS: i8 = 1;
/// The endpoint of a controller.
const CONTROLLERS: i8 = 2;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DescribeClusterRequest = request.decode()?;
    let refused = match asked.endpoint_type {
        BROKERS => None,
        CONTROLLERS => Some((Code::MismatchedEndpointType, "This is the endpoint of a broker.")),
        _ => Some((Code::UnsupportedEndpointType, "There is no such type of endpoint.")),
    };
    if let Some((code, text)) = refused {
        let answer = DescribeClusterResponse {
            error_code: code.number(),
            error_message: Some(text.into()),
            ..Default::default()
        };
        return request.answer(WalSeq::default(), &answer, Some(code));
    }
    let cluster = request.session.cluster().describe();
    let answer = DescribeClusterResponse {
        endpoint_type: asked.endpoint_type,
        cluster_id: (&cluster.cluster_id).into(),
        controller_id: cluster.controller.0,
        brokers: cluster
            .brokers
            .iter()
            .map(|broker| DescribeClusterBroker {
                broker_id: broker.node.0,
                host: (&broker.address).into(),
                port: broker.address.port.into(),
                rack: broker.rack.as_ref().map(Into::into),
                is_fenced: false,
            })
            .collect(),
        cluster_authorized_operations: authorized::cluster(asked.include_cluster_authorized_operations),
        ..Default::default()
    };
    request.answer(WalSeq::default(), &answer, None)
}
