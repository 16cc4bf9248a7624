//! Puts what was read in Secrets and in connections beside what objects say.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::secret;
use super::{
    Certificate, Kept, Missed, Place, Purpose, Read, Renewer, Served, Silent, Unseen, Use, Validity, hosts,
};
use crate::check::certificates::{Connection, UNPROVEN};
use crate::derived::Derived;
use crate::derived::tls::covers;
use crate::entrance;
use crate::hub::HubKey;
use crate::sighting::{
    EndpointSight, Handshake, SecretEntry, SecretSight, Seen, Spot, StoreForm, StoredChain, Trust, Unsighted,
};
use crate::snapshot::Snapshot;
use crate::x509::{Der, X509, read};

/// Certificates in the making, with what was looked at.
pub(super) struct Sighted<'a> {
    snapshot: &'a Snapshot,
    derived: &'a Derived,
    /// The names of each hub.
    names: BTreeMap<&'a HubKey, BTreeSet<String>>,
    rows: Vec<Certificate>,
}

impl<'a> Sighted<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, derived: &'a Derived, rows: Vec<Certificate>) -> Self {
        let names =
            derived.hubs.iter().map(|hub| (&hub.key, hosts::of_hub(snapshot, derived, hub).0)).collect();
        Self { snapshot, derived, names, rows }
    }

    /// The certificates with everything that was read of them.
    pub(super) fn complete(mut self) -> Vec<Certificate> {
        self.secrets();
        self.endpoints();
        self.api_server();
        merged(self.rows)
    }

    /// What Secrets hold.
    fn secrets(&mut self) {
        let mut described = BTreeSet::new();
        let mut rows = Vec::new();
        for row in std::mem::take(&mut self.rows) {
            let Kept::Secret { namespace, name } = &row.kept else {
                rows.push(row);
                continue;
            };
            match self.snapshot.sightings.secret(namespace, name) {
                None => rows.push(row),
                Some(Err(why)) => {
                    rows.push(unlooked(row, why));
                }
                Some(Ok(sight)) => {
                    described.insert((namespace.clone(), name.clone()));
                    rows.extend(of_secret(row, sight));
                }
            }
        }
        for (spot, sight) in &self.snapshot.sightings.spots {
            let (Spot::Secret { namespace, name }, Ok(Seen::Secret(sight))) = (spot, sight) else { continue };
            if described.insert((namespace.clone(), name.clone())) {
                let kept = secret(namespace, name);
                let row = Certificate::unknown(kept, Renewer::NobodySeen, Unseen::Unreadable(nothing()));
                rows.extend(of_secret(row, sight));
            }
        }
        self.rows = rows;
    }

    /// What connections showed.
    fn endpoints(&mut self) {
        for (spot, sight) in &self.snapshot.sightings.spots {
            let (Spot::Endpoint { host, port }, Ok(Seen::Endpoint(sight))) = (spot, sight) else { continue };
            let Some(handshake) = sight.proven() else { continue };
            if let Some(found) = of_chain(&handshake.chain) {
                let found = Read { trust: Some(handshake.trust), ..found };
                self.endpoint((host, *port), sight, handshake, found);
            }
        }
    }

    fn endpoint(&mut self, at: (&str, u16), sight: &EndpointSight, handshake: &Handshake, found: Read) {
        let (host, port) = at;
        let place = Place::Endpoint { host: host.to_owned(), port };
        let fingerprint = found.certificate.fingerprint;
        let candidates: Vec<usize> =
            (0..self.rows.len()).filter(|index| self.should_serve(&self.rows[*index], host)).collect();
        let seen_at = self.snapshot.sightings.recalled_from;
        let served = |is_same| Served {
            host: host.to_owned(),
            port,
            is_same,
            is_stale: false,
            not_after: found.certificate.not_after,
            fingerprint,
            others: handshake.in_turn.len(),
            version: handshake.newest,
            seen_at,
        };
        let is_it = |row: &Certificate| {
            row.read.as_ref().is_some_and(|read| read.certificate.fingerprint == fingerprint)
        };
        let equals: Vec<usize> = (0..self.rows.len()).filter(|index| is_it(&self.rows[*index])).collect();
        let mut is_known = !equals.is_empty();
        for index in equals {
            let row = &mut self.rows[index];
            row.seen.push(place.clone());
            row.served.push(served(Some(true)));
            if let Some(read) = &mut row.read {
                read.trust = Some(worse(read.trust, handshake.trust));
            }
        }
        if !is_known && let Some(index) = self.unread(&candidates, host, &found) {
            let row = &mut self.rows[index];
            let is_same = row.validity.is_ok().then_some(true);
            row.seen.push(place.clone());
            row.served.push(served(is_same));
            put(row, found.clone());
            is_known = true;
        }
        let is_direct = self.is_direct(sight);
        for index in candidates {
            let row = &mut self.rows[index];
            if !row.served.iter().any(|served| (served.host.as_str(), served.port) == at) {
                // Where what is kept was not read, nothing can be told.
                let is_same = row.is_kept_known().then_some(false);
                let is_stale = is_same.is_some() && is_stale(row, &found, is_direct);
                row.served.push(Served { is_stale, ..served(is_same) });
            }
        }
        if !is_known {
            let row = self.only_served(at, place, found);
            self.rows.push(row);
        }
    }

    /// Which certificate that was not read a connection showed: the one that ends when cert-manager says, else the only one there can be, if it
    /// is for no other name.
    fn unread(&self, candidates: &[usize], host: &str, found: &Read) -> Option<usize> {
        let unread: Vec<usize> =
            candidates.iter().copied().filter(|index| self.rows[*index].read.is_none()).collect();
        let end = found.certificate.not_after;
        let ends_then =
            |row: &Certificate| row.validity.as_ref().is_ok_and(|validity| validity.not_after == end);
        let dated: Vec<usize> =
            unread.iter().copied().filter(|index| ends_then(&self.rows[*index])).collect();
        match (dated.as_slice(), unread.as_slice()) {
            ([only], _) => Some(*only),
            ([], [only]) if candidates.len() == 1 => {
                let row = &self.rows[*only];
                let names: BTreeSet<&str> = row
                    .uses
                    .iter()
                    .flat_map(|used| &used.hosts)
                    .map(String::as_str)
                    .chain(row.hubs().filter_map(|hub| self.names.get(hub)).flatten().map(String::as_str))
                    .collect();
                let is_for_it_alone = names.iter().all(|name| *name == host);
                let may_be = !matches!(
                    row.validity,
                    Ok(_)
                        | Err(Unseen::NotInStore | Unseen::Unreadable(_) | Unseen::Missed(Unsighted::Absent))
                );
                (is_for_it_alone && may_be).then_some(*only)
            }
            _ => None,
        }
    }

    /// Whether a connection went to an address that an object of the cluster has outside of it.
    fn is_direct(&self, sight: &EndpointSight) -> bool {
        let Some(address) = sight.address.map(|address| address.to_string()) else { return false };
        let services = self.snapshot.services.present();
        let of_services = services.filter(|service| entrance::addresses(service).contains(&address.as_str()));
        let mut ingresses = self.snapshot.ingresses.present();
        of_services.count() > 0
            || ingresses.any(|ingress| {
                let addresses = &ingress.status.load_balancer.ingress;
                addresses.iter().any(|own| own.ip.as_deref() == Some(address.as_str()))
            })
    }

    /// A certificate that a connection shows and nothing else does.
    fn only_served(&self, (host, port): (&str, u16), place: Place, found: Read) -> Certificate {
        let kept = Kept::Endpoint { host: host.to_owned(), port };
        let mut row = Certificate::unknown(kept, Renewer::Operator, Unseen::Elsewhere);
        let mut uses: BTreeSet<Use> = BTreeSet::new();
        for used in self.rows.iter().flat_map(|row| &row.uses).filter(|used| self.is_for(used, host)) {
            uses.insert(Use { hosts: vec![host.to_owned()], ..used.clone() });
        }
        // A hub is reached by its names whatever TLS objects name.
        for (key, _) in self.names.iter().filter(|(_, names)| names.contains(host)) {
            if uses.iter().any(|used| used.hubs.contains(key)) {
                continue;
            }
            let service = self.derived.hub(key).and_then(|hub| hub.public_services.first());
            if let Some(service) = service {
                let object = entrance::object(service);
                let hubs = vec![(*key).clone()];
                uses.insert(Use { object, listener: None, hosts: vec![host.to_owned()], hubs });
            }
        }
        row.uses = uses.into_iter().collect();
        row.seen.push(place);
        put(&mut row, found);
        row
    }

    /// Whether a certificate is one that a connection to a name should show.
    fn should_serve(&self, row: &Certificate, host: &str) -> bool {
        row.purpose == Purpose::Server
            && !matches!(row.kept, Kept::Endpoint { .. } | Kept::ApiServer | Kept::Bundle(_))
            && row.uses.iter().any(|used| self.is_for(used, host))
            // Of several in one Secret, the one with the name is presented.
            && (row.entry.is_none() || row.names.iter().any(|name| covers(name, host)))
    }

    fn is_for(&self, used: &Use, host: &str) -> bool {
        if !used.hosts.is_empty() {
            return used.hosts.iter().any(|name| covers(name, host));
        }
        used.hubs.iter().any(|hub| self.names.get(hub).is_some_and(|names| names.contains(host)))
    }

    /// What the API server presents to its client.
    fn api_server(&mut self) {
        if let Some(Ok(Seen::ApiServer(chain))) = self.snapshot.sightings.spots.get(&Spot::ApiServer)
            && let Some(found) = of_chain(chain)
        {
            let mut row = Certificate::unknown(Kept::ApiServer, Renewer::Operator, Unseen::Elsewhere);
            row.seen.push(Place::ApiServer);
            put(&mut row, found);
            self.rows.push(row);
        }
    }
}

