//! Small clusters with a hub of each generation of the chart, to which a test adds what it is about.

use posture::testing::Fixture;

/// Chart v0.6 with hosts: nginx and kube-lego in the proxy's pod.
pub(crate) const V0_6: &str = include_str!("scenes/0.6.yaml");
/// Chart 0.9.1 without HTTPS, which publishes a dead port 443.
pub(crate) const V0_9: &str = include_str!("scenes/0.9.1.yaml");
/// Chart 4.4.0 with Let's Encrypt, policies, image puller and one user.
pub(crate) const V4_4: &str = include_str!("scenes/4.4.0.yaml");

/// A hub as charts from 0.7 to 3.x label it.
pub(crate) struct Scene {
    /// The chart version.
    pub(crate) version: &'static str,
    /// The ports of the public Service, as YAML.
    pub(crate) ports: &'static str,
    /// The component that the public Service selects.
    pub(crate) selects: &'static str,
    /// The type of the public Service.
    pub(crate) kind: &'static str,
    /// Volumes of the proxy, as YAML.
    pub(crate) volumes: &'static str,
    /// The name of the hub's ConfigMap and Secret.
    pub(crate) config: (&'static str, &'static str),
}

impl Scene {
    /// A hub of this version without HTTPS.
    pub(crate) fn new(version: &'static str) -> Self {
        Self {
            version,
            ports: "[{ name: http, port: 80, targetPort: http }]",
            selects: "proxy",
            kind: "LoadBalancer",
            volumes: "[]",
            config: ("hub", "hub"),
        }
    }

    /// With other ports of the public Service.
    pub(crate) fn ports(self, ports: &'static str) -> Self {
        Self { ports, ..self }
    }

    /// The manifests.
    pub(crate) fn yaml(&self) -> String {
        let Self { version, ports, selects, kind, volumes, config: (config_map, secret) } = self;
        let labels = |component: &str| {
            format!(
                "{{ component: {component}, app: jupyterhub, release: prod, chart: jupyterhub-{version}, heritage: Helm }}"
            )
        };
        let pods = |component: &str| format!("{{ component: {component}, app: jupyterhub, release: prod }}");
        format!(
            "
perijove: {{ namespace: jhub }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: hub, labels: {hub} }}
spec:
  template:
    metadata: {{ labels: {hub_pods} }}
    spec:
      containers:
        - name: hub
          image: jupyterhub/k8s-hub:{version}
          args: [jupyterhub, --config, /etc/jupyterhub/jupyterhub_config.py, --upgrade-db]
          env: [{{ name: CONFIGPROXY_AUTH_TOKEN, valueFrom: {{ secretKeyRef: {{ name: {secret}, key: proxy.token }} }} }}]
      volumes:
        - {{ name: config, configMap: {{ name: {config_map} }} }}
        - {{ name: secret, secret: {{ secretName: {secret} }} }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: proxy, labels: {proxy} }}
spec:
  template:
    metadata: {{ labels: {proxy_pods} }}
    spec:
      containers:
        - name: chp
          image: jupyterhub/configurable-http-proxy:4.5.0
          command: [configurable-http-proxy, --api-port=8001, --port=8000]
          env: [{{ name: CONFIGPROXY_AUTH_TOKEN, valueFrom: {{ secretKeyRef: {{ name: {secret}, key: proxy.token }} }} }}]
          ports: [{{ name: https, containerPort: 8443 }}, {{ name: http, containerPort: 8000 }}, {{ name: api, containerPort: 8001 }}]
      volumes: {volumes}
---
apiVersion: v1
kind: Service
metadata: {{ name: proxy-public, labels: {public} }}
spec: {{ type: {kind}, selector: {{ component: {selects}, release: prod }}, ports: {ports} }}
---
apiVersion: v1
kind: Service
metadata: {{ name: proxy-api, labels: {api} }}
spec: {{ selector: {{ component: proxy, app: jupyterhub, release: prod }}, ports: [{{ port: 8001, targetPort: api }}] }}
---
apiVersion: v1
kind: Service
metadata: {{ name: hub, labels: {hub} }}
spec: {{ selector: {{ component: hub, app: jupyterhub, release: prod }}, ports: [{{ port: 8081, targetPort: http }}] }}
",
            hub = labels("hub"),
            hub_pods = pods("hub"),
            proxy = labels("proxy"),
            proxy_pods = pods("proxy"),
            public = labels("proxy-public"),
            api = labels("proxy-api"),
        )
    }

    /// The manifests with others behind them.
    pub(crate) fn with(&self, more: &str) -> Fixture {
        Fixture::from_yaml(&format!("{}\n---\n{more}", self.yaml()))
    }

    /// The fixture.
    pub(crate) fn fixture(&self) -> Fixture {
        Fixture::from_yaml(&self.yaml())
    }
}

/// A Deployment of autohttps beside a [`Scene`].
pub(crate) const AUTOHTTPS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: autohttps, labels: { component: autohttps, app: jupyterhub, release: prod } }
spec:
  template:
    metadata: { labels: { component: autohttps, app: jupyterhub, release: prod } }
    spec:
      initContainers:
        - { name: load-acme, image: 'jupyterhub/k8s-secret-sync:1', args: [load, proxy-public-tls-acme, acme.json, /etc/acme/acme.json] }
      containers:
        - { name: traefik, image: 'traefik:v2.3.2', ports: [{ name: http, containerPort: 8080 }, { name: https, containerPort: 8443 }] }
---
apiVersion: v1
kind: Service
metadata: { name: proxy-http, labels: { component: autohttps, app: jupyterhub, release: prod } }
spec: { selector: { component: proxy, app: jupyterhub, release: prod }, ports: [{ port: 8000, targetPort: http }] }
";

/// A user server of a [`Scene`], in the hub's namespace.
pub(crate) fn server(name: &str, spec: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata:
  name: jupyter-{name}
  labels: {{ component: singleuser-server, app: jupyterhub, release: prod, hub.jupyter.org/username: {name} }}
spec: {spec}
status: {{ phase: Running }}
"
    )
}
