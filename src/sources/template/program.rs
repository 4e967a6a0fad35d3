//! From template text to a checked syntax tree.
//!
//! The grammar comes from the `gotmpl` crate. Its parser lets through what Go refuses at start-up: blocks
//! that are not closed or closed twice, unknown functions, undeclared variables, `break` outside of a
//! loop. This module closes these gaps, so that a mistake is reported when the program starts and not
//! when the first object arrives.

use std::collections::HashMap;

use gotmpl::parse::{BranchNode, CommandNode, DefineNode, Expr, ListNode, Node, Parser, PipeNode};

use super::functions;

/// Name of the template that a flag holds, as upstream calls it; a template can invoke itself by it.
const ROOT: &str = "endpoint";

/// Follows the template text while it is parsed: where this ends up tells whether all blocks were closed.
const END_MARK: &str = "\u{1}end of template\u{1}";

/// A parsed and checked template with all its named parts.
#[derive(Debug)]
pub(super) struct Program {
    templates: HashMap<String, ListNode>,
}

impl Program {
    /// Parses a template; the error says what Go would not accept.
    pub(super) fn parse(source: &str) -> Result<Program, String> {
        let source = remove_comments(source)? + END_MARK;
        let parser = Parser::new(&source, "{{", "}}").map_err(|error| error.to_string())?;
        let (mut root, defines) = parser.parse().map_err(|error| error.to_string())?;
        take_end_mark(&mut root)?;
        let mut templates = HashMap::from([(ROOT.to_owned(), root)]);
        for define in defines {
            add_define(&mut templates, define)?;
        }
        for list in templates.values() {
            Checker { source: &source, variables: vec!["$".to_owned()], loops: 0 }.list(list)?;
        }
        Ok(Program { templates })
    }

    /// The template of the flag itself.
    pub(super) fn root(&self) -> Option<&ListNode> {
        self.template(ROOT)
    }

    /// A part named by `define` or `block`.
    pub(super) fn template(&self, name: &str) -> Option<&ListNode> {
        self.templates.get(name)
    }
}

/// Adds a named part; only a blank one may be defined again (Go: `parse.Tree.add`).
fn add_define(templates: &mut HashMap<String, ListNode>, define: DefineNode) -> Result<(), String> {
    let name = define.name.to_string();
    match templates.get(&name) {
        Some(known) if !known.is_empty_tree() => {
            if define.body.is_empty_tree() {
                return Ok(());
            }
            Err(format!("multiple definition of template {name:?}"))
        }
        _ => {
            templates.insert(name, define.body);
            Ok(())
        }
    }
}

/// Removes the mark from the end of the top-level list, where it must be if every block was closed.
fn take_end_mark(root: &mut ListNode) -> Result<(), String> {
    if let Some(Node::Text(last)) = root.nodes.last_mut()
        && let Some(text) = last.text.strip_suffix(END_MARK)
    {
        last.text = text.into();
        return Ok(());
    }
    Err("unexpected EOF, {{end}} or {{else}}: blocks and their {{end}} do not match".to_owned())
}

/// Takes comments out, as Go's lexer does: `{{/*` and `*/}}` adjoin their delimiters (a trim marker with
/// its one blank aside), and only the side with a trim marker is trimmed. `gotmpl` is laxer and trims
/// both. On the way, line breaks inside of quoted strings are refused.
fn remove_comments(source: &str) -> Result<String, String> {
    let mut kept = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{{") {
        kept.push_str(&rest[..start]);
        let action = &rest[start + 2..];
        let trims = ["- ", "-\t", "-\r", "-\n"].iter().any(|marker| action.starts_with(marker));
        let inside = if trims { &action[2..] } else { action };
        if let Some(comment) = inside.strip_prefix("/*") {
            let (_, after) = comment.split_once("*/").ok_or("unclosed comment")?;
            if trims {
                kept.truncate(kept.trim_end().len());
            }
            rest = match (after.strip_prefix("}}"), after.strip_prefix(" -}}")) {
                (Some(after), _) => after,
                (None, Some(after)) => after.trim_start(),
                (None, None) => return Err("comment ends before closing delimiter".to_owned()),
            };
        } else if inside.trim_start().starts_with("/*") {
            return Err("unexpected \"/\" in command".to_owned());
        } else {
            let length = action_length(action)?;
            kept.push_str(&rest[start..start + 2 + length]);
            rest = &action[length..];
        }
    }
    kept.push_str(rest);
    Ok(kept)
}

/// Length of an action up to and with its `}}`, which does not count inside of strings.
fn action_length(action: &str) -> Result<usize, String> {
    let mut chars = action.char_indices();
    let mut quote = None;
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, '}') if action[at..].starts_with("}}") => return Ok(at + 2),
            (None, '"' | '`' | '\'') => quote = Some(c),
            (Some('"' | '\''), '\\') => {
                chars.next();
            }
            (Some('"'), '\n') => return Err("unterminated quoted string".to_owned()),
            (Some('\''), '\n') => return Err("unterminated character constant".to_owned()),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    Err(match quote {
        Some('"') => "unterminated quoted string".to_owned(),
        Some('`') => "unterminated raw quoted string".to_owned(),
        Some(_) => "unterminated character constant".to_owned(),
        None => "unclosed action".to_owned(),
    })
}

