//! From where the chart version of a hub is read.

use posture::gap::Unknown;
use posture::hub::version::of_jupyterhub;
use posture::hub::{ChartVersion, Confidence};
use posture::kind::Kind;
use posture::testing::Fixture;

use crate::scenes::{Scene, V0_6, V0_9, V4_4};

fn chart(fixture: &Fixture) -> Result<ChartVersion, Unknown> {
    fixture.derived().hubs.remove(0).chart
}

fn text(fixture: &Fixture) -> String {
    chart(fixture).unwrap().version.to_string()
}

/// A hub whose own Deployment says nothing about its version.
fn silent(scene: &Scene) -> String {
    let yaml = scene.yaml();
    let (before, after) = yaml.split_once("kind: Deployment").unwrap();
    let (hub, rest) = after.split_once("---").unwrap();
    let chart = format!("chart: jupyterhub-{}, ", scene.version);
    let image = format!("jupyterhub/k8s-hub:{}", scene.version);
    format!(
        "{before}kind: Deployment{}---{rest}",
        hub.replace(&chart, "").replace(&image, "registry.example/k8s-hub:ours")
    )
}

/// The same without any chart label at all.
fn mute(scene: &Scene) -> String {
    silent(scene).replace(&format!("chart: jupyterhub-{}, ", scene.version), "")
}

#[test]
fn the_label_of_the_hub_comes_first() {
    let found = chart(&Fixture::from_yaml(V4_4)).unwrap();
    assert_eq!(found.version.to_string(), "4.4.0");
    assert_eq!(found.confidence, Confidence::High);
    assert_eq!(found.source, "label helm.sh/chart of Deployment/jhub/hub");
    let disagreeing =
        Scene::new("1.2.0").yaml().replace("jupyterhub/k8s-hub:1.2.0", "jupyterhub/k8s-hub:2.0.0");
    assert_eq!(text(&Fixture::from_yaml(&disagreeing)), "1.2.0");
}

#[test]
fn the_tag_of_an_official_image_comes_second() {
    let found = chart(&Fixture::from_yaml(V0_6)).unwrap();
    assert_eq!(found.version.to_string(), "0.6.0");
    assert_eq!(found.found, "v0.6");
    assert!(found.source.starts_with("image tag of container hub-container"), "{}", found.source);
}

#[test]
fn the_tag_of_a_mirror_proves_nothing() {
    let mirrored = mute(&Scene::new("1.2.0"))
        .replace("registry.example/k8s-hub:ours", "registry.example:5000/jupyterhub/k8s-hub:1.2.0");
    assert_ne!(chart(&Fixture::from_yaml(&mirrored)).map(|chart| chart.confidence), Ok(Confidence::High));
}

#[test]
fn labels_of_siblings_survive_an_edited_deployment() {
    let found = chart(&Fixture::from_yaml(&silent(&Scene::new("1.2.0")))).unwrap();
    assert_eq!(found.version.to_string(), "1.2.0");
    assert_eq!(found.source, "label chart of Deployment/jhub/proxy");
}

#[test]
fn labels_of_policies_and_bindings_come_last() {
    let policy = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: hub, labels: { component: hub, app: jupyterhub, release: prod, chart: jupyterhub-1.2.0 } }
spec: { podSelector: {} }
";
    let found =
        chart(&Fixture::from_yaml(&format!("{}\n---\n{policy}", mute(&Scene::new("1.2.0"))))).unwrap();
    assert_eq!(found.source, "label chart of NetworkPolicy/jhub/hub");
}

#[test]
fn without_any_label_the_configuration_gives_the_generation_away() {
    let guess = |scene: &Scene, data: &str| {
        let name = scene.config.0;
        let config_map =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name} }}\ndata: {data}");
        chart(&Fixture::from_yaml(&format!("{}\n---\n{config_map}", mute(scene))))
    };
    let old = |version| Scene { config: ("hub-config", "hub-secret"), ..Scene::new(version) };
    let found = |result: Result<ChartVersion, Unknown>| {
        let chart = result.unwrap();
        assert_eq!(chart.confidence, Confidence::Low);
        (chart.version.to_string(), chart.found)
    };
    let pair = |version: &str, text: &str| (version.to_owned(), text.to_owned());
    assert_eq!(
        found(guess(&Scene::new("2.0.0"), "{ fullname: '', proxy-public: x }")),
        pair("1.0.0", "≥1.0")
    );
    assert_eq!(found(guess(&old("0.9.1"), "{ values.yaml: 'a: 1' }")), pair("0.8.0", "≈0.8–0.9"));
    assert_eq!(found(guess(&old("0.7.0"), "{ singleuser.storage.type: dynamic }")), pair("0.7.0", "≈0.7"));
    assert_eq!(found(guess(&old("0.11.1"), "{ z2jh.py: 'a = 1' }")), pair("0.10.0", "≈0.10–0.11"));
    assert!(matches!(guess(&Scene::new("2.0.0"), "{ other: x }"), Err(Unknown::Reason(_))));
}

#[test]
fn nothing_is_guessed_while_a_label_may_be_hidden() {
    let mute = Fixture::from_yaml(&mute(&Scene::new("1.2.0")));
    for kind in [Kind::Service, Kind::NetworkPolicy, Kind::RoleBinding] {
        assert!(matches!(chart(&mute.clone().without(kind)), Err(Unknown::Gap(gap)) if gap.kind == kind));
    }
}

#[test]
fn ranges_of_fixes_compare_major_and_minor() {
    let chart = chart(&Fixture::from_yaml(V0_9)).unwrap();
    assert!(
        chart.is_between((0, 8), (0, 10)) && !chart.is_between((0, 10), (2, 0)) && !chart.is_at_least(1, 0)
    );
}

#[test]
fn user_servers_tell_which_jupyterhub_started_them() {
    let running = |fixture: &Fixture| of_jupyterhub(&fixture.derived().hubs[0]).unwrap();
    let stamped =
        running(&Fixture::from_yaml(&V4_4.replace("jupyterhub-version: 5.5.0", "jupyterhub-version: 5.5.1")));
    assert_eq!(stamped.version, "5.5.1");
    assert_eq!(stamped.source, "annotation hub.jupyter.org/jupyterhub-version of Pod/jhub/jupyter-*");
    let bundled = running(&Fixture::from_yaml(V0_9));
    assert_eq!((bundled.version.as_str(), bundled.source.as_str()), ("1.1.0", "chart jupyterhub-0.9.1"));
}