/// Everything that was to be looked at and could not be.
pub(super) fn missed(snapshot: &Snapshot) -> Vec<Missed> {
    let spots = snapshot.sightings.spots.iter();
    spots
        .filter_map(|(spot, sight)| Some(Missed { spot: spot.clone(), why: sight.as_ref().err()?.clone() }))
        .collect()
}

/// Every name that was connected to and showed no certificate.
pub(super) fn silent(snapshot: &Snapshot) -> Vec<Silent> {
    let looked = snapshot.sightings.connections();
    looked
        .filter_map(|(host, port, sight)| {
            let sight = sight.ok()?;
            let why = match &sight.handshake {
                None => Connection { host, port, sight, seen_at: None }.fault(),
                Some(handshake) if !handshake.is_proven => UNPROVEN,
                Some(handshake) if of_chain(&handshake.chain).is_none() => {
                    "the certificate that it presents cannot be understood"
                }
                Some(_) => return None,
            };
            Some(Silent { host: host.to_owned(), port, why: why.to_owned() })
        })
        .collect()
}

/// What a look at a certificate's place showed there, at whatever instant that was; `None` where there was none that can be read.
pub fn found_in(certificate: &Certificate, seen: &Seen) -> Option<X509> {
    let read = match (seen, &certificate.kept) {
        (Seen::Secret(sight), kept @ Kept::Secret { .. }) => {
            let row = Certificate::unknown(kept.clone(), Renewer::NobodySeen, Unseen::Elsewhere);
            let rows = of_secret(row, sight).into_iter();
            let mut same =
                rows.filter(|row| (row.purpose, &row.entry) == (certificate.purpose, &certificate.entry));
            *same.next()?.read?
        }
        (Seen::Secret(_), _) => return None,
        (Seen::Endpoint(sight), _) => of_chain(&sight.proven()?.chain)?,
        (Seen::ApiServer(chain), _) => of_chain(chain)?,
    };
    Some(read.certificate)
}

