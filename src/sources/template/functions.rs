//! The functions that templates may call: Go's built-ins and those of ExternalDNS.
//!
//! The table is complete: ExternalDNS offers no others (no sprig). Argument order is upstream's, also
//! where it is unlucky in pipelines (`trimSuffix` takes the text first).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::compare;
use super::exec::{Context, Eval};
use super::print;
use super::schema::{Schema, Type};
use super::value::{Value, int, text, typed};

/// What a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Param {
    /// Any value, as it is (Go: `reflect.Value`).
    Value,
    /// Any value; a missing one becomes nil (Go: `any`).
    Any,
    /// A plain string, not a named string type.
    Text,
    /// `map[string]string`.
    TextMap,
}

/// A function and what it takes.
pub(super) struct Function {
    name: &'static str,
    params: &'static [Param],
    /// Type of further arguments, if any number is taken.
    rest: Option<Param>,
    pub(super) run: Run,
}

type Run = for<'a> fn(Context<'a>, &[Value<'a>]) -> Eval<Value<'a>>;

impl Function {
    /// Go counts arguments when the function is called, not while parsing.
    pub(super) fn check_count(&self, got: usize) -> Eval<()> {
        let want = self.params.len();
        let name = self.name;
        match self.rest {
            None if got != want => Err(format!("wrong number of args for {name}: want {want} got {got}")),
            Some(_) if got < want => {
                Err(format!("wrong number of args for {name}: want at least {want} got {got}"))
            }
            _ => Ok(()),
        }
    }

    /// Type of the argument at a place.
    pub(super) fn param(&self, at: usize) -> Param {
        self.params.get(at).copied().or(self.rest).unwrap_or(Param::Any)
    }
}

/// Finds a function.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Whether there is a function of this name.
pub(super) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

const fn fixed(name: &'static str, params: &'static [Param], run: Run) -> Function {
    Function { name, params, rest: None, run }
}

const fn open(name: &'static str, params: &'static [Param], rest: Param, run: Run) -> Function {
    Function { name, params, rest: Some(rest), run }
}

const ONE: &[Param] = &[Param::Value];
const TWO: &[Param] = &[Param::Value, Param::Value];
const TEXT: &[Param] = &[Param::Text];
const TEXTS: &[Param] = &[Param::Text, Param::Text];

static FUNCTIONS: [Function; 30] = [
    open("and", ONE, Param::Value, |_, args| Ok(first(args))),
    open("or", ONE, Param::Value, |_, args| Ok(first(args))),
    fixed("not", ONE, |_, args| Ok(Value::Bool(!first(args).truth()))),
    open("eq", ONE, Param::Value, |_, args| compare::equal(args).map(Value::Bool)),
    fixed("ne", TWO, |_, args| compare::equal(args).map(|equal| Value::Bool(!equal))),
    fixed("lt", TWO, |_, args| compare::order(args).map(|order| Value::Bool(order.is_lt()))),
    fixed("le", TWO, |_, args| compare::order(args).map(|order| Value::Bool(order.is_le()))),
    fixed("gt", TWO, |_, args| compare::order(args).map(|order| Value::Bool(order.is_gt()))),
    fixed("ge", TWO, |_, args| compare::order(args).map(|order| Value::Bool(order.is_ge()))),
    fixed("len", ONE, |context, args| len(context.schema, first(args))),
    open("index", ONE, Param::Value, index),
    open("slice", ONE, Param::Value, slice),
    open("call", ONE, Param::Value, |_, args| {
        Err(format!("non-function of type {}", first(args).type_name()))
    }),
    open("print", &[], Param::Any, |context, args| Ok(owned(context, print::sprint(context.schema, args)))),
    open("println", &[], Param::Any, |context, args| {
        Ok(owned(context, print::sprintln(context.schema, args)))
    }),
    open("printf", TEXT, Param::Any, |context, args| {
        Ok(owned(context, print::sprintf(context.schema, string(args, 0), args.get(1..).unwrap_or_default())))
    }),
    open("html", &[], Param::Any, |context, args| escape(context, args, gotmpl::html_escape)),
    open("js", &[], Param::Any, |context, args| escape(context, args, gotmpl::js_escape)),
    open("urlquery", &[], Param::Any, |context, args| escape(context, args, gotmpl::url_encode)),
    fixed("contains", TEXTS, |_, args| Ok(Value::Bool(string(args, 0).contains(string(args, 1))))),
    fixed("trimPrefix", TEXTS, |_, args| {
        let whole = string(args, 0);
        Ok(text(whole.strip_prefix(string(args, 1)).unwrap_or(whole)))
    }),
    fixed("trimSuffix", TEXTS, |_, args| {
        let whole = string(args, 0);
        Ok(text(whole.strip_suffix(string(args, 1)).unwrap_or(whole)))
    }),
    fixed("trim", TEXT, |_, args| Ok(text(string(args, 0).trim()))),
    fixed("toLower", TEXT, |context, args| Ok(owned(context, string(args, 0).to_lowercase()))),
    fixed("replace", &[Param::Text, Param::Text, Param::Text], |context, args| {
        Ok(owned(context, string(args, 2).replace(string(args, 0), string(args, 1))))
    }),
    fixed("isIPv4", TEXT, |_, args| Ok(Value::Bool(string(args, 0).parse::<Ipv4Addr>().is_ok()))),
    fixed("isIPv6", TEXT, |_, args| Ok(Value::Bool(is_ipv6(string(args, 0))))),
    fixed("isSource", TEXT, |context, args| is_source(context.source, string(args, 0)).map(Value::Bool)),
    fixed("hasKey", &[Param::TextMap, Param::Text], has_key),
    fixed("fromJson", TEXT, from_json),
];

/// Checks an argument against a parameter, as Go's `validateType` does.
pub(super) fn accept<'a>(schema: &'a Schema, value: Value<'a>, param: Param) -> Eval<Value<'a>> {
    match (param, value) {
        (Param::Value, value) => Ok(value),
        (Param::Any, Value::Missing) => Ok(Value::Nil),
        (Param::Any, value) => Ok(value),
        (Param::Text, Value::Text { named: None, .. }) => Ok(value),
        // One pointer is followed.
        (Param::Text, Value::Pointer(target, Some(json))) if *target == Type::Text(None) => {
            Ok(typed(schema, target, Some(json)))
        }
        (Param::Text, Value::Missing) => Err("invalid value; expected string".to_owned()),
        (Param::TextMap, Value::Missing) => Ok(value),
        (Param::TextMap, Value::Map(map)) if map.key.is_none() && *map.elem == Type::Text(None) => Ok(value),
        (Param::Text, other) => {
            Err(format!("wrong type for value; expected string; got {}", other.type_name()))
        }
        (Param::TextMap, other) => {
            Err(format!("wrong type for value; expected map[string]string; got {}", other.type_name()))
        }
    }
}

fn first<'a>(args: &[Value<'a>]) -> Value<'a> {
    args.first().copied().unwrap_or(Value::Missing)
}

