//! Pods and their controllers.

use super::super::rule::{Row, Rule};
use super::{CONDITION, Rows, SELECTOR};

use Rule::{
    Annotations, Bool, Drop, Env, Labels, Number, PathLeaf, Port, Presence, Scalar, Text, Word, Words,
};

/// A live pod.
pub(super) const POD: &[Rows] = &[
    ("spec.", POD_SPEC),
    ("spec.containers[].", CONTAINER),
    ("spec.initContainers[].", CONTAINER),
    ("spec.ephemeralContainers[].", CONTAINER),
    ("status.", POD_STATUS),
    ("status.containerStatuses[].", CONTAINER_STATUS),
    ("status.initContainerStatuses[].", CONTAINER_STATUS),
];

/// A ReplicationController, which selects by plain labels.
pub(super) const REPLICATION_CONTROLLER: &[Rows] = &[
    ("spec.", CONTROLLER_SPEC),
    ("spec.", &[("selector", Labels)]),
    ("spec.template.metadata.", TEMPLATE_METADATA),
    ("spec.template.spec.", POD_SPEC),
    ("spec.template.spec.containers[].", CONTAINER),
    ("spec.template.spec.initContainers[].", CONTAINER),
    ("status.", CONTROLLER_STATUS),
    ("status.conditions[].", CONDITION),
];

/// Every other controller whose template stands at `spec.template`.
pub(super) const CONTROLLER: &[Rows] = &[
    ("spec.", CONTROLLER_SPEC),
    ("spec.selector.", SELECTOR),
    ("spec.template.metadata.", TEMPLATE_METADATA),
    ("spec.template.spec.", POD_SPEC),
    ("spec.template.spec.containers[].", CONTAINER),
    ("spec.template.spec.initContainers[].", CONTAINER),
    ("status.", CONTROLLER_STATUS),
    ("status.conditions[].", CONDITION),
];

/// A CronJob.
pub(super) const CRON_JOB: &[Rows] = &[
    ("spec.", &[("schedule", Text), ("suspend", Bool)]),
    ("spec.jobTemplate.spec.template.metadata.", TEMPLATE_METADATA),
    ("spec.jobTemplate.spec.template.spec.", POD_SPEC),
    ("spec.jobTemplate.spec.template.spec.containers[].", CONTAINER),
    ("spec.jobTemplate.spec.template.spec.initContainers[].", CONTAINER),
];

/// A PodDisruptionBudget.
pub(super) const DISRUPTION_BUDGET: &[Rows] =
    &[("spec.", &[("minAvailable", Port), ("maxUnavailable", Port)]), ("spec.selector.", SELECTOR)];

/// A PriorityClass.
pub(super) const PRIORITY_CLASS: &[Rows] =
    &[("", &[("value", Number), ("globalDefault", Bool), ("preemptionPolicy", Text)])];

/// A HorizontalPodAutoscaler.
pub(super) const AUTOSCALER: &[Rows] = &[(
    "spec.",
    &[
        ("scaleTargetRef.kind", Text),
        ("scaleTargetRef.name", Text),
        ("minReplicas", Number),
        ("maxReplicas", Number),
    ],
)];

/// Where an environment variable's value comes from.
pub(super) const ENV_SOURCE: &[Row] = &[
    ("secretKeyRef.name", Text),
    ("secretKeyRef.key", Text),
    ("configMapKeyRef.name", Text),
    ("configMapKeyRef.key", Text),
    ("fieldRef.fieldPath", Word),
    ("resourceFieldRef.resource", Word),
];

const TEMPLATE_METADATA: &[Row] = &[("labels", Labels), ("annotations", Annotations)];

const CONTROLLER_SPEC: &[Row] = &[
    ("replicas", Number),
    ("parallelism", Number),
    ("completions", Number),
    ("suspend", Bool),
    ("serviceName", Text),
    ("strategy.type", Text),
    ("updateStrategy.type", Text),
];

const CONTROLLER_STATUS: &[Row] = &[
    ("replicas", Number),
    ("readyReplicas", Number),
    ("availableReplicas", Number),
    ("unavailableReplicas", Number),
    ("updatedReplicas", Number),
    ("currentNumberScheduled", Number),
    ("desiredNumberScheduled", Number),
    ("numberReady", Number),
    ("numberUnavailable", Number),
    ("updatedNumberScheduled", Number),
    ("active", Number),
    ("ready", Number),
    ("succeeded", Number),
    ("failed", Number),
];