fn nothing() -> String {
    "it holds nothing that is a certificate".to_owned()
}

/// The worse of what connections showed of the same certificate.
fn worse(before: Option<Trust>, now: Trust) -> Trust {
    if before == Some(Trust::NotPublic) { Trust::NotPublic } else { now }
}

/// Whether what is presented is one that the kept certificate should have replaced: it is for the same names, began earlier, and comes from
/// where the kept one is served, by its address or by its issuer. What stands in between has certificates of its own. Ends tell nothing where
/// beginnings differ: who moves to shorter lifetimes replaces a later end by an earlier one.
fn is_stale(row: &Certificate, found: &Read, is_direct: bool) -> bool {
    let (began, ends) = (found.certificate.not_before, found.certificate.not_after);
    let is_older = row.validity.as_ref().is_ok_and(|kept| match kept.not_before {
        Some(start) if start != began => start > began,
        _ => kept.not_after > ends,
    });
    let is_same_issuer =
        row.read.as_ref().is_some_and(|read| read.certificate.issuer_hash == found.certificate.issuer_hash);
    let names = found.certificate.host_names();
    let is_for_same = row.names.iter().any(|name| names.contains(name));
    is_older && is_for_same && (is_direct || is_same_issuer)
}

/// A certificate whose Secret could not be looked at. That there is none is a fact; otherwise what cert-manager says of it stays.
fn unlooked(row: Certificate, why: &Unsighted) -> Certificate {
    let missed = Some(why.clone());
    if row.validity.is_ok() && *why != Unsighted::Absent {
        return Certificate { missed, ..row };
    }
    Certificate { missed, ..without(row, Unseen::Missed(why.clone())) }
}

