//! The page of a name: why it is, or is not, published.

use super::records::rows;
use super::writer::{Html, cell, table};
use super::{foot, head};
use crate::status::explain::{Explanation, ObjectRow, Verdict};

const ROOT: &str = "../";

/// The page at `/name/NAME`.
pub fn name_page(explanation: &Explanation) -> String {
    let mut html = Html::default();
    head(&mut html, &format!("{} – Zonewright", explanation.name), ROOT);
    html.raw("<header class=\"top\"><div class=\"bar\"><p class=\"brand\"><a href=\"../\">Zonewright</a></p></div></header><main>");
    html.raw("<section><h1 class=\"name\">").name(&explanation.name).raw("</h1>");
    let class = match explanation.verdict {
        Verdict::Published => "good",
        Verdict::Changes | Verdict::LeftAlone => "warn",
        Verdict::Withheld => "bad",
        Verdict::NotAskedFor => "quiet",
    };
    html.raw("<p class=\"verdict\">").badge(class, word(explanation.verdict)).raw(" ");
    html.text(&explanation.summary).raw("</p></section>");
    records(&mut html, explanation);
    left_alone(&mut html, explanation);
    plan(&mut html, explanation);
    objects(&mut html, explanation);
    checks(&mut html, explanation);
    ownership(&mut html, explanation);
    html.raw("</main>");
    foot(&mut html, Some(&explanation.name), ROOT);
    html.finish()
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Published => "published",
        Verdict::Changes => "changes",
        Verdict::Withheld => "withheld",
        Verdict::LeftAlone => "left alone",
        Verdict::NotAskedFor => "not asked for",
    }
}

fn records(html: &mut Html, explanation: &Explanation) {
    html.raw("<section><h2>Records</h2>");
    if explanation.records.is_empty() {
        html.raw("<p class=\"faint\">There are none of this name.</p></section>");
        return;
    }
    rows(html, &explanation.records, ROOT);
    html.raw("</section>");
}

fn left_alone(html: &mut Html, explanation: &Explanation) {
    if explanation.left_alone.is_empty() {
        return;
    }
    html.raw("<section><h2>Left alone</h2>");
    table(html, "Left alone", &["Type", "Why", "What helps"], |html| {
        for row in &explanation.left_alone {
            html.raw("<tr role=\"row\">");
            cell(html, "Type", |html| {
                html.text(&row.record_type);
            });
            cell(html, "Why", |html| {
                html.text(&row.reason).raw(" <span class=\"faint\">").text(row.code).raw("</span>");
            });
            cell(html, "What helps", |html| {
                html.text(&row.advice).raw(".");
                if let Some(at) = &row.next_try {
                    html.raw(" Next try: ").text(at).raw(".");
                }
            });
            html.raw("</tr>");
        }
    });
    html.raw("</section>");
}

fn plan(html: &mut Html, explanation: &Explanation) {
    if explanation.plan.is_empty() {
        return;
    }
    html.raw("<section><h2>To be done</h2>");
    table(html, "To be done", &["What", "Type", "Targets", "Why"], |html| {
        for row in &explanation.plan {
            html.raw("<tr role=\"row\">");
            cell(html, "What", |html| {
                html.text(row.action);
            });
            cell(html, "Type", |html| {
                html.text(&row.record_type);
            });
            cell(html, "Targets", |html| {
                html.text(row.targets.join(", "));
            });
            cell(html, "Why", |html| {
                if explanation.zones.len() > 1 {
                    html.text(format!("in {}: ", row.zone));
                }
                html.text(&row.reason);
            });
            html.raw("</tr>");
        }
    });
    html.raw("</section>");
}

