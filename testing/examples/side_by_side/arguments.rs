//! What is to be measured.

use crate::cluster::Kind;
use crate::provider::Service;
use clap::Parser;
use std::path::PathBuf;
use std::str::FromStr;

/// Measures DNS daemons side by side.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Daemons: `NAME=PATH` of a program that knows ExternalDNS's flags and the webhook protocol.
    #[arg(required = true, value_name = "NAME=PATH")]
    pub daemons: Vec<Candidate>,
    /// A further flag for one of them: `NAME=--flag=value`.
    #[arg(long = "flag", value_name = "NAME=FLAG")]
    pub flags: Vec<ExtraFlag>,
    /// Where the records go.
    #[arg(long, value_enum, default_value_t = Service::Webhook)]
    pub provider: Service,
    /// What the API server is filled with.
    #[arg(long, value_enum, default_value_t = Kind::Ingress)]
    pub kind: Kind,
    /// How many Pods there are beside the objects.
    #[arg(long, default_value_t = 0)]
    pub pods: u32,
    /// How many headless Services stand in front of some of the Pods.
    #[arg(long, default_value_t = 0, requires = "pods")]
    pub headless: u32,
    /// How many objects, one table for each number.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,30000")]
    pub sizes: Vec<u32>,
    /// The daemons' `--interval`.
    #[arg(long, default_value = "10s")]
    pub interval: String,
    /// How long a daemon is watched while nothing changes, in seconds; 0 leaves it out.
    #[arg(long, default_value_t = 60)]
    pub idle: u64,
    /// How many single changes are timed; 0 leaves them out.
    #[arg(long, default_value_t = 20)]
    pub changes: u32,
    /// How many objects change together; 0 leaves it out.
    #[arg(long, default_value_t = 2000)]
    pub burst: u32,
    /// How long to wait for anything, in seconds.
    #[arg(long, default_value_t = 120)]
    pub patience: u64,
}

impl Arguments {
    /// The further flags of a daemon.
    pub fn flags_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.flags.iter().filter(move |extra| extra.daemon == name).map(|extra| &*extra.flag)
    }
}

/// A program to be measured.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What the table calls it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl FromStr for Candidate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, path) = text.split_once('=').ok_or("not of the form NAME=PATH")?;
        Ok(Self { name: name.to_owned(), path: path.into() })
    }
}

/// A flag that only one daemon gets.
#[derive(Debug, Clone)]
pub struct ExtraFlag {
    daemon: String,
    flag: String,
}

impl FromStr for ExtraFlag {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (daemon, flag) = text.split_once('=').ok_or("not of the form NAME=FLAG")?;
        Ok(Self { daemon: daemon.to_owned(), flag: flag.to_owned() })
    }
}
