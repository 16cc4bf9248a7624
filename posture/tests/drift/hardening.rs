//! How the servers of a hub's users are confined, and when that became weaker.

use posture::drift::{Hardening, harder};
use posture::hub::HubKey;

use super::*;

/// A user's server, confined in some way.
fn server(token: &str, spec: &Value, context: &Value) -> Hardening {
    let mut pod = json!({
        "metadata": {"name": format!("jupyter-{token}"), "namespace": "jhub", "labels": {"hub.jupyter.org/username": token}},
        "spec": {
            "containers": [{"name": "notebook", "image": "a", "env": [{"name": "JUPYTERHUB_USER", "value": token}], "securityContext": context}],
            "volumes": [{"name": format!("volume-{token}"), "persistentVolumeClaim": {"claimName": format!("claim-{token}")}}]
        }
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][field] = value.clone();
    }
    Hardening::of(&pod)
}

fn told(known: &[Hardening], now: &[Hardening]) -> Vec<String> {
    let hub = HubKey { namespace: "jhub".into(), release: "prod".into(), app: "jupyterhub".into() };
    harder(&hub, known, now).iter().map(|field| field.sentence.to_string()).collect()
}

const ADA: &str = "p-0123456789";
const BOB: &str = "p-abcdefghjk";

#[test]
fn a_new_user_and_a_profile_that_was_there_before_are_no_change_of_hardening() {
    let strict = json!({"allowPrivilegeEscalation": false, "runAsUser": 1000});
    let none = json!({});
    let gpu = || server(ADA, &json!({"runtimeClassName": "nvidia"}), &strict);
    assert_eq!(told(&[server(ADA, &none, &strict)], &[server(BOB, &none, &strict)]), [""; 0]);
    assert_eq!(told(&[server(ADA, &none, &strict), gpu()], &[gpu()]), [""; 0]);
    assert_eq!(told(&[], &[gpu()]), [""; 0], "the first servers have nothing to be compared with");
    assert_eq!(told(&[gpu()], &[]), [""; 0], "servers that stopped are confined as they were");
    // The default of the API, another person's number and the order of lists mean nothing.
    let [one, other] = [json!(["NET_RAW", "ALL"]), json!(["ALL", "CAP_NET_RAW"])]
        .map(|drop| json!({"privileged": false, "capabilities": {"drop": drop}}));
    assert_eq!(
        told(&[server(ADA, &json!({"hostNetwork": false}), &one)], &[server(BOB, &none, &other)]),
        [""; 0]
    );
}

#[test]
fn weaker_hardening_is_told_once_for_all_servers_of_a_hub() {
    let (none, strict) = (json!({}), json!({"allowPrivilegeEscalation": false, "runAsUser": 1000}));
    let old = server(ADA, &none, &strict);
    let weak = |token| server(token, &none, &json!({"runAsUser": 1000}));
    let sentence = "Servers of hub jhub/prod may now escalate privileges";
    assert_eq!(told(std::slice::from_ref(&old), &[weak(ADA), weak(BOB)]), [sentence]);
    let some = "Some servers of hub jhub/prod may now escalate privileges";
    assert_eq!(told(std::slice::from_ref(&old), &[weak(ADA), old.clone()]), [some]);
    assert_eq!(
        told(&[weak(ADA)], std::slice::from_ref(&old)),
        ["Servers of hub jhub/prod may no longer escalate privileges"]
    );
}

#[test]
fn each_part_of_the_hardening_is_told() {
    let strict = json!({"allowPrivilegeEscalation": false, "runAsUser": 1000});
    let old = server(ADA, &json!({}), &strict);
    let of_pod = [
        (json!({"hostNetwork": true}), "now share the network of their node"),
        (json!({"hostPID": true}), "now see the processes of their node"),
        (json!({"serviceAccountName": "admin"}), "another value for the account: admin, before default"),
        (
            json!({"automountServiceAccountToken": true}),
            "the token of the account: mounted, before mounted unless",
        ),
        (json!({"runtimeClassName": "gvisor"}), "the runtime class: gvisor, before that of the node"),
        (
            json!({"initContainers": [{"name": "x", "image": "y:1", "securityContext": strict}]}),
            "what prepares them: x (y:1), before none",
        ),
        (
            json!({"volumes": [{"name": "a", "hostPath": {"path": "/etc"}}]}),
            "the mounted paths of the node: /etc, before none",
        ),
    ];
    for (spec, sentence) in of_pod {
        let told = told(std::slice::from_ref(&old), &[server(BOB, &spec, &strict)]);
        assert!(told.iter().any(|told| told.contains(sentence)), "{sentence}: {told:?}");
    }
    let of_container = [
        (json!({"privileged": true}), "now run privileged"),
        (json!({"runAsUser": 0}), "now run as root"),
        (json!({"capabilities": {"add": ["SYS_ADMIN"]}}), "the added capabilities: SYS_ADMIN, before none"),
        (json!({"readOnlyRootFilesystem": true}), "may no longer write to their root filesystem"),
        (
            json!({"seccompProfile": {"type": "Unconfined"}}),
            "the seccomp profile: Unconfined, before not set",
        ),
    ];
    for (context, sentence) in of_container {
        let mut changed = strict.clone();
        for (field, value) in context.as_object().unwrap() {
            changed[field] = value.clone();
        }
        let told = told(std::slice::from_ref(&old), &[server(BOB, &json!({}), &changed)]);
        assert!(told.iter().any(|told| told.contains(sentence)), "{sentence}: {told:?}");
    }
    let sidecar = json!({"containers": [
        {"name": "notebook", "securityContext": strict}, {"name": "proxy", "securityContext": {"privileged": true, "runAsUser": 7}}
    ]});
    let told = told(&[old], &[server(BOB, &sidecar, &strict)]);
    assert!(
        told.contains(&"Servers of hub jhub/prod now run privileged in their container proxy".to_owned()),
        "{told:?}"
    );
}