fn string<'a>(args: &[Value<'a>], at: usize) -> &'a str {
    match args.get(at) {
        Some(Value::Text { text, .. }) => text,
        _ => "",
    }
}

fn owned<'a>(context: Context<'a>, value: String) -> Value<'a> {
    text(context.scratch.text(value))
}

fn count(number: usize) -> Value<'static> {
    int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn len<'a>(schema: &'a Schema, value: Value<'a>) -> Eval<Value<'a>> {
    match value.indirect(schema) {
        Value::Text { text, .. } => Ok(count(text.len())),
        Value::Slice { items, .. } => Ok(count(items.map_or(0, <[_]>::len))),
        Value::Map(map) => Ok(count(map.len())),
        Value::Pointer(..) => Err("len of nil pointer".to_owned()),
        other => Err(format!("len of type {}", other.type_name())),
    }
}

fn index<'a>(context: Context<'a>, args: &[Value<'a>]) -> Eval<Value<'a>> {
    let [item, indexes @ ..] = args else { return Ok(Value::Missing) };
    if matches!(item, Value::Missing | Value::Nil) {
        return Err("index of untyped nil".to_owned());
    }
    indexes.iter().try_fold(*item, |item, at| index_one(context, item, *at))
}

fn index_one<'a>(context: Context<'a>, item: Value<'a>, at: Value<'a>) -> Eval<Value<'a>> {
    let schema = context.schema;
    match item.indirect(schema) {
        Value::Slice { elem, items } => {
            let items = items.unwrap_or_default();
            Ok(typed(schema, elem, items.get(position(at, items.len())?)))
        }
        Value::Text { text, .. } => {
            let byte = text.as_bytes().get(position(at, text.len())?);
            Ok(Value::Int(i64::from(byte.copied().unwrap_or_default()), "uint8"))
        }
        Value::Map(map) => match at {
            Value::Text { text: key, named } if named == map.key => {
                Ok(map.get(schema, key).unwrap_or_else(|| typed(schema, map.elem, None)))
            }
            Value::Missing | Value::Nil => Err("value is nil; should be of type string".to_owned()),
            other => {
                let key = map.key.unwrap_or("string");
                Err(format!("value has type {}; should be {key}", other.type_name()))
            }
        },
        Value::Pointer(..) => Err("index of nil pointer".to_owned()),
        other => Err(format!("can't index item of type {}", other.type_name())),
    }
}

