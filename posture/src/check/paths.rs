//! What checks share about paths between pods: whether a connection comes about, what is known of enforcement taken in, and the rules
//! behind it as evidence.

use std::net::IpAddr;

use super::{Context, Evidence, Judgement, Outcome, Severity};
use crate::derived::{Cloud, Enforcement, EnforcementState};
use crate::facts::{NetworkPolicy, Workload};
use crate::gap::{Gap, Unknown};
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::network::{Answer, Because, Direction, Point, Protocol, RuleRef, Verdict, parse_address};
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

use super::servers::object_of;

/// The kinds that a check reads which asks for a path, and whether it is closed for sure.
pub const PATHS: &[Kind] = &[
    Kind::Pod,
    Kind::Namespace,
    Kind::Node,
    Kind::DaemonSet,
    Kind::ConfigMap,
    Kind::NetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
];

/// What becomes of a connection, the worst last where it should not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A policy that is enforced closes it.
    Closed,
    /// A policy that is likely enforced closes it.
    LikelyClosed,
    /// It cannot be told.
    Unclear(Unknown),
    /// Nothing closes it.
    Open,
}

impl Fate {
    fn rank(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::LikelyClosed => 1,
            Self::Unclear(_) => 2,
            Self::Open => 3,
        }
    }
}

/// A connection between two ends, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Path {
    /// What becomes of it.
    pub fate: Fate,
    /// The answer of the policies.
    pub answer: Answer,
    /// The source, for evidence.
    pub from: ObjectRef,
    /// The destination, for evidence; `None` for an address.
    pub to: Option<ObjectRef>,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// One end of a connection with the object that it is called by.
#[derive(Debug, Clone)]
pub struct End {
    /// The end.
    pub point: Point,
    /// What it is called; `None` for an address.
    pub object: Option<ObjectRef>,
}

impl End {
    /// A plain address.
    pub fn address(context: &Context<'_>, address: IpAddr) -> Self {
        Self { point: context.derived.network.point_at(address), object: None }
    }

    /// A pod of another namespace that nobody gave any right: what anyone can start who may make pods there.
    pub fn stranger(context: &Context<'_>) -> Self {
        Self { point: context.derived.network.stranger(), object: None }
    }

    /// The address that this text is.
    pub fn parse(context: &Context<'_>, address: &str) -> Option<Self> {
        parse_address(address).map(|address| Self::address(context, address))
    }
}

/// The servers of a class, one end for each kind of them that policies tell apart.
pub fn ends_of_class(context: &Context<'_>, class: &UserClass) -> Vec<End> {
    let object = object_of(class);
    let points = context.derived.network.pods(&class.pods);
    points.into_iter().map(|point| End { point, object: Some(object.clone()) }).collect()
}

/// The live pods of a controller, or where none was seen one as the controller makes it; and what may hide more.
pub fn ends_of_part(context: &Context<'_>, part: &Workload) -> (Vec<End>, Option<Gap>) {
    let namespace = part.metadata.namespace.as_deref().unwrap_or_default();
    let points = context.derived.network.pods_of(context.snapshot, part);
    let object = part.object();
    let ends = points.into_iter().map(|point| End { point, object: Some(object.clone()) }).collect();
    (ends, context.snapshot.pods.complete_in(namespace).err())
}

/// What is known of enforcement where a hub is asked about, or the cluster.
fn enforcement_of<'a>(context: &Context<'a>, hub: Option<&Hub>) -> &'a Enforcement {
    hub.map_or_else(|| context.derived.enforcement(), |hub| context.derived.enforcement_for(hub))
}

/// What is known of enforcement where some ends run, as it is for what their policies say.
pub fn enforcement_at(context: &Context<'_>, hub: &Hub, ends: &[End]) -> Enforcement {
    let enforcement = context.derived.enforcement_for(hub).clone();
    match ends.iter().find_map(|end| end.point.weakness()) {
        Some(weak) => enforcement.weakened(weak),
        None => enforcement,
    }
}

/// Asks for a path. What policies close counts as closed only where something enforces them.
pub fn ask(
    context: &Context<'_>,
    hub: Option<&Hub>,
    from: &End,
    to: &End,
    protocol: Protocol,
    port: u16,
) -> Path {
    let enforcement = enforcement_of(context, hub);
    let answer = context.derived.network.answer(&from.point, &to.point, protocol, port);
    let fate = match (answer.verdict, enforcement.state) {
        (Verdict::Allowed, _) | (_, EnforcementState::NotEnforced) => Fate::Open,
        (Verdict::Unknown, _) => Fate::Unclear(first_unknown(&answer)),
        (Verdict::CniDependent, _) => Fate::Unclear(depends(&answer)),
        (Verdict::Denied, EnforcementState::Enforced | EnforcementState::Likely)
            if let Some(weak) = &answer.weak =>
        {
            Fate::Unclear(not_known_enforced(weak))
        }
        (Verdict::Denied, EnforcementState::Enforced) => Fate::Closed,
        (Verdict::Denied, EnforcementState::Likely) => Fate::LikelyClosed,
        (Verdict::Denied, EnforcementState::Unknown) => {
            Fate::Unclear(not_known_enforced(&enforcement.reason))
        }
    };
    let stranger = || ObjectRef::namespaced(Kind::Pod, "", "*");
    Path {
        fate,
        answer,
        from: from.object.clone().unwrap_or_else(stranger),
        to: to.object.clone(),
        port,
        protocol,
    }
}

