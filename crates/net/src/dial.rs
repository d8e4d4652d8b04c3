//! Dialling: for the command's own client, and for peers.

use std::fmt;
use std::io;
use std::time::Duration;

use thalweg_model::world::{BoxFuture, World};
use tokio::net::TcpStream;

use crate::connection::Connection;
use crate::listener::{SocketOptions, prepare};

/// Why there is no connection. Trying again may help.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address.
    #[error("cannot find the address of {host}: {error}")]
    Unknown {
        /// The name.
        host: String,
        /// What the resolver says.
        error: io::Error,
    },
    /// Nobody answered at any of its addresses.
    #[error("cannot connect to {host}:{port}: {error}")]
    Refused {
        /// The name.
        host: String,
        /// The port.
        port: u16,
        /// What the system says of the last address.
        error: io::Error,
    },
    /// It took too long.
    #[error("{host}:{port} does not answer")]
    TimedOut {
        /// The name.
        host: String,
        /// The port.
        port: u16,
    },
}

/// What connections are dialled over.
pub trait Network: fmt::Debug + Send + Sync {
    /// Connects to `host`, its addresses in their order. It may take as long as it likes; dropping it gives up.
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
        options: SocketOptions,
    ) -> BoxFuture<'a, Result<Connection, DialError>>;
}

/// The system's network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Network for Tcp {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
        options: SocketOptions,
    ) -> BoxFuture<'a, Result<Connection, DialError>> {
        Box::pin(connect(host, port, options))
    }
}

/// Connects to `host` within `timeout`.
pub async fn dial(
    world: &World,
    network: &dyn Network,
    host: &str,
    port: u16,
    options: SocketOptions,
    timeout: Duration,
) -> Result<Connection, DialError> {
    tokio::select! {
        biased;
        connection = network.connect(host, port, options) => connection,
        () = world.clock.sleep(timeout) => Err(DialError::TimedOut { host: host.to_owned(), port }),
    }
}

async fn connect(host: &str, port: u16, options: SocketOptions) -> Result<Connection, DialError> {
    let unknown = |error| DialError::Unknown { host: host.to_owned(), error };
    let mut last = io::ErrorKind::NotFound.into();
    for address in tokio::net::lookup_host((host, port)).await.map_err(unknown)? {
        let connected = TcpStream::connect(address).await.and_then(|stream| {
            prepare(&stream, options)?;
            Connection::tcp(stream, "".into(), None)
        });
        match connected {
            Ok(connection) => return Ok(connection),
            Err(error) => last = error,
        }
    }
    Err(DialError::Refused { host: host.to_owned(), port, error: last })
}
