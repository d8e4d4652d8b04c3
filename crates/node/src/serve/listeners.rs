//! Which sockets the settings ask for, and what clients of each are told: Kafka's rules, and the law that a broker never
//! comes up more open than it was told to be.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use thalweg_broker::Endpoint;
use thalweg_broker::config::BrokerConfig;
use thalweg_broker::config::value::Value;
use thalweg_model::BrokerAddress;

use crate::settings::Settings;

/// Where the broker listens when nobody says: both loopbacks.
const DEFAULT: &str = "PLAINTEXT://localhost:9092";

/// A listener that shall be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) name: Arc<str>,
    pub(super) host: String,
    pub(super) port: u16,
    /// What clients are told, where that was said.
    advertised: Option<(String, u16)>,
}

/// All of them, and the names of those that are for controllers and stay shut.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plans {
    pub(super) open: Vec<Plan>,
    pub(super) left_out: Vec<String>,
}

impl Plan {
    /// What clients of this listener are told, with the port that it got.
    pub(super) fn endpoint(&self, port: u16) -> Endpoint {
        let (host, port) = match &self.advertised {
            Some((host, 0)) => (host.as_str(), port),
            Some((host, port)) => (host.as_str(), *port),
            None => (self.host.as_str(), port),
        };
        Endpoint { listener: self.name.clone(), address: BrokerAddress { host: bare(host).into(), port } }
    }
}

/// Reads the settings; an error is words for the one who starts the broker.
pub(super) fn plan(settings: &Settings, config: &BrokerConfig) -> Result<Plans, String> {
    let origin =
        |name: &str| settings.origin(name).map_or(name.to_owned(), |origin| format!("{origin}: {name}"));
    let wanted = match settings.set.contains_key("listeners") {
        true => config.listeners.clone(),
        false => vec![DEFAULT.to_owned()],
    };
    let by_flag = settings.origin("listeners").is_some_and(|origin| origin.to_string() == "--listen");
    let controllers = match config.value("controller.listener.names") {
        Some(Value::List(names)) => names,
        _ => Vec::new(),
    };
    let mut advertised = Vec::new();
    for spec in config.advertised_listeners.iter().flatten() {
        let address = parse(spec).map_err(|text| format!("{}: {text}", origin("advertised.listeners")))?;
        if is_wildcard(&address.1) {
            let text = format!("{spec} is not an address that a client can dial");
            return Err(format!("{}: {text}", origin("advertised.listeners")));
        }
        advertised.push(address);
    }
    let mut plans = Plans::default();
    for spec in &wanted {
        let (name, host, port) = parse(spec).map_err(|text| format!("{}: {text}", origin("listeners")))?;
        if controllers.contains(&name) {
            plans.left_out.push(name);
            continue;
        }
        let problem = |text: String| Err(format!("{}: {spec} {text}", origin("listeners")));
        match protocol(&config.listener_security_protocol_map, &name) {
            Some(protocol) if protocol.eq_ignore_ascii_case("PLAINTEXT") => {}
            None if by_flag => {}
            Some(protocol) => {
                return problem(format!("speaks {protocol}, which is not there yet; PLAINTEXT is"));
            }
            None => return problem("has no protocol: name it in listener.security.protocol.map".to_owned()),
        }
        if plans.open.iter().any(|plan| *plan.name == *name && plan.port != port) {
            return problem("needs a name of its own".to_owned());
        }
        let found =
            advertised.iter().find(|(of, _, _)| *of == name).map(|(_, host, port)| (host.clone(), *port));
        if !config.allow_unauthenticated && !is_loopback(&host) {
            let text = "is open to other machines, and nobody is asked who they are: say --allow-unauthenticated if \
                        that is wanted, or listen on localhost";
            return problem(text.to_owned());
        }
        if found.is_none() && is_wildcard(&host) {
            let text =
                "is every interface, so clients cannot be told where to find it: say --advertise HOST:PORT";
            return problem(text.to_owned());
        }
        plans.open.push(Plan { name: name.into(), host, port, advertised: found });
    }
    if plans.open.is_empty() {
        return Err(format!("{}: there is no listener for clients", origin("listeners")));
    }
    let unknown = advertised.iter().find(|(name, _, _)| {
        !controllers.contains(name) && !plans.open.iter().any(|plan| *plan.name == **name)
    });
    if let Some((name, _, _)) = unknown {
        return Err(format!("{}: there is no listener named {name}", origin("advertised.listeners")));
    }
    let admin = &*config.admin_listener;
    let admin_host = admin.rsplit_once(':').map_or(admin, |(host, _)| host);
    if admin != "off" && !config.allow_unauthenticated && !is_loopback(admin_host) {
        let text = "names topics and groups to other machines, and nobody is asked who they are: say \
                    --allow-unauthenticated if that is wanted, or listen on localhost";
        return Err(format!("{}: {admin} {text}", origin("thalweg.admin.listener")));
    }
    Ok(plans)
}

/// NAME://HOST:PORT; names are in capitals, as Kafka has them.
fn parse(spec: &str) -> Result<(String, String, u16), String> {
    let wrong = || format!("{spec} is not of the form NAME://HOST:PORT");
    let (name, address) = spec.trim().split_once("://").ok_or_else(wrong)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| format!("{spec}: {port:?} is not a port"))?;
    if name.is_empty() || (host.contains(':') && !host.starts_with('[')) {
        return Err(wrong());
    }
    Ok((name.to_uppercase(), host.to_owned(), port))
}

