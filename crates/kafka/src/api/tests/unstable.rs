//! Versions that are still being designed are there where the settings ask for them, and nowhere else.

use thalweg_wire::{ApiKey, ApiVersionsRequest, InitProducerIdRequest};

use crate::errors::Code;
use crate::testing::{Client, House};

async fn newest(client: &mut Client, key: ApiKey) -> Option<i16> {
    let told = client.ask(0, &ApiVersionsRequest::default()).await;
    told.api_keys.iter().find(|api| api.api_key == key.number()).map(|api| api.max_version)
}

#[tokio::test]
async fn they_are_advertised_and_served_where_they_are_asked_for() {
    let house = House::with(|head| head.settings.unstable_versions = true).await;
    let mut client = house.connect();
    assert_eq!(newest(&mut client, ApiKey::InitProducerId).await, Some(6));
    // As at Kafka's these two say nothing without a transactional id.
    let asked = InitProducerIdRequest { enable2_pc: true, keep_prepared_txn: true, ..Default::default() };
    let given = client.ask(6, &asked).await;
    assert_eq!((given.error_code, given.producer_epoch), (0, 0));
    assert_eq!((given.ongoing_txn_producer_id, given.ongoing_txn_producer_epoch), (-1, -1));
    let asked = InitProducerIdRequest { transactional_id: Some("t".into()), ..Default::default() };
    let refused = client.ask(6, &asked).await.error_code;
    assert_eq!(refused, Code::TransactionalIdAuthorizationFailed.number());
}

#[tokio::test]
async fn elsewhere_they_end_the_connection() {
    let house = House::new().await;
    let mut client = house.connect();
    assert_eq!(newest(&mut client, ApiKey::InitProducerId).await, Some(5));
    client.send(6, &InitProducerIdRequest::default()).await;
    assert_eq!(client.frame().await, None);
}
