//! How an account becomes another one, step by step, in the words that people read.

use posture::access::{Caller, Escalations, Means, Reached, Taken, account, group, user};
use posture::facts::Subject;
use posture::kind::Kind;
use posture::testing::Fixture;

/// Accounts `hub`, `user` and `default` of `jhub`, and `root` of `kube-system`, which is an administrator.
const ACCOUNTS: &str = "
{ apiVersion: v1, kind: ServiceAccount, metadata: { name: hub, namespace: jhub } }
---
{ apiVersion: v1, kind: ServiceAccount, metadata: { name: user, namespace: jhub }, secrets: [{ name: user-token-x7k2p }] }
---
{ apiVersion: v1, kind: ServiceAccount, metadata: { name: root, namespace: kube-system } }
---
{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: { name: cluster-admin },
  rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] }] }
---
{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: { name: root },
  subjects: [{ kind: ServiceAccount, name: root, namespace: kube-system }, { kind: Group, name: 'system:masters' },
             { kind: User, name: chief }],
  roleRef: { kind: ClusterRole, name: cluster-admin } }
";

fn pod(namespace: &str, account: &str, mounts: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: p, namespace: {namespace} }}\nspec:\n  nodeName: n1\n  serviceAccountName: {account}\n  containers: [{{ name: c, image: i, volumeMounts: [{mounts}] }}]\n  volumes: [{{ name: t, projected: {{ sources: [{{ serviceAccountToken: {{ path: token }} }}] }} }}]\nstatus: {{ phase: Running }}\n"
    )
}

const MOUNT: &str = "{ name: t, mountPath: /var/run/secrets/kubernetes.io/serviceaccount }";

/// The role `own` with these rules for the hub's account: a Role of `jhub`, or a ClusterRole bound everywhere.
fn own(place: &str, rules: &str) -> String {
    let (role, binding, metadata) = match place {
        "jhub" => ("Role", "RoleBinding", "{ name: own, namespace: jhub }"),
        _ => ("ClusterRole", "ClusterRoleBinding", "{ name: own }"),
    };
    let version = "apiVersion: rbac.authorization.k8s.io/v1";
    format!(
        "{{ {version}, kind: {role}, metadata: {metadata}, rules: {rules} }}\n---\n{{ {version}, kind: {binding}, metadata: {metadata},
          subjects: [{{ kind: ServiceAccount, name: hub, namespace: jhub }}], roleRef: {{ kind: {role}, name: own }} }}\n"
    )
}

fn reached(manifests: &[String], by: &Subject) -> Reached {
    let mut all = vec![ACCOUNTS.to_owned()];
    all.extend_from_slice(manifests);
    let fixture = Fixture::from_yaml(&all.join("\n---\n"));
    let derived = fixture.derived();
    Escalations::new(&derived.rights, &fixture.snapshot).reached(&Caller::of(by))
}

fn hub() -> Subject {
    account("jhub", "hub")
}

fn sentences(reached: &Reached, to: &Taken) -> Vec<String> {
    let path = reached.path(to).unwrap();
    path.map(|path| path.steps.iter().map(|step| step.sentence().to_string()).collect()).unwrap_or_default()
}

fn to_user() -> Taken {
    Taken::Of(account("jhub", "user"))
}

#[test]
fn who_makes_pods_takes_every_account_of_the_namespace() {
    for (group, resource) in [("", "pods"), ("apps", "daemonsets"), ("batch", "cronjobs")] {
        let rules = format!("[{{ apiGroups: ['{group}'], resources: [{resource}], verbs: [create] }}]");
        let found = reached(&[own("jhub", &rules)], &hub());
        assert_eq!(
            sentences(&found, &to_user()),
            [format!(
                "ServiceAccount/jhub/hub may create {resource} in namespace jhub, and a pod there can run as ServiceAccount/jhub/user"
            )]
        );
        assert_eq!(found.path(&Taken::Administrator), Ok(None));
        let step = &found.path(&to_user()).unwrap().unwrap().steps[0];
        assert_eq!(
            (step.means, step.namespace.as_deref(), step.ways.len()),
            (Means::RunPods, Some("jhub"), 1)
        );
    }
}

#[test]
fn a_rule_for_named_pods_makes_none() {
    let rules = "[{ apiGroups: [''], resources: [pods], verbs: [create], resourceNames: [x] }]";
    assert_eq!(reached(&[own("jhub", rules)], &hub()).all().count(), 0);
}

