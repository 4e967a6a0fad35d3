//! From template text to a checked syntax tree.
//!
//! The grammar comes from the `gotmpl` crate. Its parser lets through what Go refuses at start-up: what is
//! wrong in the text itself ([`scan`](super::scan)), and unknown functions, undeclared variables or `break`
//! outside of a loop, which are found here. So a mistake is reported when the program starts and not when
//! the first object arrives.

use std::collections::HashMap;

use gotmpl::parse::{BranchNode, CommandNode, DefineNode, Expr, ListNode, Node, Parser, PipeNode};

use super::{functions, scan};

/// Name of the template that a flag holds, as upstream calls it; a template can invoke itself by it.
const ROOT: &str = "endpoint";

/// A parsed and checked template with all its named parts.
#[derive(Debug)]
pub(super) struct Program {
    templates: HashMap<String, ListNode>,
}

impl Program {
    /// Parses a template; the error says what Go would not accept.
    pub(super) fn parse(source: &str) -> Result<Program, String> {
        let source = scan::checked(source)?;
        let parser = Parser::new(&source, "{{", "}}").map_err(|error| error.to_string())?;
        let (root, defines) = parser.parse().map_err(|error| error.to_string())?;
        let mut templates = HashMap::from([(ROOT.to_owned(), root)]);
        for define in defines {
            add_define(&mut templates, define)?;
        }
        for list in templates.values() {
            Checker { variables: vec!["$".to_owned()], loops: 0 }.list(list)?;
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

/// Walks a tree with the names in scope, as Go's parser keeps them.
struct Checker {
    variables: Vec<String>,
    loops: usize,
}

impl Checker {
    fn list(&mut self, list: &ListNode) -> Result<(), String> {
        list.nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
        match node {
            Node::List(list) => self.list(list),
            Node::Text(_) | Node::Define(_) => Ok(()),
            Node::Action(action) => self.pipe(&action.pipe),
            Node::If(branch) => self.branch(branch, false),
            Node::With(branch) => self.branch(branch, false),
            Node::Range(branch) => self.branch(branch, true),
            Node::Template(call) => call.pipe.iter().try_for_each(|pipe| self.pipe(pipe)),
            Node::Break(_) if self.loops == 0 => Err("{{break}} outside {{range}}".to_owned()),
            Node::Continue(_) if self.loops == 0 => Err("{{continue}} outside {{range}}".to_owned()),
            Node::Break(_) | Node::Continue(_) => Ok(()),
        }
    }

    /// A block: its variables end with it; `break` works in the body of a loop, not in its `else`.
    fn branch(&mut self, branch: &BranchNode, is_loop: bool) -> Result<(), String> {
        let outer = self.variables.len();
        self.pipe(&branch.pipe)?;
        self.loops += usize::from(is_loop);
        self.list(&branch.body)?;
        self.loops -= usize::from(is_loop);
        if let Some(otherwise) = &branch.else_body {
            self.list(otherwise)?;
        }
        self.variables.truncate(outer);
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
        refuses("{{if .A}}a{{else}}b{{else}}c{{end}}", "unexpected {{else}}");
        refuses("{{if .A}}{{define \"x\"}}a{{end}}{{end}}", "unexpected {{define}}");
        refuses("{{block \"x\"}}a{{end}}", "missing value");
        refuses("{{range .A}}{{else if .B}}{{end}}", "unexpected {{else if}}");
        refuses("{{if .A}}{{else with .B}}{{end}}", "unexpected {{else with}}");
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
    fn a_part_is_defined_once() {
        refuses("{{define \"a\"}}x{{end}}{{define \"a\"}}y{{end}}", "multiple definition of template \"a\"");
        refuses("{{block \"a\" .}}x{{end}}{{define \"a\"}}y{{end}}", "multiple definition");
        refuses("text{{define \"endpoint\"}}y{{end}}", "multiple definition");
        accepts("{{define \"a\"}}x{{end}}{{define \"a\"}} {{end}}");
        accepts("{{define \"a\"}} {{end}}{{define \"a\"}}x{{end}}");
    }
}