/// Walks a tree with the names in scope, as Go's parser keeps them.
struct Checker<'a> {
    source: &'a str,
    variables: Vec<String>,
    loops: usize,
}

impl Checker<'_> {
    fn list(&mut self, list: &ListNode) -> Result<(), String> {
        list.nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
        match node {
            Node::List(list) => self.list(list),
            Node::Text(_) | Node::Define(_) => Ok(()),
            Node::Action(action) => self.pipe(&action.pipe),
            Node::If(branch) => self.branch(branch, "if", false),
            Node::With(branch) => self.branch(branch, "with", false),
            Node::Range(branch) => self.branch(branch, "", true),
            Node::Template(call) => call.pipe.iter().try_for_each(|pipe| self.pipe(pipe)),
            Node::Break(_) if self.loops == 0 => Err("{{break}} outside {{range}}".to_owned()),
            Node::Continue(_) if self.loops == 0 => Err("{{continue}} outside {{range}}".to_owned()),
            Node::Break(_) | Node::Continue(_) => Ok(()),
        }
    }

    /// A block: its variables end with it; `break` works in the body of a loop, not in its `else`.
    /// `chain` is the keyword that may follow `else` directly.
    fn branch(&mut self, branch: &BranchNode, chain: &str, is_loop: bool) -> Result<(), String> {
        let outer = self.variables.len();
        self.pipe(&branch.pipe)?;
        self.loops += usize::from(is_loop);
        self.list(&branch.body)?;
        self.loops -= usize::from(is_loop);
        if let Some(otherwise) = &branch.else_body {
            self.else_chain(otherwise, chain)?;
            self.list(otherwise)?;
        }
        self.variables.truncate(outer);
        Ok(())
    }

    /// `{{else if}}` belongs to `if` and `{{else with}}` to `with`; nothing may follow another `else`.
    fn else_chain(&self, otherwise: &ListNode, chain: &str) -> Result<(), String> {
        let (keyword, pos) = match otherwise.nodes.first() {
            Some(Node::If(inner)) => ("if", inner.pos),
            Some(Node::With(inner)) => ("with", inner.pos),
            _ => return Ok(()),
        };
        let chained = self.source[..pos.offset].trim_end().ends_with("else");
        if chained && keyword != chain {
            return Err(format!("unexpected <{keyword}> in {{{{else}}}}"));
        }
        Ok(())
    }

    fn pipe(&mut self, pipe: &PipeNode) -> Result<(), String> {
        self.variables.extend(pipe.decl.iter().map(ToString::to_string));
        for (stage, command) in pipe.commands.iter().enumerate() {
            if stage > 0 && !is_callable(command) {
                return Err(format!("non executable command in pipeline stage {}", stage + 1));
            }
            command.args.iter().try_for_each(|arg| self.expr(arg))?;
        }
        Ok(())
    }

    fn expr(&mut self, expr: &Expr) -> Result<(), String> {
        match expr {
            Expr::Variable(_, name, _) if !self.variables.iter().any(|known| known == name.as_str()) => {
                Err(format!("undefined variable {:?}", name.as_str()))
            }
            Expr::Identifier(_, name) if !functions::is_known(name) => {
                Err(format!("function {:?} not defined", name.as_str()))
            }
            Expr::Pipe(_, pipe) => self.pipe(pipe),
            Expr::Chain(_, inner, _) => self.expr(inner),
            _ => Ok(()),
        }
    }
}