#[test]
fn a_workload_that_may_be_changed_runs_as_any_account_of_its_namespace() {
    let workload = "{ apiVersion: apps/v1, kind: Deployment, metadata: { name: d, namespace: jhub }, spec: { template: { spec: { containers: [] } } } }".to_owned();
    let rules = "[{ apiGroups: [apps], resources: [deployments], verbs: [patch], resourceNames: [d] }]";
    let found = reached(&[own("jhub", rules), workload], &hub());
    assert_eq!(
        sentences(&found, &to_user()),
        [
            "ServiceAccount/jhub/hub may patch deployments in namespace jhub, so that Deployment/jhub/d makes pods that run as ServiceAccount/jhub/user"
        ]
    );
    assert_eq!(reached(&[own("jhub", rules)], &hub()).all().count(), 0, "there is nothing to change");
}

#[test]
fn who_enters_a_pod_takes_its_account_if_it_holds_a_token() {
    for rule in [
        "resources: [pods/exec], verbs: [create]",
        "resources: [pods/exec], verbs: [get]",
        "resources: [pods/attach], verbs: [create]",
        "resources: [pods/ephemeralcontainers], verbs: [patch]",
        "resources: [pods], verbs: [patch]",
    ] {
        let rules = format!("[{{ apiGroups: [''], {rule} }}]");
        let found = reached(&[own("jhub", &rules), pod("jhub", "user", MOUNT)], &hub());
        let path = found.path(&to_user()).unwrap().unwrap_or_else(|| panic!("{rule}"));
        assert_eq!(path.steps[0].means, Means::EnterPods);
        let empty = reached(&[own("jhub", &rules), pod("jhub", "user", "")], &hub());
        assert_eq!(empty.path(&to_user()), Ok(None), "{rule}");
    }
}

#[test]
fn tokens_and_names_are_taken_one_by_one_where_the_rule_names_them() {
    for (rule, means) in [
        ("resources: [serviceaccounts/token], verbs: [create], resourceNames: [user]", Means::RequestTokens),
        ("resources: [serviceaccounts], verbs: [impersonate], resourceNames: [user]", Means::Impersonate),
        ("resources: [secrets], verbs: [get], resourceNames: [user-token-x7k2p]", Means::ReadTokens),
        ("resources: [secrets], verbs: [list]", Means::ReadTokens),
        (
            "resources: [secrets], verbs: [create] }, { apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [own]",
            Means::MakeTokens,
        ),
    ] {
        let found = reached(&[own("jhub", &format!("[{{ apiGroups: [''], {rule} }}]"))], &hub());
        assert_eq!(found.path(&to_user()).unwrap().unwrap().steps[0].means, means, "{rule}");
        let other = rule.replace("[user]", "[else]").replace("[user-token-x7k2p]", "[else]");
        if other != rule {
            let found = reached(&[own("jhub", &format!("[{{ apiGroups: [''], {other} }}]"))], &hub());
            assert_eq!(found.path(&to_user()), Ok(None), "{other}");
        }
    }
}

#[test]
fn the_ways_to_the_administrator() {
    let rbac = "apiGroups: [rbac.authorization.k8s.io], resources";
    for (rules, means) in [
        ("[{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]".to_owned(), Means::Everything),
        (format!("[{{ {rbac}: [clusterroles, clusterrolebindings], verbs: [bind, create] }}]"), Means::Bind),
        (format!("[{{ {rbac}: [clusterroles], verbs: [escalate, patch] }}]"), Means::Escalate),
        ("[{ apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations], verbs: [create] }]".to_owned(), Means::Webhooks),
        ("[{ apiGroups: [''], resources: [users, groups], verbs: [impersonate] }]".to_owned(), Means::Impersonate),
    ] {
        let found = reached(&[own("everywhere", &rules)], &hub());
        let path = found.path(&Taken::Administrator).unwrap().unwrap_or_else(|| panic!("{means:?}"));
        assert_eq!(path.steps.iter().map(|step| step.means).collect::<Vec<_>>(), [means]);
    }
    for rules in [
        // Without `bind` or `escalate` nobody gives more than they have.
        format!("[{{ {rbac}: [clusterroles, clusterrolebindings], verbs: [create, update, patch] }}]"),
        format!("[{{ {rbac}: [clusterroles], verbs: [bind, escalate] }}]"),
        // A group is taken together with a user only.
        "[{ apiGroups: [''], resources: [groups], verbs: [impersonate] }]".to_owned(),
    ] {
        let found = reached(&[own("everywhere", &rules)], &hub());
        assert_eq!(found.path(&Taken::Administrator), Ok(None), "{rules}");
    }
}