/// A place below `length`.
fn position(at: Value<'_>, length: usize) -> Eval<usize> {
    match at {
        Value::Int(at, _) => match usize::try_from(at) {
            Ok(place) if place < length => Ok(place),
            _ => Err(format!("index out of range: {at}")),
        },
        Value::Missing | Value::Nil => Err("cannot index slice/array with nil".to_owned()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name())),
    }
}

fn slice<'a>(context: Context<'a>, args: &[Value<'a>]) -> Eval<Value<'a>> {
    let [item, bounds @ ..] = args else { return Ok(Value::Missing) };
    if bounds.len() > 3 {
        return Err(format!("too many slice indexes: {}", bounds.len()));
    }
    match item.indirect(context.schema) {
        Value::Missing | Value::Nil => Err("slice of untyped nil".to_owned()),
        Value::Text { .. } if bounds.len() == 3 => Err("cannot 3-index slice a string".to_owned()),
        Value::Text { text: whole, named } => {
            let (from, to) = slice_bounds(bounds, whole.len())?;
            let part = match whole.get(from..to) {
                Some(part) => part,
                // Go cuts between bytes; a broken character then prints as the replacement character.
                None => {
                    let part = whole.as_bytes().get(from..to).unwrap_or_default();
                    context.scratch.text(String::from_utf8_lossy(part).into_owned())
                }
            };
            Ok(Value::Text { text: part, named })
        }
        Value::Slice { elem, items } => {
            let items = items.unwrap_or_default();
            let (from, to) = slice_bounds(bounds, items.len())?;
            Ok(Value::Slice { elem, items: items.get(from..to) })
        }
        other => Err(format!("can't slice item of type {}", other.type_name())),
    }
}

/// Lower and upper bound; a third one is only checked, as nobody sees the capacity of a slice.
fn slice_bounds(bounds: &[Value<'_>], length: usize) -> Eval<(usize, usize)> {
    let mut places = [0, length, length];
    for (place, bound) in places.iter_mut().zip(bounds) {
        *place = position(*bound, length + 1)?;
    }
    let [from, to, max] = places;
    if from > to || to > max {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    Ok((from, to))
}

/// The HTML, JavaScript and URL escapers join their arguments as `print` does.
fn escape<'a>(context: Context<'a>, args: &[Value<'a>], escaper: fn(&str) -> String) -> Eval<Value<'a>> {
    let plain = print::sprint_values(context.schema, args);
    Ok(owned(context, escaper(&plain)))
}

/// Go's `netip.ParseAddr` also takes a zone, and calls IPv4 in IPv6 an IPv6 address.
fn is_ipv6(address: &str) -> bool {
    let (address, zone) = address.split_once('%').unwrap_or((address, "zone"));
    !zone.is_empty() && address.parse::<Ipv6Addr>().is_ok()
}

/// Every `--source` value of upstream (`source/types/types.go`); others are an error, so that a typing
/// mistake does not silently answer no.
const SOURCES: [&str; 25] = [
    "node",
    "service",
    "ingress",
    "pod",
    "gateway-httproute",
    "gateway-grpcroute",
    "gateway-tlsroute",
    "gateway-tcproute",
    "gateway-udproute",
    "istio-gateway",
    "istio-virtualservice",
    "ambassador-host",
    "contour-httpproxy",
    "gloo-proxy",
    "traefik-proxy",
    "openshift-route",
    "fake",
    "empty",
    "connector",
    "crd",
    "skipper-routegroup",
    "kong-tcpingress",
    "f5-virtualserver",
    "f5-transportserver",
    "unstructured",
];

fn is_source(active: &str, wanted: &str) -> Eval<bool> {
    if SOURCES.iter().any(|known| known.eq_ignore_ascii_case(wanted)) {
        Ok(active.eq_ignore_ascii_case(wanted))
    } else {
        Err(format!("unknown source {wanted:?} (valid: {})", SOURCES.join(", ")))
    }
}

fn has_key<'a>(context: Context<'a>, args: &[Value<'a>]) -> Eval<Value<'a>> {
    let found = match first(args) {
        Value::Map(map) => map.get(context.schema, string(args, 1)).is_some(),
        _ => false,
    };
    Ok(Value::Bool(found))
}

/// Decodes JSON; what is no JSON is nil, not an error.
fn from_json<'a>(context: Context<'a>, args: &[Value<'a>]) -> Eval<Value<'a>> {
    match serde_json::from_str(string(args, 0)) {
        Ok(json) => Ok(typed(context.schema, &Type::AnyFloat, Some(context.scratch.json(json)))),
        Err(_) => Ok(Value::Nil),
    }
}
