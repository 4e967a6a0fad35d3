//! The status page as HTML: no script, one stylesheet, nothing loaded from elsewhere, nothing that changes anything.
//!
//! Everything that is not written in this folder goes through `Html::text` or `Html::attribute`, which escape; what
//! goes in as it is must be known when the program is built. All links are relative, so that the page works behind a proxy
//! under any path.

mod name;
mod overview;
mod records;
mod writer;

pub use name::name_page;

use super::{Overview, Query, Table};
use writer::Html;

/// The stylesheet, served beside the page.
pub const STYLE: &str = include_str!("style.css");

/// The page at `/`.
pub fn status_page(overview: &Overview, table: &Table, query: &Query) -> String {
    let mut html = Html::default();
    let owner = overview.owner.as_deref().unwrap_or("no owner");
    head(&mut html, &format!("Zonewright – {owner}"), "./");
    html.raw("<header class=\"top\"><div class=\"bar\"><h1>Zonewright</h1>");
    overview::badges(&mut html, overview);
    html.raw("</div></header><main>");
    overview::alerts(&mut html, overview);
    overview::facts(&mut html, overview);
    html.raw("<div class=\"pair\">");
    overview::zones(&mut html, overview);
    overview::sources(&mut html, overview);
    html.raw("</div>");
    records::section(&mut html, table, query, overview);
    overview::problems(&mut html, overview);
    overview::recent(&mut html, overview);
    html.raw("</main>");
    foot(&mut html, None, "./");
    html.finish()
}

/// A page that says only one thing: not ready yet, no such name.
pub fn message_page(title: &str, message: &str, root: &'static str) -> String {
    let mut html = Html::default();
    head(&mut html, title, root);
    html.raw(
        "<header class=\"top\"><div class=\"bar\"><h1>Zonewright</h1></div></header><main><section><h2>",
    );
    html.text(title).raw("</h2><p>").text(message).raw("</p></section></main>");
    foot(&mut html, None, root);
    html.finish()
}

fn head(html: &mut Html, title: &str, root: &'static str) {
    html.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
        .text(title)
        .raw("</title>");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">");
    html.raw("<link rel=\"stylesheet\" href=\"").raw(root).raw("style.css\"></head><body>");
}

/// The end of a page, with links to the same as JSON. `name` is that of the page of a name.
fn foot(html: &mut Html, name: Option<&str>, root: &'static str) {
    html.raw("<footer><p>Zonewright ").text(env!("CARGO_PKG_VERSION")).raw(" · the same as JSON: ");
    if let Some(name) = name {
        html.raw("<a href=\"").raw(root).raw("api/names/").in_address(name).raw("\">this name</a>, ");
    }
    for (path, text) in [
        ("api/status\">", "status</a>, "),
        ("api/records\">", "records</a>, "),
        ("api/withheld\">", "withheld</a>"),
    ] {
        html.raw("<a href=\"").raw(root).raw(path).raw(text);
    }
    html.raw("</p></footer></body></html>\n");
}

#[cfg(test)]
mod tests;
