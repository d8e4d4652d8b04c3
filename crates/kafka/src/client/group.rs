//! A member of a classic consumer group: joins, gets its partitions by the range assignor, keeps its place by
//! heartbeats, commits. A rebalance is eager: everything is given back before anything new is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use thalweg_broker::records::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, consumer_protocol_assignment,
};
use thalweg_model::codec::{Reader, Text, Writer};
use thalweg_model::collections::HashMap;
use thalweg_wire::join_group_request::JoinGroupRequestProtocol;
use thalweg_wire::leave_group_request::MemberIdentity;
use thalweg_wire::sync_group_request::SyncGroupRequestAssignment;
use thalweg_wire::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
};
use tokio::sync::Notify;

use super::assignor::{Subscriber, range};
use super::consumer::{Consumer, ConsumerOptions, ResetPolicy};
use super::offsets::{CommittedOffset, CommittingMember, PartitionName};
use super::route::{Lane, Target};
use super::{Client, ClientError, FetchedPartition, Refused, admin};
use crate::Code;

/// What consumers call their kind of group.
const PROTOCOL_TYPE: &str = "consumer";
/// The range assignor's name.
const RANGE: &str = "range";
/// The version of subscriptions and assignments that we write: what every client reads.
const PROTOCOL_VERSION: i16 = 1;

/// How a member behaves.
#[derive(Clone, Debug)]
pub struct GroupOptions {
    /// The group.
    pub group: String,
    /// What it reads.
    pub topics: Vec<String>,
    /// Its static name, where it has one: it may be away for a session without a rebalance.
    pub instance_id: Option<String>,
    /// After how long without a heartbeat it is taken for dead.
    pub session_timeout: Duration,
    /// How long a rebalance waits for it.
    pub rebalance_timeout: Duration,
    /// How often it says that it lives.
    pub heartbeat_interval: Duration,
    /// How often what was handed out is committed; never by itself where nothing is said.
    pub auto_commit: Option<Duration>,
    /// How it reads.
    pub consumer: ConsumerOptions,
}

impl GroupOptions {
    /// A member of a group that reads these topics, from their beginning where nothing was committed.
    pub fn new(group: impl Into<String>, topics: Vec<String>) -> Self {
        Self {
            group: group.into(),
            topics,
            instance_id: None,
            session_timeout: Duration::from_secs(45),
            rebalance_timeout: Duration::from_secs(60),
            heartbeat_interval: Duration::from_secs(3),
            auto_commit: None,
            consumer: ConsumerOptions { reset: ResetPolicy::Earliest, ..ConsumerOptions::default() },
        }
    }
}

/// A member. Leave the group by `leave`; dropped, it is missed after its session.
pub struct GroupConsumer {
    client: Client,
    options: GroupOptions,
    consumer: Consumer,
    member: CommittingMember,
    /// Beats while the member has its place.
    heart: Option<Heart>,
    /// How many partitions each topic had when this member, as the leader, gave them out.
    counts: Option<HashMap<Arc<str>, usize>>,
    committed_at: Duration,
    joins: u64,
    lane: Lane,
}

/// The task that says that the member lives, as long as this value does.
struct Heart(Arc<Pulse>);

#[derive(Default)]
struct Pulse {
    /// The place is lost or has to be taken again.
    rejoin: AtomicBool,
    /// The group knows the member no longer.
    forgotten: AtomicBool,
    /// Something of this changed.
    changed: Notify,
    stopped: Notify,
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.0.stopped.notify_one();
    }
}

/// Why a join has to begin again.
enum Again {
    /// At once, with what is known.
    Now,
    /// As a new member.
    Forgotten,
    Error(ClientError),
}

impl From<ClientError> for Again {
    fn from(error: ClientError) -> Self {
        Self::Error(error)
    }
}

impl GroupConsumer {
    /// A member that joins at its first poll.
    pub fn new(client: Client, options: GroupOptions) -> Self {
        let consumer = Consumer::new(client.clone(), options.consumer.clone());
        let instance_id = options.instance_id.as_deref().map(Text::from);
        let member = CommittingMember { generation: -1, member_id: Text::default(), instance_id };
        let lane = Lane::Join(client.lane_number());
        Self {
            client,
            options,
            consumer,
            member,
            heart: None,
            counts: None,
            committed_at: Duration::ZERO,
            joins: 0,
            lane,
        }
    }

