//! Settings of topics and brokers: told, and changed with effect at once. What they are and which values they take is
//! the affair of `config`.

use std::sync::Arc;
use std::time::Duration;

use thalweg_model::TopicName;

use crate::catalog::{Catalog, CatalogError, Record, TopicRecord};
use crate::config::{BrokerConfig, ConfigEntry, DescribeOptions, DynamicScope, NamedKind, Overrides};
use crate::session::TopicRef;
use crate::session::configs::{Alteration, ConfigError, Resource, ResourceKind};
use crate::topic::Topic;

use super::{Broker, Live};

/// The longest name of a group or a subscription for which settings are kept.
const NAME_BYTES_MAX: usize = 32_767;

impl From<CatalogError> for ConfigError {
    fn from(error: CatalogError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Broker {
    pub(crate) fn describe_configs(
        &self,
        resource: &Resource,
        wanted: &dyn Fn(&str) -> bool,
        options: DescribeOptions,
    ) -> Result<Vec<ConfigEntry>, ConfigError> {
        let config = self.config();
        match resource.kind {
            ResourceKind::Topic => {
                let topic = self.topic_of(&resource.name)?;
                Ok(config.describe_topic(&topic.overrides(), wanted, options))
            }
            ResourceKind::Broker if resource.name.is_empty() => Ok(config.describe_cluster(wanted, options)),
            ResourceKind::Broker => {
                self.check_node(&resource.name)?;
                Ok(config.describe_broker(wanted, options))
            }
            ResourceKind::ClientMetrics => {
                self.describe_named(NamedKind::ClientMetrics, &resource.name, wanted, options)
            }
            ResourceKind::Group => self.describe_named(NamedKind::Group, &resource.name, wanted, options),
            ResourceKind::BrokerLogger => self.describe_loggers(&resource.name, wanted, options),
        }
    }

    pub(crate) async fn alter_configs(
        &self,
        resource: &Resource,
        alteration: &Alteration<'_>,
        validate_only: bool,
    ) -> Result<(), ConfigError> {
        match resource.kind {
            ResourceKind::Topic => self.alter_topic(&resource.name, alteration, validate_only).await,
            ResourceKind::Broker => self.alter_broker(&resource.name, alteration, validate_only).await,
            ResourceKind::ClientMetrics => {
                self.alter_named(NamedKind::ClientMetrics, &resource.name, alteration, validate_only).await
            }
            ResourceKind::Group => {
                self.alter_named(NamedKind::Group, &resource.name, alteration, validate_only).await
            }
            ResourceKind::BrokerLogger => self.alter_loggers(&resource.name, alteration, validate_only),
        }
    }

    fn describe_named(
        &self,
        kind: NamedKind,
        name: &Arc<str>,
        wanted: &dyn Fn(&str) -> bool,
        options: DescribeOptions,
    ) -> Result<Vec<ConfigEntry>, ConfigError> {
        check_named(name)?;
        let overrides = self.catalog().read(|state| state.named_overrides(kind, name));
        Ok(self.config().describe_named(kind, &overrides, wanted, options))
    }

    async fn alter_named(
        &self,
        kind: NamedKind,
        name: &Arc<str>,
        alteration: &Alteration<'_>,
        validate_only: bool,
    ) -> Result<(), ConfigError> {
        check_named(name)?;
        let mut changing = self.catalog().change().await;
        let existing = changing.read(|state| state.named_overrides(kind, name));
        let config = self.config();
        let overrides = match alteration {
            Alteration::Whole(values) => config.replace_named(kind, values)?,
            Alteration::Single(changes) => config.alter_named(kind, &existing, changes)?,
        };
        if validate_only || overrides == *existing {
            return Ok(());
        }
        let overrides = Arc::new(overrides);
        changing.commit(vec![Record::Named { kind, name: name.clone(), overrides }]).await?;
        tracing::info!(?kind, %name, "settings of what has a name changed");
        Ok(())
    }

    async fn alter_topic(
        &self,
        name: &Arc<str>,
        alteration: &Alteration<'_>,
        validate_only: bool,
    ) -> Result<(), ConfigError> {
        if name.is_empty() {
            let text =
                "topics have no common settings of their own: name one, or change the brokers' settings";
            return Err(ConfigError::InvalidRequest(text.into()));
        }
        let mut changing = self.catalog().change().await;
        let topic = self.topic_of(name);
        // As at Kafka's, settings that are wrong are told before that the topic is not there.
        let existing = match &topic {
            Ok(topic) => topic.overrides(),
            Err(ConfigError::UnknownTopic(_)) => Arc::default(),
            Err(error) => return Err(error.clone()),
        };
        let config = self.config();
        let overrides = Arc::new(match alteration {
            Alteration::Whole(values) => config.replace_topic(values)?,
            Alteration::Single(changes) => config.alter_topic(&existing, changes)?,
        });
        let topic = topic?;
        if validate_only || *overrides == *topic.overrides() {
            return Ok(());
        }
        let record = changing.read(|state| state.record(topic.id).cloned());
        let record = record.ok_or_else(|| ConfigError::UnknownTopic(name.clone()))?;
        let record = TopicRecord { overrides: overrides.clone(), ..record };
        changing.commit(vec![Record::Topic(record)]).await?;
        topic.set(overrides.clone(), self.0.config.read().topic(&overrides));
        self.follow_delete_delay(&topic);
        tracing::info!(topic = %name, settings = ?overrides, "settings of a topic changed");
        Ok(())
    }

    async fn alter_broker(
        &self,
        name: &Arc<str>,
        alteration: &Alteration<'_>,
        validate_only: bool,
    ) -> Result<(), ConfigError> {
        let mut changing = self.catalog().change().await;
        let scope = if name.is_empty() {
            DynamicScope::Cluster
        } else {
            self.check_node(name)?;
            DynamicScope::Broker
        };
        let config = self.config();
        let overrides = match alteration {
            Alteration::Whole(values) => config.replace_broker(scope, values)?,
            Alteration::Single(changes) => config.alter_broker(scope, changes)?,
        };
        if validate_only {
            return Ok(());
        }
        let record = Record::Broker { node: name.clone(), overrides: Arc::new(overrides) };
        changing.commit(vec![record]).await?;
        let node = self.identity().node.to_string();
        let config = with_dynamic(&config, self.catalog(), &node);
        self.engine().set_delete_delay(milliseconds(config.log_segment_delete_delay_ms));
        *self.0.config.write() = Live::new(config);
        // A topic that says nothing follows the broker.
        self.catalog().read(|state| {
            for entry in state.entries() {
                let overrides = entry.topic.overrides();
                let effective = self.0.config.read().topic(&overrides);
                entry.topic.set(overrides, effective);
            }
        });
        self.0.config_changed.send_replace(());
        tracing::info!(node = %name, "settings of brokers changed");
        Ok(())
    }

    pub(crate) fn config_resources(&self, kinds: &[ResourceKind]) -> Vec<Resource> {
        let wanted = |kind: ResourceKind| kinds.is_empty() || kinds.contains(&kind);
        let mut resources = Vec::new();
        if wanted(ResourceKind::Topic) {
            let resource = |name: &TopicName| Resource { kind: ResourceKind::Topic, name: name.0.clone() };
            self.catalog()
                .read(|state| resources.extend(state.entries().map(|entry| resource(&entry.topic.name))));
        }
        let named = [
            (ResourceKind::ClientMetrics, NamedKind::ClientMetrics),
            (ResourceKind::Group, NamedKind::Group),
        ];
        for (kind, of) in named.into_iter().filter(|(kind, _)| wanted(*kind)) {
            let resource = |name: &Arc<str>| Resource { kind, name: name.clone() };
            self.catalog().read(|state| resources.extend(state.named(of).map(resource)));
        }
        let node: Arc<str> = self.identity().node.to_string().into();
        for kind in
            [ResourceKind::BrokerLogger, ResourceKind::Broker].into_iter().filter(|kind| wanted(*kind))
        {
            resources.push(Resource { kind, name: node.clone() });
        }
        resources
    }

    /// Storage follows the topics that have a time of their own; the others' it has from the broker.
    pub(super) fn follow_delete_delay(&self, topic: &Topic) {
        let own = topic.overrides().contains_key("file.delete.delay.ms");
        let delay = own.then(|| milliseconds(topic.config().file_delete_delay_ms));
        self.engine().set_topic_delete_delay(topic.id, delay);
    }

    fn topic_of(&self, name: &Arc<str>) -> Result<Arc<Topic>, ConfigError> {
        if let Some(fault) = crate::catalog::fault(name) {
            return Err(ConfigError::InvalidTopic(fault));
        }
        let entry = self.find_entry(&TopicRef::Name(TopicName(name.clone())));
        entry.map(|entry| entry.topic).ok_or_else(|| ConfigError::UnknownTopic(name.clone()))
    }

    /// Kafka takes a broker's own number alone.
    pub(super) fn check_node(&self, name: &str) -> Result<(), ConfigError> {
        let own = self.identity().node;
        match name.parse::<i32>() {
            Ok(node) if node == own.0 => Ok(()),
            Ok(node) => {
                let text = format!("unexpected broker id: this is broker {own}, and not {node}");
                Err(ConfigError::InvalidRequest(text))
            }
            Err(_) => {
                let text = format!("a broker's settings are asked for by its number, which '{name}' is not");
                Err(ConfigError::InvalidRequest(text))
            }
        }
    }
}

/// The settings with what the facts hold of changes made while brokers ran.
pub(super) fn with_dynamic(config: &BrokerConfig, catalog: &Catalog, node: &str) -> BrokerConfig {
    let overrides = |name: &str| Overrides::clone(&catalog.read(|state| state.broker_overrides(name)));
    config.with_dynamic(overrides(""), overrides(node))
}

pub(super) fn milliseconds(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// There are none for all groups or for all subscriptions.
fn check_named(name: &str) -> Result<(), ConfigError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        let text = format!("settings are kept for a name of 1 to {NAME_BYTES_MAX} bytes");
        return Err(ConfigError::InvalidRequest(text));
    }
    Ok(())
}
