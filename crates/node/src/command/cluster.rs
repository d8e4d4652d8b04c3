//! `thalweg cluster`: who there is.

use clap::Args;
use serde::Serialize;

use super::connection::{self, ConnectionFlags};
use super::printout;
use crate::exit::Failure;

#[derive(Debug, Args)]
pub(crate) struct ClusterFlags {
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Serialize)]
struct Page {
    cluster_id: Option<String>,
    controller: Option<i32>,
    brokers: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: i32,
    host: String,
    port: u16,
    rack: Option<String>,
}

pub(crate) fn run(flags: &ClusterFlags) -> Result<(), Failure> {
    connection::run(&flags.connection, async |client| {
        let cluster = client.cluster().await?;
        let row = |broker: thalweg_kafka::client::Broker| Row {
            id: broker.id,
            host: broker.host,
            port: broker.port,
            rack: broker.rack,
        };
        let page = Page {
            cluster_id: cluster.id,
            controller: cluster.controller,
            brokers: cluster.brokers.into_iter().map(row).collect(),
        };
        printout::print(flags.json, &page, || text(&page))
    })
}

fn text(page: &Page) -> String {
    let rows = page.brokers.iter().map(|broker| {
        let controller = if page.controller == Some(broker.id) { "yes" } else { "" };
        let rack = broker.rack.clone().unwrap_or_default();
        [broker.id.to_string(), format!("{}:{}", broker.host, broker.port), rack, controller.to_owned()]
    });
    let id = page.cluster_id.as_deref().unwrap_or("unknown");
    format!("cluster {id}\n{}", printout::table(&["BROKER", "ADDRESS", "RACK", "CONTROLLER"], rows))
}