    /// The partitions it has, and behind what was handed out of each.
    pub fn positions(&self) -> Vec<(PartitionName, i64)> {
        self.consumer.positions()
    }

    /// How often it was given partitions: after each time it goes on where the group stood.
    pub fn joins(&self) -> u64 {
        self.joins
    }

    /// Its id in the group; empty before it has joined.
    pub fn member_id(&self) -> &str {
        &self.member.member_id
    }

    /// Goes on elsewhere in a partition that it has.
    pub fn seek(&mut self, name: &PartitionName, offset: i64) {
        self.consumer.seek(name, offset);
    }

    /// New records of its partitions, as soon as there are any; nothing after `wait`. Joins, and joins again, when
    /// that is due; a join may take longer than `wait`.
    pub async fn poll(&mut self, wait: Duration) -> Result<Vec<FetchedPartition>, ClientError> {
        let clock = self.client.world().clock.clone();
        let deadline = clock.elapsed() + wait;
        loop {
            if self.must_join() {
                self.join().await?;
            }
            if let Some(interval) = self.options.auto_commit
                && self.committed_at + interval <= clock.elapsed()
            {
                self.commit_quietly().await;
            }
            let left = deadline.saturating_sub(clock.elapsed());
            let Some(pulse) = self.heart.as_ref().map(|heart| heart.0.clone()) else { continue };
            tokio::select! {
                biased;
                () = pulse.changed.notified() => {}
                fetched = self.consumer.poll(left) => return fetched,
            }
        }
    }

    /// Commits what was handed out.
    pub async fn commit(&mut self) -> Result<(), ClientError> {
        let offsets = self.consumer.commitable();
        self.commit_offsets(&offsets).await
    }

    /// Commits offsets of one's own.
    pub async fn commit_offsets(
        &mut self,
        offsets: &[(PartitionName, CommittedOffset)],
    ) -> Result<(), ClientError> {
        self.committed_at = self.client.world().clock.elapsed();
        if offsets.is_empty() {
            return Ok(());
        }
        for (_, result) in self.client.commit_as(&self.options.group, &self.member, offsets).await? {
            result.map_err(|refused| refused.of("OffsetCommit"))?;
        }
        Ok(())
    }

    /// Commits, if that is done by itself, and leaves the group, so that the others need not wait for the session's end.
    pub async fn leave(mut self) -> Result<(), ClientError> {
        if self.options.auto_commit.is_some() {
            self.commit_quietly().await;
        }
        self.heart = None;
        // A static member stays: it may come back.
        if self.member.member_id.is_empty() || self.member.instance_id.is_some() {
            return Ok(());
        }
        let identity = MemberIdentity { member_id: self.member.member_id.clone(), ..Default::default() };
        let request = LeaveGroupRequest {
            group_id: self.options.group.as_str().into(),
            member_id: Text::default(),
            members: vec![identity],
        };
        self.client
            .ask_until(Target::Coordinator(&self.options.group), i16::MAX, &request, |answer| {
                Refused::check(answer.error_code, None)
            })
            .await
    }

    fn must_join(&self) -> bool {
        match &self.heart {
            None => true,
            Some(heart) => heart.0.rejoin.load(Ordering::Acquire) || self.topics_changed(),
        }
    }

    /// Whether what this member gave out as the leader is no longer all there is.
    fn topics_changed(&self) -> bool {
        self.counts.as_ref().is_some_and(|counts| {
            counts.iter().any(|(topic, count)| {
                self.client.known_partitions(topic).is_some_and(|known| known.len() != *count)
            })
        })
    }

    async fn commit_quietly(&mut self) {
        if let Err(error) = self.commit().await {
            tracing::warn!(group = self.options.group, %error, "could not commit");
        }
    }

    /// Takes a place in the group and the partitions that come with it.
    async fn join(&mut self) -> Result<(), ClientError> {
        if let Some(heart) = self.heart.take() {
            let forgotten = heart.0.forgotten.load(Ordering::Acquire);
            if self.options.auto_commit.is_some() && !forgotten {
                self.commit_quietly().await;
            }
            if forgotten {
                self.forget();
            }
        }
        self.consumer.assign([]);
        self.counts = None;
        let mut deadline = self.client.world().clock.elapsed() + self.client.options().retry_timeout;
        let assigned = loop {
            match self.try_join().await {
                Ok(assigned) => break assigned,
                Err(Again::Now) => {}
                Err(Again::Forgotten) => self.forget(),
                Err(Again::Error(error)) => {
                    let target = Target::Coordinator(&self.options.group);
                    self.client.weather(&error, target, deadline).await.map_err(|()| error)?;
                    continue;
                }
            }
            // The group answered: what comes is no weather.
            deadline = self.client.world().clock.elapsed() + self.client.options().retry_timeout;
        };
        self.joins += 1;
        self.heart = Some(self.beat());
        self.take(assigned).await
    }

