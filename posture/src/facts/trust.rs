//! What tells the API server whom to trust: bundles of authorities in webhook configurations and `APIServices`.

use serde::{Deserialize, Serialize};

use super::meta::{Meta, placed};
use crate::x509::Der;

/// A bundle of authorities; empty where none could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bundle {
    /// The certificates.
    pub certificates: Vec<Der>,
    /// What of it could not be read; the text is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A webhook configuration of either kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookConfiguration {
    /// Metadata.
    pub metadata: Meta,
    /// The webhooks.
    pub webhooks: Vec<Webhook>,
}

/// A webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Webhook {
    /// How it is called.
    pub client_config: WebhookClient,
}

/// How a webhook is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebhookClient {
    /// Who may sign its certificate.
    pub ca_bundle: Bundle,
}

/// An APIService.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiService {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: ApiServiceSpec,
}

/// Who serves a part of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiServiceSpec {
    /// Who may sign its certificate.
    pub ca_bundle: Bundle,
}

placed!(WebhookConfiguration, ApiService);
