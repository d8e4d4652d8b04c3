//! How scenarios are listed, run and told, and the sample records. It knows no client.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub const NEAR_LIMIT: usize = 1024 * 1024 - 200;
pub const LARGE_RECORD: usize = 20 * 1024 * 1024;
pub const LARGE_FETCH: usize = 50 * 1024 * 1024;
pub const WAIT: Duration = Duration::from_secs(60);
pub const CODECS: &[&str] = &["none", "gzip", "snappy", "lz4", "zstd"];

/// A record as every client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Sample {
    pub fn new(key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        Self { key: key.map(<[u8]>::to_vec), value: value.map(<[u8]>::to_vec), headers: Vec::new() }
    }

    fn header(mut self, name: &str, value: Option<&[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.map(<[u8]>::to_vec)));
        self
    }
}

/// One named check. It fails by a panic; an `Err` is the reason why it is skipped.
pub type Scenario = (String, Box<dyn Fn(&str) -> Result<(), String>>);

pub fn is_kafka() -> bool {
    std::env::var("COMPAT_BROKER").as_deref() != Ok("thalweg")
}

/// A name that no other scenario uses.
pub fn fresh(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_nanos();
    format!("{what}-{now:x}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub fn equal<T: PartialEq + Debug>(found: T, expected: T, what: &str) {
    assert!(found == expected, "{what}: found {found:.300?}, expected {expected:.300?}");
}

/// Waits for something to become true; the condition does the waiting by polling.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + WAIT;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {WAIT:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Bytes that no codec makes smaller.
pub fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..size).map(|_| next()).collect()
}

pub fn samples(count: usize) -> Vec<Sample> {
    let one = |i: usize| {
        let key = (i % 3 != 0).then(|| format!("key-{}", i % 7));
        let value = format!("value {i} ").repeat(1 + i % 20);
        let sample = Sample::new(key.as_ref().map(|key| key.as_bytes()), Some(value.as_bytes()));
        if i % 2 == 1 { sample.header("number", Some(i.to_string().as_bytes())) } else { sample }
    };
    (0..count).map(one).collect()
}

pub fn numbers(count: usize) -> Vec<Sample> {
    (0..count).map(|i| Sample::new(None, Some(i.to_string().as_bytes()))).collect()
}

/// Tombstones, empty keys and values, one byte, repeated, empty and null headers.
pub fn shapes() -> Vec<Sample> {
    let all: Vec<u8> = (0..=255).collect();
    vec![
        Sample::new(Some(b"key"), Some(b"value")),
        Sample::new(None, Some(b"no key")),
        Sample::new(Some(b"tombstone"), None),
        Sample::new(Some(b"empty value"), Some(b"")),
        Sample::new(Some(b""), Some(b"empty key")),
        Sample::new(None, Some(b"x")),
        Sample::new(None, None),
        Sample::new(Some(b"headers"), Some(b"h"))
            .header("a", Some(b"1"))
            .header("a", Some(b"2"))
            .header("empty", Some(b""))
            .header("null", None)
            .header("bytes", Some(&all)),
        Sample::new(Some("schlüssel".as_bytes()), Some("wärme ☃".as_bytes()))
            .header("kopf", Some("zeile ☃".as_bytes())),
    ]
}

/// The program: `list`, or `run BOOTSTRAP NAME...`.
pub fn main(scenarios: Vec<Scenario>) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments[0] == "list" {
        scenarios.iter().for_each(|(name, _)| println!("{name}"));
        return;
    }
    for wanted in &arguments[2..] {
        let Some((name, run)) = scenarios.iter().find(|(name, _)| name == wanted) else { continue };
        match catch_unwind(AssertUnwindSafe(|| run(&arguments[1]))) {
            Ok(Ok(())) => println!("ok {name}"),
            Ok(Err(why)) => println!("skipped {name}: {why}"),
            Err(panic) => {
                let why = panic.downcast_ref::<String>().cloned();
                let why = why.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                println!("failed {name}: {}", why.unwrap_or_default().replace('\n', " "));
            }
        }
    }
    // clients leave threads behind that would keep the process
    std::process::exit(0);
}
