//! Real DNS servers, BIND and Knot: they take dynamic updates and transfers signed with a key.

use crate::Result;
use crate::components;
use crate::error::Context;
use crate::identity::{Authority, Identity};
use crate::process::{Process, free_port};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, process};
use tempfile::TempDir;

/// Both start in less than a second, with a hundred thousand records in a few; the rest is for a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The key of every server here, 64 bytes.
const SECRET: &str =
    "em9uZXdyaWdodC10ZXN0cy16b25ld3JpZ2h0LXRlc3RzLXpvbmV3cmlnaHQtdGVzdHMtem9uZXdyaWdodC10ZXN0cw==";
const KEY: &str = "zonewright";

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// BIND 9 (`named`).
    Bind,
    /// Knot DNS (`knotd`).
    Knot,
}

/// What a server is set up with.
#[derive(Debug, Clone)]
pub struct NameServerSetup {
    /// The zones, with lines of zone files beside SOA and NS, which are there anyway.
    pub zones: Vec<(String, String)>,
    /// How the key signs.
    pub algorithm: String,
    /// BIND: what `update-policy` grants the key; everything in the zone unless told.
    pub grant: String,
    /// Whether the zones take no updates at all.
    pub read_only: bool,
    /// The address of loopback on which it listens.
    pub listen: String,
    /// A port instead of any that is free.
    pub port: Option<u16>,
    /// BIND: speak TLS as well, and to whom.
    pub tls: Option<TlsSetup>,
}

/// Whom a server speaks TLS with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsSetup {
    /// Anybody.
    Anybody,
    /// Those with a certificate of the test's own authority.
    KnownClients,
}

impl NameServerSetup {
    /// These zones, empty but for SOA and NS.
    pub fn zones(names: &[&str]) -> Self {
        Self {
            zones: names.iter().map(|name| ((*name).to_owned(), String::new())).collect(),
            algorithm: "hmac-sha256".to_owned(),
            grant: "zonesub ANY".to_owned(),
            read_only: false,
            listen: "127.0.0.1".to_owned(),
            port: None,
            tls: None,
        }
    }
}

/// A server on loopback ports. It ends when this is dropped.
pub struct NameServer {
    make: Make,
    setup: NameServerSetup,
    port: u16,
    tls_port: u16,
    program: PathBuf,
    // Declared before the folder it works in, so that it ends before that is removed.
    process: Option<Process>,
    dir: TempDir,
}

impl NameServer {
    /// Starts one and returns when it answers for all of its zones.
    ///
    /// # Errors
    /// When it is not installed, or ends, or is not ready in time.
    pub async fn start(make: Make, setup: NameServerSetup) -> Result<Self> {
        let program = components::system_program(match make {
            Make::Bind => "named",
            Make::Knot => "knotd",
        })?;
        let dir = tempfile::Builder::new()
            .prefix("zonewright-test-")
            .tempdir()
            .context(|| "making a temporary folder".to_owned())?;
        let port = setup.port.map_or_else(free_port, Ok)?;
        let mut server = Self { make, setup, port, tls_port: free_port()?, program, process: None, dir };
        server.write_files()?;
        server.start_again().await?;
        Ok(server)
    }

