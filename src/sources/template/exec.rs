//! Runs a checked template on a value.
//!
//! The rules are those of Go's `text/template/exec.go`: pipelines pass their value as the last argument,
//! a field of a struct must exist, a key of a map need not (unless `strict`), nil pointers cannot be
//! looked into, `and`/`or` stop early.

use gotmpl::parse::{BranchNode, CommandNode, Expr, ListNode, Node, Number, PipeNode, TemplateNode};
use serde_json::Value as Json;
use typed_arena::Arena;

use super::functions::{self, Param};
use super::methods;
use super::print;
use super::program::Program;
use super::schema::{Schema, StructType};
use super::value::{MapValue, Value, int, struct_field, text, typed};

/// How deep `{{template}}` calls may nest. Go allows 100,000, which no DNS name needs; this fits the
/// stack of a worker thread.
const MAX_DEPTH: usize = 100;

/// What may be written by one run: more than any list of DNS names, less than what hurts.
const MAX_OUTPUT: usize = 4 << 20;

/// How many turns all loops of one run may take: a guard against `{{range 9999999999}}`.
const MAX_TURNS: usize = 1_000_000;

/// Texts and values that come into being while a template runs.
#[derive(Default)]
pub(super) struct Scratch {
    texts: Arena<String>,
    parsed: Arena<Json>,
}

impl Scratch {
    pub(super) fn text(&self, text: String) -> &str {
        self.texts.alloc(text)
    }

    pub(super) fn json(&self, json: Json) -> &Json {
        self.parsed.alloc(json)
    }
}

/// What a run needs to know besides template and data.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) schema: &'a Schema,
    pub(super) scratch: &'a Scratch,
    /// Name of the source, for `isSource`.
    pub(super) source: &'a str,
    /// Missing map keys are errors.
    pub(super) strict: bool,
}

/// Result of an evaluation; the error is Go's message without the position.
pub(super) type Eval<T> = Result<T, String>;

/// Runs the template on a value and returns what it wrote.
pub(super) fn execute<'a>(program: &'a Program, context: Context<'a>, data: Value<'a>) -> Eval<String> {
    let mut run =
        Run { program, context, output: String::new(), variables: vec![("$", data)], depth: 0, turns: 0 };
    if let Some(root) = program.root() {
        run.list(data, root)?;
    }
    Ok(run.output)
}

/// How a part of a template ended.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Run<'a> {
    program: &'a Program,
    context: Context<'a>,
    output: String,
    variables: Vec<(&'a str, Value<'a>)>,
    depth: usize,
    turns: usize,
}

