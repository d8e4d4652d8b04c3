//! Who is at the other end of a connection, and what it said of itself.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use thalweg_broker::{Broker, Session};
use thalweg_model::Principal;
use thalweg_net::Connection as Socket;

/// The longest part of a client's name for itself that is kept.
const NAME_BYTES_MAX: usize = 256;

/// The other end of a connection.
pub(crate) struct Peer {
    /// Where it calls from.
    pub(crate) address: SocketAddr,
    /// Over which listener it came.
    pub(crate) listener: Arc<str>,
    // A short lock: a few names are compared and copied.
    said: Mutex<Said>,
}

struct Said {
    client_id: Arc<str>,
    software: Option<Arc<str>>,
    /// The door to the domain under the newest client id.
    session: Session,
}

impl Peer {
    /// The peer of a connection.
    pub(crate) fn new(broker: &Broker, socket: &Socket) -> Arc<Self> {
        let (address, listener) = (socket.peer, socket.listener.clone());
        let client_id: Arc<str> = "".into();
        let session = broker.session(thalweg_broker::Peer {
            principal: Principal::anonymous(),
            address,
            listener: listener.clone(),
            client_id: client_id.clone(),
        });
        let said = Mutex::new(Said { client_id, software: None, session });
        Arc::new(Self { address, listener, said })
    }

    /// Notes the name that the client gives itself, which may change from request to request; gives the name and the
    /// door to the domain under it.
    pub(crate) fn enter(&self, client_id: &str) -> (Arc<str>, Session) {
        let mut said = self.said.lock();
        if *said.client_id != *client_id {
            said.client_id = client_id.into();
            said.session = said.session.with_client(said.client_id.clone());
        }
        (said.client_id.clone(), said.session.clone())
    }

    /// The newest name, for log lines.
    pub(crate) fn last_client_id(&self) -> Arc<str> {
        shortened(&self.said.lock().client_id).into()
    }

    /// Notes name and version of the client's library (KIP-511).
    pub(crate) fn remember_software(&self, name: &str, version: &str) {
        let software = format!("{} {}", shortened(name), shortened(version));
        self.said.lock().software = Some(software.into());
    }

    /// What the client said of its library.
    pub(crate) fn software(&self) -> Option<Arc<str>> {
        self.said.lock().software.clone()
    }
}

/// No more of a text than is kept, cut between two characters.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(NAME_BYTES_MAX)]
}