fn protocol<'a>(map: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = map.split(',').filter_map(|pair| pair.trim().split_once(':'));
    pairs.find(|(listener, _)| listener.eq_ignore_ascii_case(name)).map(|(_, protocol)| protocol)
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn is_wildcard(host: &str) -> bool {
    host.is_empty() || bare(host).parse::<IpAddr>().is_ok_and(|address| address.is_unspecified())
}

fn is_loopback(host: &str) -> bool {
    if host.is_empty() {
        return false;
    }
    if host == "localhost" {
        return true;
    }
    match bare(host).parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => match (host, 0).to_socket_addrs() {
            Ok(mut addresses) => addresses.all(|address| address.ip().to_canonical().is_loopback()),
            // Binding will say that the name has no address.
            Err(_) => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ServeFlags;

    fn check(set: &[&str], flags: ServeFlags) -> Result<Plans, String> {
        let flags = ServeFlags { set: set.iter().map(|text| (*text).to_owned()).collect(), ..flags };
        let (settings, config) = Settings::read(&flags, []).expect("the values are good");
        plan(&settings, &config)
    }

    fn listen(specs: &[&str]) -> ServeFlags {
        ServeFlags { listen: specs.iter().map(|spec| (*spec).to_owned()).collect(), ..ServeFlags::default() }
    }

    fn dialled(plan: &Plan, port: u16) -> String {
        plan.endpoint(port).address.to_string()
    }

    #[test]
    fn nothing_said_is_both_loopbacks() {
        let plans = check(&[], ServeFlags::default()).unwrap();
        assert_eq!((plans.open.len(), &*plans.open[0].host, plans.open[0].port), (1, "localhost", 9092));
        assert_eq!(dialled(&plans.open[0], 9092), "localhost:9092");
    }

    #[test]
    fn kafkas_own_sample_opens_the_listener_for_clients_alone() {
        let sample = [
            "listeners=PLAINTEXT://:9092,CONTROLLER://:9093",
            "advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL",
        ];
        let refused = check(&sample, ServeFlags::default()).unwrap_err();
        assert!(
            refused.contains("--allow-unauthenticated") && refused.contains("PLAINTEXT://:9092"),
            "{refused}"
        );
        let flags = ServeFlags { allow_unauthenticated: true, ..ServeFlags::default() };
        let plans = check(&sample, flags).unwrap();
        assert_eq!((plans.open.len(), plans.left_out), (1, vec!["CONTROLLER".to_owned()]));
        assert_eq!(dialled(&plans.open[0], 9092), "localhost:9092");
    }

    #[test]
    fn what_is_too_open_or_cannot_be_dialled_is_refused() {
        let refused = |flags: ServeFlags| check(&[], flags).unwrap_err();
        assert!(refused(listen(&["0.0.0.0:1"])).contains("open to other machines"));
        let open = |specs: &[&str]| ServeFlags { allow_unauthenticated: true, ..listen(specs) };
        assert!(refused(open(&["0.0.0.0:1"])).contains("--advertise"));
        assert!(refused(open(&["[::]:1"])).contains("--advertise"));
        assert!(refused(listen(&["SSL://localhost:1"])).contains("speaks SSL"));
        assert!(refused(listen(&["localhost:1", "localhost:2"])).contains("name of its own"));
        assert!(refused(listen(&["localhost"])).contains("NAME://HOST:PORT"));
        let advertise = ServeFlags { advertise: vec!["IN://a:1".into()], ..listen(&["localhost:1"]) };
        assert!(refused(advertise).contains("no listener named IN"));
        let wildcard = ServeFlags { advertise: vec!["0.0.0.0:1".into()], ..listen(&["localhost:1"]) };
        assert!(refused(wildcard).contains("not an address that a client can dial"));
        for host in ["0.0.0.0", "[::]", "192.0.2.1", ""] {
            let admin = |flags: ServeFlags| ServeFlags { admin: Some(format!("{host}:9644")), ..flags };
            assert!(refused(admin(ServeFlags::default())).contains("names topics and groups"), "{host}");
            let named = ServeFlags { allow_unauthenticated: true, ..admin(ServeFlags::default()) };
            assert!(check(&[], named).is_ok(), "{host}");
        }
        let unmapped = check(&["listeners=IN://localhost:1"], ServeFlags::default()).unwrap_err();
        assert!(unmapped.contains("listener.security.protocol.map"), "{unmapped}");
    }

    #[test]
    fn several_listeners_tell_their_own_clients_their_own_address() {
        let flags = ServeFlags {
            allow_unauthenticated: true,
            advertise: vec!["OUT://broker.example.org:19092".into()],
            ..listen(&["IN://127.0.0.1:0", "OUT://0.0.0.0:9093"])
        };
        let plans = check(&[], flags).unwrap();
        assert_eq!(dialled(&plans.open[0], 4711), "127.0.0.1:4711");
        assert_eq!(dialled(&plans.open[1], 9093), "broker.example.org:19092");
        let flags = listen(&["127.0.0.1:5", "[::1]:5"]);
        assert_eq!(dialled(&check(&[], flags).unwrap().open[1], 5), "[::1]:5");
    }
}
