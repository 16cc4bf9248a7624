//! Flags automatic HTTPS whose contact address can reach nobody.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::TlsMode;
use crate::entrance;
use crate::facts::Leaf;
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-05",
    name: "placeholder-acme-contact",
    title: "Let's Encrypt has a contact address that reaches somebody",
    fault: "The contact address for Let's Encrypt is a placeholder",
    severity: Severity::Low,
    topic: Topic::Https,
    since: "0.1.0",
    why: "The authority writes to this address when it must revoke certificates. It sends no mail before a certificate ends since June \
          2025, so the address is no reminder.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Deployment, Kind::ConfigMap],
    fixes: &[Fix::advice("Name an address that somebody reads.")
        .values(&[("proxy.https.letsencrypt.contactEmail", FixValue::Slot("mail"))])],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "<acme-object>", "--output", "yaml"],
    references: &[Reference {
        title: "Let's Encrypt: Ending Support for Expiration Notification Emails",
        url: "https://letsencrypt.org/2025/01/22/ending-expiration-emails/",
    }],
    mappings: &[],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode != TlsMode::LetsEncrypt {
        return Ok(entrance::no_automatic_https(tls));
    }
    let (address, evidence) = address(context, hub)?;
    let holder = evidence.object.kubectl_name();
    let Some((_, domain)) = address.rsplit_once('@') else {
        let reason = Reason::new("no-domain", "The contact for Let's Encrypt is not an address");
        let evidence = evidence.wanted(Arg::word("an address that somebody reads"));
        return Ok(Outcome::warn(reason).because(evidence).slot("acme-object", holder));
    };
    let found = Arg::text(domain);
    let outcome = if is_placeholder(domain) {
        let reason =
            Reason::new("placeholder", "The contact for Let's Encrypt is at {domain}, where nobody reads it");
        Outcome::warn(reason.with("domain", found))
            .because(evidence.wanted(Arg::word("an address that somebody reads")))
    } else {
        Outcome::pass(
            Reason::new("plausible", "The contact for Let's Encrypt is at {domain}").with("domain", found),
        )
        .because(evidence)
    };
    Ok(outcome.slot("acme-object", holder))
}

/// The address, of which redaction leaves the domain, and where it was found.
fn address(context: &Context<'_>, hub: &Hub) -> Result<(String, Evidence), Unknown> {
    if let Some((object, container)) = entrance::kube_lego(hub) {
        return match container.env_var("LEGO_EMAIL").and_then(|entry| entry.value.as_ref()) {
            Some(Leaf::Plain(address)) => {
                let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
                Ok((address.clone(), Evidence::new(object, "env[LEGO_EMAIL]", Arg::text(domain))))
            }
            _ => {
                Err(Reason::new("lego-hidden", "The contact that kube-lego was given cannot be read").into())
            }
        };
    }
    let file = entrance::static_file(context, hub)?;
    let mut resolvers = file.entries(&["certificatesResolvers"]);
    let found = resolvers.find_map(|(name, resolver)| Some((name, resolver.pointer("/acme/email")?)));
    match found.and_then(|(name, address)| Some((name, address.as_str()?))) {
        Some((name, address)) => {
            let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
            let path = format!("certificatesResolvers.{name}.acme.email");
            Ok((address.to_owned(), file.evidence(&path, Arg::text(domain))))
        }
        None => {
            Err(Reason::new("no-contact", "The configuration of autohttps shows no contact that can be read")
                .into())
        }
    }
}

/// Domains that are reserved for examples and for machines without a name (RFC 2606, RFC 6761, RFC 6762).
fn is_placeholder(domain: &str) -> bool {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let last = domain.rsplit('.').next().unwrap_or_default();
    let is_example = ["example.com", "example.net", "example.org"]
        .iter()
        .any(|name| domain == *name || domain.strip_suffix(name).is_some_and(|before| before.ends_with('.')));
    is_example
        || !domain.contains('.')
        || matches!(last, "example" | "test" | "invalid" | "localhost" | "local")
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn only_reserved_names_are_placeholders() {
        for reserved in
            ["example.com", "mail.example.org.", "Hub.TEST", "localhost", "x.local", "uni.example"]
        {
            assert!(is_placeholder(reserved), "{reserved}");
        }
        for real in ["uni-heidelberg.de", "myexample.com", "example.edu", "test.org", "local.ch"] {
            assert!(!is_placeholder(real), "{real}");
        }
    }
}
