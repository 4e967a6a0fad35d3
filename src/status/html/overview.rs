//! Everything on the status page but the records.

use super::writer::{Html, cell, table};
use crate::status::Overview;
use crate::status::overview::{Moment, RunRow, WithheldRow, ZoneRow};

/// More zones than this are folded away.
const OPEN_ZONES: usize = 12;

/// Who we are, in the bar at the top.
pub(super) fn badges(html: &mut Html, overview: &Overview) {
    html.raw("<p class=\"who\">");
    if let Some(owner) = &overview.owner {
        html.raw("owner <strong>").text(owner).raw("</strong> ");
    }
    match &overview.leadership {
        Some(leadership) if leadership.role == "leader" => html.badge("good", "leader"),
        Some(leadership) => html.badge("quiet", leadership.role),
        None => html.badge("quiet", "single replica"),
    };
    if overview.dry_run {
        html.raw(" ").badge("warn", "dry run");
    }
    html.raw("</p>");
}

/// What wants somebody's attention, before all else.
pub(super) fn alerts(html: &mut Html, overview: &Overview) {
    for withheld in &overview.withheld {
        withheld_alert(html, withheld);
    }
    if let Some(failure) = &overview.failure {
        html.raw("<section class=\"alert\"><h2>The last run failed</h2><p>")
            .text(failure)
            .raw("</p></section>");
    }
    let Some(leadership) = &overview.leadership else { return };
    if let Some(trouble) = &leadership.trouble {
        html.raw("<section class=\"alert\"><h2>Trouble with the lease</h2><p>")
            .text(trouble)
            .raw("</p></section>");
    }
    if leadership.role != "leader" {
        html.raw(
            "<section class=\"note\"><h2>This replica stands by</h2><p>It writes nothing and reads no zones.",
        );
        match &leadership.holder {
            Some(holder) => html
                .raw(" The records are shown by the one that leads: <strong>")
                .text(holder)
                .raw("</strong>."),
            None => html.raw(" Nobody is known to lead at the moment."),
        };
        html.raw("</p></section>");
    }
}

fn withheld_alert(html: &mut Html, withheld: &WithheldRow) {
    html.raw("<section class=\"alert\"><h2>").text(withheld.count);
    html.raw(if withheld.count == 1 { " delete withheld in zone " } else { " deletes withheld in zone " })
        .text(&withheld.zone)
        .raw("</h2><p>")
        .text(&withheld.reason);
    html.raw(". Creates and updates go on.</p><p>If they are meant, let exactly these through, once:</p>");
    html.raw("<pre><code>zonewright approve ").text(&withheld.hash).raw("</code></pre>");
    html.raw("<p>beside the daemon (for example with <code>kubectl exec</code>). If they are not, put right what makes these \
              names unwanted; then nothing is withheld any more.</p>");
    html.raw("<details><summary>What would be deleted</summary>");
    table(html, "Withheld deletes", &["Name", "Type", "Targets", "Made for"], |html| {
        for record in &withheld.deletes {
            html.raw("<tr role=\"row\">");
            cell(html, "Name", |html| {
                html.name_link(&record.name, "./");
                if !record.set_identifier.is_empty() {
                    html.raw(" [").text(&record.set_identifier).raw("]");
                }
            });
            cell(html, "Type", |html| {
                html.text(&record.record_type);
            });
            cell(html, "Targets", |html| {
                html.joined(&record.targets, "<br>", |html, t| {
                    html.text(t);
                });
            });
            cell(html, "Made for", |html| {
                html.text(record.object.as_deref().unwrap_or("–"));
            });
            html.raw("</tr>");
        }
    });
    let more = withheld.count.saturating_sub(withheld.deletes.len());
    if more > 0 {
        html.raw("<p>and ")
            .text(more)
            .raw(" more: <a href=\"./?state=withheld#records\">all of them</a></p>");
    }
    html.raw("</details></section>");
}

/// The rules and the last runs.
pub(super) fn facts(html: &mut Html, overview: &Overview) {
    html.raw("<section><h2>Overview</h2><dl class=\"facts\">");
    let runs =
        [("Last full run", &overview.last_full_run), ("Last run for a change", &overview.last_partial_run)];
    for (title, run) in runs {
        fact(html, title, |html| match run {
            Some(run) => run_text(html, run, overview.dry_run),
            None => {
                html.raw("none yet");
            }
        });
    }
    let total: usize = overview.states.values().sum();
    fact(html, "Records", |html| {
        html.text(total);
    });
    fact(html, "Policy", |html| {
        html.raw("<code>").text(overview.policy).raw("</code>");
    });
    fact(html, "Provider", |html| {
        html.raw("<code>").text(&overview.provider).raw("</code>");
    });
    fact(html, "Domain filter", |html| {
        html.text(&overview.domain_filter);
    });
    html.raw("</dl></section>");
}

fn fact(html: &mut Html, title: &'static str, content: impl FnOnce(&mut Html)) {
    html.raw("<div><dt>").raw(title).raw("</dt><dd>");
    content(html);
    html.raw("</dd></div>");
}

