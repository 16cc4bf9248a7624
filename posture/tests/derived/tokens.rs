//! Which mounts are tokens of the Kubernetes API.

use posture::derived::token::token_mounts;
use posture::facts::PodSpec;

fn mounts(yaml: &str) -> Vec<String> {
    let spec: PodSpec = serde_norway::from_str(yaml).unwrap();
    token_mounts(&spec).into_iter().map(|mount| mount.container).collect()
}

#[test]
fn a_projected_token_counts_wherever_it_is_mounted() {
    let spec = "
containers: [{ name: notebook, volumeMounts: [{ name: kube-api-access-x, mountPath: /elsewhere }] }, { name: sidecar }]
volumes: [{ name: kube-api-access-x, projected: { sources: [{ serviceAccountToken: { path: token } }] } }]
";
    assert_eq!(mounts(spec), ["notebook"]);
    assert!(mounts(&spec.replace("path: token", "path: token, audience: sts.amazonaws.com")).is_empty());
    assert_eq!(
        mounts(&spec.replace("path: token", "path: token, audience: 'https://kubernetes.default.svc'")),
        ["notebook"]
    );
}

#[test]
fn a_secret_at_the_usual_path_is_an_old_token() {
    let spec = "
initContainers: [{ name: setup, volumeMounts: [{ name: t, mountPath: /var/run/secrets/kubernetes.io/serviceaccount/ }] }]
volumes: [{ name: t, secret: { secretName: default-token-abcde } }]
";
    assert_eq!(mounts(spec), ["setup"]);
}

#[test]
fn an_empty_folder_over_the_path_is_no_token() {
    let spec = "
containers: [{ name: notebook, volumeMounts: [{ name: no-api-access-please, mountPath: /var/run/secrets/kubernetes.io/serviceaccount }] }]
volumes: [{ name: no-api-access-please, emptyDir: {} }]
";
    assert!(mounts(spec).is_empty());
}