#[test]
fn the_shortest_path_is_told_step_by_step() {
    let rules = "[{ apiGroups: [''], resources: [nodes/proxy], verbs: [get] }]";
    let found = reached(&[own("everywhere", rules), pod("kube-system", "root", MOUNT)], &hub());
    assert_eq!(
        sentences(&found, &Taken::Administrator),
        [
            "ServiceAccount/jhub/hub may get nodes/proxy, which enters every pod of a node; Pod/kube-system/p holds a token of ServiceAccount/kube-system/root",
            "ServiceAccount/kube-system/root may do everything in the cluster",
        ]
    );
}

#[test]
fn a_certificate_can_carry_any_name() {
    let rules = "[{ apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests, certificatesigningrequests/approval], verbs: [create, update] },
                  { apiGroups: [certificates.k8s.io], resources: [signers], verbs: [approve], resourceNames: [SIGNER] }]";
    let signer = |name: &str| reached(&[own("everywhere", &rules.replace("SIGNER", name))], &hub());
    for name in ["kubernetes.io/kube-apiserver-client", "'kubernetes.io/*'"] {
        let path = signer(name).path(&Taken::Administrator).unwrap().unwrap();
        assert_eq!(path.steps[0].means, Means::Certificates);
        assert_ne!(path.steps[0].to, Taken::Of(group("system:masters")));
    }
    assert_eq!(signer("kubernetes.io/kubelet-serving").path(&Taken::Administrator), Ok(None));
}

#[test]
fn rights_over_the_roles_of_a_namespace_are_all_rights_there() {
    let rbac = "apiGroups: [rbac.authorization.k8s.io]";
    for (rules, means) in [
        (
            format!(
                "[{{ {rbac}, resources: [clusterroles], verbs: [bind] }}, {{ {rbac}, resources: [rolebindings], verbs: [create] }}]"
            ),
            Means::Bind,
        ),
        (
            format!("[{{ {rbac}, resources: [roles], verbs: [escalate, update], resourceNames: [own] }}]"),
            Means::Escalate,
        ),
    ] {
        let found = reached(&[own("jhub", &rules)], &hub());
        assert_eq!(found.path(&to_user()).unwrap().unwrap().steps[0].means, means);
        assert_eq!(found.path(&Taken::Administrator), Ok(None));
    }
    let other =
        format!("[{{ {rbac}, resources: [roles], verbs: [escalate, update], resourceNames: [else] }}]");
    assert_eq!(reached(&[own("jhub", &other)], &hub()).all().count(), 0);
}

#[test]
fn users_and_groups_are_asked_about_like_accounts() {
    let found = reached(&[], &user("chief"));
    assert_eq!(sentences(&found, &Taken::Administrator), ["chief may do everything in the cluster"]);
    let masters = reached(&[], &group("system:masters"));
    assert!(masters.path(&Taken::Administrator).unwrap().is_some());
    assert_eq!(reached(&[], &user("ada")).path(&Taken::Administrator), Ok(None));
}

#[test]
fn an_administrator_has_everybodys_rights() {
    let found = reached(&[], &user("chief"));
    assert_eq!(found.path(&to_user()), found.path(&Taken::Administrator));
}

#[test]
fn what_is_hidden_hides_paths_and_takes_none_away() {
    let rules = "[{ apiGroups: [''], resources: [pods], verbs: [create] }]";
    let fixture = Fixture::from_yaml(&[ACCOUNTS, &own("jhub", rules)].join("\n---\n"));
    for kind in [Kind::ServiceAccount, Kind::Pod, Kind::ClusterRoleBinding, Kind::RoleBinding, Kind::Role] {
        let hidden = fixture.clone().without(kind);
        let derived = hidden.derived();
        let found = Escalations::new(&derived.rights, &hidden.snapshot).reached(&Caller::of(&hub()));
        assert!(found.path(&Taken::Administrator).is_err(), "{kind}");
        let is_needed = matches!(kind, Kind::ServiceAccount | Kind::RoleBinding | Kind::Role);
        assert_eq!(found.path(&to_user()).is_err(), is_needed, "{kind}");
    }
}

fn doubts(found: &Reached) -> Vec<String> {
    found.secrets.iter().map(|read| read.sentence().to_string()).collect()
}

