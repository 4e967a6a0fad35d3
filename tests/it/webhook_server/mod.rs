//! `--webhook-server`: the program serves a provider, and clients, our own and ExternalDNS's, come to rest with it.

mod battery;
mod process;
mod upstream;

use crate::program::{bare, daemon, until};
use std::path::PathBuf;
use std::time::Duration;
use tokio::process::{Child, Command};
use zonewright_testing::free_port;

/// The program as a server, killed when this is dropped.
struct Server {
    url: String,
    metrics: String,
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// With these flags and variables, once it listens.
    async fn start(flags: &[&str], env: &[(&str, &str)]) -> Self {
        let mut server = Self::spawn(flags, env);
        let log = server.log_file();
        until("a server", || {
            assert!(server.child.try_wait().unwrap().is_none(), "{}", std::fs::read_to_string(&log).unwrap());
            std::fs::read_to_string(&log).unwrap().contains("is served at")
        })
        .await;
        server
    }

    fn spawn(flags: &[&str], env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [address, metrics] = [0; 2].map(|_| format!("127.0.0.1:{}", free_port().unwrap()));
        let mut command = program(flags);
        command
            .arg(format!("--webhook-server-address={address}"))
            .arg(format!("--metrics-address={metrics}"))
            .envs(env.iter().copied());
        let child = daemon(command, &folder.path().join("log"));
        Self { url: format!("http://{address}"), metrics: format!("http://{metrics}"), child, folder }
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap()
    }

    fn terminate(&self) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    async fn ended(&mut self) -> Option<i32> {
        tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await.unwrap().unwrap().code()
    }
}

/// What a server always gets. Sources are the client's.
fn program(flags: &[&str]) -> Command {
    let mut command = bare();
    command.args(["--webhook-server", "--source=empty", "--policy=sync"]).args(flags);
    command
}

const IN_MEMORY: [&str; 3] =
    ["--provider=inmemory", "--inmemory-zone=example.org", "--inmemory-zone=2.0.192.in-addr.arpa"];

async fn get(url: &str) -> (u16, String) {
    let response = client().get(url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn client() -> reqwest::Client {
    // Only the first caller in the process sets it; all set the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap()
}
