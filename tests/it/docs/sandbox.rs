//! Where the commands of a page are typed: a folder of its own, the real programs, and nothing of our environment.

use super::page::root;
use regex::Regex;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use zonewright_testing::{
    DynamoDbLocal, KubeApiserver, Make, Moto, NameServer, NameServerSetup, WebhookStandIn, aws_cli,
    free_port, gateway_crds, helm, kubectl,
};

/// For one block.
const PATIENCE: Duration = Duration::from_secs(120);
/// For one that builds the program.
const PATIENCE_IN_PLACE: Duration = Duration::from_secs(1800);

/// What somebody typing these commands would have.
pub struct Sandbox {
    folder: tempfile::TempDir,
    /// Where the commands are typed.
    work: PathBuf,
    environment: Vec<(String, String)>,
    /// What stands in the commands, and what is typed instead.
    places: Vec<(String, String)>,
    patience: Duration,
    services: Services,
}

/// What goes away with the sandbox.
#[derive(Default)]
struct Services {
    cluster: Option<KubeApiserver>,
    moto: Option<Moto>,
    dynamodb: Option<DynamoDbLocal>,
    webhook: Option<WebhookStandIn>,
    name_servers: Vec<NameServer>,
}

/// What a block came to.
pub struct Typed {
    /// Exit status; `None` where it did not end in time.
    pub status: Option<i32>,
    /// Standard output and standard error, in the order in which they were written.
    pub output: String,
}

impl Sandbox {
    /// With these around: `cluster`, `gateway-api`, `aws`, `dynamodb`, `webhook`, `bind`, `knot`.
    pub async fn new(needs: &[String]) -> Self {
        let folder = tempfile::Builder::new().prefix("zonewright-docs-").tempdir().unwrap();
        let work = folder.path().join("work");
        for name in ["bin", "home", "work/target/debug"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_zonewright"), work.join("target/debug/zonewright")).unwrap();
        copy(&root().join("examples"), &work.join("examples"));
        symlink(root().join("charts"), work.join("charts")).unwrap();
        let mut sandbox = Self {
            folder,
            work,
            environment: Vec::new(),
            places: Vec::new(),
            patience: PATIENCE,
            services: Services::default(),
        };
        sandbox.install();
        for need in needs {
            sandbox.start(need).await;
        }
        sandbox
    }

    /// The repository itself, with the programs of whoever runs the test.
    pub fn in_place() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment =
            ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_INCREMENTAL"];
        let of = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
        Self {
            folder,
            work: root().to_owned(),
            environment: environment.into_iter().filter_map(of).collect(),
            places: Vec::new(),
            patience: PATIENCE_IN_PLACE,
            services: Services::default(),
        }
    }

    /// The programs, and where the daemon listens.
    fn install(&mut self) {
        let bin = self.folder.path().join("bin");
        let zonewright = PathBuf::from(env!("CARGO_BIN_EXE_zonewright"));
        let programs =
            [("zonewright", Ok(zonewright)), ("kubectl", kubectl()), ("helm", helm()), ("aws", aws_cli())];
        let programs = programs.map(|(name, program)| (name, program.unwrap()));
        programs.iter().for_each(|(name, program)| symlink(program, bin.join(name)).unwrap());
        // It is built already, and there are no sources here.
        let cargo = "#!/bin/sh\n[ \"$*\" = build ] || { echo \"cargo $* is not for here\" >&2; exit 1; }\n";
        script(&bin.join("cargo"), cargo);
        self.set("PATH", &format!("{}:/usr/bin:/bin", bin.display()));
        self.set("HOME", &self.folder.path().join("home").display().to_string());
        self.set("AWS_EC2_METADATA_DISABLED", "true");
        self.set("AWS_PAGER", "");
        let port = free_port().unwrap();
        self.set("EXTERNAL_DNS_METRICS_ADDRESS", &format!("127.0.0.1:{port}"));
        self.places.push(("localhost:7979".to_owned(), format!("127.0.0.1:{port}")));
    }

