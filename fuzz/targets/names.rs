//! Names and targets: what is accepted is normal, and stays as it is.

use zonewright_planner::{DnsName, DomainFilter, RecordType, Target, go_regex, suitable_type};

/// One text per line.
pub fn run(data: &[u8]) {
    super::text(data).lines().for_each(line);
}

fn line(text: &str) {
    if let Ok(name) = DnsName::parse(text) {
        let again = DnsName::parse(name.as_str()).expect("a name in normal form is a name");
        assert_eq!(again, name);
        assert!(name.as_str().len() <= 253 && !name.as_str().ends_with('.'));
        assert!(name.is_in(&name));
        assert_eq!(name.label_count(), name.as_str().split('.').count());
        if let Some(parent) = name.parent() {
            assert!(name.is_in(&parent) && !parent.is_in(&name));
        }
        let _ = name.to_unicode();
    }
    for record_type in RecordType::ALL {
        for alias in [false, true] {
            let Ok(target) = Target::parse(&record_type, text, alias) else { continue };
            let written = target.to_string();
            let again = Target::parse(&record_type, &written, alias).expect("what was written can be read");
            assert_eq!(again, target, "{record_type} {written:?}");
        }
    }
    let _ = Target::parse(&suitable_type(text), text, false);
    if let Ok(filter) = DomainFilter::from_suffixes(&[text], &[text]) {
        let _ = filter.describe();
        if let Ok(name) = DnsName::parse("a.example.org") {
            let _ = filter.matches(&name);
        }
    }
    if let Ok(pattern) = go_regex::compile(text) {
        let _ = pattern.is_match("a.example.org");
    }
}