fn objects(html: &mut Html, explanation: &Explanation) {
    html.raw("<section><h2>Objects that ask for it</h2>");
    if explanation.objects.is_empty() {
        html.raw(
            "<p class=\"faint\">None of those that count. The filters of the daemon may leave some out: ",
        );
        html.raw("<code>zonewright explain</code> with the daemon's flags looks for those, too.</p>");
    } else {
        table(html, "Objects", &["Object", "Wishes", "Remarks"], |html| {
            explanation.objects.iter().for_each(|object| object_row(html, object));
        });
    }
    if !explanation.similar.is_empty() {
        html.raw("<h3>Names like it that are asked for</h3><ul>");
        for similar in &explanation.similar {
            html.raw("<li>").name_link(&similar.name, ROOT).raw(" by ").text(&similar.object);
            html.raw(if similar.is_wildcard { ", a wildcard that answers for it</li>" } else { "</li>" });
        }
        html.raw("</ul>");
    }
    html.raw("</section>");
}

fn object_row(html: &mut Html, object: &ObjectRow) {
    html.raw("<tr role=\"row\">");
    cell(html, "Object", |html| {
        html.text(&object.object);
    });
    cell(html, "Wishes", |html| {
        html.joined(&object.wishes, "<br>", |html, wish| {
            html.text(wish);
        });
    });
    let remarks = object.holds.iter().chain(&object.problems);
    cell(html, "Remarks", |html| {
        html.joined(remarks, "<br>", |html, remark| {
            html.text(remark);
        });
    });
    html.raw("</tr>");
}

fn checks(html: &mut Html, explanation: &Explanation) {
    html.raw("<section><h2>Filters and zone</h2>");
    table(html, "Checks", &["Check", "Passes", "Detail"], |html| {
        for check in &explanation.checks {
            html.raw("<tr role=\"row\">");
            cell(html, "Check", |html| {
                html.text(&check.check);
            });
            cell(html, "Passes", |html| {
                html.badge(
                    if check.passes { "good" } else { "bad" },
                    if check.passes { "yes" } else { "no" },
                );
            });
            cell(html, "Detail", |html| {
                html.text(&check.detail);
            });
            html.raw("</tr>");
        }
    });
    if !explanation.other_zones.is_empty() {
        let what = match explanation.zone {
            Some(_) => "Shorter zones that contain it, too: ",
            None => "The zones there are: ",
        };
        html.raw("<p>").raw(what).text(explanation.other_zones.join(", ")).raw("</p>");
    }
    for what in &explanation.incomplete {
        html.raw("<p>Could not be read completely: ").text(what).raw("</p>");
    }
    html.raw("</section>");
}

fn ownership(html: &mut Html, explanation: &Explanation) {
    if explanation.ownership.is_empty() {
        return;
    }
    html.raw("<section><h2>Ownership</h2>");
    table(html, "Ownership", &["Type", "Owner", "Ownership record"], |html| {
        for row in &explanation.ownership {
            html.raw("<tr role=\"row\">");
            cell(html, "Type", |html| {
                html.text(&row.record_type);
                if !row.set_identifier.is_empty() {
                    html.raw(" [").text(&row.set_identifier).raw("]");
                }
            });
            cell(html, "Owner", |html| {
                html.text(row.owner.as_deref().unwrap_or("nobody"));
                match row.shares.as_deref() {
                    None => {}
                    Some([]) => drop(html.raw(" (leaving)")),
                    Some(targets) => drop(html.raw(" (").text(targets.join(", ")).raw(")")),
                }
            });
            cell(html, "Ownership record", |html| {
                if let Some(name) = &row.row {
                    html.text(name);
                }
                if let Some(table) = &row.table {
                    html.raw(" in table ").text(table);
                }
                match (&row.row, row.exists) {
                    (None, true) => drop(html.raw("none")),
                    (None, false) => drop(html.raw("stands without its record")),
                    (Some(_), false) if row.shares.is_none() => drop(html.raw(", without its record")),
                    (Some(_), _) => {}
                }
            });
            html.raw("</tr>");
        }
    });
    html.raw("</section>");
}
