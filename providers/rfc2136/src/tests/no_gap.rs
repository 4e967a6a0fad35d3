//! A name that has an answer before a change and after it has one all the time.

use super::*;
use rstest::rstest;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Asks for the address of a name every few milliseconds until it is told to stop, and counts the answers and those that were none.
async fn ask(port: u16, stop: Arc<AtomicBool>) -> (usize, usize) {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = convert::parse_name("busy.example.org").unwrap();
    let query = [&[0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &name, &[0, 1, 0, 1]].concat();
    let framed = [&(query.len() as u16).to_be_bytes()[..], &query].concat();
    let (mut answers, mut gaps) = (0, 0);
    while !stop.load(Relaxed) {
        server.write_all(&framed).await.unwrap();
        let length = server.read_u16().await.unwrap();
        let mut answer = vec![0; usize::from(length)];
        server.read_exact(&mut answer).await.unwrap();
        let (code, count) = (answer[3] & 0x0f, u16::from_be_bytes([answer[6], answer[7]]));
        answers += 1;
        gaps += usize::from(code != 0 || count == 0);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (answers, gaps)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_is_ever_without_an_answer(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let cycle = Cycle::new(config(&server));
    let states = [
        "busy.example.org A 192.0.2.1",
        "busy.example.org A 192.0.2.2",
        "busy.example.org A 192.0.2.2|192.0.2.3",
        "busy.example.org CNAME other.example.org",
        "busy.example.org CNAME another.example.net",
        "busy.example.org A 192.0.2.1",
    ];
    let beside = wish("other.example.org A 192.0.2.9");
    cycle.converge(&[wish(states[0]), beside.clone()]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let asking = tokio::spawn(ask(server.port(), stop.clone()));
    for round in 0..8 {
        for state in states {
            let busy = wish(state).with_ttl(Ttl::from_seconds(60 + round));
            cycle.converge(&[busy, beside.clone()]).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    stop.store(true, Relaxed);
    let (answers, gaps) = asking.await.unwrap();
    assert_eq!(gaps, 0, "of {answers} answers");
    assert!(answers > 100, "{answers} answers are too few to tell");
}
