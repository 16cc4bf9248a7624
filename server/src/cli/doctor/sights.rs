//! What `perijove doctor` says of the Secrets and the names that the configuration has looked at.

use std::fmt::Write;

use posture::check::certificates::UNPROVEN;
use posture::gap::GapReason;
use posture::hostile::visible;
use posture::sighting::{
    ConnectFault, DnsFault, EndpointSight, SecretSight, Seen, Sight, Sightings, Spot, Unsighted,
};

/// A paragraph, and whether something in it is missing; nothing where nothing is configured.
pub(super) fn report(sightings: &Sightings) -> (String, bool) {
    let asked = sightings.spots.iter().filter(|(spot, _)| **spot != Spot::ApiServer);
    let (mut text, mut is_missing) = (String::new(), false);
    for (spot, sight) in asked {
        let (said, is_seen) = say(sight);
        is_missing |= !is_seen;
        let _ = writeln!(text, "  {}: {said}", visible(&spot.to_string()));
    }
    if !text.is_empty() {
        text.insert_str(0, "\nCertificates that the configuration has it look at:\n");
    }
    (text, is_missing)
}

fn say(sight: &Sight) -> (String, bool) {
    match sight {
        Ok(Seen::Secret(secret)) => of_secret(secret),
        Ok(Seen::Endpoint(endpoint)) => of_endpoint(endpoint),
        Ok(Seen::ApiServer(chain)) => (format!("it shows {}.", certificates(chain.len())), true),
        Err(why) => (why_not(why), false),
    }
}

fn certificates(count: usize) -> String {
    match count {
        0 => "no certificate".to_owned(),
        1 => "1 certificate".to_owned(),
        more => format!("{more} certificates"),
    }
}

fn of_secret(secret: &SecretSight) -> (String, bool) {
    let chains = secret.entries.iter().flat_map(|entry| &entry.chains);
    let count: usize = chains.map(|chain| chain.certificates.len()).sum();
    let mut text = format!("it can be read and holds {}.", certificates(count));
    for entry in &secret.entries {
        if let Some(fault) = &entry.fault {
            let _ = write!(text, " Under {}: {}.", visible(&entry.key), visible(fault));
        }
    }
    (text, count > 0)
}

fn of_endpoint(endpoint: &EndpointSight) -> (String, bool) {
    if let (Some(handshake), Some(address)) = (&endpoint.handshake, endpoint.address) {
        if !handshake.is_proven {
            return (format!("at {address} {UNPROVEN}; its newest version is {}.", handshake.newest), false);
        }
        return (format!("it answers at {address} and shows {}.", certificates(handshake.chain.len())), true);
    }
    let known = endpoint.dns.addresses.iter().map(ToString::to_string);
    let addresses: Vec<String> = known.chain(endpoint.dns.withheld.iter().map(ToString::to_string)).collect();
    let addresses = addresses.join(", ");
    let text = match (&endpoint.fault, endpoint.dns.fault) {
        (_, Some(DnsFault::NoSuchName)) => "DNS says that there is no such name.".to_owned(),
        (_, Some(DnsFault::NoAddress)) => "the name has no address in DNS.".to_owned(),
        (_, Some(DnsFault::NoAnswer)) if addresses.is_empty() => {
            "the name servers did not answer; check that DNS is reached from here.".to_owned()
        }
        (Some(ConnectFault::RefusedAddress), _) => format!(
            "it leads to {addresses}, where something is not public or belongs to the cluster, so that nothing was connected to; \
             to connect nevertheless, list it in certificates.private_hosts."
        ),
        (Some(ConnectFault::Closed), _) => format!("nobody listens there at {addresses}."),
        (Some(ConnectFault::NotAllTried), _) => {
            format!("nobody listens at the first of {addresses}; the others were not tried.")
        }
        (Some(ConnectFault::TimedOut), _) => {
            format!("{addresses} did not answer in time; check that it is reached from here.")
        }
        (Some(ConnectFault::NotTls), _) => format!("what answers at {addresses} does not speak TLS."),
        (Some(ConnectFault::Alert), _) => format!("the server at {addresses} broke the handshake off."),
        _ => format!("the connection to {addresses} broke."),
    };
    (text, false)
}

fn why_not(why: &Unsighted) -> String {
    match why {
        Unsighted::Gap(GapReason::Forbidden) => {
            "this account may not read it. What closes it: perijove doctor --role-secrets | kubectl apply -f -".to_owned()
        }
        Unsighted::Gap(GapReason::Failed(what)) => format!("{}.", visible(what)),
        Unsighted::Gap(_) => "whether it is one of the cluster cannot be seen.".to_owned(),
        Unsighted::Absent => "there is no such Secret.".to_owned(),
        Unsighted::NotOfCluster => {
            "no Ingress, Gateway or HTTPRoute, no automatic HTTPS and no hub's Service has this name, so that nothing was connected to."
                .to_owned()
        }
        Unsighted::NotYet => "it has not been looked at.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn said(spot: Spot, sight: Sight) -> (String, bool) {
        report(&Sightings { spots: BTreeMap::from([(spot, sight)]), ..Sightings::default() })
    }

    fn secret() -> Spot {
        Spot::Secret { namespace: "jhub".to_owned(), name: "hub-tls".to_owned() }
    }

    #[test]
    fn nothing_is_said_where_nothing_is_configured() {
        assert_eq!(report(&Sightings::default()), (String::new(), false));
        assert_eq!(said(Spot::ApiServer, Ok(Seen::ApiServer(Vec::new()))), (String::new(), false));
    }

    #[test]
    fn what_is_missing_comes_with_what_closes_it() {
        let (text, is_missing) = said(secret(), Err(Unsighted::Gap(GapReason::Forbidden)));
        assert!(is_missing && text.contains("Secret hub-tls in namespace jhub: "), "{text}");
        assert!(text.contains("perijove doctor --role-secrets"), "{text}");
        let refused = EndpointSight {
            dns: posture::sighting::DnsSight {
                addresses: vec!["10.0.0.7".parse().unwrap()],
                ..Default::default()
            },
            fault: Some(ConnectFault::RefusedAddress),
            ..EndpointSight::default()
        };
        let spot = Spot::Endpoint { host: "hub.example.org".to_owned(), port: 443 };
        let (text, is_missing) = said(spot, Ok(Seen::Endpoint(Box::new(refused))));
        assert!(
            is_missing && text.contains("10.0.0.7") && text.contains("certificates.private_hosts"),
            "{text}"
        );
    }
}
