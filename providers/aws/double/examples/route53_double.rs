//! The double as a program of its own, for any client that can be pointed somewhere with `AWS_ENDPOINT_URL`.
//!
//! ```text
//! route53_double [--port PORT] [--rate REQUESTS-PER-SECOND] [--private ZONE]... [ZONE]...
//! ```
//!
//! Prints the address and the zones' ids, and serves until it is killed.

use std::io::Write;
use zonewright_aws_double::{AwsDouble, NewZone};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut port, mut rate, mut zones) = (0, None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match &*argument {
            "--port" => port = value()?.parse()?,
            "--rate" => rate = Some(value()?.parse()?),
            "--private" => zones.push(NewZone::private(&value()?)),
            flag if flag.starts_with('-') => return Err(format!("unknown flag {flag}").into()),
            name => zones.push(NewZone::public(name)),
        }
    }
    let aws = AwsDouble::start_on(port).await?;
    aws.limit_rate(rate);
    let mut out = std::io::stdout();
    writeln!(out, "export AWS_ENDPOINT_URL={}", aws.url())?;
    for zone in zones {
        let (name, kind) = (zone.name.clone(), if zone.private { "private" } else { "public" });
        writeln!(out, "# {} {name} {kind}", aws.create_zone(zone)?)?;
    }
    std::future::pending::<()>().await;
    Ok(())
}
