//! A restart is told, and changes nothing.

use posture::drift::restart;

use super::*;

fn restarted(at: &Value, writers: &Value) -> Value {
    let annotations = json!({"kubectl.kubernetes.io/restartedAt": at});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "hub", "namespace": "jhub", "managedFields": writers},
        "spec": {"template": {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "hub", "image": "a"}]}}}})
}

#[test]
fn a_restart_is_told_with_who_and_when_and_is_no_change() {
    let helm = json!({"manager": "helm", "operation": "Update", "time": "2026-11-01T00:00:00Z"});
    let hand = json!({"manager": "kubectl-rollout", "operation": "Update", "time": "2026-11-02T09:00:00Z"});
    let before = record(Kind::Deployment, &restarted(&Value::Null, &json!([helm])));
    let after =
        record(Kind::Deployment, &restarted(&json!("2026-11-02T10:00:00+01:00"), &json!([helm, hand])));
    assert_eq!((before.drift, between(Some(&before), Some(&after))), (after.drift, None));
    let found = restart(&before, &after).unwrap();
    assert_eq!(found.sentence().to_string(), "Deployment/jhub/hub was restarted");
    assert_eq!(found.at, "2026-11-02T09:00:00Z".parse().ok());
    assert_eq!(found.writer.unwrap().manager, "kubectl-rollout");
    let again = record(Kind::Deployment, &restarted(&json!("2026-11-03T10:00:00Z"), &json!([helm, hand])));
    assert!(restart(&after, &again).is_some());
    assert_eq!(restart(&after, &after), None);
    assert_eq!(
        restart(&after, &before),
        None,
        "an annotation that went restarts nothing that anybody asked for"
    );
}
