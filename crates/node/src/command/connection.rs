//! How commands reach a broker: the flags that all of them have, a runtime, a client, and Ctrl-C.

use std::future::Future;
use std::sync::Arc;

use clap::Args;
use thalweg_kafka::client::{Client, ClientOptions};
use thalweg_model::collections;
use thalweg_model::world::{NoMeter, Random, World};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit::{self, Failure};
use crate::{logging, world};

/// What every command that speaks to a broker takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionFlags {
    /// One or more brokers of the cluster; the others are found through them
    #[arg(long, short = 'b', value_name = "HOST:PORT,…", default_value = "localhost:9092")]
    pub(crate) bootstrap: String,
    /// What brokers see in their logs
    #[arg(long, value_name = "NAME", default_value = "thalweg")]
    pub(crate) client_id: String,
    /// What the command says of its own doing: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    pub(crate) log: String,
}

impl ConnectionFlags {
    /// The options of a client that these flags ask for.
    pub(crate) fn options(&self) -> Result<ClientOptions, Failure> {
        let mut options = ClientOptions::new(addresses(&self.bootstrap).map_err(Failure::configuration)?);
        options.client_id.clone_from(&self.client_id);
        Ok(options)
    }
}

/// Connects, and does the work on a runtime of its own.
pub(crate) fn run<F: Future<Output = Result<(), Failure>>>(
    flags: &ConnectionFlags,
    work: impl FnOnce(Client) -> F,
) -> Result<(), Failure> {
    logging::start(&flags.log, false)?;
    let options = flags.options()?;
    collections::seed(world::SystemRandom.next());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let world = world::real(runtime.handle(), Arc::new(NoMeter));
    let done = runtime.block_on(async {
        let client = Client::connect(options, world)
            .await
            .map_err(|error| Failure::new(exit::BROKER_NOT_REACHED, error))?;
        work(client).await
    });
    // A thread may still wait for input that never comes.
    runtime.shutdown_background();
    done
}

/// A first Ctrl-C (or SIGTERM) asks for an end, a second one is one.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Takes the signals over from now on.
    pub(crate) fn listen(world: &World) -> Result<Self, Failure> {
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminations = signal(SignalKind::terminate())?;
        let (tell, told) = watch::channel(false);
        let wait = async move {
            loop {
                tokio::select! {
                    biased;
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                }
                if tell.send_replace(true) {
                    std::process::exit(exit::INTERRUPTED.into());
                }
            }
        };
        drop(world.spawner.spawn("signals", Box::pin(wait)));
        Ok(Self(told))
    }

    /// Ends when an end is asked for.
    pub(crate) async fn wait(&self) {
        if self.0.clone().wait_for(|asked| *asked).await.is_err() {
            // The listener ends with the runtime only.
            std::future::pending::<()>().await;
        }
    }

    /// Whether an end was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }
}

/// Hosts and ports of a list.
fn addresses(text: &str) -> Result<Vec<(String, u16)>, String> {
    const PORT_DEFAULT: u16 = 9092;
    let mut found = Vec::new();
    for address in text.split(',').map(str::trim).filter(|address| !address.is_empty()) {
        let (host, port) = match address.rsplit_once(':') {
            // An IPv6 address stands in brackets where a port follows.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                let wrong = |_| format!("--bootstrap: `{port}` in `{address}` is no port");
                (host, port.parse().map_err(wrong)?)
            }
            _ => (address, PORT_DEFAULT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(format!("--bootstrap: `{address}` names no host"));
        }
        found.push((host.to_owned(), port));
    }
    if found.is_empty() { Err("--bootstrap names no broker".to_owned()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn addresses_have_hosts_and_ports() {
        let check = |text: &str, expect: &[(&str, u16)]| {
            let expect: Vec<_> = expect.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect();
            assert_eq!(addresses(text).as_ref(), Ok(&expect), "{text}");
        };
        check("localhost:9092", &[("localhost", 9092)]);
        check("a:1, b", &[("a", 1), ("b", 9092)]);
        check("[::1]:7,::1", &[("::1", 7), ("::1", 9092)]);
        for wrong in ["", ",", "a:b", ":9092", "a:70000"] {
            assert!(addresses(wrong).is_err(), "{wrong}");
        }
    }
}
