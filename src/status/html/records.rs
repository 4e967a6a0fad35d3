//! The records on the status page: search, states, table, paging.

use super::writer::{Html, cell, cell_or_none, table};
use crate::status::{Overview, Query, Row, State, Table};

/// A long list of targets is cut in the table; the page of the name has all.
const TARGETS: usize = 4;

/// The whole section.
pub(super) fn section(html: &mut Html, found: &Table, query: &Query, overview: &Overview) {
    html.raw("<section id=\"records\"><h2>Records</h2>");
    form(html, query, overview);
    states(html, found, query);
    if found.records.is_empty() {
        html.raw("<p>Nothing matches.");
        if let Ok(name) = zonewright_planner::DnsName::parse(&query.text) {
            html.raw(" Why is there no ").name_link(name.as_str(), "./").raw("?");
        }
        html.raw("</p></section>");
        return;
    }
    rows(html, &found.records, "./");
    pager(html, found, query);
    html.raw("</section>");
}

fn form(html: &mut Html, query: &Query, overview: &Overview) {
    html.raw("<form method=\"get\" action=\"./#records\" role=\"search\"><label for=\"q\">Search</label>");
    html.raw("<input type=\"search\" id=\"q\" name=\"q\" placeholder=\"name, object, owner, target\"")
        .attribute("value", &query.text)
        .raw(">");
    html.raw(
        "<label for=\"zone\">Zone</label><select id=\"zone\" name=\"zone\"><option value=\"\">all</option>",
    );
    for zone in &overview.zones {
        let is_chosen = query.zone == zone.id || query.zone == zone.zone;
        html.raw("<option").attribute("value", &zone.id).raw(if is_chosen { " selected>" } else { ">" });
        html.text(&zone.zone).raw("</option>");
    }
    html.raw("</select>");
    if let Some(state) = query.state {
        html.raw("<input type=\"hidden\" name=\"state\"").attribute("value", state.as_str()).raw(">");
    }
    html.raw("<button type=\"submit\">Search</button>");
    let is_default = *query == Query { page: query.page, ..Query::default() };
    if !is_default {
        html.raw(" <a href=\"./#records\">clear</a>");
    }
    html.raw("</form>");
}

fn states(html: &mut Html, found: &Table, query: &Query) {
    html.raw("<ul class=\"states\" aria-label=\"Filter by state\">");
    let all: usize = found.states.values().sum();
    state_link(html, query, None, all);
    // The one that is chosen is there even if nothing is in it.
    let chosen = query.state.filter(|state| !found.states.contains_key(state)).map(|state| (state, 0));
    let counted = found.states.iter().map(|(state, count)| (*state, *count));
    for (state, count) in chosen.into_iter().chain(counted) {
        state_link(html, query, Some(state), count);
    }
    html.raw("</ul>");
}

fn state_link(html: &mut Html, query: &Query, state: Option<State>, count: usize) {
    html.raw("<li><a href=\"");
    address(html, &Query { state, page: 1, ..query.clone() });
    html.raw("\"").raw(if query.state == state { " aria-current=\"true\">" } else { ">" });
    match state {
        Some(state) => html.badge(class(state), state.as_str()),
        None => html.raw("<span class=\"badge quiet\">all</span>"),
    };
    html.raw(" ").text(count).raw("</a></li>");
}

/// The colour of a state.
pub(super) fn class(state: State) -> &'static str {
    match state {
        State::InSync => "good",
        State::Withheld | State::Quarantined | State::Fought | State::Unsupported => "bad",
        State::Conflict | State::Pending | State::Waiting | State::Held | State::Denied => "warn",
        State::Foreign | State::Unowned | State::Policy | State::Filtered => "quiet",
    }
}

/// The table itself.
pub(super) fn rows(html: &mut Html, records: &[Row], root: &'static str) {
    let columns = ["Name", "Type", "Targets", "TTL", "State", "Owner", "Object"];
    table(html, "Records and wishes", &columns, |html| {
        records.iter().for_each(|row| row_of(html, row, root));
    });
}

fn row_of(html: &mut Html, row: &Row, root: &'static str) {
    html.raw(if row.exists { "<tr role=\"row\">" } else { "<tr role=\"row\" class=\"absent\">" });
    cell(html, "Name", |html| {
        html.name_link(&row.name, root);
        if !row.set_identifier.is_empty() {
            html.raw(" <span class=\"faint\">[").text(&row.set_identifier).raw("]</span>");
        }
    });
    cell(html, "Type", |html| {
        html.text(&row.record_type);
    });
    cell(html, "Targets", |html| targets(html, row));
    cell_or_none(html, "TTL", row.ttl.map(|ttl| ttl.to_string()));
    cell(html, "State", |html| {
        html.badge(class(row.state), row.state.as_str());
        if let Some(reason) = &row.reason {
            html.raw(" <span class=\"reason\">").text(reason).raw("</span>");
        }
    });
    match row.shared.as_slice() {
        [] => cell_or_none(html, "Owner", row.owner.clone()),
        parts => cell(html, "Owner", |html| {
            html.joined(parts, "<br>", |html, part| {
                html.text(part);
            });
        }),
    }
    cell(html, "Object", |html| match row.objects.as_slice() {
        [] => {
            html.raw("–");
        }
        objects => {
            html.joined(objects, "<br>", |html, object| {
                html.joined(object.split('/'), "/<wbr>", |html, part| {
                    html.text(part);
                });
            });
        }
    });
    html.raw("</tr>");
}

fn targets(html: &mut Html, row: &Row) {
    if row.targets.is_empty() {
        html.raw(if row.exists { "–" } else { "not in DNS" });
        return;
    }
    html.joined(row.targets.iter().take(TARGETS), "<br>", |html, target| {
        html.text(target);
    });
    if row.targets.len() > TARGETS {
        html.raw("<br><span class=\"faint\">and ").text(row.targets.len() - TARGETS).raw(" more</span>");
    }
    if !row.exists {
        html.raw("<br><span class=\"faint\">not in DNS yet</span>");
    }
}

fn pager(html: &mut Html, found: &Table, query: &Query) {
    html.raw("<nav class=\"pager\" aria-label=\"Pages\">");
    let link = |html: &mut Html, page: usize, text: &'static str, rel: &'static str| {
        html.raw("<a rel=\"").raw(rel).raw("\" href=\"");
        address(html, &Query { page, ..query.clone() });
        html.raw("\">").raw(text).raw("</a> ");
    };
    if found.page > 1 {
        link(html, found.page - 1, "← previous", "prev");
    }
    html.raw("<span>").text(found.total).raw(if found.total == 1 { " row, page " } else { " rows, page " });
    html.text(found.page).raw(" of ").text(found.pages).raw("</span> ");
    if found.page < found.pages {
        link(html, found.page + 1, "next →", "next");
    }
    html.raw("</nav>");
}

/// Where a query leads.
fn address(html: &mut Html, query: &Query) {
    html.raw("./?q=").in_address(&query.text);
    if let Some(state) = query.state {
        html.raw("&amp;state=").in_address(state.as_str());
    }
    if !query.zone.is_empty() {
        html.raw("&amp;zone=").in_address(&query.zone);
    }
    if query.page > 1 {
        html.raw("&amp;page=").text(query.page);
    }
    html.raw("#records");
}
