//! ApiVersions (18): what we serve, asked first by every client.
//!
//! A version that we do not know is answered in v0 with `UNSUPPORTED_VERSION` and the versions of this API, so that
//! the client can ask again (KIP-511). Features are told as far as they are there: `metadata.version` alone.
//!
//! - v1: throttle time
//! - v3: flexible; the client tells name and version of its library, which have to look like such; features
//! - v4: a feature's lowest level may be 0 (KIP-584): nothing to leave out here, as none has it
//! - v5: the client may tell which cluster and which node it takes us for; if we are not, it has to begin anew (KIP-1242)

use thalweg_broker::WalSeq;
use thalweg_wire::{ApiVersionsRequest, ApiVersionsResponse, api_versions_response};

use crate::api;
use crate::errors::Code;
use crate::request::{Handled, Request};

/// The feature that says which records the cluster's metadata has; programs read from it which Kafka we are like.
const METADATA_VERSION: &str = "metadata.version";
/// The oldest level, that of Kafka 3.3.
const METADATA_VERSION_MIN: i16 = 7;
/// The newest level, that of Kafka 4.4.
const METADATA_VERSION_MAX: i16 = 33;

pub(super) async fn handle(mut request: Request) -> Handled {
    let nothing = WalSeq::default();
    let unstable = request.head.settings.unstable_versions;
    if !request.is_served() {
        let code = Code::UnsupportedVersion;
        let own = api::TABLE[request.row()].version_range(unstable);
        let body = ApiVersionsResponse {
            error_code: code.number(),
            api_keys: vec![own],
            ..ApiVersionsResponse::default()
        };
        return request.answer_in(0, nothing, &body, Some(code));
    }
    let asked: ApiVersionsRequest = request.decode()?;
    if let Err(code) = check(&request, &asked) {
        let body = ApiVersionsResponse { error_code: code.number(), ..ApiVersionsResponse::default() };
        return request.answer(nothing, &body, Some(code));
    }
    if request.version >= 3 {
        request.peer.remember_software(&asked.client_software_name, &asked.client_software_version);
    }
    let advertised = api::TABLE.iter().filter(|api| api.is_advertised);
    let mut body = ApiVersionsResponse {
        api_keys: advertised.map(|api| api.version_range(unstable)).collect(),
        ..ApiVersionsResponse::default()
    };
    if request.version >= 3 {
        body.supported_features = vec![api_versions_response::SupportedFeatureKey {
            name: METADATA_VERSION.into(),
            min_version: METADATA_VERSION_MIN,
            max_version: METADATA_VERSION_MAX,
            ..Default::default()
        }];
        body.finalized_features_epoch = 0;
        body.finalized_features = vec![api_versions_response::FinalizedFeatureKey {
            name: METADATA_VERSION.into(),
            max_version_level: METADATA_VERSION_MAX,
            min_version_level: METADATA_VERSION_MAX,
            ..Default::default()
        }];
    }
    request.answer(nothing, &body, None)
}

fn check(request: &Request, asked: &ApiVersionsRequest) -> Result<(), Code> {
    if request.version >= 3
        && !(looks_like_software(&asked.client_software_name)
            && looks_like_software(&asked.client_software_version))
    {
        return Err(Code::InvalidRequest);
    }
    match (&asked.cluster_id, asked.node_id) {
        (None, -1) => Ok(()),
        (Some(cluster), node) if node != -1 => {
            let ours = request.session.cluster().describe();
            let is_ours = *ours.cluster_id == **cluster && request.head.broker.identity().node.0 == node;
            if is_ours { Ok(()) } else { Err(Code::RebootstrapRequired) }
        }
        _ => Err(Code::InvalidRequest),
    }
}

/// Letters and digits at both ends, and between them also dots and dashes.
fn looks_like_software(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

impl api::Api {
    fn version_range(&self, unstable: bool) -> api_versions_response::ApiVersion {
        let advertised = self.advertised(unstable);
        api_versions_response::ApiVersion {
            api_key: self.key.number(),
            min_version: *advertised.start(),
            max_version: *advertised.end(),
            ..Default::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_software;

    #[test]
    fn names_of_software_are_letters_digits_dots_and_dashes() {
        for (text, expect) in
            [("apache-kafka-java", true), ("4.1.0", true), ("", false), ("-x", false), ("a b", false)]
        {
            assert_eq!(looks_like_software(text), expect, "{text}");
        }
    }
}