/// The certificates of a Secret: one for what is served, one for each further entry.
fn of_secret(row: Certificate, sight: &SecretSight) -> Vec<Certificate> {
    let Kept::Secret { namespace, name } = row.kept.clone() else { return vec![row] };
    let place =
        |key: &str| Place::Secret { namespace: namespace.clone(), name: name.clone(), key: key.to_owned() };
    let (bundles, entries): (Vec<_>, Vec<_>) =
        sight.entries.iter().partition(|entry| entry.key == AUTHORITIES);
    let has_served = entries.iter().any(|entry| entry.key == SERVED);
    let mut rows = Vec::new();
    for entry in &entries {
        // Servers load this key; where it is not there, the one entry or any of several may be what they load.
        let is_main = entry.key == SERVED || entries.len() == 1;
        let is_used = is_main || !has_served;
        rows.extend(entry.chains.iter().filter_map(|chain| {
            let name =
                (!is_main || entry.chains.len() > 1).then(|| entry_name(&entry.key, chain.alias.as_deref()));
            let uses = if is_used { row.uses.clone() } else { Vec::new() };
            let next =
                Certificate { entry: name, uses, seen: with(&row.seen, place(&entry.key)), ..row.clone() };
            of_stored(next, entry, chain)
        }));
    }
    let unheld = not_in_store(&row, &entries, &rows);
    let is_unread = rows.is_empty() && unheld.is_none();
    if is_unread || has_served && !rows.iter().any(|next: &Certificate| next.entry.is_none()) {
        let served = entries.iter().filter(|entry| entry.key == SERVED || !has_served);
        let fault = served.clone().find_map(|entry| entry.fault.clone()).unwrap_or_else(nothing);
        rows.push(without(row.clone(), Unseen::Unreadable(fault)));
    }
    rows.extend(unheld);
    for entry in bundles {
        if let Some(fault) = &entry.fault {
            let mut next = Certificate::unknown(
                row.kept.clone(),
                row.renewer.clone(),
                Unseen::Unreadable(fault.clone()),
            );
            next.purpose = Purpose::Authority;
            next.entry = Some(entry_name(&entry.key, Some("what cannot be read")));
            next.seen.push(place(&entry.key));
            rows.push(next);
        }
        for (index, der) in entry.chains.iter().flat_map(|chain| &chain.certificates).enumerate() {
            let number = (index > 0).then(|| (index + 1).to_string());
            let mut next = Certificate::unknown(row.kept.clone(), row.renewer.clone(), Unseen::Elsewhere);
            next.purpose = Purpose::Authority;
            next.entry = Some(entry_name(&entry.key, number.as_deref()));
            next.seen.push(place(&entry.key));
            if let Ok(certificate) = read(der) {
                put(&mut next, Read::alone(certificate));
                rows.push(next);
            }
        }
    }
    rows
}