    async fn start(&mut self, need: &str) {
        match need {
            "cluster" => {
                let cluster = KubeApiserver::start().await.unwrap();
                let folder = self.folder.path().join("home/.kube");
                fs::create_dir(&folder).unwrap();
                // It names its authority as a file beside it.
                let text = fs::read_to_string(cluster.kubeconfig_path()).unwrap();
                let authority = cluster.dir().join("authority.crt").display().to_string();
                fs::write(folder.join("config"), text.replace("authority.crt", &authority)).unwrap();
                self.services.cluster = Some(cluster);
            }
            "gateway-api" => {
                let cluster = self.services.cluster.as_ref().expect("gateway-api needs a cluster before it");
                cluster.install_crds(&gateway_crds().unwrap()).await.unwrap();
            }
            "aws" => {
                let moto = Moto::start().await.unwrap();
                self.set("AWS_ENDPOINT_URL", &moto.url());
                self.let_into_aws();
                self.services.moto = Some(moto);
            }
            "dynamodb" => {
                let dynamodb = DynamoDbLocal::start().await.unwrap();
                self.set("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb.url());
                self.let_into_aws();
                self.services.dynamodb = Some(dynamodb);
            }
            "webhook" => {
                let webhook = WebhookStandIn::start(serde_json::json!({})).await.unwrap();
                let address = webhook.url().trim_start_matches("http://").to_owned();
                self.places.push(("localhost:8888".to_owned(), address));
                self.services.webhook = Some(webhook);
            }
            "bind" => self.start_name_server(Make::Bind, "ns1.example.org").await,
            "knot" => self.start_name_server(Make::Knot, "ns2.example.org").await,
            _ => panic!("nobody knows what {need:?} is"),
        }
    }

    /// The same zone on each, and the same key.
    async fn start_name_server(&mut self, make: Make, name: &str) {
        let server = NameServer::start(make, NameServerSetup::zones(&["example.org"])).await.unwrap();
        let port = server.port();
        self.set("EXTERNAL_DNS_RFC2136_TSIG_SECRET", server.secret());
        self.places.push((
            format!("--rfc2136-host={name} --rfc2136-port=53"),
            format!("--rfc2136-host=127.0.0.1 --rfc2136-port={port}"),
        ));
        self.places.push((format!("dig @{name}"), format!("dig @127.0.0.1 -p {port}")));
        self.services.name_servers.push(server);
    }

    fn let_into_aws(&mut self) {
        for (name, value) in [
            ("AWS_REGION", "us-east-1"),
            // The AWS CLI before version 2 knows no other.
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKIATEST"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ] {
            self.set(name, value);
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Saves a file.
    pub fn save(&self, name: &str, text: &str) {
        let path = self.work.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Types commands into the shell of the page: where it is, and its variables, are as the last ones left them.
    pub async fn type_in(&mut self, commands: &str) -> Typed {
        let at = |name: &str| self.folder.path().join(name);
        let mut commands = commands.to_owned();
        for (place, instead) in &self.places {
            commands = commands.replace(place, instead);
        }
        fs::write(at("block"), commands).unwrap();
        let output = fs::File::create(at("output")).unwrap();
        let mut shell = Command::new("/bin/bash");
        shell
            .args(["-c", SHELL, "bash"])
            .arg(self.folder.path())
            .current_dir(&self.work)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .env(MARK, self.folder.path())
            .stdin(Stdio::null())
            // One file for both, so that they stand in it as on a terminal. Not a pipe: what runs on in the background keeps it open.
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let mut child = shell.spawn().unwrap();
        let ended = tokio::time::timeout(self.patience, child.wait()).await;
        let mut output = fs::read_to_string(at("output")).unwrap_or_default();
        for (place, instead) in &self.places {
            output = output.replace(instead, place);
        }
        Typed { status: ended.ok().and_then(|status| status.unwrap().code()), output }
    }

    /// The words of each call of `zonewright` in commands that are not carried out: the shell reads them, and finds no other program.
    pub async fn read_only(commands: &str) -> Vec<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // A word may hold line breaks, but no NUL.
        let stand_in = format!(
            "#!/bin/bash\n{{ printf '%s\\0' \"$@\"; printf '\\n\\0'; }} >>{}\n",
            at("calls").display()
        );
        script(&at("zonewright"), &stand_in);
        fs::write(
            at("block"),
            format!("command_not_found_handle() {{ :; }}\nPATH={}\n{commands}", folder.path().display()),
        )
        .unwrap();
        let mut shell = Command::new("/bin/bash");
        shell.arg(at("block")).current_dir(folder.path()).env_clear().stdin(Stdio::null());
        shell.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let ended = tokio::time::timeout(PATIENCE, shell.status()).await;
        ended.expect("a block that is only read goes on and on").unwrap();
        let calls = fs::read_to_string(at("calls")).unwrap_or_default();
        let mut all = vec![Vec::new()];
        for word in calls.split_terminator('\0') {
            match word {
                "\n" => all.push(Vec::new()),
                _ => all.last_mut().unwrap().push(word.to_owned()),
            }
        }
        all.pop();
        all
    }
}

impl Drop for Sandbox {
    /// Ends what commands have left in the background: whatever has our mark. Not by process groups, whose numbers are given anew.
    fn drop(&mut self) {
        let mark = format!("{MARK}={}\0", self.folder.path().display());
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            if String::from_utf8_lossy(&environment).contains(&mark) {
                let mut kill = std::process::Command::new("/bin/bash");
                kill.args(["-c", "kill -KILL \"$1\"", "bash"]).arg(name).stderr(Stdio::null());
                // It may have ended by itself meanwhile.
                drop(kill.status());
            }
        }
    }
}

/// The variable by which processes of a sandbox are known.
const MARK: &str = "ZONEWRIGHT_DOCS_SANDBOX";

/// Types the block into a shell that is as the last one was.
const SHELL: &str = r#"
folder=$1
set -a
[ ! -e "$folder/variables" ] || . "$folder/variables"
[ ! -e "$folder/place" ] || cd "$(cat "$folder/place")"
trap 'status=$?; export -p >"$folder/variables"; pwd >"$folder/place"; exit $status' EXIT
set -euo pipefail
. "$folder/block"
"#;

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// What is the same in every run: no times, and nothing of what Cargo says about building.
pub fn timeless(output: &str) -> Vec<String> {
    let normal = [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r"duration_ms=\d+", "duration_ms=N"),
        (r#""duration_ms":\d+"#, "\"duration_ms\":N"),
    ];
    let cargo =
        Regex::new(r"^ *(Compiling|Downloading|Downloaded|Finished|Blocking|Updating|Locking) ").unwrap();
    let lines = output.trim_end().lines().filter(|line| !cargo.is_match(line));
    let normalised = lines.map(|line| {
        normal.iter().fold(line.trim_end().to_owned(), |line, (times, instead)| {
            Regex::new(times).unwrap().replace_all(&line, *instead).into_owned()
        })
    });
    normalised.collect()
}

/// Whether what is shown is what was printed; `...` on a line of its own stands for any lines.
pub fn is_shown(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == "..." => {
            (0..=printed.len()).any(|skipped| is_shown(rest, &printed[skipped..]))
        }
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(line, more)| first == line && is_shown(rest, more))
        }
    }
}

#[test]
fn what_is_shown_may_leave_out_lines() {
    let lines = |text: &str| timeless(text);
    for (shown, printed, fits) in [
        ("a\nb\n", "a\nb  \n", true),
        ("a\n", "a\nb\n", false),
        ("a\n...\n", "a\n", true),
        ("...\nc\n", "a\nb\nc\n", true),
        ("...\nb\n", "a\nb\nc\n", false),
        ("2026-01-02T03:04:05.678Z x duration_ms=1", "2020-11-12T13:14:15.1Z x duration_ms=22", true),
    ] {
        assert_eq!(is_shown(&lines(shown), &lines(printed)), fits, "{shown} {printed}");
    }
}