/// Whether a value can be piped into the command; Go settles this while parsing.
fn is_callable(command: &CommandNode) -> bool {
    !matches!(
        command.args.first(),
        Some(Expr::Bool(..) | Expr::Dot(_) | Expr::Nil(_) | Expr::Number(..) | Expr::String(..)) | None
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(source: &str) {
        if let Err(error) = Program::parse(source) {
            panic!("{source}: {error}");
        }
    }

    fn refuses(source: &str, reason: &str) {
        let error = Program::parse(source).expect_err(source);
        assert!(error.contains(reason), "{source}: {error}");
    }

    #[test]
    fn blocks_must_be_closed_once() {
        accepts("{{if .A}}a{{else if .B}}b{{else}}c{{end}}{{with .A}}{{else with .B}}{{end}}");
        accepts("{{if .A}}a{{else}}{{if .B}}b{{end}}{{end}}{{range .A}}{{else}}{{with .B}}{{end}}{{end}}");
        for source in [
            "{{if .A}}a",
            "a{{end}}",
            "{{end}}",
            "{{else}}",
            "{{if .A}}{{end}}{{end}} x",
            "{{range .A}}{{if .B}}{{end}}",
            "{{define \"x\"}}a",
            "{{block \"x\" .}}a",
            "{{with .A}}{{else}}",
            "{{range .A}}{{else}}{{end}}{{else}}{{end}}",
        ] {
            refuses(source, "");
        }
        refuses("{{if .A}}a{{else}}b{{else}}c{{end}}", "");
        refuses("{{range .A}}{{else if .B}}{{end}}", "unexpected <if>");
        refuses("{{if .A}}{{else with .B}}{{end}}", "unexpected <with>");
    }

    #[test]
    fn names_are_checked_while_parsing() {
        refuses("{{upper .A}}", "function \"upper\" not defined");
        refuses("{{.A | sha256sum}}", "not defined");
        refuses("{{$x}}", "undefined variable \"$x\"");
        refuses("{{if $x := 1}}{{end}}{{$x}}", "undefined variable");
        refuses("{{range $i, $v := .A}}{{else}}{{$w}}{{end}}", "undefined variable");
        refuses("{{$x := 1}}{{define \"d\"}}{{$x}}{{end}}", "undefined variable");
        accepts("{{with $x := .A}}{{$x}}{{else}}{{$x}}{{end}}{{$y := 1}}{{if .A}}{{$y}}{{end}}");
    }

    #[test]
    fn loop_control_stays_in_its_loop() {
        accepts("{{range .A}}{{if .B}}{{break}}{{end}}{{continue}}{{end}}");
        refuses("{{break}}", "outside");
        refuses("{{range .A}}{{else}}{{continue}}{{end}}", "outside");
        refuses("{{range .A}}{{block \"b\" .}}{{break}}{{end}}{{end}}", "outside");
    }

    #[test]
    fn commands_after_the_first_must_be_callable() {
        refuses("{{.A | \"x\"}}", "stage 2");
        refuses("{{.A | printf \"%s\" | 3}}", "stage 3");
        accepts("{{.A | printf \"%s\" | len}}");
    }

    #[test]
    fn actions_and_strings_must_be_closed() {
        for source in ["{{.A", "{{", "{{printf \"a}}", "{{printf `a}}", "{{'a}}", "{{.A}", "{{\"a\nb\"}}"] {
            refuses(source, "");
        }
        for source in ["{{}}", "{{ }}", "{{if}}a{{end}}", "{{range}}a{{end}}", "{{(1}}", "{{1)}}", "{{|.A}}"]
        {
            refuses(source, "");
        }
        refuses("{{.A | }}", "");
        accepts("{{`}}`}}{{\"}}\"}}{{'}'}}");
    }

    #[test]
    fn comments_trim_only_the_side_with_a_marker() {
        for (source, kept) in [
            ("a {{/* c */}} b", "a  b"),
            ("a {{- /* c */}} b", "a b"),
            ("a {{/* c */ -}} b", "a b"),
            ("a {{- /* {{.X}} */ -}} b", "ab"),
            ("{{.A}} {{- /* c */}}", "{{.A}}"),
            ("{{\"{{/*\"}}", "{{\"{{/*\"}}"),
        ] {
            assert_eq!(remove_comments(source).as_deref(), Ok(kept), "{source}");
        }
        refuses("{{/* a", "unclosed comment");
        refuses("{{/* a */ }}", "comment ends before");
        refuses("{{ /* a */}}", "unexpected");
    }

    #[test]
    fn a_part_is_defined_once() {
        refuses("{{define \"a\"}}x{{end}}{{define \"a\"}}y{{end}}", "multiple definition of template \"a\"");
        refuses("{{block \"a\" .}}x{{end}}{{define \"a\"}}y{{end}}", "multiple definition");
        refuses("text{{define \"endpoint\"}}y{{end}}", "multiple definition");
        accepts("{{define \"a\"}}x{{end}}{{define \"a\"}} {{end}}");
        accepts("{{define \"a\"}} {{end}}{{define \"a\"}}x{{end}}");
    }
}
