//! Logs on standard error: text for people, JSON for programs.
//!
//! JSON lines have `level` (`error`, `warning`, `info`, `debug`, `trace`), `msg` and `time` (RFC 3339, UTC), as ExternalDNS's have, and
//! the event's own fields beside them.

use crate::cli::{LogFormat, LogLevel};
use serde_json::{Map, Value};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Libraries that log what is secret. The SDK of AWS shows its settings when it is asked for details, and warns with all that a
/// credential process has printed; what goes wrong with it we say ourselves. A target stands for all that begin with it.
const TELL_TALES: [(&str, LevelFilter); 3] = [
    ("aws", LevelFilter::WARN),
    ("aws_config", LevelFilter::OFF),
    // Quotes answers that it cannot read, of which nobody knows what is in them.
    ("kube_client::client", LevelFilter::OFF),
];

/// Sends events to standard error. A second call in one process (tests) changes nothing.
pub fn start(format: LogFormat, level: LogLevel) {
    start_with(format, level, &[]);
}

/// Like [`start`], without what the preview itself shows among its problems: kinds that cannot be listed.
pub fn start_preview(format: LogFormat, level: LogLevel) {
    let shown = match filter_of(level) {
        LevelFilter::INFO | LevelFilter::WARN => LevelFilter::ERROR,
        other => other,
    };
    start_with(format, level, &[("zonewright::sources::store", shown)]);
}

fn start_with(format: LogFormat, level: LogLevel, exceptions: &[(&str, LevelFilter)]) {
    let level = filter_of(level);
    // What cannot be written cannot be complained about either: that would panic.
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    // Libraries speak up only when something is wrong, or when everything is asked for; then without what they trace, which is whole
    // requests and settings, credentials included.
    let libraries = match level {
        LevelFilter::TRACE => LevelFilter::DEBUG,
        other => other.min(LevelFilter::WARN),
    };
    let ours = [
        "zonewright",
        "zonewright_registry",
        "zonewright_provider_kit",
        "zonewright_provider_inmemory",
        "zonewright_provider_webhook",
    ];
    let filter = Targets::new()
        .with_default(libraries)
        .with_targets(TELL_TALES.map(|(target, most)| (target, most.min(libraries))))
        .with_targets(ours.map(|target| (target, level)))
        .with_targets(exceptions.iter().copied());
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Json => registry.with(lines.event_format(JsonLines)).try_init(),
        LogFormat::Text => registry.with(lines.event_format(TextLines { colour: wants_colour() })).try_init(),
    };
    // Only a subscriber that is already there makes this fail, and then logging works.
    drop(started);
}

/// On a terminal that can, unless <https://no-color.org>.
fn wants_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// `panic` and `fatal` are levels of Go's logger; nothing here is worse than an error.
fn filter_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Panic | LogLevel::Fatal | LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// The message and the other fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn of(event: &Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut fields);
        fields
    }

    fn put(&mut self, field: &Field, value: Value) {
        // `r#type` is how Rust spells a field called `type`.
        self.others.insert(field.name().replace("r#", ""), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            _ => self.put(field, Value::String(format!("{value:?}"))),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            _ => self.put(field, value.into()),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

fn level_name(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let fields = Fields::of(event);
        let mut line = fields.others;
        line.insert("level".to_owned(), level_name(event.metadata().level()).into());
        line.insert("msg".to_owned(), fields.message.into());
        line.insert("time".to_owned(), now().into());
        writeln!(out, "{}", Value::Object(line))
    }
}

struct TextLines {
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for TextLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        use anstyle::{AnsiColor, Style};
        let fields = Fields::of(event);
        let level = event.metadata().level();
        let (style, faint) = match *level {
            _ if !self.colour => (Style::new(), Style::new()),
            Level::ERROR => (AnsiColor::Red.on_default().bold(), Style::new().dimmed()),
            Level::WARN => (AnsiColor::Yellow.on_default(), Style::new().dimmed()),
            Level::INFO => (AnsiColor::Green.on_default(), Style::new().dimmed()),
            _ => (Style::new().dimmed(), Style::new().dimmed()),
        };
        write!(out, "{faint}{}{faint:#} {style}{:7}{style:#} {}", now(), level_name(level), fields.message)?;
        for (name, value) in &fields.others {
            match value {
                Value::String(text) => write!(out, " {faint}{name}={text}{faint:#}")?,
                other => write!(out, " {faint}{name}={other}{faint:#}")?,
            }
        }
        writeln!(out)
    }
}
