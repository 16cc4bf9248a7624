//! Which Deployments are hubs, which objects belong to each, and what is refused.

use posture::gap::{GapReason, Unknown};
use posture::hub::{Hub, Support};
use posture::kind::Kind;
use posture::testing::Fixture;

use crate::scenes::{AUTOHTTPS, Scene, V0_6, V0_9, V4_4, server};

fn hubs(fixture: &Fixture) -> Vec<Hub> {
    fixture.derived().hubs
}

fn only(fixture: &Fixture) -> Hub {
    let hubs = hubs(fixture);
    assert_eq!(hubs.len(), 1, "{:?}", hubs.iter().map(|hub| &hub.key).collect::<Vec<_>>());
    hubs.into_iter().next().unwrap()
}

fn names<T: posture::listing::Placed>(items: &[std::sync::Arc<T>]) -> Vec<&str> {
    items.iter().map(|item| item.name()).collect()
}

#[test]
fn a_modern_hub_is_found_with_all_its_parts() {
    let hub = only(&Fixture::from_yaml(V4_4));
    assert_eq!(hub.key.to_string(), "jhub/prod");
    assert_eq!(hub.key.app, "jupyterhub");
    assert_eq!(hub.support, Support::ZeroToJupyterHub);
    assert_eq!(hub.proxy.as_ref().unwrap().metadata.name, "proxy");
    assert_eq!(hub.autohttps.as_ref().unwrap().metadata.name, "autohttps");
    assert_eq!(hub.user_scheduler.as_ref().unwrap().metadata.name, "user-scheduler");
    assert_eq!(names(&hub.image_pullers), ["continuous-image-puller"]);
    assert_eq!(names(&hub.public_services), ["proxy-public"]);
    assert_eq!(names(&hub.proxy_services), ["proxy-api", "proxy-http"]);
    assert_eq!(names(&hub.hub_services), ["hub"]);
    assert_eq!(hub.config_map.as_deref(), Some("hub"));
    assert_eq!(hub.secret.as_deref(), Some("hub"));
    assert_eq!(hub.names["user-scheduler"], "prod-user-scheduler");
    assert!(!hub.names.contains_key("jupyterhub_config.py"));
    assert_eq!(hub.user_server_count(), 1);
}

#[test]
fn an_unlabelled_hub_of_the_oldest_charts_is_found_with_its_proxy() {
    let hub = only(&Fixture::from_yaml(V0_6));
    assert_eq!(hub.key.to_string(), "jhub/old");
    assert_eq!(hub.support, Support::ZeroToJupyterHub);
    assert_eq!(hub.proxy.as_ref().unwrap().metadata.name, "proxy");
    assert_eq!(names(&hub.public_services), ["proxy-public"]);
    assert_eq!(hub.config_map.as_deref(), Some("hub-config"));
    assert_eq!(hub.user_server_count(), 1);
}

#[test]
fn every_generation_with_legacy_labels_is_found() {
    for version in ["0.7.0", "0.8.2", "0.10.5", "0.11.1", "1.2.0", "2.0.0", "3.3.8", "4.0.0"] {
        let hub = only(&Scene::new(version).fixture());
        assert_eq!(hub.support, Support::ZeroToJupyterHub, "{version}");
        assert_eq!(hub.chart.as_ref().unwrap().version.to_string(), version);
        assert_eq!(names(&hub.public_services), ["proxy-public"], "{version}");
    }
    assert_eq!(only(&Fixture::from_yaml(V0_9)).chart.unwrap().version.to_string(), "0.9.1");
}

#[test]
fn names_do_not_matter() {
    // `fullnameOverride: science` renames everything.
    let renamed = Scene::new("1.2.0")
        .yaml()
        .replace("name: hub,", "name: science-hub,")
        .replace("name: proxy,", "name: science-proxy,")
        .replace("name: proxy-public,", "name: science-proxy-public,")
        .replace("name: proxy-api,", "name: science-proxy-api,");
    let hub = only(&Fixture::from_yaml(&renamed));
    assert_eq!(hub.proxy.as_ref().unwrap().metadata.name, "science-proxy");
    assert_eq!(names(&hub.public_services), ["science-proxy-public"]);
    assert_eq!(names(&hub.proxy_services), ["science-proxy-api"]);
}

