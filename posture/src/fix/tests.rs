//! What a rendered fix looks like, and when copying it is refused.

use super::*;

const HTTPS: Fix = Fix::from(0, 10, "Turn HTTPS on for <domain>.").values(&[
    ("proxy.https.enabled", FixValue::Bool(true)),
    ("proxy.https.hosts", FixValue::List(&[FixValue::Slot("domain")])),
    ("proxy.https.letsencrypt.contactEmail", FixValue::Slot("mail")),
]);

fn slots(values: &[(&str, &str)]) -> Slots {
    let mut slots = Slots::default();
    for (name, value) in values {
        slots.set(name, *value);
    }
    slots
}

#[test]
fn values_are_nested_and_followed_by_the_upgrade() {
    let known = [
        ("release", "prod"),
        ("namespace", "jhub"),
        ("chart-version", "4.4.0"),
        ("domain", "hub.example.edu"),
    ];
    let fix = render(&HTTPS, &slots(&known));
    insta::assert_snapshot!(fix.config_yaml.unwrap(), @r"
    proxy:
      https:
        enabled: true
        hosts:
        - hub.example.edu
        letsencrypt:
          contactEmail: <mail>
    ");
    insta::assert_snapshot!(fix.commands.join("\n"), @"helm upgrade --cleanup-on-fail prod jupyterhub/jupyterhub --namespace jhub --version 4.4.0 --values config.yaml");
    assert_eq!(fix.refused, None);
}

#[test]
fn a_hostile_value_stays_a_string_in_yaml() {
    let fix = render(&HTTPS, &slots(&[("domain", "x\n  evil: true"), ("mail", "true")]));
    let parsed: serde_norway::Value = serde_norway::from_str(fix.config_yaml.as_deref().unwrap()).unwrap();
    assert_eq!(parsed["proxy"]["https"]["hosts"][0].as_str(), Some(r"x\u{a}  evil: true"));
    assert_eq!(parsed["proxy"]["https"]["letsencrypt"]["contactEmail"].as_str(), Some("true"));
    assert_eq!(
        fix.refused.as_deref(),
        Some("The domain holds a line break, so this cannot be copied safely.")
    );
}

#[test]
fn the_values_of_a_hub_inside_binderhub_stand_below_its_subchart() {
    let fix = render(&HTTPS, &slots(&[("parent-chart", "binderhub"), ("release", "b"), ("namespace", "b")]));
    assert!(fix.config_yaml.unwrap().starts_with("jupyterhub:\n  proxy:"));
    assert_eq!(
        fix.commands,
        [
            "helm upgrade --cleanup-on-fail b jupyterhub/binderhub --namespace b --version '<binderhub-chart-version>' --values config.yaml"
        ]
    );
}

#[test]
fn a_fix_by_a_newer_chart_shows_the_upgrade_and_leaves_the_version_to_the_person() {
    const NEWER: Fix = Fix::advice("Upgrade the chart.").newer_chart();
    let slots = slots(&[("release", "prod"), ("namespace", "jhub"), ("chart-version", "0.6.0")]);
    let fix = render(&NEWER, &slots);
    assert_eq!(fix.config_yaml, None);
    assert_eq!(
        fix.commands,
        [
            "helm upgrade --cleanup-on-fail prod jupyterhub/jupyterhub --namespace jhub --version '<newer-chart-version>' --values config.yaml"
        ]
    );
}

#[test]
fn the_range_of_the_installed_chart_decides() {
    const FIXES: &[Fix] = &[Fix::before(0, 10, "Old."), HTTPS];
    let advice = |version: &str| for_slots(FIXES, &slots(&[("chart-range", version)])).unwrap().advice;
    assert_eq!(advice("0.9.1"), "Old.");
    assert_eq!(advice("0.10.0-beta.1"), "Turn HTTPS on for <domain>.");
    assert_eq!(for_slots(FIXES, &Slots::default()).unwrap().chart_range.as_deref(), Some("charts from 0.10"));
}