/// The path that is worst where none should be open; `None` if there are none.
pub fn worst_path(paths: impl IntoIterator<Item = Path>) -> Option<Path> {
    paths.into_iter().reduce(|kept, next| if next.fate.rank() > kept.fate.rank() { next } else { kept })
}

/// The path of a class of user servers to the HTTP port of the metadata servers of the clouds that the nodes run on. Where they run on
/// none, the usual address counts.
pub fn to_metadata(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Result<Path, Unknown> {
    let addresses = metadata_addresses(context)?;
    let froms = ends_of_class(context, class);
    let paths = froms.iter().flat_map(|from| {
        let ends = addresses.iter().map(|address| End::address(context, *address));
        ends.map(|to| ask(context, Some(hub), from, &to, Protocol::Tcp, 80)).collect::<Vec<_>>()
    });
    worst_path(paths).ok_or_else(|| Reason::new("no-server", "no user server is running").into())
}

/// The addresses of the metadata servers of the clouds that the nodes run on; where they run on none, the usual one.
pub fn metadata_addresses(context: &Context<'_>) -> Result<Vec<IpAddr>, Unknown> {
    let clouds = context.derived.clouds.as_ref().map_err(Clone::clone)?;
    let mut clouds: Vec<Cloud> = clouds.seen.keys().copied().collect();
    if clouds.is_empty() {
        clouds.push(Cloud::Other);
    }
    Ok(clouds.into_iter().filter_map(|cloud| parse_address(cloud.metadata_address())).collect())
}

fn first_unknown(answer: &Answer) -> Unknown {
    let unknown = answer.unknown.first().cloned();
    unknown.unwrap_or_else(|| Reason::new("path-open", "the path cannot be told").into())
}

fn depends(answer: &Answer) -> Unknown {
    let mut rules: Vec<&RuleRef> = answer.egress.perhaps.iter().chain(&answer.ingress.perhaps).collect();
    rules.sort();
    rules.dedup_by(|a, b| a.policy == b.policy);
    let policies = rules.into_iter().map(|rule| Arg::from(rule.policy.clone())).collect();
    Reason::new(
        "plug-in-decides",
        "Whether {policies} matches it depends on the network plug-in, and which one runs is not known",
    )
    .with("policies", Arg::List(policies))
    .into()
}

fn not_known_enforced(why: &Reason) -> Unknown {
    Reason::new(
        "enforcement-unknown",
        "A policy closes it, but whether anything enforces policies is not known: {why}",
    )
    .with("why", Arg::text(why.to_string()))
    .into()
}

impl Path {
    /// The facts behind the fate: policies with the rule that lets it through, or those without such a rule.
    pub fn evidence(&self, context: &Context<'_>, hub: Option<&Hub>) -> Vec<Evidence> {
        let enforcement = enforcement_of(context, hub);
        let mut facts = match self.fate {
            Fate::Open if self.answer.verdict != Verdict::Allowed => enforcement.evidence.clone(),
            Fate::Open => self.openers(context),
            Fate::Closed => self.closers(),
            Fate::LikelyClosed => {
                let mut facts = self.closers();
                facts.extend(enforcement.evidence.iter().cloned());
                facts
            }
            Fate::Unclear(_) => self.doubtful(context),
        };
        facts.truncate(MOST);
        facts
    }

    /// The outcome for a path that should be closed: one for each fate, with the facts behind it.
    pub fn outcome(
        &self,
        context: &Context<'_>,
        hub: &Hub,
        open: Outcome,
        likely: Outcome,
        closed: Outcome,
    ) -> Outcome {
        let outcome = match &self.fate {
            Fate::Open => open,
            Fate::Unclear(unknown) => Outcome::from(unknown.clone()),
            Fate::LikelyClosed => likely,
            Fate::Closed => closed,
        };
        outcome.because_all(self.evidence(context, Some(hub)))
    }

    fn openers(&self, context: &Context<'_>) -> Vec<Evidence> {
        let mut facts: Vec<_> =
            self.answer.decided_by().into_iter().map(|rule| of_rule(context, rule)).collect();
        let sides = [
            (&self.answer.egress, Some(&self.from), "egress"),
            (&self.answer.ingress, self.to.as_ref(), "ingress"),
        ];
        for (side, object, direction) in sides {
            let found = match (side.because, object) {
                (Because::NotIsolated, Some(object)) if !object.name.is_empty() && object.name != "*" => {
                    Evidence::new(object.clone(), direction, Arg::word("no policy restricts it"))
                }
                (Because::OutsidePolicies, Some(object))
                    if object.kind == Kind::Pod && object.name != "*" =>
                {
                    Evidence::new(object.clone(), "spec.hostNetwork", Arg::word("true"))
                }
                _ => continue,
            };
            facts.push(found);
        }
        facts
    }

    fn closers(&self) -> Vec<Evidence> {
        let sides = [(&self.answer.egress, "spec.egress"), (&self.answer.ingress, "spec.ingress")];
        let denying = sides.into_iter().filter(|(side, _)| side.verdict == Verdict::Denied);
        denying
            .flat_map(|(side, path)| {
                let ruled = side
                    .rules
                    .iter()
                    .map(|rule| Evidence::new(rule.policy.clone(), rule.path(), Arg::word("denies it")));
                let unruled =
                    side.isolated_by.iter().filter(|_| side.because == Because::NoRule).map(move |policy| {
                        Evidence::new(policy.clone(), path, Arg::word("no rule allows it"))
                    });
                ruled.chain(unruled).collect::<Vec<_>>()
            })
            .collect()
    }

    fn doubtful(&self, context: &Context<'_>) -> Vec<Evidence> {
        let rules = self.answer.egress.perhaps.iter().chain(&self.answer.ingress.perhaps);
        rules.map(|rule| of_rule(context, rule)).chain(self.closers()).collect()
    }
}

/// The outcome for a path that only policies close of which it is not certain that they are enforced.
pub fn likely(severity: Severity) -> Outcome {
    Outcome::warn(Reason::new(
        "likely-closed",
        "Policies close it, and it is likely but not certain that they are enforced",
    ))
    .severity(severity)
}

/// The outcome for what policies close: as certain as it is that something enforces them.
pub fn if_enforced(enforcement: &Enforcement, closed: Outcome) -> Judgement {
    match enforcement.state {
        EnforcementState::Enforced => Ok(closed),
        EnforcementState::Likely => {
            Ok(likely(Severity::Low).because_all(enforcement.evidence.iter().cloned()))
        }
        EnforcementState::NotEnforced | EnforcementState::Unknown => {
            Err(not_known_enforced(&enforcement.reason))
        }
    }
}

/// How many facts one path brings.
const MOST: usize = 6;

/// A rule as a fact: its place, and whom it is about.
pub fn of_rule(context: &Context<'_>, rule: &RuleRef) -> Evidence {
    let path = match (rule.peer, rule.port_path()) {
        (None, Some(path)) => path,
        _ => rule.path(),
    };
    Evidence::new(rule.policy.clone(), path, whom(context, rule))
}

/// Whom a rule is about.
fn whom(context: &Context<'_>, rule: &RuleRef) -> Arg {
    let (Kind::NetworkPolicy, Some(namespace)) = (rule.policy.kind, &rule.policy.namespace) else {
        return Arg::word("applies to it");
    };
    let policy = context.snapshot.network_policies.find(Some(namespace), &rule.policy.name);
    policy.and_then(|policy| peer(policy, rule)).unwrap_or_else(|| Arg::word("applies to it"))
}

fn peer(policy: &NetworkPolicy, rule: &RuleRef) -> Option<Arg> {
    let (rules, is_egress) = match rule.direction {
        Direction::Egress => (policy.spec.egress.as_ref()?, true),
        Direction::Ingress => (policy.spec.ingress.as_ref()?, false),
    };
    let found = rules.get(rule.rule)?;
    let peers = if is_egress { &found.to } else { &found.from };
    let Some(index) = rule.peer else {
        return Some(Arg::word(match (found.ports.is_empty(), rule.port) {
            (true, _) => "everybody, all ports",
            (false, Some(_)) if is_egress => "this port, to everybody",
            (false, Some(_)) => "this port, from everybody",
            (false, None) => "everybody",
        }));
    };
    let peer = peers.get(index)?;
    if let Some(block) = &peer.ip_block {
        let except = match block.except.as_slice() {
            [] => String::new(),
            except => format!(" except {}", except.join(", ")),
        };
        return Some(Arg::text(format!("{}{except}", block.cidr)));
    }
    let is_all = |selector: &Option<crate::facts::network::LabelSelector>| {
        selector.as_ref().is_none_or(crate::facts::network::LabelSelector::is_empty)
    };
    Some(Arg::word(match (&peer.namespace_selector, is_all(&peer.pod_selector)) {
        (None, true) => "every pod of the namespace",
        (None, false) => "pods of the namespace by their labels",
        (Some(selector), true) if selector.is_empty() => "every pod of every namespace",
        (Some(selector), false) if selector.is_empty() => "pods of every namespace by their labels",
        (Some(_), true) => "every pod of namespaces by their labels",
        (Some(_), false) => "pods by their labels and those of their namespace",
    }))
}
