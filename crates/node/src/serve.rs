//! `thalweg serve`: settings become parts, parts become a broker, and signals end it.

mod listeners;
pub(crate) mod parts;
mod refresh;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thalweg_broker::config::BrokerConfig;
use thalweg_kafka::Server;
use thalweg_model::world::Meter;
use thalweg_model::{NodeId, collections};
use thalweg_net::{ConnectionGate, FrameBudget, Listener, ShutdownTrigger};
use thalweg_web::{Admin, Figures, Readiness};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use self::listeners::Plans;
use self::refresh::Refresh;
use crate::cli::ServeFlags;
use crate::exit::{self, Failure};
use crate::logging::Levels;
use crate::settings::Settings;
use crate::{allocator, logging, machine, world};

/// The data folder where nobody names one.
const FOLDER_DEFAULT: &str = "thalweg-data";
/// How long a clean end may take.
const END_MAX: Duration = Duration::from_secs(5);
/// Threads for blocking work: cold reads, big recompressions.
const BLOCKING_THREADS_MAX: usize = 16;

/// Where data lies.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Data {
    Memory,
    Folder(PathBuf),
}

pub(crate) fn run(flags: &ServeFlags) -> Result<(), Failure> {
    let (settings, config) = Settings::read(flags, std::env::vars())?;
    let data = data(&settings, &config)?;
    let plans = listeners::plan(&settings, &config).map_err(Failure::configuration)?;
    let config = with_what_holds(&settings, config, &data, &plans)?;
    let levels = logging::start(&config.log_level, &*config.log_format == "json")?;
    machine::abort_on_panic();
    collections::seed(thalweg_model::world::Random::next(&world::SystemRandom));
    let files = machine::raise_file_limit();
    warn_of(&settings, &config, &plans);
    let journal = flags.disk_journal.clone();
    runtime(&config)?.block_on(serve(config, data, plans, files, journal, levels))
}

fn runtime(config: &BrokerConfig) -> Result<Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Ok(threads @ 1..) = usize::try_from(config.worker_threads) {
        builder.worker_threads(threads);
    }
    Ok(builder.thread_name("worker").max_blocking_threads(BLOCKING_THREADS_MAX).enable_all().build()?)
}

fn data(settings: &Settings, config: &BrokerConfig) -> Result<Data, Failure> {
    let name = if settings.set.contains_key("log.dirs") { "log.dirs" } else { "log.dir" };
    let folders = match (&config.log_dirs, settings.set.contains_key("log.dir")) {
        (Some(folders), _) => folders.clone(),
        (None, true) => config.log_dir.clone(),
        (None, false) => vec![FOLDER_DEFAULT.to_owned()],
    };
    match folders.as_slice() {
        [only] if only == "memory" => Ok(Data::Memory),
        [only] => Ok(Data::Folder(PathBuf::from(only))),
        _ => {
            let origin = settings.origin(name).map(ToString::to_string).unwrap_or_default();
            let text = format!("{origin}: {name} must name exactly one folder, and names {}", folders.len());
            Err(Failure::configuration(text))
        }
    }
}

/// Puts in what follows from what was said, so that clients see it when they ask.
fn with_what_holds(
    settings: &Settings,
    config: BrokerConfig,
    data: &Data,
    plans: &Plans,
) -> Result<BrokerConfig, Failure> {
    let mut fixed = config.fixed().clone();
    let folder = match data {
        Data::Memory => "memory".to_owned(),
        Data::Folder(path) => path.display().to_string(),
    };
    fixed.insert("log.dirs".into(), folder.into());
    fixed.insert("node.id".into(), config.node_id.to_string().into());
    if !settings.set.contains_key("listeners") {
        let listener = |plan: &listeners::Plan| format!("{}://{}:{}", plan.name, plan.host, plan.port);
        let text: Vec<_> = plans.open.iter().map(listener).collect();
        fixed.insert("listeners".into(), text.join(",").into());
    }
    BrokerConfig::new(fixed).map_err(Failure::configuration)
}

fn warn_of(settings: &Settings, config: &BrokerConfig, plans: &Plans) {
    let mut idle: Vec<String> = config
        .without_meaning()
        .into_iter()
        .filter(|name| settings.set.contains_key(*name))
        .map(Into::into)
        .collect();
    idle.extend(plans.left_out.iter().map(|name| format!("listener {name}")));
    if !idle.is_empty() {
        warn!(settings = idle.join(", "), "these settings are taken and have no meaning here");
    }
    for (name, factor) in [
        ("offsets.topic.replication.factor", i32::from(config.offsets_topic_replication_factor)),
        ("default.replication.factor", config.default_replication_factor),
    ] {
        if factor > 1 {
            warn!(name, factor, "there is one broker: topics with this many replicas cannot be made");
        }
    }
    if &*config.durability == "os" {
        warn!("records are acknowledged before they are synced: a power cut may lose the newest ones");
    }
}

