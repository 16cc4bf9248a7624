//! `perijove drift --release`: the release and the cluster, read so that both are of the same time.

use std::sync::Arc;

use posture::redact::Redactor;
use posture::release::is_name;

use super::DriftArgs;
use crate::cli::live::{Live, connect, read_source};
use crate::cli::{EXIT_UNAVAILABLE, Stopped};
use crate::cluster::release::{self, Deployed, ReleaseError};
use crate::config::{Config, namespace_name};

/// A release as it is named on the command line.
#[derive(Debug, Clone)]
pub(super) struct Name {
    namespace: Option<String>,
    name: String,
}

/// Reads `NAME` or `NAMESPACE/NAME`.
pub(super) fn name(text: &str) -> Result<Name, &'static str> {
    let (namespace, name) = match text.split_once('/') {
        None => (None, text),
        Some((namespace, name)) => (Some(namespace_name(namespace)?), name),
    };
    if is_name(name) {
        Ok(Name { namespace, name: name.to_owned() })
    } else {
        Err(
            "a release is named as NAME or NAMESPACE/NAME, with at most 53 lower case letters, digits, `-` and `.` in its name",
        )
    }
}

/// Reads the deployed revision of a release, and what is there.
pub(super) async fn read(
    name: &Name,
    args: &DriftArgs,
    config: &Config,
    redactor: &Arc<Redactor>,
) -> Result<(Deployed, Live), Stopped> {
    let namespace = name.namespace.as_ref().unwrap_or(&args.namespace);
    let source = connect(&args.cluster, config).await?;
    let deployed =
        release::read(&source, redactor, namespace, &name.name).await.map_err(|error| stopped(&error))?;
    let live = read_source(source.clone(), config, Arc::clone(redactor)).await?;
    let standings = release::list(&source, namespace).await.map_err(|error| stopped(&error))?;
    let now = standings.get(&name.name).map(|standing| (standing.deployed, standing.newest));
    if now == Some((Some(deployed.installed.revision), deployed.installed.newest)) {
        Ok((deployed, live))
    } else {
        let (namespace, name) = (namespace.clone(), name.name.clone());
        Err(stopped(&ReleaseError::Changing { namespace, name }))
    }
}

fn stopped(error: &ReleaseError) -> Stopped {
    let hint = match error {
        ReleaseError::Forbidden { .. } => {
            ". Use an account that may, or render the chart and use --against, which needs no Secret"
        }
        _ => "",
    };
    let message = format!("{error}{hint}");
    match error {
        ReleaseError::Forbidden { .. }
        | ReleaseError::Api { .. }
        | ReleaseError::TooMany(_)
        | ReleaseError::Changing { .. } => Stopped { message, code: EXIT_UNAVAILABLE },
        ReleaseError::NoSuchRelease { .. }
        | ReleaseError::NotDeployed { .. }
        | ReleaseError::Unreadable { .. }
        | ReleaseError::Manifest(_) => Stopped::input(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_with_or_without_its_namespace() {
        let both = name("jhub/prod").unwrap();
        assert_eq!((both.namespace.as_deref(), both.name.as_str()), (Some("jhub"), "prod"));
        let one = name("prod").unwrap();
        assert_eq!((one.namespace, one.name.as_str()), (None, "prod"));
        for wrong in ["", "/", "jhub/", "/prod", "a/b/c", "JHub/prod", "../prod", "jhub/Prod"] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
