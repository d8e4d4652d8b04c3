//! Records what real clients and Apache Kafka say to each other, for the golden tests of the decoder.
//! A file for each client: one exchange for each API and version, `KEY VERSION REQUEST RESPONSE` in hex, without the
//! length prefixes. It keeps the richest exchange that is still small.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::bail;

use super::Yard;
use super::broker::{Broker, Kind};
use super::clients::Client;
use super::program::Program;
use crate::{probe, root};

/// Of the exchanges of one API and version the largest below this is kept; when all are larger, the smallest.
const EXCHANGE_BYTES_CALM: usize = 700;

/// Scenarios with huge frames teach the decoder nothing.
const LEFT_OUT: &[&str] = &["large-fetch", "large-record", "many-partitions"];

/// A request and its response.
type Exchange = (Vec<u8>, Vec<u8>);

/// The kept exchanges by API key and version.
type Kept = Arc<Mutex<BTreeMap<(i16, i16), Exchange>>>;

/// Runs each client against Apache Kafka through a recorder and writes its file.
pub(super) fn record(
    clients: &[&'static Client],
    only: Option<&str>,
    yard: &Yard,
) -> anyhow::Result<ExitCode> {
    Kind::Kafka.prepare(yard)?;
    let folder = root().join("crates/wire/tests/golden");
    std::fs::create_dir_all(&folder)?;
    for client in clients {
        let program = Program::prepare(client, yard)?;
        let kept = Kept::default();
        let [port, told] = probe::free_ports()?;
        let broker = Broker::start_at(&Kind::Kafka, &format!("golden-{}", client.name), yard, port, told)?;
        listen(told, port, kept.clone())?;
        let scenarios: Vec<String> = program
            .list()?
            .into_iter()
            .filter(|name| {
                !LEFT_OUT.contains(&name.as_str()) && only.is_none_or(|pattern| super::matches(pattern, name))
            })
            .collect();
        program.run(&broker, &scenarios, yard.deadline, |name, outcome, _| {
            println!("{} {}/{name}", outcome.word(), client.name)
        })?;
        let kept = kept.lock().expect("recorders do not panic with the map in hand");
        if kept.is_empty() {
            bail!("{} said nothing", client.name);
        }
        let mut text = String::new();
        for ((key, version), (request, response)) in kept.iter() {
            writeln!(text, "{key} {version} {} {}", hex(request), hex(response))?;
        }
        std::fs::write(folder.join(format!("{}.txt", client.name)), &text)?;
        println!("{}: {} exchanges, {} bytes of text", client.name, kept.len(), text.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes connections for as long as the process lives and passes them on.
fn listen(port: u16, to: u16, kept: Kept) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(broker) = TcpStream::connect(("127.0.0.1", to)) else {
                continue;
            };
            let waiting: Arc<Mutex<HashMap<i32, Vec<u8>>>> = Arc::default();
            let (Ok(client_out), Ok(broker_out)) = (client.try_clone(), broker.try_clone()) else {
                continue;
            };
            let asked = waiting.clone();
            pass(client, broker_out, move |request| {
                if let Some(correlation) = number(request, 4) {
                    asked
                        .lock()
                        .expect("no panic with the map in hand")
                        .insert(correlation, request.to_vec());
                }
            });
            let kept = kept.clone();
            pass(broker, client_out, move |response| {
                let request = number(response, 0).and_then(|correlation| {
                    waiting.lock().expect("no panic with the map in hand").remove(&correlation)
                });
                if let Some(request) = request {
                    keep(&kept, request, response);
                }
            });
        }
    });
    Ok(())
}

/// Passes frames on in one direction, until either side closes, and shows each to `see` first.
fn pass(mut from: TcpStream, mut to: TcpStream, mut see: impl FnMut(&[u8]) + Send + 'static) {
    std::thread::spawn(move || {
        let mut length = [0; 4];
        while from.read_exact(&mut length).is_ok() {
            let mut frame = vec![0; u32::from_be_bytes(length) as usize];
            if from.read_exact(&mut frame).is_err() {
                break;
            }
            see(&frame);
            if to.write_all(&length).and_then(|()| to.write_all(&frame)).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
        let _ = from.shutdown(std::net::Shutdown::Both);
    });
}

fn keep(kept: &Kept, request: Vec<u8>, response: &[u8]) {
    let (Some(key), Some(version)) = (short(&request, 0), short(&request, 2)) else {
        return;
    };
    let mut kept = kept.lock().expect("no panic with the map in hand");
    let size = request.len() + response.len();
    let better = kept.get(&(key, version)).is_none_or(|(old_request, old_response)| {
        let old = old_request.len() + old_response.len();
        if old > EXCHANGE_BYTES_CALM { size < old } else { size > old && size <= EXCHANGE_BYTES_CALM }
    });
    if better {
        kept.insert((key, version), (request, response.to_vec()));
    }
}

fn number(frame: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_be_bytes(frame.get(at..at + 4)?.try_into().ok()?))
}

fn short(frame: &[u8], at: usize) -> Option<i16> {
    Some(i16::from_be_bytes(frame.get(at..at + 2)?.try_into().ok()?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // writing into a string cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}
