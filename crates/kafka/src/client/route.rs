//! Which connection a request takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_model::codec::Text;
use thalweg_model::collections::HashMap;
use thalweg_model::world::World;
use thalweg_wire::{FindCoordinatorRequest, Request};

use super::connection::Link;
use super::metadata::Known;
use super::{Client, ClientError, Refused};

/// FindCoordinator up to here asks for one coordinator.
const FIND_COORDINATOR_ONE: i16 = 3;

/// Who is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// Whoever is there.
    Any,
    /// Who may change topics.
    Controller,
    /// One broker.
    Broker(i32),
    /// The coordinator of a group.
    Coordinator(&'a str),
}

/// Requests that may wait long at the broker get a connection of their own, because answers come in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Questions,
    Produce,
    /// Of one consumer: a fetch waits for records.
    Fetch(u32),
    /// Of one member: a join waits for all members. Heartbeats go by `Questions`.
    Join(u32),
}

type Slot = Arc<tokio::sync::Mutex<Option<Arc<Link>>>>;

pub(super) struct Routes {
    world: World,
    /// Connections by broker, -1 for the one to a bootstrap address. A slot's lock is held while it is dialled.
    slots: Mutex<HashMap<(i32, Lane), Slot>>,
    coordinators: Mutex<HashMap<String, i32>>,
    next_lane: AtomicU32,
    pub(super) known: Mutex<Known>,
}

impl Routes {
    pub(super) fn new(world: World) -> Self {
        Self {
            world,
            slots: Mutex::default(),
            coordinators: Mutex::default(),
            next_lane: AtomicU32::new(0),
            known: Mutex::default(),
        }
    }
}

impl Client {
    /// A number for a lane of one's own.
    pub(super) fn lane_number(&self) -> u32 {
        self.0.routes.next_lane.fetch_add(1, Ordering::Relaxed)
    }

    /// Closes the connections of a lane that nobody uses any more.
    pub(super) fn close_lane(&self, lane: Lane) {
        self.0.routes.slots.lock().retain(|(_, used), _| *used != lane);
    }

    /// Asks once; the connection is given up if no answer comes within the time.
    pub(super) async fn ask<R: Request>(
        &self,
        target: Target<'_>,
        lane: Lane,
        version_max: i16,
        patience: Duration,
        request: &R,
    ) -> Result<R::Response, ClientError> {
        let link = self.link(target, lane).await?;
        let version = link.version::<R>(version_max)?;
        tokio::select! {
            biased;
            answer = link.call(request, version) => answer,
            () = self.0.world.clock.sleep(patience + self.options().request_timeout) => {
                link.close();
                Err(ClientError::TimedOut { api: R::API_KEY.name() })
            }
        }
    }

    /// Asks until there is an answer, for as long as the options say. `check` finds refusals in the answer.
    pub(super) async fn ask_until<R: Request, T>(
        &self,
        target: Target<'_>,
        version_max: i16,
        request: &R,
        mut check: impl FnMut(R::Response) -> Result<T, Refused>,
    ) -> Result<T, ClientError> {
        let deadline = self.0.world.clock.elapsed() + self.options().retry_timeout;
        loop {
            let answer = self.ask(target, Lane::Questions, version_max, Duration::ZERO, request).await;
            let error = match answer {
                Ok(answer) => match check(answer) {
                    Ok(value) => return Ok(value),
                    Err(refused) => refused.of(R::API_KEY.name()),
                },
                Err(error) => error,
            };
            self.weather(&error, target, deadline).await.map_err(|()| error)?;
        }
    }

    /// Waits before the next try, or says that there shall be none.
    pub(super) async fn weather(
        &self,
        error: &ClientError,
        target: Target<'_>,
        deadline: Duration,
    ) -> Result<(), ()> {
        let clock = &self.0.world.clock;
        if !error.is_retriable() || clock.elapsed() + self.options().retry_backoff > deadline {
            return Err(());
        }
        tracing::debug!(%error, ?target, "trying again");
        clock.sleep(self.options().retry_backoff).await;
        match target {
            Target::Coordinator(group) => drop(self.0.routes.coordinators.lock().remove(group)),
            Target::Any => {}
            Target::Controller | Target::Broker(_) => drop(self.refresh(None).await),
        }
        Ok(())
    }

    /// A live connection to who is to answer.
    pub(super) async fn link(&self, target: Target<'_>, lane: Lane) -> Result<Arc<Link>, ClientError> {
        let node = match target {
            Target::Any => None,
            Target::Controller => self.0.routes.known.lock().controller,
            Target::Broker(node) => Some(node),
            Target::Coordinator(group) => Some(Box::pin(self.coordinator(group)).await?),
        };
        match node {
            Some(node) => {
                let address = self
                    .0
                    .routes
                    .known
                    .lock()
                    .brokers
                    .get(&node)
                    .map(|broker| (broker.host.clone(), broker.port));
                let Some((host, port)) = address else {
                    return Err(ClientError::Unreachable(format!("broker {node} is not known")));
                };
                self.link_to(node, lane, &[(host, port)]).await
            }
            None => self.link_to_any(lane).await,
        }
    }

    /// Forgets which broker coordinates a group.
    pub(super) fn forget_coordinator(&self, group: &str) {
        self.0.routes.coordinators.lock().remove(group);
    }

    async fn coordinator(&self, group: &str) -> Result<i32, ClientError> {
        if let Some(node) = self.0.routes.coordinators.lock().get(group) {
            return Ok(*node);
        }
        let request = FindCoordinatorRequest { key: Text::from(group), ..Default::default() };
        let found = self
            .ask_until(Target::Any, FIND_COORDINATOR_ONE, &request, |answer| {
                Refused::check(answer.error_code, answer.error_message.as_deref()).map(|()| answer)
            })
            .await?;
        self.0.routes.known.lock().learn_broker(found.node_id, &found.host, found.port);
        self.0.routes.coordinators.lock().insert(group.to_owned(), found.node_id);
        Ok(found.node_id)
    }

    /// Any broker: first those that are known, then those of the bootstrap list.
    async fn link_to_any(&self, lane: Lane) -> Result<Arc<Link>, ClientError> {
        let brokers: Vec<_> = {
            let known = self.0.routes.known.lock();
            known.brokers.values().map(|broker| (broker.id, broker.host.clone(), broker.port)).collect()
        };
        for (node, host, port) in brokers {
            if let Ok(link) = self.link_to(node, lane, &[(host, port)]).await {
                return Ok(link);
            }
        }
        self.link_to(-1, lane, &self.options().bootstrap).await
    }

    /// The connection to a broker, at the first of its addresses that answers.
    async fn link_to(
        &self,
        node: i32,
        lane: Lane,
        addresses: &[(String, u16)],
    ) -> Result<Arc<Link>, ClientError> {
        let slot = self.0.routes.slots.lock().entry((node, lane)).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| link.is_alive()) {
            return Ok(link.clone());
        }
        let mut last = ClientError::Unreachable("no address was given".to_owned());
        for (host, port) in addresses {
            match Link::open(host, *port, self.options(), &self.0.routes.world).await {
                Ok(link) => {
                    let link = Arc::new(link);
                    *slot = Some(link.clone());
                    return Ok(link);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}