const POD_SPEC: &[Row] = &[
    ("serviceAccountName", Text),
    ("automountServiceAccountToken", Bool),
    ("hostNetwork", Bool),
    ("hostPID", Bool),
    ("hostIPC", Bool),
    ("hostUsers", Bool),
    ("shareProcessNamespace", Bool),
    ("nodeName", Text),
    ("schedulerName", Text),
    ("runtimeClassName", Text),
    ("priorityClassName", Text),
    ("restartPolicy", Text),
    ("dnsPolicy", Text),
    ("enableServiceLinks", Bool),
    ("nodeSelector", Labels),
    ("tolerations[].key", Text),
    ("tolerations[].operator", Text),
    ("tolerations[].value", Text),
    ("tolerations[].effect", Text),
    ("imagePullSecrets[].name", Text),
    ("securityContext.runAsUser", Number),
    ("securityContext.runAsGroup", Number),
    ("securityContext.runAsNonRoot", Bool),
    ("securityContext.fsGroup", Number),
    ("securityContext.supplementalGroups[]", Number),
    ("securityContext.seccompProfile.type", Text),
    ("securityContext.appArmorProfile.type", Text),
    ("securityContext.sysctls[].name", Text),
    ("securityContext.windowsOptions.hostProcess", Bool),
    ("volumes[].name", Text),
    ("volumes[].secret.secretName", Text),
    ("volumes[].configMap.name", Text),
    ("volumes[].persistentVolumeClaim.claimName", Text),
    ("volumes[].persistentVolumeClaim.readOnly", Bool),
    ("volumes[].hostPath.path", Text),
    ("volumes[].hostPath.type", Text),
    ("volumes[].emptyDir.medium", Text),
    ("volumes[].emptyDir.sizeLimit", Scalar),
    ("volumes[].projected.sources[].serviceAccountToken.audience", Text),
    ("volumes[].projected.sources[].serviceAccountToken.path", Text),
    ("volumes[].projected.sources[].secret.name", Text),
    ("volumes[].projected.sources[].configMap.name", Text),
    ("volumes[].projected.sources[].downwardAPI", Presence),
    ("volumes[].csi.driver", Text),
    ("volumes[].nfs", Presence),
    ("volumes[].flexVolume", Presence),
    ("volumes[].downwardAPI", Presence),
    ("volumes[].ephemeral", Presence),
];

const CONTAINER: &[Row] = &[
    ("name", Text),
    ("image", Text),
    ("imagePullPolicy", Text),
    ("command", Words),
    ("args", Words),
    ("env", Env),
    ("envFrom[].secretRef.name", Text),
    ("envFrom[].configMapRef.name", Text),
    ("ports[].name", Text),
    ("ports[].containerPort", Number),
    ("ports[].protocol", Text),
    ("ports[].hostPort", Number),
    ("ports[].hostIP", Text),
    ("volumeMounts[].name", Text),
    ("volumeMounts[].mountPath", Text),
    ("volumeMounts[].readOnly", Bool),
    ("volumeMounts[].subPath", PathLeaf),
    ("volumeMounts[].subPathExpr", Drop),
    ("resources.limits{}", Scalar),
    ("resources.requests{}", Scalar),
    ("restartPolicy", Text),
    ("securityContext.privileged", Bool),
    ("securityContext.allowPrivilegeEscalation", Bool),
    ("securityContext.runAsNonRoot", Bool),
    ("securityContext.runAsUser", Number),
    ("securityContext.runAsGroup", Number),
    ("securityContext.readOnlyRootFilesystem", Bool),
    ("securityContext.capabilities.add[]", Text),
    ("securityContext.capabilities.drop[]", Text),
    ("securityContext.seccompProfile.type", Text),
    ("securityContext.appArmorProfile.type", Text),
    ("securityContext.procMount", Text),
    ("securityContext.windowsOptions.hostProcess", Bool),
];

const POD_STATUS: &[Row] = &[
    ("phase", Text),
    ("podIP", Text),
    ("podIPs[].ip", Text),
    ("hostIP", Text),
    // Times of conditions would make every pod different, and nothing asks for them.
    ("conditions[].type", Text),
    ("conditions[].status", Text),
];

const CONTAINER_STATUS: &[Row] = &[
    ("name", Text),
    ("ready", Bool),
    ("restartCount", Number),
    ("image", Text),
    ("imageID", Text),
    ("state.waiting.reason", Word),
    ("state.running", Presence),
    ("state.terminated.exitCode", Number),
    ("state.terminated.reason", Word),
];