impl<'a> Run<'a> {
    fn list(&mut self, dot: Value<'a>, list: &'a ListNode) -> Eval<Flow> {
        for node in &list.nodes {
            let flow = self.node(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, dot: Value<'a>, node: &'a Node) -> Eval<Flow> {
        match node {
            Node::List(list) => return self.list(dot, list),
            Node::Text(node) => self.output.push_str(&node.text),
            Node::Action(action) => {
                let value = self.pipe(dot, &action.pipe)?;
                if action.pipe.decl.is_empty() {
                    print::action(&mut self.output, self.context.schema, value);
                }
            }
            Node::If(branch) => return self.branch(dot, branch, false),
            Node::With(branch) => return self.branch(dot, branch, true),
            Node::Range(branch) => return self.range(dot, branch),
            Node::Template(call) => self.call_template(dot, call)?,
            Node::Define(_) => {}
            Node::Break(_) => return Ok(Flow::Break),
            Node::Continue(_) => return Ok(Flow::Continue),
        }
        if self.output.len() > MAX_OUTPUT {
            return Err(format!("output exceeds {MAX_OUTPUT} bytes"));
        }
        Ok(Flow::Next)
    }

    fn branch(&mut self, dot: Value<'a>, branch: &'a BranchNode, moves_dot: bool) -> Eval<Flow> {
        let mark = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let flow = if value.truth() {
            self.list(if moves_dot { value } else { dot }, &branch.body)
        } else {
            branch.else_body.as_ref().map_or(Ok(Flow::Next), |list| self.list(dot, list))
        };
        self.variables.truncate(mark);
        flow
    }

    fn range(&mut self, dot: Value<'a>, branch: &'a BranchNode) -> Eval<Flow> {
        let mark = self.variables.len();
        let schema = self.context.schema;
        let over = self.pipe(dot, &branch.pipe)?.indirect(schema);
        let mut ran = false;
        match over {
            Value::Missing | Value::Nil => {}
            Value::Slice { elem, items } => {
                for (at, json) in items.unwrap_or_default().iter().enumerate() {
                    ran = true;
                    let item = typed(schema, elem, Some(json));
                    if self.turn(branch, index_value(at), item)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, item) in map.entries(schema) {
                    ran = true;
                    let key = Value::Text { text: key, named: map.key };
                    if self.turn(branch, key, item)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Int(count, name) => {
                if branch.pipe.decl.len() > 1 {
                    return Err(format!("can't use {count} to iterate over more than one variable"));
                }
                for number in 0..count {
                    ran = true;
                    if self.turn(branch, Value::Missing, Value::Int(number, name))? == Flow::Break {
                        break;
                    }
                }
            }
            other => return Err(format!("range can't iterate over {}", print::to_text(schema, other))),
        }
        let flow = match &branch.else_body {
            Some(list) if !ran => self.list(dot, list)?,
            _ => Flow::Next,
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    /// One turn of a loop: sets the loop variables and runs the body.
    fn turn(&mut self, branch: &'a BranchNode, index: Value<'a>, item: Value<'a>) -> Eval<Flow> {
        self.turns += 1;
        if self.turns > MAX_TURNS {
            return Err(format!("loops take more than {MAX_TURNS} turns"));
        }
        let values = [index, item];
        let decl = &branch.pipe.decl;
        // With one variable it is the item.
        let values = if decl.len() == 1 { &values[1..] } else { &values[..] };
        let mark = self.variables.len();
        for (name, value) in decl.iter().zip(values) {
            if branch.pipe.is_assign {
                self.assign(name, *value)?;
            } else {
                self.variables.push((name, *value));
            }
        }
        let flow = self.list(item, &branch.body);
        self.variables.truncate(mark);
        flow
    }

    fn call_template(&mut self, dot: Value<'a>, call: &'a TemplateNode) -> Eval<()> {
        let program = self.program;
        let body =
            program.template(&call.name).ok_or_else(|| format!("template {:?} not defined", call.name))?;
        if self.depth == MAX_DEPTH {
            return Err(format!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        let dot = match &call.pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Value::Missing,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("$", dot)]);
        self.depth += 1;
        let flow = self.list(dot, body);
        self.depth -= 1;
        self.variables = outer;
        flow.map(|_| ())
    }

    fn assign(&mut self, name: &str, value: Value<'a>) -> Eval<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some(slot) => {
                slot.1 = value;
                Ok(())
            }
            None => Err(format!("undefined variable: {name}")),
        }
    }

    /// Runs the commands of a pipeline and sets its variables. A nil interface comes out as missing.
    fn pipe(&mut self, dot: Value<'a>, pipe: &'a PipeNode) -> Eval<Value<'a>> {
        let mut piped = None;
        for command in &pipe.commands {
            piped = Some(match self.command(dot, command, piped)? {
                Value::Nil => Value::Missing,
                value => value,
            });
        }
        let value = piped.unwrap_or(Value::Missing);
        for name in &pipe.decl {
            if pipe.is_assign {
                self.assign(name, value)?;
            } else {
                self.variables.push((name, value));
            }
        }
        Ok(value)
    }

    fn command(
        &mut self,
        dot: Value<'a>,
        command: &'a CommandNode,
        piped: Option<Value<'a>>,
    ) -> Eval<Value<'a>> {
        let [first, args @ ..] = command.args.as_slice() else { return Err("empty command".to_owned()) };
        let given = !args.is_empty() || piped.is_some();
        match first {
            Expr::Identifier(_, name) => self.function(dot, name, args, piped),
            Expr::Nil(_) => Err("nil is not a command".to_owned()),
            // Fields could be methods, which take arguments; ours take none.
            Expr::Field(_, names) | Expr::Chain(_, _, names) if given => {
                let name = names.last().map_or("", |name| name.as_str());
                Err(format!("{name} is not a method but has arguments"))
            }
            Expr::Variable(_, name, fields) if given => {
                let name = fields.last().unwrap_or(name);
                Err(format!("{name} is not a method but has arguments"))
            }
            _ if given => Err("can't give argument to non-function".to_owned()),
            _ => self.expr(dot, first),
        }
    }

    /// The value of an expression that is not called.
    fn expr(&mut self, dot: Value<'a>, expr: &'a Expr) -> Eval<Value<'a>> {
        match expr {
            Expr::Dot(_) => Ok(dot),
            Expr::Field(_, names) => self.fields(dot, names),
            Expr::Variable(_, name, names) => {
                let found = self.variables.iter().rev().find(|(known, _)| *known == name.as_str());
                let value = found.map(|(_, value)| *value);
                self.fields(value.ok_or_else(|| format!("undefined variable: {name}"))?, names)
            }
            Expr::Identifier(_, name) => self.function(dot, name, &[], None),
            Expr::String(_, value) => Ok(text(value)),
            Expr::Number(_, Number::Int(value)) => Ok(int(*value)),
            Expr::Number(_, Number::Float(value)) => Ok(Value::Float(*value)),
            Expr::Number(_, Number::Uint(value)) => Err(format!("{value} overflows int")),
            Expr::Bool(_, value) => Ok(Value::Bool(*value)),
            Expr::Nil(_) => Ok(Value::Missing),
            Expr::Pipe(_, pipe) => self.pipe(dot, pipe),
            Expr::Chain(_, inner, names) => {
                let value = self.expr(dot, inner)?;
                self.fields(value, names)
            }
        }
    }

    fn fields<N: AsRef<str>>(&self, value: Value<'a>, names: &'a [N]) -> Eval<Value<'a>> {
        names.iter().try_fold(value, |value, name| self.field(value, name.as_ref()))
    }

