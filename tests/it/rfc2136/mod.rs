//! The program beside real DNS servers, BIND and Knot.

mod cluster;
mod flags;
mod records;

use crate::program::{Objects, bare};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::process::Command;
use tokio::time::timeout;
use zonewright_testing::{Make, NameServer, NameServerSetup};

const ZONE: &str = "example.org";

async fn start(make: Make) -> NameServer {
    NameServer::start(make, NameServerSetup::zones(&[ZONE, "2.0.192.in-addr.arpa"])).await.unwrap()
}

/// Everything about the server that a daemon has to be told.
fn server_flags(server: &NameServer) -> Vec<String> {
    vec![
        "--provider=rfc2136".to_owned(),
        "--rfc2136-host=127.0.0.1".to_owned(),
        format!("--rfc2136-port={}", server.port()),
        format!("--rfc2136-zone={ZONE}"),
        format!("--rfc2136-tsig-keyname={}", server.key_name()),
        format!("--rfc2136-tsig-secret-alg={}", server.algorithm()),
        "--rfc2136-axfr".to_owned(),
    ]
}

/// The program with objects from files.
fn program(server: &NameServer, objects: &Objects) -> Command {
    let mut command = bare();
    command
        .args(server_flags(server))
        .args(["--policy=sync", "--txt-owner-id=me", "--source=ingress", "--metrics-address=127.0.0.1:0"])
        .arg(format!("--manifests={}", objects.path("objects").display()))
        .env("EXTERNAL_DNS_RFC2136_TSIG_SECRET", server.secret());
    command
}

async fn serial(server: &NameServer) -> String {
    let soa = server.dig(&[ZONE, "SOA", "+short"]).await.unwrap();
    soa.split_whitespace().nth(2).unwrap().to_owned()
}

/// The address that a server gives for a name; `None` for none.
async fn address(socket: &UdpSocket, server: &NameServer, name: &str) -> Option<Ipv4Addr> {
    let mut query = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 1, 0, 1]);
    let id = (id_of(name), query.len());
    query[..2].copy_from_slice(&id.0.to_be_bytes());
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    socket.send_to(&query, to).await.unwrap();
    let mut answer = [0; 1500];
    loop {
        let length = timeout(Duration::from_secs(1), socket.recv(&mut answer)).await.ok()?.unwrap();
        if answer[..2] == id.0.to_be_bytes() {
            // The last four bytes of the only answer.
            let is_found = answer[3] & 0x0f == 0 && answer[6..8] == [0, 1] && length >= id.1 + 16;
            let data: [u8; 4] = answer[id.1 + 12..id.1 + 16].try_into().unwrap();
            return is_found.then(|| data.into());
        }
    }
}

/// Tells late answers for other names apart.
fn id_of(name: &str) -> u16 {
    name.bytes().fold(7u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte)))
}