async fn serve(
    config: BrokerConfig,
    data: Data,
    plans: Plans,
    files: Option<u64>,
    disk_journal: Option<PathBuf>,
    levels: Arc<Levels>,
) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let figures = Figures::default();
    let world = world::real(&tokio::runtime::Handle::current(), Arc::new(figures.clone()));
    let started = world.clock.elapsed();
    let version = env!("CARGO_PKG_VERSION");
    figures.gauge("build_info", "The version that runs", &[("version", version)]).set(1);

    // Sockets first: a taken port is told before a folder is touched.
    let mut listeners = Vec::new();
    let mut endpoints = Vec::new();
    for plan in &plans.open {
        let options = parts::socket_options(&config);
        let listener = Listener::bind(&plan.name, &plan.host, plan.port, options).await;
        let listener =
            listener.map_err(|error| Failure::configuration(format!("listener {}: {error}", plan.name)))?;
        let port = listener.addresses().first().map_or(plan.port, std::net::SocketAddr::port);
        let endpoint = plan.endpoint(port);
        if !endpoints.iter().any(|other: &thalweg_broker::Endpoint| other.listener == endpoint.listener) {
            endpoints.push(endpoint);
        }
        listeners.push(listener);
    }
    let readiness = Readiness::default();
    let gate = ConnectionGate::new(world.clock.clone(), parts::connection_limits(&config));
    let refresh = Refresh::new(figures.clone(), gate.clone());
    let admin = match &*config.admin_listener {
        "off" => None,
        address => {
            let refresh = refresh.clone();
            let bound = Admin::bind(
                address,
                figures,
                readiness.clone(),
                Arc::new(move || {
                    let refresh = refresh.clone();
                    Box::pin(async move { refresh.run().await })
                }),
            )
            .await;
            Some(bound.map_err(|error| {
                Failure::configuration(format!("admin listener: {error}; say --admin ADDR or --admin off"))
            })?)
        }
    };

    let node = NodeId(config.node_id);
    let storage = parts::storage(&config, &data, disk_journal, node, &world).await?;
    let (trigger, shutdown) = ShutdownTrigger::new();
    let addresses: Vec<String> = endpoints.iter().map(|endpoint| endpoint.address.to_string()).collect();
    // Where programs read the log, every line is one of theirs.
    let has_banner = &*config.log_format != "json";
    let head_settings = parts::head_settings(&config);
    let frames = FrameBudget::new(parts::bytes(config.memory_frames_bytes));
    let broker = parts::broker(storage, config, &data, endpoints, &world).await?;
    broker.set_loggers(levels);
    refresh.watch(&broker);
    let admin_address = admin.as_ref().and_then(Admin::address);
    let admin = admin.map(|admin| world.spawner.spawn("admin", Box::pin(admin.serve(shutdown.clone()))));
    let following = parts::follow_limits(broker.clone(), gate.clone(), shutdown.clone());
    drop(world.spawner.spawn("limits", Box::pin(following)));
    let clock = world.clock.clone();
    drop(world.spawner.spawn("memory", Box::pin(async move { allocator::give_back(&*clock).await })));
    let server = Server::new(broker.clone(), head_settings, frames, gate, shutdown, world.clone());
    let serving = world.spawner.spawn("kafka", Box::pin(server.serve(listeners)));
    readiness.set(true);
    let place = place_of(&data);
    let admin_page = admin_address.map_or("off".to_owned(), |address| format!("http://{address}/metrics"));
    if has_banner {
        banner(&addresses, &place, &admin_page);
    }
    let took_ms = (world.clock.elapsed() - started).as_millis() as u64;
    info!(
        version,
        addresses = addresses.join(","),
        data = place,
        admin = admin_page,
        took_ms,
        files,
        "ready"
    );

    let name = signals.next().await;
    info!(signal = name, "ending");
    readiness.set(false);
    let end = async {
        trigger.request();
        serving.await;
        if let Some(admin) = admin {
            admin.await;
        }
        broker.close().await;
    };
    tokio::select! {
        biased;
        _ = signals.next() => Err(Failure::new(exit::INTERRUPTED, anyhow::anyhow!("ended at once by a second signal"))),
        () = end => Ok(()),
        () = world.clock.sleep(END_MAX) => {
            Err(Failure::new(exit::FAILED, anyhow::anyhow!("did not end cleanly within {} s; the next start recovers", END_MAX.as_secs())))
        }
    }
}

fn place_of(data: &Data) -> String {
    match data {
        Data::Memory => "memory, gone when the process ends".to_owned(),
        Data::Folder(path) => {
            std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string()
        }
    }
}

/// What a person sees who starts the broker by hand; logs go to stderr too, so that stdout stays free.
fn banner(addresses: &[String], place: &str, admin: &str) {
    let first = addresses.first().map_or("", String::as_str);
    let bold = |text: &str| {
        if std::io::stderr().is_terminal() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    };
    let text = format!(
        "{} {}\n  serving   {}\n  data      {place}\n  admin     {admin}\n  \
         connect   any Kafka client with bootstrap.servers={first}\n            kcat -b {first} -L\n",
        bold("thalweg"),
        env!("CARGO_PKG_VERSION"),
        addresses.join(", "),
    );
    // Nobody may be there to read it; the broker serves all the same.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// SIGTERM and Ctrl-C.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
