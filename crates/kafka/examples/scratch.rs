#![allow(clippy::all, clippy::disallowed_methods, clippy::unwrap_used)]
use std::sync::Arc;
use std::time::{Duration, Instant};
use thalweg_kafka::client::*;
use thalweg_model::TimestampMs;
use thalweg_model::batch::Codec;
use thalweg_model::world::*;
struct C(Instant);
impl Clock for C {
    fn now(&self) -> TimestampMs {
        TimestampMs(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64
        )
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    fn sleep(&self, d: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(d))
    }
}
struct S;
impl Spawner for S {
    fn spawn(&self, _: &'static str, t: BoxFuture<'static, ()>) -> Task {
        let h = tokio::spawn(t);
        Task(Box::pin(async move {
            let _ = h.await;
        }))
    }
    fn spawn_thread(&self, n: &'static str, t: BoxFuture<'static, ()>) -> Task {
        self.spawn(n, t)
    }
    fn spawn_blocking(&self, _: &'static str, w: Box<dyn FnOnce() + Send>) -> Task {
        let h = tokio::task::spawn_blocking(w);
        Task(Box::pin(async move {
            let _ = h.await;
        }))
    }
}
#[tokio::main]
async fn main() {
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    let world = World {
        clock: Arc::new(C(Instant::now())),
        random: Arc::new(SeededRandom::new(std::process::id() as u64)),
        spawner: Arc::new(S),
        meter: Arc::new(NoMeter),
    };
    let client = Client::connect(ClientOptions::new(vec![("127.0.0.1".into(), port)]), world).await.unwrap();
    let run = std::process::id();
    println!("{:?}", client.cluster().await.unwrap());
    let t = format!("t{run}");
    let mut nt = NewTopic::new(t.clone());
    nt.partitions = 4;
    nt.configs.push(("retention.ms".into(), "123456789".into()));
    println!("create {:?}", client.create_topics(&[nt.clone()], false).await.unwrap());
    println!("again {:?}", client.create_topics(&[nt], false).await.unwrap());
    println!("grow {:?}", client.create_partitions(&[(&t, 6)], false).await.unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let d = client.topics(Some(&[&t])).await.unwrap();
    println!("{:?}", d[0].1.as_ref().unwrap().partitions.len());
    let r = ConfigResource { kind: ConfigResourceKind::Topic, name: t.clone() };
    println!(
        "alter {:?}",
        client
            .alter_configs(
                &[(
                    r.clone(),
                    vec![ConfigUpdate {
                        name: "segment.ms".into(),
                        operation: ConfigOperation::Set,
                        value: Some("1000000".into())
                    }]
                )],
                false
            )
            .await
            .unwrap()
    );
    let c = client
        .describe_configs(&[r], Some(&["segment.ms", "retention.ms", "cleanup.policy"]), true)
        .await
        .unwrap();
    for e in c[0].1.as_ref().unwrap() {
        println!("  {} {:?} {} {}", e.name, e.value, e.is_default, e.source);
    }
    let mut total = 0usize;
    for codec in Codec::ALL {
        let p = Producer::new(client.clone(), ProducerOptions { codec, ..Default::default() }).await.unwrap();
        let mut ds = vec![];
        for i in 0..2000 {
            ds.push(
                p.send(
                    &t,
                    Message {
                        key: (i % 3 == 0).then(|| format!("k{i}").into()),
                        value: (i % 7 != 0).then(|| format!("value {codec:?} {i}").into()),
                        headers: vec![("h".into(), Some("v".into())), ("n".into(), None)],
                        ..Default::default()
                    },
                )
                .await
                .unwrap(),
            );
            total += 1;
        }
        p.flush().await;
        let mut offs = 0;
        for d in &ds {
            let x = d.wait().await.unwrap();
            assert!(x.offset >= 0);
            offs += 1;
        }
        println!("{codec:?} delivered {offs}");
        p.close().await;
    }
    let names: Vec<_> = (0..6).map(|i| PartitionName::new(t.as_str(), i)).collect();
    let ends = client
        .list_offsets(
            &names.iter().map(|n| (n.clone(), OffsetSpec::Latest)).collect::<Vec<_>>(),
            Isolation::ReadUncommitted,
        )
        .await
        .unwrap();
    let sum: i64 = ends.iter().map(|(_, r)| r.as_ref().unwrap().offset).sum();
    println!(
        "ends sum {sum} of {total}: {:?}",
        ends.iter().map(|(n, r)| (n.partition, r.as_ref().unwrap().offset)).collect::<Vec<_>>()
    );
    assert_eq!(sum as usize, total);
    let mut c = Consumer::new(client.clone(), ConsumerOptions::default());
    c.assign_at(&names.iter().map(|n| (n.clone(), OffsetSpec::Earliest)).collect::<Vec<_>>()).await.unwrap();
    let mut got = 0;
    let mut nulls = 0;
    while got < total {
        for f in c.poll(Duration::from_secs(5)).await.unwrap() {
            got += f.records.len();
            nulls += f.records.iter().filter(|r| r.value.is_none()).count();
            assert_eq!(f.records[0].headers.len(), 2);
        }
    }
    println!("consumed {got} nulls {nulls}");
    // group: two members
    let mut o = GroupOptions::new(format!("g{run}"), vec![t.clone()]);
    o.heartbeat_interval = Duration::from_millis(300);
    o.session_timeout = Duration::from_secs(6);
    let mut a = GroupConsumer::new(client.clone(), o.clone());
    let mut b = GroupConsumer::new(client.clone(), o.clone());
    let mut seen = 0;
    while a.positions().is_empty() {
        for f in a.poll(Duration::from_millis(500)).await.unwrap() {
            seen += f.records.len();
        }
    }
    println!("a has {} seen {seen}", a.positions().len());
    a.commit().await.unwrap();
    let cc = client.clone();
    let _ = cc;
    let jb = tokio::spawn(async move {
        let mut n = 0;
        for _ in 0..8 {
            for f in b.poll(Duration::from_millis(500)).await.unwrap() {
                n += f.records.len();
            }
        }
        b.commit().await.unwrap();
        (b, n)
    });
    for _ in 0..8 {
        for f in a.poll(Duration::from_millis(500)).await.unwrap() {
            seen += f.records.len();
        }
    }
    a.commit().await.unwrap();
    let (b, n) = jb.await.unwrap();
    println!("a {} b {} seen {seen}+{n}", a.positions().len(), b.positions().len());
    println!("{:?}", client.describe_group(&format!("g{run}")).await.unwrap());
    println!("{:?}", client.list_groups().await.unwrap());
    b.leave().await.unwrap();
    for _ in 0..4 {
        for f in a.poll(Duration::from_millis(500)).await.unwrap() {
            seen += f.records.len();
        }
    }
    println!("after leave a {} seen {seen}", a.positions().len());
    a.leave().await.unwrap();
    println!(
        "committed {:?}",
        client
            .committed(&format!("g{run}"), None)
            .await
            .unwrap()
            .iter()
            .map(|(n, r)| (n.partition, r.as_ref().unwrap().offset))
            .collect::<Vec<_>>()
    );
    println!(
        "reset {:?}",
        client
            .commit(
                &format!("g{run}"),
                &[(names[0].clone(), CommittedOffset { offset: 5, leader_epoch: -1, metadata: "m".into() })]
            )
            .await
            .unwrap()
    );
    println!("deloff {:?}", client.delete_offsets(&format!("g{run}"), &[names[1].clone()]).await.unwrap());
    println!("delrec {:?}", client.delete_records(&[(names[0].clone(), 3)]).await.unwrap());
    println!(
        "at {:?}",
        client
            .list_offsets(
                &[(names[0].clone(), OffsetSpec::At(0)), (names[1].clone(), OffsetSpec::MaxTimestamp)],
                Isolation::ReadCommitted
            )
            .await
            .unwrap()
    );
    println!("delgrp {:?}", client.delete_groups(&[&format!("g{run}"), "nope"]).await.unwrap());
    // throughput
    let big = "x".repeat(1024);
    let big = bytes::Bytes::from(big);
    let p = Producer::new(client.clone(), ProducerOptions { batch_bytes: 512 << 10, ..Default::default() })
        .await
        .unwrap();
    let s = Instant::now();
    let n = 300_000;
    let mut last = None;
    for _ in 0..n {
        last = Some(p.send(&t, Message { value: Some(big.clone()), ..Default::default() }).await.unwrap());
    }
    p.flush().await;
    last.unwrap().wait().await.unwrap();
    println!("produce {:.0}/s", n as f64 / s.elapsed().as_secs_f64());
    let mut c = Consumer::new(client.clone(), ConsumerOptions::default());
    c.assign_at(&names.iter().map(|n| (n.clone(), OffsetSpec::Earliest)).collect::<Vec<_>>()).await.unwrap();
    let s = Instant::now();
    let mut got = 0;
    while got < n {
        for f in c.poll(Duration::from_secs(5)).await.unwrap() {
            got += f.records.len();
        }
    }
    println!("consume {:.0}/s", got as f64 / s.elapsed().as_secs_f64());
    println!("deltopic {:?}", client.delete_topics(&[&t, "nope"]).await.unwrap());
}