    fn field(&self, receiver: Value<'a>, name: &str) -> Eval<Value<'a>> {
        let schema = self.context.schema;
        let missing = |ty: &str| Err(format!("can't evaluate field {name} in type {ty}"));
        match receiver.indirect(schema) {
            Value::Missing if self.context.strict => Err(format!("nil data; no entry for key {name:?}")),
            Value::Missing => Ok(Value::Missing),
            Value::Nil => Err(format!("nil pointer evaluating interface {{}}.{name}")),
            Value::Pointer(..) => Err(format!("nil pointer evaluating {name}")),
            Value::Struct(ty, json) => self.struct_field(ty, json, name),
            Value::Map(map) if map.key.is_none() => self.map_key(map, name),
            Value::Map(map) => {
                let key = map.key.unwrap_or_default();
                match methods::of_resources(name) {
                    Some(resource) => Ok(map.get(schema, resource).unwrap_or(Value::Quantity("0"))),
                    None => missing(&format!("map[{key}]")),
                }
            }
            other => match methods::of_scalar(self.context.scratch, other, name) {
                Some(value) => Ok(value),
                None => missing(&other.type_name()),
            },
        }
    }

    fn struct_field(&self, ty: &'a StructType, json: Option<&'a Json>, name: &str) -> Eval<Value<'a>> {
        struct_field(self.context.schema, ty, json, name)
            .ok_or_else(|| format!("can't evaluate field {name} in type v1.{}", ty.name))
    }

    fn map_key(&self, map: MapValue<'a>, key: &str) -> Eval<Value<'a>> {
        match map.get(self.context.schema, key) {
            Some(value) => Ok(value),
            None if self.context.strict => Err(format!("map has no entry for key {key:?}")),
            None => Ok(Value::Missing),
        }
    }

    fn function(
        &mut self,
        dot: Value<'a>,
        name: &str,
        args: &'a [Expr],
        piped: Option<Value<'a>>,
    ) -> Eval<Value<'a>> {
        let function = functions::find(name).ok_or_else(|| format!("{name:?} is not a defined function"))?;
        function.check_count(args.len() + usize::from(piped.is_some()))?;
        if matches!(name, "and" | "or") {
            return self.and_or(dot, name == "or", args, piped);
        }
        let mut values = Vec::with_capacity(args.len() + 1);
        for (at, arg) in args.iter().enumerate() {
            let param = function.param(at);
            let value = self.argument(dot, arg, param)?;
            values.push(functions::accept(self.context.schema, value, param)?);
        }
        if let Some(value) = piped {
            values.push(functions::accept(self.context.schema, value, function.param(args.len()))?);
        }
        (function.run)(self.context, &values).map_err(|reason| format!("error calling {name}: {reason}"))
    }

    /// An argument; literals of the wrong type are refused before their value matters.
    fn argument(&mut self, dot: Value<'a>, arg: &'a Expr, param: Param) -> Eval<Value<'a>> {
        match (param, arg) {
            (Param::Text, Expr::Nil(_)) => Err("cannot assign nil to string".to_owned()),
            (Param::Text, Expr::Number(..) | Expr::Bool(..)) => Err("expected string".to_owned()),
            _ => self.expr(dot, arg),
        }
    }

    /// `and` and `or` evaluate only as far as needed and return the deciding argument.
    fn and_or(
        &mut self,
        dot: Value<'a>,
        stop_at: bool,
        args: &'a [Expr],
        piped: Option<Value<'a>>,
    ) -> Eval<Value<'a>> {
        let mut value = Value::Missing;
        for arg in args {
            value = self.expr(dot, arg)?;
            if value.truth() == stop_at {
                return Ok(value);
            }
        }
        Ok(piped.unwrap_or(value))
    }
}

fn index_value(at: usize) -> Value<'static> {
    int(i64::try_from(at).unwrap_or(i64::MAX))
}
