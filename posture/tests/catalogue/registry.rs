//! What holds for the catalogue as a whole.

use std::collections::BTreeSet;
use std::path::Path;

use posture::check::Mapping;
use posture::checks::{CHECKS, reference_page};

#[test]
fn codes_are_unique_and_sorted() {
    let codes: Vec<&str> = CHECKS.iter().map(|check| check.code).collect();
    let sorted: BTreeSet<&str> = codes.iter().copied().collect();
    assert_eq!(codes, sorted.into_iter().collect::<Vec<_>>());
    for code in codes {
        let (letters, digits) = code.split_once('-').unwrap();
        assert!(letters.len() == 3 && letters.bytes().all(|b| b.is_ascii_uppercase()), "{code}");
        assert!(digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()), "{code}");
    }
}

#[test]
fn names_are_unique_kebab_case_and_the_name_of_the_file() {
    let names: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(names.len(), CHECKS.len());
    for check in CHECKS {
        let is_kebab = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        assert!(check.name.bytes().all(is_kebab), "{}", check.name);
        let file = crate::support::folder(check).with_extension("rs");
        assert!(file.is_file(), "{} wants {}", check.code, file.display());
    }
}

#[test]
fn every_file_and_folder_of_the_catalogue_belongs_to_a_check() {
    let known: BTreeSet<String> = CHECKS.iter().map(|check| crate::support::file_name(check)).collect();
    let shared = ["reference"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    #[expect(clippy::disallowed_methods, reason = "the catalogue is a folder")]
    let entries = std::fs::read_dir(folder).unwrap();
    for entry in entries {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(known.contains(stem) || shared.contains(&stem), "{} is not in CHECKS", path.display());
    }
}

#[test]
fn a_fix_by_a_newer_chart_shows_the_command() {
    for check in CHECKS {
        for fix in check.fixes.iter().filter(|fix| fix.advice.to_lowercase().contains("upgrade the chart")) {
            assert!(fix.newer_chart || !fix.values.is_empty(), "{}: {}", check.code, fix.advice);
        }
    }
}

#[test]
fn texts_are_sentences_where_they_should_be() {
    for check in CHECKS {
        let name = check.name;
        for statement in [check.title, check.fault] {
            assert!(!statement.is_empty() && !statement.ends_with('.'), "{name}: {statement}");
        }
        let advice = check.fixes.iter().map(|fix| fix.advice);
        for sentence in advice.chain([check.why]) {
            assert!(sentence.ends_with('.'), "{name}: {sentence}");
            assert!(!sentence.contains("  "), "{name}: two spaces in a row");
        }
        assert!(!check.verdicts.is_empty() && !check.fixes.is_empty(), "{name}");
        assert!(!check.references.is_empty(), "{name}: where can one read more?");
    }
}

#[test]
fn references_are_https_and_unique_within_a_check() {
    for check in CHECKS {
        let urls: BTreeSet<&str> = check.references.iter().map(|reference| reference.url).collect();
        assert_eq!(urls.len(), check.references.len(), "{}", check.name);
        for url in urls {
            assert!(
                url.starts_with("https://") && !url.contains(char::is_whitespace),
                "{}: {url}",
                check.name
            );
        }
    }
}

#[test]
fn mappings_have_the_form_of_their_standard() {
    for check in CHECKS {
        for mapping in check.mappings {
            let is_fine = match mapping {
                Mapping::Cis(section) => section.split('.').all(|part| part.parse::<u8>().is_ok()),
                Mapping::Nsa(chapter) => NSA_CHAPTERS.contains(chapter),
                Mapping::Pss(control) => {
                    control.starts_with("baseline: ") || control.starts_with("restricted: ")
                }
            };
            assert!(is_fine, "{}: {mapping:?}", check.name);
        }
    }
}

/// The chapters of the hardening guide, version 1.2.
const NSA_CHAPTERS: [&str; 6] = [
    "Kubernetes Pod security",
    "Network separation and hardening",
    "Authentication and authorization",
    "Audit logging and threat detection",
    "Upgrading and application security practices",
    "Scanning containers and Pods for vulnerabilities or misconfigurations",
];

#[test]
fn no_check_is_newer_than_the_program() {
    let this = semver::Version::parse(env!("CARGO_PKG_VERSION")).unwrap();
    for check in CHECKS {
        assert!(semver::Version::parse(check.since).unwrap() <= this, "{}", check.name);
    }
}

#[test]
fn the_ranges_of_fixes_do_not_overlap() {
    for check in CHECKS {
        for (index, fix) in check.fixes.iter().enumerate() {
            for later in check.fixes[index + 1..].iter().filter(|later| later.case == fix.case) {
                let from = fix.from.max(later.from).unwrap_or((0, 0));
                let to = [fix.to, later.to].into_iter().flatten().min();
                assert!(to.is_some_and(|to| to <= from), "{}: two fixes for one chart version", check.name);
            }
        }
    }
}

#[test]
fn the_reference_page_shows_every_check() {
    let page = reference_page();
    for check in CHECKS {
        assert!(page.contains(&format!("### {} `{}`", check.code, check.name)), "{}", check.name);
        assert!(check.references.iter().all(|reference| page.contains(reference.url)), "{}", check.name);
    }
    assert!(!page.contains("\n\n\n"), "an empty section");
}