    /// As if it had never been in the group.
    fn forget(&mut self) {
        self.member.member_id = Text::default();
        self.member.generation = -1;
    }

    async fn try_join(&mut self) -> Result<Vec<PartitionName>, Again> {
        let group = self.options.group.clone();
        let target = Target::Coordinator(&group);
        let patience = self.options.rebalance_timeout;
        let request = JoinGroupRequest {
            group_id: group.as_str().into(),
            session_timeout_ms: self.options.session_timeout.as_millis() as i32,
            rebalance_timeout_ms: patience.as_millis() as i32,
            member_id: self.member.member_id.clone(),
            group_instance_id: self.member.instance_id.clone(),
            protocol_type: Text::fixed(PROTOCOL_TYPE),
            protocols: vec![JoinGroupRequestProtocol {
                name: Text::fixed(RANGE),
                metadata: self.subscription(),
            }],
            reason: None,
        };
        let joined = self.client.ask(target, self.lane, i16::MAX, patience, &request).await?;
        match Code::of(joined.error_code) {
            Some(Code::None) => {}
            Some(Code::MemberIdRequired) => {
                self.member.member_id = joined.member_id;
                return Err(Again::Now);
            }
            _ => return Err(again(joined.error_code, "JoinGroup")),
        }
        self.member.member_id = joined.member_id.clone();
        self.member.generation = joined.generation_id;
        let leads = joined.leader == joined.member_id && !joined.skip_assignment;
        let assignments = if leads { self.assign(&joined).await? } else { Vec::new() };
        let request = SyncGroupRequest {
            group_id: group.as_str().into(),
            generation_id: joined.generation_id,
            member_id: joined.member_id.clone(),
            group_instance_id: self.member.instance_id.clone(),
            protocol_type: Some(Text::fixed(PROTOCOL_TYPE)),
            protocol_name: Some(Text::fixed(RANGE)),
            assignments,
        };
        let synced = self.client.ask(target, self.lane, i16::MAX, patience, &request).await?;
        match Code::of(synced.error_code) {
            Some(Code::None) => Ok(admin::assignment(synced.assignment)),
            _ => Err(again(synced.error_code, "SyncGroup")),
        }
    }

    fn subscription(&self) -> Bytes {
        let mut writer = Writer::new();
        writer.i16(PROTOCOL_VERSION);
        let topics = self.options.topics.iter().map(|topic| Text::from(topic.as_str())).collect();
        let subscription = ConsumerProtocolSubscription { topics, ..Default::default() };
        subscription
            .encode(&mut writer, PROTOCOL_VERSION)
            .expect("topic names are short and the version is known");
        writer.into_bytes()
    }

    /// What each member gets, as the leader says.
    async fn assign(
        &mut self,
        joined: &JoinGroupResponse,
    ) -> Result<Vec<SyncGroupRequestAssignment>, ClientError> {
        let mut subscribers = Vec::with_capacity(joined.members.len());
        for member in &joined.members {
            subscribers.push(Subscriber {
                member_id: member.member_id.as_str().to_owned(),
                instance_id: member.group_instance_id.as_ref().map(|id| id.as_str().to_owned()),
                topics: subscribed(&member.metadata),
            });
        }
        let mut partitions: HashMap<Arc<str>, Vec<i32>> = HashMap::default();
        for topic in subscribers.iter().flat_map(|member| &member.topics) {
            if !partitions.contains_key(topic) {
                // A topic that is not there has no partitions to give.
                let known =
                    self.client.refresh(Some(&[topic])).await.map(|()| self.client.known_partitions(topic));
                partitions.insert(topic.clone(), known?.unwrap_or_default());
            }
        }
        let assignments = range(&subscribers, |topic| partitions.get(topic).cloned().unwrap_or_default());
        self.counts =
            Some(partitions.into_iter().map(|(topic, partitions)| (topic, partitions.len())).collect());
        let assignment = |(member_id, partitions): (String, Vec<PartitionName>)| SyncGroupRequestAssignment {
            member_id: member_id.into(),
            assignment: encoded(&partitions),
        };
        Ok(assignments.into_iter().map(assignment).collect())
    }

