//! The Go templates behind `--fqdn-template`, `--target-template` and `--fqdn-target-template`.
//!
//! Text becomes names in four steps:
//!
//! ```text
//! flag values ─scan─program─> checked tree ──exec──> output ──here──> names, targets or pairs
//!                 object ──view──> typed values ──┘  (schema: what Go calls the fields)
//! ```
//!
//! The templates were written for ExternalDNS, which runs them on Go structs, so a template must see here
//! what it saw there: Go field names, typed zeros, `<nil>` pointers, errors for unknown fields. The
//! grammar is that of the `gotmpl` crate; its executor knows no structs, pointers or typed zeros, so
//! ours runs the tree. Everything is parsed once, holds no global state and may be used by many threads.

mod compare;
mod exec;
mod functions;
mod methods;
mod print;
mod printf;
mod program;
mod scan;
mod schema;
#[cfg(test)]
mod tests;
mod value;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use exec::{Context, Scratch, execute};
use program::Program;
use schema::Schema;
use value::Value;

/// The source whose objects never have a Go type.
const UNSTRUCTURED: &str = "unstructured";

/// What the user gave; each flag may be repeated.
#[derive(Debug, Clone, Default)]
pub struct TemplateFlags {
    /// `--fqdn-template`: names.
    pub fqdn: Vec<String>,
    /// `--target-template`: targets of those names, for sources whose objects have none.
    pub target: Vec<String>,
    /// `--fqdn-target-template`: `name:target` pairs.
    pub fqdn_target: Vec<String>,
    /// `--combine-fqdn-annotation`: template names are added to those of the object, not used instead.
    pub combine: bool,
}

/// Why a template cannot be used, or gave nothing for an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A flag value is not a valid template; the program must not start.
    #[error("{flag}[{index}] {text:?}: {message}")]
    Syntax {
        /// Flag that holds the text, with its dashes.
        flag: &'static str,
        /// Place of the text among the values of the flag, from 0.
        index: usize,
        /// The text.
        text: String,
        /// What is wrong with it.
        message: String,
    },
    /// The template failed on one object, both on its Go fields and on its JSON fields.
    #[error("{flag} failed on {object}: {typed}; by json names: {json}")]
    Execution {
        /// Flag that holds the template.
        flag: &'static str,
        /// The object as `Kind namespace/name`.
        object: String,
        /// What was wrong with the Go field names.
        typed: String,
        /// What was wrong with the JSON field names.
        json: String,
    },
    /// The field tables of the program itself are broken; a test keeps this from being shipped.
    #[error("field tables of the templates: {0}")]
    Schema(String),
}

/// The parsed templates of all flags.
#[derive(Debug, Clone)]
pub struct Templates {
    shared: Arc<Shared>,
}

/// No templates at all.
impl Default for Templates {
    fn default() -> Self {
        Self { shared: Arc::default() }
    }
}

#[derive(Debug, Default)]
struct Shared {
    schema: Schema,
    fqdn: Option<Program>,
    target: Option<Program>,
    fqdn_target: Option<Program>,
    combine: bool,
}

impl Templates {
    /// Parses the flags. Every value is checked together with those before it, as they form one template:
    /// a value cannot leave a block open for the next one, nor repeat a `define`.
    pub fn parse(flags: &TemplateFlags) -> Result<Templates, TemplateError> {
        let shared = Shared {
            schema: Schema::builtin().map_err(TemplateError::Schema)?,
            fqdn: parse_flag("--fqdn-template", &flags.fqdn)?,
            target: parse_flag("--target-template", &flags.target)?,
            fqdn_target: parse_flag("--fqdn-target-template", &flags.fqdn_target)?,
            combine: flags.combine,
        };
        Ok(Templates { shared: Arc::new(shared) })
    }

    /// The templates for one source, which then know the answer to `isSource`.
    pub fn scoped(&self, source_name: &'static str) -> ScopedTemplates {
        ScopedTemplates { shared: Arc::clone(&self.shared), source_name }
    }

    /// Whether no flag holds a template.
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty()
    }

    /// Whether sources must keep whole objects, since a template may look at any of their fields.
    pub fn needs_whole_objects(&self) -> bool {
        !self.is_empty()
    }
}

impl Shared {
    fn is_empty(&self) -> bool {
        self.fqdn.is_none() && self.target.is_none() && self.fqdn_target.is_none()
    }
}

/// Parses the values of one flag, which a comma joins; blank values are no template.
fn parse_flag(flag: &'static str, values: &[String]) -> Result<Option<Program>, TemplateError> {
    let mut program = None;
    for (index, text) in values.iter().enumerate() {
        let joined = values[..=index].join(",");
        let parsed = Program::parse(&joined).map_err(|message| TemplateError::Syntax {
            flag,
            index,
            text: text.clone(),
            message,
        })?;
        program = Some(parsed);
    }
    let blank = values.join(",").trim().is_empty();
    Ok(program.filter(|_| !blank))
}