#[test]
fn an_alias_of_the_chart_is_part_of_the_identity() {
    let aliased = Scene::new("3.3.8")
        .yaml()
        .replace("app: jupyterhub", "app: hub")
        .replace("chart: jupyterhub-", "chart: hub-");
    let hub = only(&Fixture::from_yaml(&aliased));
    assert_eq!((hub.key.release.as_str(), hub.key.app.as_str()), ("prod", "hub"));
    assert_eq!(hub.support, Support::ZeroToJupyterHub);
    assert_eq!(hub.chart.unwrap().version.to_string(), "3.3.8");
}

#[test]
fn two_hubs_of_one_namespace_keep_their_parts_apart() {
    let first = Scene::new("1.2.0").yaml();
    let second = first
        .split_once("---")
        .unwrap()
        .1
        .replace("release: prod", "release: test")
        .replace("name: hub,", "name: test-hub,")
        .replace("name: proxy,", "name: test-proxy,")
        .replace("name: proxy-public,", "name: test-proxy-public,")
        .replace("name: proxy-api,", "name: test-proxy-api,");
    let hubs = hubs(&Fixture::from_yaml(&format!("{first}\n---\n{second}")));
    let keys: Vec<_> = hubs.iter().map(|hub| hub.key.to_string()).collect();
    assert_eq!(keys, ["jhub/prod", "jhub/test"]);
    assert_eq!(names(&hubs[0].public_services), ["proxy-public"]);
    assert_eq!(names(&hubs[1].public_services), ["test-proxy-public"]);
    assert_eq!(hubs[1].proxy.as_ref().unwrap().metadata.name, "test-proxy");
}

#[test]
fn two_copies_with_the_same_labels_are_two_hubs() {
    let copy = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: hub-copy, labels: { component: hub, app: jupyterhub, release: prod, chart: jupyterhub-1.2.0 } }
spec: { template: { spec: { containers: [{ name: hub, image: 'jupyterhub/k8s-hub:1.2.0' }] } } }
";
    let hubs = hubs(&Scene::new("1.2.0").with(copy));
    let keys: Vec<_> = hubs.iter().map(|hub| hub.key.clone()).collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_component_called_hub_of_another_product_is_refused() {
    let selenium = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: selenium-hub, labels: { component: hub, app: selenium-hub, release: tests } }
spec:
  template:
    metadata: { labels: { component: hub, app: selenium-hub, release: tests } }
    spec: { containers: [{ name: selenium-hub, image: 'selenium/hub:4.20' }] }
";
    assert!(hubs(&Fixture::from_yaml(selenium)).is_empty());
}

#[test]
fn labels_alone_are_not_enough_but_a_proxy_with_the_token_is_a_second_sign() {
    let hub = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: hub, labels: { component: hub, app: jupyterhub, release: prod, chart: jupyterhub-1.2.0 } }
spec: { template: { spec: { containers: [{ name: hub, image: 'registry.example/our-hub:7' }] } } }
";
    assert!(hubs(&Fixture::from_yaml(hub)).is_empty());
    let proxy = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: proxy, labels: { component: proxy, app: jupyterhub, release: prod } }
spec: { template: { spec: { containers: [{ name: chp, env: [{ name: CONFIGPROXY_AUTH_TOKEN, value: x }] }] } } }
";
    let hub = only(&Fixture::from_yaml(&format!("{hub}\n---\n{proxy}")));
    assert_eq!(hub.support, Support::ZeroToJupyterHub);
}

#[test]
fn a_relabelled_copy_is_known_by_its_image_and_its_program() {
    let copy = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: teaching, labels: { team: physics } }
spec:
  template:
    spec:
      containers:
        - name: hub
          image: quay.io/jupyterhub/k8s-hub-slim:3.3.8
          args: [jupyterhub, --config, /usr/local/etc/jupyterhub/jupyterhub_config.py]
      volumes: [{ name: config, configMap: { name: hub } }, { name: secret, secret: { secretName: hub } }]
";
    let hub = only(&Fixture::from_yaml(copy));
    assert_eq!(hub.key.to_string(), "default/teaching");
    assert_eq!(hub.support, Support::ZeroToJupyterHub);
    assert_eq!(hub.chart.unwrap().version.to_string(), "3.3.8");
}

