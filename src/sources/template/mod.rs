//! Templates. (Placeholder while the engine is being written elsewhere.)

/// Parsed templates of all flags.
#[derive(Debug, Clone, Default)]
pub struct Templates;

/// Templates as one source sees them.
#[derive(Debug, Clone, Default)]
pub struct ScopedTemplates;

/// Why a template failed.
#[derive(Debug, thiserror::Error)]
#[error("template failed")]
pub struct TemplateError;

impl Templates {
    /// For one source.
    pub fn scoped(&self, _source: &'static str) -> ScopedTemplates {
        ScopedTemplates
    }
    /// Whether whole objects are needed.
    pub fn needs_whole_objects(&self) -> bool {
        false
    }
}

impl ScopedTemplates {
    /// Whether there is an fqdn template.
    pub fn has_fqdn(&self) -> bool {
        false
    }
    /// Whether there is a pair template.
    pub fn has_fqdn_target(&self) -> bool {
        false
    }
    /// Whether templates add to annotations.
    pub fn combine(&self) -> bool {
        false
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        true
    }
    /// Names.
    pub fn fqdn(&self, _object: &serde_json::Value) -> Result<Vec<String>, TemplateError> {
        Ok(Vec::new())
    }
    /// Pairs.
    pub fn fqdn_targets(&self, _object: &serde_json::Value) -> Result<Vec<(String, String)>, TemplateError> {
        Ok(Vec::new())
    }
}
