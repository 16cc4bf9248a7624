//! What `perijove doctor` says of the namespaces in which the configuration has the releases of Helm read.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use posture::hostile::visible;
use posture::redact::Redactor;

use crate::cluster::Source;
use crate::cluster::release::{self, ReleaseError};

/// A paragraph, and whether something in it is missing; nothing where nothing is configured.
pub(super) async fn report(
    source: &Source,
    redactor: &Arc<Redactor>,
    namespaces: &BTreeSet<String>,
) -> (String, bool) {
    let (mut text, mut is_missing) = (String::new(), false);
    if namespaces.is_empty() {
        return (text, is_missing);
    }
    text.push_str(
        "\nReleases of Helm that the configuration lets it read. Helm keeps them in Secrets: an account that may list those of a namespace\n\
         can read every Secret there. Perijove asks for those of Helm only, and keeps nothing of them but the redacted manifest:\n",
    );
    for namespace in namespaces {
        is_missing |= !namespace_in(source, redactor, namespace, &mut text).await;
    }
    (text, is_missing)
}

/// The lines of one namespace; whether everything in it could be read.
async fn namespace_in(source: &Source, redactor: &Arc<Redactor>, namespace: &str, text: &mut String) -> bool {
    let standings = match release::list(source, namespace).await {
        Ok(standings) => standings,
        Err(error) => {
            line(text, namespace, &failed(&error));
            return false;
        }
    };
    if standings.is_empty() {
        line(text, namespace, "its Secrets can be listed; there is no release of Helm.");
    }
    let mut is_whole = true;
    for name in standings.keys() {
        match release::read(source, redactor, namespace, name).await {
            Ok(deployed) => {
                let sentence = deployed.installed.sentence();
                line(text, namespace, &format!("it can read {sentence}."));
            }
            // That nothing is deployed is so, and nothing is missing.
            Err(error @ ReleaseError::NotDeployed { .. }) => line(text, namespace, &format!("{error}.")),
            Err(error) => {
                is_whole = false;
                line(text, namespace, &failed(&error));
            }
        }
    }
    is_whole
}

fn line(text: &mut String, namespace: &str, said: &str) {
    let _ = writeln!(text, "  Namespace {namespace}: {}", visible(said));
}

fn failed(error: &ReleaseError) -> String {
    match error {
        ReleaseError::Forbidden { verb, .. } => format!(
            "this account may not {verb} the Secrets there. What closes it, and lets it read every Secret there: \
             perijove doctor --role-releases | kubectl apply -f -"
        ),
        error => format!("{error}."),
    }
}