#[test]
fn reading_secrets_may_lead_to_accounts_that_name_none() {
    let read = |rule: &str| format!("[{{ apiGroups: [''], resources: [secrets], {rule} }}]");
    let found = reached(&[own("", &read("verbs: [list]"))], &hub());
    assert_eq!(
        doubts(&found),
        [
            "ServiceAccount/jhub/hub may read every Secret of the cluster; whether one holds a token of another account is not known"
        ]
    );
    assert_eq!(
        found.path(&to_user()).unwrap().unwrap().steps[0].means,
        Means::ReadTokens,
        "that one is named"
    );

    let other =
        "{ apiVersion: v1, kind: ServiceAccount, metadata: { name: other, namespace: jhub } }".to_owned();
    let found = reached(&[own("jhub", &read("verbs: [get]")), other.clone()], &hub());
    assert_eq!(
        doubts(&found),
        [
            "ServiceAccount/jhub/hub may read every Secret of namespace jhub; whether one holds a token of another account is not known"
        ]
    );
    let found = reached(&[own("jhub", &read("verbs: [get], resourceNames: [x]")), other.clone()], &hub());
    assert_eq!(
        doubts(&found),
        [
            "ServiceAccount/jhub/hub may read the Secrets x of namespace jhub; whether one holds a token of another account is not known"
        ]
    );
    let known = read("verbs: [get], resourceNames: [user-token-x7k2p]");
    assert_eq!(
        doubts(&reached(&[own("jhub", &known), other.clone()], &hub())),
        [""; 0],
        "whose it is, is known"
    );
    let found = reached(&[own("jhub", &read("verbs: [get, create]")), other], &hub());
    assert_eq!(doubts(&found), [""; 0], "it makes tokens of all of them");
}

#[test]
fn secrets_lead_nowhere_in_a_namespace_without_other_accounts() {
    let rules = "[{ apiGroups: [''], resources: [secrets], verbs: [get] }]";
    let found = reached(&[own("jhub", rules)], &hub());
    assert_eq!(doubts(&found), [""; 0], "the token of the only other account is reached for certain");
    assert!(found.path(&to_user()).unwrap().is_some());
}

#[test]
fn a_template_in_files_stands_for_its_pods() {
    let deployment = |more: &str| {
        format!(
            "{{ apiVersion: apps/v1, kind: Deployment, metadata: {{ name: d, namespace: jhub }}, spec: {{ template: {{ spec: {{ serviceAccountName: user, {more} containers: [{{ name: c, image: i }}] }} }} }} }}"
        )
    };
    let reached = |rules: &str, more: &[String]| {
        let mut all = vec![ACCOUNTS.to_owned(), own("", rules)];
        all.extend_from_slice(more);
        let fixture =
            Fixture::from_yaml(&format!("perijove: {{ origin: declared }}\n---\n{}", all.join("\n---\n")));
        let derived = fixture.derived();
        Escalations::new(&derived.rights, &fixture.snapshot).reached(&Caller::of(&hub()))
    };
    let exec = "[{ apiGroups: [''], resources: [pods/exec], verbs: [create] }]";
    assert_eq!(
        sentences(&reached(exec, &[deployment("")]), &to_user()),
        [
            "ServiceAccount/jhub/hub may create pods/exec in namespace jhub, where a pod of Deployment/jhub/d will hold a token of ServiceAccount/jhub/user"
        ]
    );
    let kubelets = "[{ apiGroups: [''], resources: [nodes/proxy], verbs: [get] }]";
    assert_eq!(
        sentences(&reached(kubelets, &[deployment("")]), &to_user()),
        [
            "ServiceAccount/jhub/hub may get nodes/proxy, which enters every pod of a node; a pod of Deployment/jhub/d will hold a token of ServiceAccount/jhub/user"
        ]
    );
    let is_taken = |found: &Reached| found.all().any(|taken| *taken == to_user());
    assert!(!is_taken(&reached(exec, &[deployment("automountServiceAccountToken: false,")])));
    let named = exec.replace("[create]", "[create], resourceNames: [p]");
    assert!(!is_taken(&reached(&named, &[deployment("")])), "no pod of it is called so");
    let off = "{ apiVersion: v1, kind: ServiceAccount, metadata: { name: user, namespace: jhub }, automountServiceAccountToken: false }";
    let quiet = |more: &str| reached(exec, &[off.to_owned(), deployment(more)]);
    assert!(!is_taken(&quiet("")));
    assert!(is_taken(&quiet("automountServiceAccountToken: true,")), "the pod overrides the account");
}