/// The names for which a store of traefik holds nothing, although it is to serve them.
fn not_in_store(row: &Certificate, entries: &[&SecretEntry], rows: &[Certificate]) -> Option<Certificate> {
    let mut stores = entries.iter().filter(|entry| entry.form == StoreForm::AcmeJson);
    let is_whole = |entry: &&SecretEntry| entry.fault.is_none();
    let is_store = entries.iter().all(is_whole) && stores.next().is_some();
    let held: usize = entries.iter().map(|entry| entry.chains.len()).sum();
    let is_held = |host: &String| {
        rows.iter().any(|next| next.read.is_some() && next.names.iter().any(|name| covers(name, host)))
    };
    let mut uses = row.uses.clone();
    for used in &mut uses {
        used.hosts.retain(|host| !is_held(host));
    }
    uses.retain(|used| !used.hosts.is_empty());
    // What could not be read may be what is missing.
    if !is_store || uses.is_empty() || rows.len() < held {
        return None;
    }
    let names = uses.iter().flat_map(|used| used.hosts.clone()).collect();
    let entry = Some("not in the store".to_owned());
    Some(Certificate { uses, names, entry, validity: Err(Unseen::NotInStore), ..row.clone() })
}

/// The key that servers load their certificate from, in Secrets of type `kubernetes.io/tls`.
const SERVED: &str = "tls.crt";

/// The key of the authorities that cert-manager and others put beside it.
const AUTHORITIES: &str = "ca.crt";

fn entry_name(key: &str, more: Option<&str>) -> String {
    more.map_or_else(|| key.to_owned(), |more| format!("{key} {more}"))
}

fn with(places: &[Place], place: Place) -> Vec<Place> {
    places.iter().cloned().chain([place]).collect()
}

/// A chain of a Secret; `None` where its first certificate cannot be read.
fn of_stored(mut row: Certificate, entry: &SecretEntry, chain: &StoredChain) -> Option<Certificate> {
    let form = entry.form;
    let beside = of_chain(&chain.certificates)?;
    // A file is one chain: what of it could not be read is missing in this one.
    let is_cut = form == StoreForm::Pem && entry.fault.is_some();
    let found = Read {
        key_matches: chain.key_matches,
        is_in_keystore: matches!(form, StoreForm::Pkcs12 | StoreForm::Jks),
        trust: chain.trust,
        unreadable: beside.unreadable.max(usize::from(is_cut)),
        ..beside
    };
    if form == StoreForm::AcmeJson {
        row.uses = of_names(&row.uses, &found.certificate);
    }
    // Stores hold authorities beside what is served.
    if row.entry.is_some() && found.certificate.is_authority {
        row.purpose = Purpose::Authority;
        row.uses.clear();
    }
    put(&mut row, found);
    Some(row)
}

