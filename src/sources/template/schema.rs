//! What Go templates call things: the Go structs of the Kubernetes kinds, as readable tables.
//!
//! A template written for ExternalDNS says `.Spec.ClusterIP` because it runs on Go structs; we hold the
//! object as JSON (`spec.clusterIP`). The tables in `schema/*.txt` say, per struct, which Go fields exist,
//! where they are in the JSON and what type they have, so that an absent field prints as its Go zero value
//! and an unknown one is an error.
//!
//! To add a kind, add a `kind` line and the structs it needs; the grammar is small:
//!
//! ```text
//! kind GROUP Service          a top-level object (GROUP is `core` for the core group), fields below
//! struct ServicePort          a Go struct, fields below
//! message ServicePort         ... generated from protobuf: a nil pointer to it prints as `nil`, not `<nil>`
//!   Name string               Go name, type; the JSON key is the Go name with its first word in lower case
//!   CephFS=cephfs *opaque     ... unless it is given
//!   Port! int32               `!`: written to JSON even when zero (the Go tag lacks `omitempty`)
//!   Conditions- []opaque      `-`: never visible, ExternalDNS drops it from its cache
//!   @ObjectMeta=metadata      embedded struct with its own JSON key; fields and methods are promoted
//!   @IngressRuleValue         embedded struct whose fields are inline in the JSON
//!   GetName() Name            method without arguments that returns a field
//! ```
//!
//! Types: `bool int int32 int64 float64 string any time quantity intOrString`, `*T`, `[]T`, `map[string]T`,
//! the name of a struct, `opaque` (`opaqueMessage` if generated from protobuf), or `~v1.Protocol` for a named string type (which Go does not
//! take for a plain `string`: `toLower .Protocol` fails there, so it fails here). `opaque` is a part of an
//! object that is not described; looking into it is an error, never a wrong answer.

use std::collections::HashMap;

/// The type of a Go struct field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Bool,
    /// A signed integer with its Go name (`int32`), which only error texts show.
    Int(&'static str),
    Float,
    /// A string; a named string type carries its Go name.
    Text(Option<Box<str>>),
    /// A struct, by its place in [`Schema::structs`].
    Struct(usize),
    Pointer(Box<Type>),
    Slice(Box<Type>),
    /// A map from strings; a named key type is kept because Go refuses a plain string as its key.
    Map {
        key: Option<Box<str>>,
        elem: Box<Type>,
    },
    /// `interface{}` filled by the Kubernetes decoder: whole numbers are integers.
    Any,
    /// `interface{}` filled by `encoding/json`: every number is a float.
    AnyFloat,
    Time,
    Quantity,
    IntOrString,
    Opaque {
        message: bool,
    },
}

/// One Go struct.
#[derive(Debug)]
pub(super) struct StructType {
    pub(super) name: String,
    /// Generated from protobuf, with the `String` method that comes with it.
    pub(super) message: bool,
    pub(super) fields: Vec<Field>,
    methods: Vec<(String, String)>,
}

/// One field of a Go struct.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) go: String,
    /// Key in the JSON object; empty for an inline embedded struct.
    pub(super) json: String,
    pub(super) ty: Type,
    pub(super) embedded: bool,
    pub(super) keep_zero: bool,
    pub(super) hidden: bool,
}

impl StructType {
    /// The field with this Go name, not looking into embedded structs.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.go == name)
    }

    /// The field that the method of this name returns.
    pub(super) fn method(&self, name: &str) -> Option<&str> {
        self.methods.iter().find(|(method, _)| method == name).map(|(_, field)| field.as_str())
    }
}

/// All described structs and kinds.
#[derive(Debug, Default)]
pub(super) struct Schema {
    structs: Vec<StructType>,
    by_name: HashMap<String, usize>,
    kinds: HashMap<(String, String), usize>,
}

/// The tables that come with the program.
const TABLES: [&str; 4] = [
    include_str!("schema/meta.txt"),
    include_str!("schema/core.txt"),
    include_str!("schema/networking.txt"),
    include_str!("schema/gateway.txt"),
];

impl Schema {
    /// Reads the tables that come with the program.
    pub(super) fn builtin() -> Result<Schema, String> {
        Schema::parse(&TABLES)
    }

    fn parse(tables: &[&str]) -> Result<Schema, String> {
        let mut schema = Schema::default();
        let lines = || {
            tables.iter().flat_map(|table| table.lines()).filter(|line| {
                let line = line.trim();
                !line.is_empty() && !line.starts_with('#')
            })
        };
        // Two passes, so that structs may be used before they are described.
        for line in lines() {
            schema.declare(line)?;
        }
        let mut current = None;
        for line in lines() {
            if let Some(name) = header_name(line) {
                current = schema.by_name.get(name).copied();
            } else if let Some(index) = current {
                schema.read_field(index, line).map_err(|reason| format!("{line:?}: {reason}"))?;
            } else {
                return Err(format!("{line:?}: field outside of a struct"));
            }
        }
        Ok(schema)
    }

