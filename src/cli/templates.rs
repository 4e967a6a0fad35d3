//! Templates for names and targets. They are compiled by the template engine, not here.

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Templates")]
pub(super) struct TemplatesArgs {
    /// Go template for the DNS names of objects that name none themselves (repeatable)
    #[arg(long, value_name = "TEMPLATE")]
    fqdn_template: Vec<String>,
    /// Go template for the targets of objects (repeatable)
    #[arg(long, value_name = "TEMPLATE")]
    target_template: Vec<String>,
    /// Go template that gives name:target pairs (repeatable)
    #[arg(long, value_name = "TEMPLATE")]
    fqdn_target_template: Vec<String>,
    /// Publish the names of templates beside those of annotations, not only where there are none
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    combine_fqdn_annotation: bool,
    /// Do not read names from annotations; needs --fqdn-template
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    ignore_hostname_annotation: bool,
}

/// The templates and how they go together with annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplatesConfig {
    /// Templates for names.
    pub fqdn: Vec<String>,
    /// Templates for targets.
    pub target: Vec<String>,
    /// Templates for pairs.
    pub fqdn_target: Vec<String>,
    /// Whether names of templates add to those of annotations.
    pub combine: bool,
    /// Whether names in annotations are left aside.
    pub ignore_hostname_annotation: bool,
}

impl TemplatesArgs {
    pub(super) fn check(self) -> Result<TemplatesConfig, String> {
        let Self {
            fqdn_template,
            target_template,
            fqdn_target_template,
            combine_fqdn_annotation,
            ignore_hostname_annotation,
        } = self;
        if ignore_hostname_annotation && fqdn_template.is_empty() {
            return Err(
                "FQDN Template must be set if ignoring annotations: --ignore-hostname-annotation needs \
                        --fqdn-template"
                    .into(),
            );
        }
        Ok(TemplatesConfig {
            fqdn: fqdn_template,
            target: target_template,
            fqdn_target: fqdn_target_template,
            combine: combine_fqdn_annotation,
            ignore_hostname_annotation,
        })
    }
}