fn run_text(html: &mut Html, run: &RunRow, is_dry: bool) {
    moment(html, &run.moment);
    html.raw("<br><span class=\"faint\">");
    let done = [
        (run.created, "created"),
        (run.updated, "updated"),
        (run.deleted, "deleted"),
        (run.failed, "failed"),
    ];
    let done: Vec<String> =
        done.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let would = if is_dry && !done.is_empty() { "would be: " } else { "" };
    html.text(would).text(if done.is_empty() { "nothing to do".to_owned() } else { done.join(", ") });
    html.raw(", ").text(run.duration_ms).raw(" ms</span>");
}

fn moment(html: &mut Html, moment: &Moment) {
    html.raw("<time").attribute("datetime", &moment.at).attribute("title", &moment.at).raw(">");
    html.text(&moment.relative).raw("</time>");
}

/// The zones.
pub(super) fn zones(html: &mut Html, overview: &Overview) {
    html.raw("<section><h2>Zones</h2>");
    if overview.zones.is_empty() {
        html.raw("<p class=\"faint\">No zone has been read yet.</p></section>");
        return;
    }
    let folds = overview.zones.len() > OPEN_ZONES;
    if folds {
        let well = overview.zones.iter().filter(|zone| zone.state == "ok").count();
        html.raw("<details><summary>")
            .text(overview.zones.len())
            .raw(" zones, ")
            .text(well)
            .raw(" of them well</summary>");
    }
    table(html, "Zones", &["Zone", "State", "Read", "Records", "Ours"], |html| {
        overview.zones.iter().for_each(|zone| zone_row(html, zone));
    });
    html.raw(if folds { "</details></section>" } else { "</section>" });
}

fn zone_row(html: &mut Html, zone: &ZoneRow) {
    html.raw("<tr role=\"row\">");
    cell(html, "Zone", |html| {
        html.raw("<a href=\"./?zone=").in_address(&zone.id).raw("#records\">").name(&zone.zone).raw("</a>");
        if zone.zone != zone.id {
            html.raw(" <span class=\"faint\">").text(&zone.id).raw("</span>");
        }
    });
    cell(html, "State", |html| {
        html.badge(if zone.state == "ok" { "good" } else { "bad" }, zone.state);
        if let Some(reason) = &zone.reason {
            html.raw(" ").text(reason);
        }
        if let Some(until) = &zone.waits_until {
            html.raw("; tried again ");
            moment(html, until);
        }
    });
    cell(html, "Read", |html| match &zone.read {
        Some(at) => moment(html, at),
        None => {
            html.raw("–");
        }
    });
    cell(html, "Records", |html| {
        html.text(zone.records);
    });
    cell(html, "Ours", |html| {
        html.text(zone.owned);
    });
    html.raw("</tr>");
}

/// The sources.
pub(super) fn sources(html: &mut Html, overview: &Overview) {
    html.raw("<section><h2>Sources</h2>");
    table(html, "Sources", &["Source", "State", "Reads"], |html| {
        for source in &overview.sources {
            html.raw("<tr role=\"row\">");
            cell(html, "Source", |html| {
                html.raw("<code>").text(source.source).raw("</code>");
            });
            cell(html, "State", |html| {
                html.badge(if source.state == "synced" { "good" } else { "bad" }, source.state);
                if let Some(reason) = &source.reason {
                    html.raw(" ").text(reason).raw("; what it owns is held");
                }
            });
            cell(html, "Reads", |html| {
                html.joined(&source.resources, ", ", |html, what| {
                    html.text(what);
                });
            });
            html.raw("</tr>");
        }
    });
    html.raw("</section>");
}

/// What is wrong with objects.
pub(super) fn problems(html: &mut Html, overview: &Overview) {
    if overview.problems.is_empty() {
        return;
    }
    html.raw("<section><h2>Problems</h2>");
    table(html, "Problems", &["Severity", "About", "What"], |html| {
        for problem in &overview.problems {
            html.raw("<tr role=\"row\">");
            let class = if problem.severity == "error" { "bad" } else { "warn" };
            cell(html, "Severity", |html| {
                html.badge(class, problem.severity);
            });
            cell(html, "About", |html| {
                html.text(&problem.about);
            });
            cell(html, "What", |html| {
                html.text(&problem.message);
            });
            html.raw("</tr>");
        }
    });
    if overview.more_problems > 0 {
        html.raw("<p>and ").text(overview.more_problems).raw(" more</p>");
    }
    html.raw("</section>");
}

/// What was written lately.
pub(super) fn recent(html: &mut Html, overview: &Overview) {
    if overview.recent_changes.is_empty() {
        return;
    }
    html.raw("<section><h2>Written lately</h2>");
    table(html, "Changes, the newest first", &["When", "What", "Type", "Name", "Why"], |html| {
        for change in &overview.recent_changes {
            html.raw("<tr role=\"row\">");
            cell(html, "When", |html| moment(html, &change.moment));
            cell(html, "What", |html| {
                html.text(change.action);
            });
            cell(html, "Type", |html| {
                html.text(&change.record_type);
            });
            cell(html, "Name", |html| {
                html.name_link(&change.name, "./");
            });
            cell(html, "Why", |html| {
                html.text(&change.reason);
            });
            html.raw("</tr>");
        }
    });
    html.raw("</section>");
}
