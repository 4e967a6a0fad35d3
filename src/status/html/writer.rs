//! The one place that escapes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Display;

/// Everything but what RFC 3986 section 2.3 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A document that grows. Text that comes from outside can get in only escaped: what goes in as it is must be known when the
/// program is built.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup, as it is.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text between tags, or within a quoted attribute.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        for c in text.to_string().chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // What HTML does not allow, or what turns the direction of writing, is shown as its escape.
                c if steers(c) => self.0.extend(c.escape_default()),
                c => self.0.push(c),
            }
        }
        self
    }

    /// ` key="value"`.
    pub(super) fn attribute(&mut self, key: &'static str, value: impl Display) -> &mut Self {
        self.raw(" ").raw(key).raw("=\"").text(value).raw("\"")
    }

    /// A piece of a path or of a query.
    pub(super) fn in_address(&mut self, text: &str) -> &mut Self {
        self.0.extend(utf8_percent_encode(text, RESERVED));
        self
    }

    /// Several things with markup between them.
    pub(super) fn joined<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        between: &'static str,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.raw(between);
            }
            write(self, item);
        }
        self
    }

    /// A link to the page of a name. `root` leads to the status page.
    pub(super) fn name_link(&mut self, name: &str, root: &'static str) -> &mut Self {
        self.raw("<a href=\"").raw(root).raw("name/").in_address(name).raw("\">");
        self.name(name).raw("</a>")
    }

    /// A name as people read it; lines may break after its dots.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        let unicode = zonewright_planner::DnsName::parse(name).map(|name| name.to_unicode());
        let text = unicode.as_deref().unwrap_or(name);
        self.joined(text.split('.'), ".<wbr>", |html, label| {
            html.text(label);
        })
    }

    /// The state of something, as a coloured word.
    pub(super) fn badge(&mut self, class: &'static str, word: &str) -> &mut Self {
        self.raw("<span class=\"badge ").raw(class).raw("\">").text(word).raw("</span>")
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// A table with its head. Roles are said out loud because narrow screens show rows as blocks, which would end them being rows.
pub(super) fn table(
    html: &mut Html,
    caption: &'static str,
    columns: &[&'static str],
    body: impl FnOnce(&mut Html),
) {
    html.raw("<table role=\"table\"><caption>")
        .raw(caption)
        .raw("</caption><thead role=\"rowgroup\"><tr role=\"row\">");
    for column in columns {
        html.raw("<th role=\"columnheader\" scope=\"col\">").raw(column).raw("</th>");
    }
    html.raw("</tr></thead><tbody role=\"rowgroup\">");
    body(html);
    html.raw("</tbody></table>");
}

/// A cell that may have nothing to say; narrow screens then leave it out.
pub(super) fn cell_or_none(html: &mut Html, column: &'static str, text: Option<String>) {
    match text {
        Some(text) => cell(html, column, |html| {
            html.text(text);
        }),
        None => {
            html.raw("<td role=\"cell\" class=\"none\" data-label=\"")
                .raw(column)
                .raw("\"><div>–</div></td>");
        }
    }
}

/// A cell that says on narrow screens which column it is of.
pub(super) fn cell(html: &mut Html, column: &'static str, content: impl FnOnce(&mut Html)) {
    html.raw("<td role=\"cell\" data-label=\"").raw(column).raw("\"><div>");
    content(html);
    html.raw("</div></td>");
}
