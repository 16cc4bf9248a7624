//! The reference page of all checks, generated from their metadata.

use std::fmt::Write;

use super::CHECKS;
use crate::check::{Check, Mapping, Scope, Topic};
use crate::fix::{self, Slots};
use crate::kind::Tier;

const STRING: &str = "writing to a String cannot fail";

/// The reference of all checks in Markdown.
pub fn reference_page() -> String {
    let mut page = String::from("# Checks\n\nEvery check, by the sections of the security guide.\n");
    for topic in Topic::ALL {
        let checks: Vec<&Check> = CHECKS.iter().filter(|check| check.topic == topic).copied().collect();
        if !checks.is_empty() {
            write!(page, "\n## {}\n", topic.title()).expect(STRING);
        }
        for check in checks {
            write_check(&mut page, check);
        }
    }
    page
}

fn write_check(page: &mut String, check: &Check) {
    let scope = match check.scope() {
        Scope::Cluster => "once for the cluster",
        Scope::Hub => "for each hub",
    };
    let verdicts: Vec<&str> = check.verdicts.iter().map(|verdict| verdict.word()).collect();
    write!(
        page,
        "\n### {code} `{name}`\n\n{title}. Severity up to {severity}; judged {scope}; since {since}; can say {verdicts}.\n\n{why}\n",
        code = check.code,
        name = check.name,
        title = check.title,
        severity = check.severity.word(),
        since = check.since,
        verdicts = verdicts.join(", "),
        why = check.why,
    )
    .expect(STRING);
    write!(page, "\nReads: {}.\n", needs(check)).expect(STRING);
    for fix in check.fixes {
        write_fix(page, fix);
    }
    if !check.kubectl.is_empty() {
        let line = fix::command_line(check.kubectl, &Slots::default()).text;
        write!(page, "\nSee it yourself:\n\n```sh\n{line}\n```\n").expect(STRING);
    }
    page.push('\n');
    for reference in check.references {
        writeln!(page, "- [{}]({})", reference.title, reference.url).expect(STRING);
    }
    for mapping in check.mappings {
        writeln!(page, "- {}", mapping_words(*mapping)).expect(STRING);
    }
}

fn write_fix(page: &mut String, fix: &fix::Fix) {
    let rendered = fix::render(fix, &Slots::default());
    let range = rendered.chart_range.map(|range| format!(" ({range})")).unwrap_or_default();
    write!(page, "\nFix{range}: {}\n", rendered.advice).expect(STRING);
    if let Some(yaml) = rendered.config_yaml {
        write!(page, "\n```yaml\n{yaml}```\n").expect(STRING);
    }
    if !rendered.commands.is_empty() {
        write!(page, "\n```sh\n{}\n```\n", rendered.commands.join("\n")).expect(STRING);
    }
}

fn needs(check: &Check) -> String {
    let kind = |kind: &crate::kind::Kind| {
        let info = kind.info();
        let optional = if info.tier == Tier::C { " (where served)" } else { "" };
        format!("{}{optional}", info.plural)
    };
    let mut needs: Vec<String> = check.needs.iter().map(kind).collect();
    if check.scope() == Scope::Hub {
        needs.insert(0, "what finding the hub takes".to_owned());
    }
    needs.join(", ")
}

fn mapping_words(mapping: Mapping) -> String {
    match mapping {
        Mapping::Cis(section) => format!("CIS Kubernetes Benchmark {section}"),
        Mapping::Nsa(chapter) => format!("NSA/CISA Kubernetes Hardening Guide, {chapter}"),
        Mapping::Pss(control) => format!("Pod Security Standards, {control}"),
    }
}
