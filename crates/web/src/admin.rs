//! The admin listener: `GET /healthz` (the process lives), `/readyz` (clients are served), `/metrics`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use thalweg_model::world::BoxFuture;
use thalweg_net::Shutdown;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::figures::Figures;

/// The media type of OpenMetrics.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether clients are served; clones say the same.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says so.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Why the admin listener did not open.
#[derive(Debug, Error)]
pub enum AdminError {
    /// Somebody else listens there: choose another address, or `off`.
    #[error("{0} is taken by another process")]
    Taken(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Refused {
        /// Which.
        address: String,
        /// What the system says.
        error: io::Error,
    },
}

/// The admin listener, bound and not yet serving.
pub struct Admin {
    socket: TcpListener,
    router: Router,
}

impl Admin {
    /// Binds `HOST:PORT`. `refresh` is called before figures are told, so that those that are asked for, not counted,
    /// are up to date.
    pub async fn bind(
        address: &str,
        figures: Figures,
        readiness: Readiness,
        refresh: Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
    ) -> Result<Self, AdminError> {
        let socket = TcpListener::bind(address).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => AdminError::Taken(address.to_owned()),
            _ => AdminError::Refused { address: address.to_owned(), error },
        })?;
        let metrics = move || async move {
            refresh().await;
            ([(header::CONTENT_TYPE, METRICS_TYPE)], figures.text())
        };
        let ready = move || async move {
            if readiness.get() {
                (StatusCode::OK, "ready\n")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
            }
        };
        let router = Router::new()
            .route("/healthz", get(async || "ok\n".into_response()))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics));
        Ok(Self { socket, router })
    }

    /// Where it listens: the real port where 0 was asked for.
    pub fn address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    /// Serves until shutdown is asked for.
    pub async fn serve(self, shutdown: Shutdown) {
        let serving = axum::serve(self.socket, self.router);
        let ended = async move { shutdown.requested().await };
        if let Err(error) = serving.with_graceful_shutdown(ended).await {
            tracing::warn!(%error, "the admin listener ended");
        }
    }
}