#[test]
fn another_chart_called_jupyterhub_is_named_as_unsupported() {
    let bitnami = "
apiVersion: apps/v1
kind: Deployment
metadata:
  name: jh-jupyterhub-hub
  labels: { app.kubernetes.io/name: jupyterhub, app.kubernetes.io/instance: jh, app.kubernetes.io/component: hub, helm.sh/chart: jupyterhub-7.2.5 }
spec:
  template:
    spec:
      containers:
        - name: hub
          image: docker.io/bitnami/jupyter-base-notebook:4.1.6
          command: [jupyterhub]
          args: [--config, /etc/jupyterhub/jupyterhub_config.py, --upgrade-db]
---
apiVersion: v1
kind: Pod
metadata: { name: jupyter-ada, annotations: { hub.jupyter.org/username: ada } }
spec: { containers: [{ name: notebook }] }
";
    let hub = only(&Fixture::from_yaml(bitnami));
    assert_eq!(hub.support, Support::Other);
    assert!(matches!(hub.chart, Err(Unknown::Reason(ref reason)) if reason.id == "not-the-chart"));
    assert_eq!(hub.user_server_count(), 1);
}

#[test]
fn binderhub_is_paired_with_the_hub_of_its_release() {
    let binder = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: binder }
spec:
  template:
    metadata: { labels: { app: binder, name: binder, component: binder, release: prod, heritage: Helm } }
    spec: { serviceAccountName: binderhub, containers: [{ name: binder, ports: [{ containerPort: 8585 }] }] }
";
    let scene = Scene::new("4.4.0");
    assert_eq!(only(&scene.with(binder)).binder.unwrap().metadata.name, "binder");
    assert!(only(&scene.with(&binder.replace("release: prod", "release: else"))).binder.is_none());
}

#[test]
fn a_service_of_somebody_else_that_leads_to_the_proxy_counts_as_public() {
    let extra = "
apiVersion: v1
kind: Service
metadata: { name: a-tunnel }
spec: { selector: { component: proxy, release: prod }, ports: [{ port: 8080, targetPort: 8000 }] }
";
    // The chart's own stands first whatever the names are.
    assert_eq!(names(&only(&Scene::new("2.0.0").with(extra)).public_services), ["proxy-public", "a-tunnel"]);
}

#[test]
fn the_inner_service_of_autohttps_is_not_public() {
    let hub = only(&Scene { selects: "autohttps", ..Scene::new("0.11.1") }.with(AUTOHTTPS));
    assert_eq!(names(&hub.public_services), ["proxy-public"]);
    assert_eq!(names(&hub.proxy_services), ["proxy-api", "proxy-http"]);
}

#[test]
fn an_existing_secret_is_read_from_its_own_volume() {
    let yaml = Scene::new("3.3.8").yaml().replace(
        "{ name: secret, secret: { secretName: hub } }",
        "{ name: existing-secret, secret: { secretName: mine } }",
    );
    assert_eq!(only(&Fixture::from_yaml(&yaml)).secret.as_deref(), Some("mine"));
}

#[test]
fn a_hub_that_a_gap_hides_is_missing_and_one_that_is_gone_is_not() {
    let mut fixture = Fixture::from_yaml(V4_4);
    fixture.recall.hubs = vec![only(&fixture).key];
    assert!(fixture.derived().missing_hubs(&fixture.recall).is_empty());

    let hidden = fixture.clone().without(Kind::Deployment);
    let missing = hidden.derived().missing_hubs(&hidden.recall);
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].key, fixture.recall.hubs[0]);
    assert!(matches!(&missing[0].unknown, Unknown::Gap(gap) if gap.kind == Kind::Deployment));

    let elsewhere = fixture.clone().with_gap(Kind::Deployment, Some("other"), &GapReason::Forbidden);
    assert!(elsewhere.derived().missing_hubs(&elsewhere.recall).is_empty());

    let gone = Fixture { recall: fixture.recall, ..Fixture::from_yaml(&server("ada", "{}")) };
    assert!(gone.derived().missing_hubs(&gone.recall).is_empty());
}
