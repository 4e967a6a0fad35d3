//! The program as its users meet it: words in, exit status and two streams out.

mod adopt;
mod bad_input;
mod cleanup;
mod explain;
mod guard;
mod lint;
mod quickstart;
mod restore;
mod streams;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the program left behind.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart").join(name).display().to_string()
}

/// The program with nothing of our environment: no flags from variables, no kubeconfig, no wish about colours.
fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
    command
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        // Any free port: the default one may be taken, by another of these tests for instance.
        .env("EXTERNAL_DNS_METRICS_ADDRESS", "127.0.0.1:0")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Ended {
    ended(program(words))
}

fn ended(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run_with_stdin(words: &[&str], input: &str) -> Ended {
    let mut command = program(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The flags of the quick start, over these manifests and this records file.
fn quickstart_flags(manifests: &str, records: &str) -> Vec<String> {
    let flags = std::fs::read_to_string(example("flags")).unwrap();
    let flags = flags.lines().filter(|line| line.starts_with("--") && !line.starts_with("--manifests="));
    let own = [format!("--manifests={manifests}"), format!("--inmemory-records={records}")];
    flags.map(str::to_owned).chain(own).collect()
}

/// A copy of the quick start that may be changed.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("manifests")).unwrap();
        for entry in std::fs::read_dir(example("manifests")).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.path().join("manifests").join(path.file_name().unwrap())).unwrap();
        }
        std::fs::copy(example("records.yaml"), folder.path().join("records.yaml")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// `zonewright plan` with these words more.
    fn plan(&self, words: &[&str]) -> Ended {
        let flags = quickstart_flags(&self.text("manifests"), &self.text("records.yaml"));
        let flags = flags.iter().map(String::as_str);
        run(&std::iter::once("plan").chain(flags).chain(words.iter().copied()).collect::<Vec<_>>())
    }

    /// One run of the daemon.
    fn once(&self) -> Ended {
        let flags = quickstart_flags(&self.text("manifests"), &self.text("records.yaml"));
        let own = ["--policy=sync", "--once", "--metrics-address=127.0.0.1:0"];
        run(&flags.iter().map(String::as_str).chain(own).collect::<Vec<_>>())
    }
}
