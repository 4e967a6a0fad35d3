//! What templates make of objects: the recorded cases, and the language beyond them.

mod language;
mod recorded;

use serde_json::{Value as Json, json};

use super::{ScopedTemplates, TemplateError, TemplateFlags, Templates};

/// Parses one `--fqdn-template`.
fn fqdn_template(source: &'static str, template: &str) -> Result<ScopedTemplates, TemplateError> {
    let flags = TemplateFlags { fqdn: vec![template.to_owned()], ..TemplateFlags::default() };
    Ok(Templates::parse(&flags)?.scoped(source))
}

/// The names of one template, joined with blanks.
fn names(source: &'static str, template: &str, object: &Json) -> Result<String, TemplateError> {
    fqdn_template(source, template)?.fqdn(object).map(|names| names.join(" "))
}

#[test]
fn flags_are_parsed_together_and_errors_name_them() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for (values, index, reason) in [
        (&["{{.Name}}", "{{.Nam"][..], 1, "unclosed action"),
        (&["{{define \"a\"}}x{{end}}", "b", "{{define \"a\"}}y{{end}}"][..], 2, "multiple definition"),
        (&["{{if .A}}", "{{end}}"][..], 0, "no {{end}}"),
        (&["{{upper .A}}"][..], 0, "not defined"),
    ] {
        for flag in ["--fqdn-template", "--target-template", "--fqdn-target-template"] {
            let mut flags = TemplateFlags::default();
            match flag {
                "--fqdn-template" => flags.fqdn = texts(values),
                "--target-template" => flags.target = texts(values),
                _ => flags.fqdn_target = texts(values),
            }
            let error = Templates::parse(&flags).unwrap_err().to_string();
            let place = format!("{flag}[{index}] {:?}: ", values[index]);
            assert!(error.starts_with(&place) && error.contains(reason), "{error}");
        }
    }
}

#[test]
fn blank_flags_are_no_templates() {
    let parse = |fqdn: &[&str]| {
        let fqdn = fqdn.iter().map(|text| (*text).to_owned()).collect();
        Templates::parse(&TemplateFlags { fqdn, ..TemplateFlags::default() }).unwrap()
    };
    for blank in [&[][..], &[""], &["  ", "\t"][..1]] {
        let templates = parse(blank);
        assert!(templates.is_empty() && !templates.needs_whole_objects());
        assert!(templates.scoped("service").is_empty() && !templates.scoped("service").has_fqdn());
    }
    assert!(parse(&["a"]).needs_whole_objects() && parse(&["a"]).scoped("pod").has_fqdn());
    // As upstream: only the joined text counts, and two blank values have a comma between them.
    assert_eq!(parse(&["", ""]).scoped("pod").fqdn(&json!({"kind": "Pod"})), Ok(Vec::new()));
}

#[test]
fn pairs_are_cut_at_the_first_colon() {
    let flags = TemplateFlags {
        fqdn_target: vec![
            "b.example.org:2001:db8::1, a.example.org : 192.0.2.1 ,a.example.org:192.0.2.2".to_owned(),
            "none,:192.0.2.3,empty.example.org:".to_owned(),
        ],
        combine: true,
        ..TemplateFlags::default()
    };
    let templates = Templates::parse(&flags).unwrap().scoped("service");
    assert!(
        templates.combine()
            && templates.has_fqdn_target()
            && !templates.has_fqdn()
            && !templates.has_target()
    );
    let pair = |name: &str, target: &str| (name.to_owned(), target.to_owned());
    assert_eq!(
        templates.fqdn_targets(&json!({"apiVersion": "v1", "kind": "Service"})),
        Ok(vec![
            pair("a.example.org", "192.0.2.1"),
            pair("a.example.org", "192.0.2.2"),
            pair("b.example.org", "2001:db8::1"),
        ])
    );
}

#[test]
fn an_error_tells_both_attempts() {
    let service =
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}});
    let error = names("service", "{{.Spec.Nope}}", &service).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--fqdn-template failed on Service shop/web: can't evaluate field Nope in type v1.ServiceSpec; \
         by json names: map has no entry for key \"Nope\""
    );
}

#[test]
fn one_set_of_templates_serves_many_threads() {
    let templates = fqdn_template("service", "{{.Name}}-{{isSource \"service\"}}").unwrap();
    std::thread::scope(|scope| {
        for number in 0..4 {
            let templates = templates.clone();
            scope.spawn(move || {
                let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{number}")}});
                assert_eq!(templates.fqdn(&service), Ok(vec![format!("s{number}-true")]));
            });
        }
    });
}