    /// Ends it at once, as a machine that fails does. What it has written stays.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it on the same ports with what it had.
    ///
    /// # Errors
    /// When it ends, or is not ready in time.
    pub async fn start_again(&mut self) -> Result<()> {
        self.process = None;
        let file = |name: &str| self.path(name).display().to_string();
        let (name, arguments) = match self.make {
            Make::Bind => ("named", vec!["-g".into(), "-4".into(), "-c".into(), file("named.conf")]),
            Make::Knot => ("knotd", vec!["-c".into(), file("knot.conf")]),
        };
        let mut process = Process::start(name, &self.program, arguments, self.dir.path())?;
        let deadline = Instant::now() + START_TIMEOUT;
        for (zone, _) in &self.setup.zones {
            while self
                .dig(&[zone, "SOA", "+short", "+tries=1", "+time=1"])
                .await
                .map_or(true, |out| out.is_empty())
            {
                if process.has_ended() {
                    return Err(process.problem("ended while starting"));
                }
                if Instant::now() > deadline {
                    return Err(process.problem("was not ready in time"));
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        self.process = Some(process);
        Ok(())
    }

    /// Where it listens on 127.0.0.1, without TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it speaks TLS, if it does.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The name of its key.
    pub fn key_name(&self) -> &'static str {
        KEY
    }

    /// The secret of its key in base64.
    pub fn secret(&self) -> &'static str {
        SECRET
    }

    /// How its key signs.
    pub fn algorithm(&self) -> &str {
        &self.setup.algorithm
    }

    /// The authority of its certificate, and of those of clients; PEM, as a file.
    pub fn authority(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// A certificate that it takes from clients and its key; PEM, as files.
    pub fn client_identity(&self) -> (PathBuf, PathBuf) {
        (self.path("client.pem"), self.path("client.key"))
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        let name = match self.make {
            Make::Bind => "named.log",
            Make::Knot => "knotd.log",
        };
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// What `dig` prints when it asks this server over TCP.
    ///
    /// # Errors
    /// When `dig` is not installed or gets no answer.
    pub async fn dig(&self, arguments: &[&str]) -> Result<String> {
        let program = components::system_program("dig")?;
        let what = || "running dig".to_owned();
        let port = self.port.to_string();
        let mut command = process::Command::new(program);
        let address = format!("@{}", self.setup.listen);
        command.args([&address, "-p", &port, "+tcp"]).args(arguments);
        let output =
            tokio::task::spawn_blocking(move || command.output()).await.map_err(std::io::Error::other);
        let output = output.and_then(|output| output).context(what)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        Err(std::io::Error::other(text)).context(what)
    }

    /// The lines of a zone, sorted, as `dig` shows them: name, TTL, class, type, value. SOA and the zone's own NS are left out.
    ///
    /// # Errors
    /// When `dig` is not installed or gets no answer.
    pub async fn lines(&self, zone: &str) -> Result<Vec<String>> {
        let key = format!("{}:{KEY}:{SECRET}", self.setup.algorithm);
        let text = self.dig(&["-y", &key, zone, "AXFR", "+noall", "+answer"]).await?;
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_ours = |line: &String| {
            let is_of_the_zone = line.starts_with(&format!("{zone}. ")) && line.contains(" NS ns.invalid.");
            !(is_of_the_zone || line.starts_with(';') || line.contains(" SOA "))
        };
        let mut lines: Vec<String> =
            text.lines().map(words).filter(|line| !line.is_empty()).filter(is_ours).collect();
        lines.sort();
        Ok(lines)
    }

    /// Sends the commands of an `nsupdate` script, signed with the key.
    ///
    /// # Errors
    /// When `nsupdate` is not installed, or the server refuses.
    pub async fn nsupdate(&self, commands: &str) -> Result<()> {
        let program = components::system_program("nsupdate")?;
        let what = || "running nsupdate".to_owned();
        let key = format!("{}:{KEY}:{SECRET}", self.setup.algorithm);
        let script = self.path("nsupdate.txt");
        let text = format!("server {} {}\n{commands}\nsend\n", self.setup.listen, self.port);
        fs::write(&script, text).context(what)?;
        let mut command = process::Command::new(program);
        command.args(["-v", "-y", &key]).arg(&script);
        let output =
            tokio::task::spawn_blocking(move || command.output()).await.map_err(std::io::Error::other);
        let output = output.and_then(|output| output).context(what)?;
        if output.status.success() {
            return Ok(());
        }
        Err(std::io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())).context(what)
    }

    /// A file of its folder: those of zones are `zone0.db` and so on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_file(&self, name: &str) -> Result<Vec<u8>> {
        fs::read(self.path(name)).context(|| format!("reading {name}"))
    }

    /// Replaces a file of its folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_file(&self, name: &str, contents: &[u8]) -> Result<()> {
        fs::write(self.path(name), contents).context(|| format!("writing {name}"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write_files(&self) -> Result<()> {
        let what = || "writing the files of a DNS server".to_owned();
        // Knot makes no folder for its journals.
        fs::create_dir_all(self.path("db")).context(what)?;
        for (index, (zone, lines)) in self.setup.zones.iter().enumerate() {
            let text = format!(
                "$ORIGIN {zone}.\n$TTL 300\n@ SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60\n@ NS ns.invalid.\n{lines}\n"
            );
            fs::write(self.path(&format!("zone{index}.db")), text).context(what)?;
        }
        if self.setup.tls.is_some() {
            let authority = Authority::new()?;
            let Identity { certificate, key } = authority.server()?;
            let client = authority.user("client")?;
            for (name, text) in [
                ("ca.pem", &authority.certificate),
                ("server.pem", &certificate),
                ("server.key", &key),
                ("client.pem", &client.certificate),
                ("client.key", &client.key),
            ] {
                fs::write(self.path(name), text).context(what)?;
            }
        }
        fs::write(self.path("key.conf"), self.key_file()).context(what)?;
        match self.make {
            Make::Bind => fs::write(self.path("named.conf"), self.named_conf()).context(what),
            Make::Knot => fs::write(self.path("knot.conf"), self.knot_conf()).context(what),
        }
    }

    fn key_file(&self) -> String {
        format!("key \"{KEY}\" {{ algorithm {}; secret \"{SECRET}\"; }};\n", self.setup.algorithm)
    }

    fn named_conf(&self) -> String {
        let (dir, port, address) = (self.dir.path().display(), self.port, &self.setup.listen);
        let mut text = format!("include \"{dir}/key.conf\";\n");
        let mut listen = format!("listen-on port {port} {{ {address}; }};");
        if let Some(tls) = self.setup.tls {
            let file = |name: &str| self.path(name).display().to_string();
            let (key, certificate) = (file("server.key"), file("server.pem"));
            let clients = match tls {
                TlsSetup::Anybody => String::new(),
                TlsSetup::KnownClients => format!(" ca-file \"{}\";", file("ca.pem")),
            };
            let _ =
                writeln!(text, "tls test {{ key-file \"{key}\"; cert-file \"{certificate}\";{clients} }};");
            let _ = write!(listen, " listen-on port {} tls test {{ {address}; }};", self.tls_port);
        }
        let _ = writeln!(
            text,
            "options {{ directory \"{dir}\"; pid-file \"{dir}/named.pid\"; session-keyfile \"{dir}/session.key\"; {listen} \
             recursion no; dnssec-validation no; notify no; allow-transfer {{ none; }}; }};\ncontrols {{ }};"
        );
        for (index, (zone, _)) in self.setup.zones.iter().enumerate() {
            let updates = match self.setup.read_only {
                true => "allow-update { none; };".to_owned(),
                false => format!("update-policy {{ grant {KEY} {}; }};", self.setup.grant),
            };
            let _ = writeln!(
                text,
                "zone \"{zone}\" {{ type primary; file \"{dir}/zone{index}.db\"; allow-transfer {{ key {KEY}; }}; \
                 {updates} }};"
            );
        }
        text
    }

    fn knot_conf(&self) -> String {
        let (dir, port, algorithm) = (self.dir.path().display(), self.port, &self.setup.algorithm);
        let (address, actions) =
            (&self.setup.listen, if self.setup.read_only { "transfer" } else { "update, transfer" });
        let mut text = format!(
            "server:\n  rundir: {dir}\n  listen: {address}@{port}\nlog:\n- target: stderr\n  any: info\n\
             database:\n  storage: {dir}/db\nkey:\n- id: {KEY}\n  algorithm: {algorithm}\n  secret: {SECRET}\n\
             acl:\n- id: all\n  key: {KEY}\n  action: [{actions}]\nzone:\n"
        );
        for (index, (zone, _)) in self.setup.zones.iter().enumerate() {
            let _ = writeln!(text, "- domain: {zone}\n  storage: {dir}\n  file: zone{index}.db\n  acl: all");
        }
        text
    }
}
