//! Redirects from plain HTTP that what stands in front of a hub shows to the API.

use crate::check::{Context, Evidence};
use crate::derived::Front;
use crate::derived::tls::is_on_plain_listener;
use crate::facts::HttpRoute;
use crate::gap::Unknown;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::Arg;

/// The redirect of an Ingress or a route to HTTPS, if one is known to the API; without one the controller's defaults decide.
pub fn redirect(context: &Context<'_>, front: &Front) -> Result<Option<Evidence>, Unknown> {
    match front.object.kind {
        Kind::Ingress => of_ingress(context, front),
        _ => Ok(of_route(context, front)),
    }
}

/// The annotation by which ingress-nginx is told to redirect; other controllers do not read it.
fn of_ingress(context: &Context<'_>, front: &Front) -> Result<Option<Evidence>, Unknown> {
    const KEYS: [&str; 2] =
        ["nginx.ingress.kubernetes.io/force-ssl-redirect", "nginx.ingress.kubernetes.io/ssl-redirect"];
    let ingresses = &context.snapshot.ingresses;
    let Some(ingress) = ingresses.find(front.object.namespace.as_deref(), &front.object.name) else {
        return Ok(None);
    };
    let old_class = ingress.metadata.annotation("kubernetes.io/ingress.class");
    let key = KEYS.into_iter().find(|key| ingress.metadata.annotation(key) == Some("true"));
    let class = ingress.spec.ingress_class_name.as_deref().or(old_class);
    let (Some(key), Some(class)) = (key, class) else { return Ok(None) };
    let class = context.snapshot.ingress_classes.get(None, class)?;
    let is_nginx = class.is_some_and(|class| class.spec.controller == "k8s.io/ingress-nginx");
    let path = format!("metadata.annotations[{key}]");
    Ok(is_nginx.then(|| Evidence::new(front.object.clone(), path, Arg::text("true"))))
}

/// A route for the same hosts that redirects on a plain listener of the same Gateway, where the hub's own is not attached to one.
fn of_route(context: &Context<'_>, front: &Front) -> Option<Evidence> {
    let routes = &context.snapshot.http_routes;
    let own = routes.find(front.object.namespace.as_deref(), &front.object.name)?;
    let redirecting = routes.present().find(|route| {
        let hosts = &route.spec.hostnames;
        let own_hosts = &own.spec.hostnames;
        let has_hosts = || !own_hosts.is_empty() && own_hosts.iter().all(|host| hosts.contains(host));
        redirects(route)
            && gateways(route).any(|gateway| gateways(own).any(|own| own == gateway))
            && (hosts.is_empty() || has_hosts())
            && is_on_plain_listener(context.snapshot, route)
    })?;
    let object = ObjectRef {
        kind: Kind::HttpRoute,
        namespace: redirecting.metadata.namespace.clone(),
        name: redirecting.metadata.name.clone(),
    };
    let evidence =
        Evidence::new(object, "spec.rules[*].filters[*].requestRedirect.scheme", Arg::text("https"));
    (front.plain == Some(false)).then_some(evidence)
}

fn gateways(route: &HttpRoute) -> impl Iterator<Item = (&str, &str)> {
    let home = route.metadata.namespace.as_deref().unwrap_or_default();
    route
        .spec
        .parent_refs
        .iter()
        .map(move |parent| (parent.namespace.as_deref().unwrap_or(home), parent.name.as_str()))
}

fn redirects(route: &HttpRoute) -> bool {
    let rules = &route.spec.rules;
    !rules.is_empty()
        && rules.iter().all(|rule| {
            let mut redirects = rule.filters.iter().filter_map(|filter| filter.request_redirect.as_ref());
            redirects.any(|redirect| redirect.scheme.as_deref() == Some("https"))
        })
}