    /// Reads its partitions from where the group has committed on.
    async fn take(&mut self, assigned: Vec<PartitionName>) -> Result<(), ClientError> {
        let mut positions: HashMap<PartitionName, i64> = HashMap::default();
        if !assigned.is_empty() {
            for (name, committed) in self.client.committed(&self.options.group, Some(&assigned)).await? {
                let committed = committed.map_err(|refused| refused.of("OffsetFetch"))?;
                positions.insert(name, committed.offset);
            }
        }
        let fresh: Vec<_> = assigned.iter().filter(|name| !positions.contains_key(*name)).cloned().collect();
        self.consumer.assign(assigned.into_iter().map(|name| {
            let offset = positions.get(&name).copied().unwrap_or_default();
            (name, offset)
        }));
        if fresh.is_empty() { Ok(()) } else { self.consumer.reset(&fresh).await }
    }

    /// Begins to say that the member lives.
    fn beat(&self) -> Heart {
        let pulse = Arc::new(Pulse::default());
        let (client, interval) = (self.client.clone(), self.options.heartbeat_interval);
        let group = self.options.group.clone();
        let request = HeartbeatRequest {
            group_id: group.as_str().into(),
            generation_id: self.member.generation,
            member_id: self.member.member_id.clone(),
            group_instance_id: self.member.instance_id.clone(),
        };
        let task = {
            let pulse = pulse.clone();
            async move {
                loop {
                    tokio::select! {
                        biased;
                        () = pulse.stopped.notified() => return,
                        () = client.world().clock.sleep(interval) => {}
                    }
                    let target = Target::Coordinator(&group);
                    let answer =
                        client.ask(target, Lane::Questions, i16::MAX, Duration::ZERO, &request).await;
                    match answer.ok().and_then(|answer| Code::of(answer.error_code)) {
                        Some(Code::None) => continue,
                        Some(Code::RebalanceInProgress) => {}
                        Some(Code::UnknownMemberId | Code::IllegalGeneration | Code::FencedInstanceId) => {
                            pulse.forgotten.store(true, Ordering::Release);
                        }
                        // The coordinator may have moved, or come back: the next beat finds it.
                        _ => {
                            client.forget_coordinator(&group);
                            continue;
                        }
                    }
                    pulse.rejoin.store(true, Ordering::Release);
                    pulse.changed.notify_one();
                    return;
                }
            }
        };
        drop(self.client.world().spawner.spawn("client-heartbeat", Box::pin(task)));
        Heart(pulse)
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        self.client.close_lane(self.lane);
    }
}

impl std::fmt::Debug for GroupConsumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupConsumer").field("options", &self.options).finish_non_exhaustive()
    }
}

fn again(code: i16, api: &'static str) -> Again {
    match Code::of(code) {
        Some(Code::RebalanceInProgress) => Again::Now,
        Some(Code::UnknownMemberId | Code::IllegalGeneration) => Again::Forgotten,
        _ => {
            let refused =
                Refused::check(code, None).err().unwrap_or(Refused { code: Code::None, message: None });
            Again::Error(refused.of(api))
        }
    }
}

/// What a member wants; nothing where it cannot be read.
fn subscribed(metadata: &Bytes) -> Vec<Arc<str>> {
    let mut reader = Reader::from(metadata.clone());
    let Ok(version) = reader.i16() else { return Vec::new() };
    // Later versions only add to the end.
    let version = version.min(thalweg_broker::records::consumer_protocol_subscription::MAX_VERSION);
    let subscription = ConsumerProtocolSubscription::decode(&mut reader, version).unwrap_or_default();
    subscription.topics.iter().map(Text::to_shared).collect()
}

fn encoded(partitions: &[PartitionName]) -> Bytes {
    let mut assignment = ConsumerProtocolAssignment::default();
    for name in partitions {
        match assignment.assigned_partitions.last_mut().filter(|topic| *topic.topic == *name.topic) {
            Some(topic) => topic.partitions.push(name.partition),
            None => assignment.assigned_partitions.push(consumer_protocol_assignment::TopicPartition {
                topic: (&name.topic).into(),
                partitions: vec![name.partition],
            }),
        }
    }
    let mut writer = Writer::new();
    writer.i16(PROTOCOL_VERSION);
    assignment.encode(&mut writer, PROTOCOL_VERSION).expect("topic names are short and the version is known");
    writer.into_bytes()
}