/// The uses by names that a certificate is for; those whose names are not known stay.
fn of_names(uses: &[Use], certificate: &X509) -> Vec<Use> {
    let names = certificate.host_names();
    let is_for = |host: &String| names.iter().any(|name| covers(name, host));
    let mut found = Vec::new();
    for used in uses {
        let hosts: Vec<String> = used.hosts.iter().filter(|host| is_for(host)).cloned().collect();
        if used.hosts.is_empty() || !hosts.is_empty() {
            found.push(Use { hosts, ..used.clone() });
        }
    }
    found
}

/// A chain, if its first certificate can be read.
pub(super) fn of_chain(chain: &[Der]) -> Option<Read> {
    let (first, rest) = chain.split_first()?;
    let certificate = read(first).ok()?;
    let others: Vec<X509> = rest.iter().filter_map(|der| read(der).ok()).collect();
    let unreadable = rest.len() - others.len();
    Some(Read { chain: others, unreadable, ..Read::alone(certificate) })
}

/// Puts what was read into a certificate: it is nearer to the truth than what is said of it.
pub(super) fn put(row: &mut Certificate, found: Read) {
    let certificate = &found.certificate;
    row.validity =
        Ok(Validity { not_before: Some(certificate.not_before), not_after: certificate.not_after });
    row.names = certificate.host_names();
    row.read = Some(Box::new(found));
}

/// A certificate of which it is known that it cannot be served, or not known what it is.
fn without(row: Certificate, why: Unseen) -> Certificate {
    Certificate { validity: Err(why), ..row }
}

/// One certificate for each that was read, with all of its places; copies that are renewed in other ways stay apart.
fn merged(rows: Vec<Certificate>) -> Vec<Certificate> {
    let mut merged: Vec<Certificate> = Vec::new();
    let mut by_print = BTreeMap::new();
    for row in rows {
        let print = row.read.as_ref().map(|read| read.certificate.fingerprint);
        let known = print.and_then(|print| by_print.get(&print).copied());
        match known.map(|index: usize| &mut merged[index]) {
            Some(first) if is_copy(first, &row) => {
                let places = row.seen.into_iter().filter(|place| !first.seen.contains(place));
                let places: Vec<_> = places.collect();
                first.seen.extend(places);
                let uses = row.uses.into_iter().filter(|used| !first.uses.contains(used));
                let uses: Vec<_> = uses.collect();
                first.uses.extend(uses);
                first.served.extend(row.served);
                if let (Some(read), Some(trust)) = (&mut first.read, row.read.and_then(|read| read.trust)) {
                    read.trust = Some(worse(read.trust, trust));
                }
            }
            _ => {
                if let Some(print) = print {
                    by_print.entry(print).or_insert(merged.len());
                }
                merged.push(row);
            }
        }
    }
    for row in &mut merged {
        row.seen.sort();
        row.served.sort();
        row.served.dedup();
    }
    merged
}

/// Whether two are one certificate kept in the same way: what stands beside a copy may differ, and decides what it is worth.
fn is_copy(first: &Certificate, other: &Certificate) -> bool {
    let beside = |row: &Certificate| {
        row.read.as_ref().map(|read| {
            let chain: Vec<_> = read.chain.iter().map(|one| one.fingerprint).collect();
            (chain, read.unreadable, read.key_matches)
        })
    };
    (&first.renewer, &first.resource, first.purpose) == (&other.renewer, &other.resource, other.purpose)
        && (first.purpose == Purpose::Authority || beside(first) == beside(other))
}

impl Read {
    /// The certificate and those beside it, in the order in which they are written or presented.
    pub fn all(&self) -> Vec<X509> {
        std::iter::once(&self.certificate).chain(&self.chain).cloned().collect()
    }

    /// A certificate with nothing beside it.
    pub(super) fn alone(certificate: X509) -> Self {
        Self {
            certificate,
            chain: Vec::new(),
            unreadable: 0,
            key_matches: None,
            is_in_keystore: false,
            trust: None,
        }
    }
}
