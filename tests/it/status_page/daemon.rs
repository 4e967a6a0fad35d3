//! A daemon over files.

use super::until;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

pub(super) struct Daemon {
    process: Child,
    folder: tempfile::TempDir,
    pub(super) port: u16,
}

impl Daemon {
    /// A daemon that has published so many names, with one more that has no target. Returns after its first run.
    pub(super) fn start(names: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        let port = zonewright_testing::free_port().unwrap();
        write_objects(&folder, names, &["web"]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
        command
            .args(["--provider=inmemory", "--inmemory-zone=example.org", "--source=ingress", "--policy=sync"])
            .args(["--txt-owner-id=me", "--interval=1s", "--events", "--min-event-sync-interval=0s"])
            .arg(format!("--manifests={}", folder.path().join("objects").display()))
            .arg(format!("--metrics-address=127.0.0.1:{port}"))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let daemon = Self { process: command.spawn().unwrap(), folder, port };
        until(|| daemon.try_get("/readyz").is_some_and(|(status, _)| status == 200));
        daemon
    }

    /// From now on there are so many names, asked for in these namespaces in turn.
    pub(super) fn write_objects(&self, names: usize, namespaces: &[&str]) {
        write_objects(&self.folder, names, namespaces);
    }

    /// Status and body of an answer.
    pub(super) fn get(&self, path: &str) -> (u16, String) {
        self.try_get(path).unwrap()
    }

    fn try_get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        // HTTP/1.0: the answer ends with the connection.
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn write_objects(folder: &tempfile::TempDir, names: usize, namespaces: &[&str]) {
    let ingress = |name: &str, namespace: &str, addresses: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{rules: \
             [{{host: {name}.example.org}}]}}\nstatus: {{loadBalancer: {{ingress: [{addresses}]}}}}\n---\n"
        )
    };
    let mut text = ingress("waiting", "web", "");
    for n in 0..names {
        let namespace = namespaces.get(n % namespaces.len()).unwrap();
        text.write_str(&ingress(&format!("n{n:04}"), namespace, &format!("{{ip: 192.0.2.{}}}", n % 250 + 1)))
            .unwrap();
    }
    // In one step, so that no half of it is read.
    let path = folder.path().join("objects").join("all.yaml");
    std::fs::write(folder.path().join("new"), text).unwrap();
    std::fs::rename(folder.path().join("new"), path).unwrap();
}