    fn declare(&mut self, line: &str) -> Result<(), String> {
        let Some(name) = header_name(line) else { return Ok(()) };
        let index = self.structs.len();
        if self.by_name.insert(name.to_owned(), index).is_some() {
            return Err(format!("{name} is described twice"));
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let message = words.first() == Some(&"message");
        if let ["kind", group, _] = words[..] {
            let group = if group == "core" { "" } else { group };
            self.kinds.insert((group.to_owned(), name.to_owned()), index);
        }
        self.structs.push(StructType {
            name: name.to_owned(),
            message,
            fields: Vec::new(),
            methods: Vec::new(),
        });
        Ok(())
    }

    fn read_field(&mut self, index: usize, line: &str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let (Some(name), ty) = (words.next(), words.next()) else { return Ok(()) };
        if let (Some(method), Some(field)) = (name.strip_suffix("()"), ty) {
            self.structs[index].methods.push((method.to_owned(), field.to_owned()));
            return Ok(());
        }
        let embedded = name.starts_with('@');
        let name = name.trim_start_matches('@');
        let keep_zero = name.ends_with('!');
        let hidden = name.ends_with('-');
        let name = name.trim_end_matches(['!', '-']);
        let (go, json) = match name.split_once('=') {
            Some((go, json)) => (go, json.to_owned()),
            None if embedded => (name, String::new()),
            None => (name, json_key(name)),
        };
        let ty = self.read_type(ty.unwrap_or(go))?;
        self.structs[index].fields.push(Field { go: go.to_owned(), json, ty, embedded, keep_zero, hidden });
        Ok(())
    }

    fn read_type(&self, text: &str) -> Result<Type, String> {
        if let Some(rest) = text.strip_prefix('*') {
            return Ok(Type::Pointer(Box::new(self.read_type(rest)?)));
        }
        if let Some(rest) = text.strip_prefix("[]") {
            return Ok(Type::Slice(Box::new(self.read_type(rest)?)));
        }
        if let Some((key, elem)) = text.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
            let key = key.strip_prefix('~').map(Box::from);
            return Ok(Type::Map { key, elem: Box::new(self.read_type(elem)?) });
        }
        if let Some(name) = text.strip_prefix('~') {
            return Ok(Type::Text(Some(name.into())));
        }
        Ok(match text {
            "bool" => Type::Bool,
            "int" => Type::Int("int"),
            "int32" => Type::Int("int32"),
            "int64" => Type::Int("int64"),
            "float64" => Type::Float,
            "string" => Type::Text(None),
            "any" => Type::Any,
            "time" => Type::Time,
            "quantity" => Type::Quantity,
            "intOrString" => Type::IntOrString,
            "opaque" => Type::Opaque { message: false },
            "opaqueMessage" => Type::Opaque { message: true },
            name => match self.by_name.get(name) {
                Some(index) => Type::Struct(*index),
                None => return Err(format!("unknown type {name}")),
            },
        })
    }

    /// The struct at a place that a [`Type::Struct`] names.
    pub(super) fn at(&self, index: usize) -> &StructType {
        &self.structs[index]
    }

    /// A struct by its Go name.
    pub(super) fn named(&self, name: &str) -> Option<&StructType> {
        self.by_name.get(name).map(|index| self.at(*index))
    }

    /// The struct of a top-level kind, whatever the version.
    pub(super) fn kind(&self, api_version: &str, kind: &str) -> Option<&StructType> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        self.kinds.get(&(group.to_owned(), kind.to_owned())).map(|index| self.at(*index))
    }
}

fn header_name(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["struct" | "message", name] | ["kind", _, name] => Some(name),
        _ => None,
    }
}

/// The usual JSON key of a Go field: its first word in lower case (`ClusterIP` → `clusterIP`,
/// `TLS` → `tls`, `IPFamilies` → `ipFamilies`).
fn json_key(go: &str) -> String {
    let upper = go.chars().take_while(|c| c.is_ascii_uppercase()).count();
    let first_word = if upper > 1 && upper < go.len() { upper - 1 } else { upper };
    go[..first_word].to_ascii_lowercase() + &go[first_word..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_program_are_well_formed() {
        let schema = Schema::builtin().unwrap();
        for kind in ["Service", "Ingress", "Node", "Pod", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"] {
            assert!(schema.named(kind).is_some(), "{kind}");
        }
        assert_eq!(schema.kind("networking.k8s.io/v1", "Ingress").unwrap().name, "Ingress");
        assert!(schema.kind("example.org/v1", "Service").is_none());
    }

    #[test]
    fn json_keys_follow_from_go_names() {
        for (go, json) in [
            ("ClusterIP", "clusterIP"),
            ("TLS", "tls"),
            ("IPFamilies", "ipFamilies"),
            ("PodIPs", "podIPs"),
            ("OSImage", "osImage"),
            ("UID", "uid"),
            ("HTTPGet", "httpGet"),
            ("SELinuxOptions", "seLinuxOptions"),
        ] {
            assert_eq!(json_key(go), json);
        }
    }

    #[test]
    fn mistakes_in_a_table_are_named() {
        let error = Schema::parse(&["struct A\n  B C\n"]).unwrap_err();
        assert!(error.contains("unknown type C"), "{error}");
        assert!(Schema::parse(&["  B string\n"]).unwrap_err().contains("outside"));
        assert!(Schema::parse(&["struct A\nstruct A\n"]).unwrap_err().contains("twice"));
    }
}