/// The templates as one source uses them; cheap to clone.
#[derive(Debug, Clone)]
pub struct ScopedTemplates {
    shared: Arc<Shared>,
    source_name: &'static str,
}

impl ScopedTemplates {
    /// Whether names can be made with [`fqdn`](Self::fqdn).
    pub fn has_fqdn(&self) -> bool {
        self.shared.fqdn.is_some()
    }

    /// Whether targets can be made with [`targets`](Self::targets).
    pub fn has_target(&self) -> bool {
        self.shared.target.is_some()
    }

    /// Whether pairs can be made with [`fqdn_targets`](Self::fqdn_targets).
    pub fn has_fqdn_target(&self) -> bool {
        self.shared.fqdn_target.is_some()
    }

    /// Whether template names are added to those of the object rather than used in their absence.
    pub fn combine(&self) -> bool {
        self.shared.combine
    }

    /// Whether no flag holds a template.
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty()
    }

    /// The names that `--fqdn-template` gives an object: no blanks, no final dots, unique and sorted.
    /// Without the flag there are none.
    pub fn fqdn(&self, object: &Json) -> Result<Vec<String>, TemplateError> {
        self.run("--fqdn-template", self.shared.fqdn.as_ref(), object)
    }

    /// The targets that `--target-template` gives an object, in the form of [`fqdn`](Self::fqdn).
    pub fn targets(&self, object: &Json) -> Result<Vec<String>, TemplateError> {
        self.run("--target-template", self.shared.target.as_ref(), object)
    }

    /// The names and targets that `--fqdn-target-template` gives an object, one target each; the same
    /// name may come several times. Items without a name or without a target are left out, since the
    /// field they come from may not be filled yet.
    pub fn fqdn_targets(&self, object: &Json) -> Result<Vec<(String, String)>, TemplateError> {
        let items = self.run("--fqdn-target-template", self.shared.fqdn_target.as_ref(), object)?;
        let pairs = items.iter().filter_map(|item| item.split_once(':'));
        Ok(pairs
            .map(|(name, target)| (name.trim().to_owned(), target.trim().to_owned()))
            .filter(|(name, target)| !name.is_empty() && !target.is_empty())
            .collect())
    }

    fn run(
        &self,
        flag: &'static str,
        program: Option<&Program>,
        object: &Json,
    ) -> Result<Vec<String>, TemplateError> {
        let Some(program) = program else { return Ok(Vec::new()) };
        let output = self.on_go_fields(program, object).or_else(|typed| {
            self.on_json_fields(program, object).map_err(|json| TemplateError::Execution {
                flag,
                object: describe(object),
                typed,
                json,
            })
        })?;
        Ok(split_items(&output))
    }

    /// First attempt: Go names, lenient about missing map keys.
    fn on_go_fields(&self, program: &Program, object: &Json) -> Result<String, String> {
        let schema = &self.shared.schema;
        match self.go_type(object) {
            Some(ty) => self.execute(program, false, Value::Struct(ty, Some(object))),
            None => {
                let view = view::unstructured_view(object);
                self.execute(program, false, view_value(schema, "UnstructuredView", &view)?)
            }
        }
    }

    /// Second attempt: JSON names, strict about missing map keys.
    fn on_json_fields(&self, program: &Program, object: &Json) -> Result<String, String> {
        let schema = &self.shared.schema;
        let view = view::json_view(schema, self.go_type(object), object);
        self.execute(program, true, view_value(schema, "JsonView", &view)?)
    }

    fn execute(&self, program: &Program, strict: bool, data: Value<'_>) -> Result<String, String> {
        let scratch = Scratch::default();
        let context =
            Context { schema: &self.shared.schema, scratch: &scratch, source: self.source_name, strict };
        execute(program, context, data)
    }

    fn go_type(&self, object: &Json) -> Option<&schema::StructType> {
        if self.source_name == UNSTRUCTURED {
            return None;
        }
        let text = |key: &str| object.get(key).and_then(Json::as_str).unwrap_or_default();
        self.shared.schema.kind(text("apiVersion"), text("kind"))
    }
}

fn view_value<'a>(schema: &'a Schema, name: &str, view: &'a Json) -> Result<Value<'a>, String> {
    let ty = schema.named(name).ok_or_else(|| format!("{name} is not described"))?;
    Ok(Value::Struct(ty, Some(view)))
}

/// `Kind namespace/name` for messages.
fn describe(object: &Json) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    format!("{} {}/{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
}

/// Splits what a template wrote at its commas.
fn split_items(output: &str) -> Vec<String> {
    let items: BTreeSet<&str> = output
        .split(',')
        .map(str::trim)
        .map(|item| item.strip_suffix('.').unwrap_or(item))
        .filter(|item| !item.is_empty())
        .collect();
    items.into_iter().map(str::to_owned).collect()
}
