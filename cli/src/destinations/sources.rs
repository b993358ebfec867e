//! A plan with the sources of the secrets that it sends, and the hosts that get them:
//! the sources are known here, the hosts by the stack.

use std::collections::HashMap;

use serde::Serialize;
use tocsin_api_types::{ApplyMode, ApplyReport, Change, ChangeKind, SecretChange};

use crate::secret::{Source, SourcedField, shown};

/// The sources of the secrets of a file, by the name of the destination.
#[derive(Debug, Default)]
pub(super) struct Sources(HashMap<String, Vec<SourcedField>>);

impl Sources {
    pub(super) fn add(&mut self, destination: &str, fields: Vec<SourcedField>) {
        self.0.insert(destination.to_owned(), fields);
    }

    /// The report with these sources.
    pub(super) fn with(&self, report: ApplyReport) -> Plan {
        let changes = report.changes.into_iter().map(|change| {
            let fields = match secret_change(&change.kind) {
                SecretChange::None | SecretChange::Kept => None,
                SecretChange::Set | SecretChange::Replaced => self.0.get(&change.display_name),
            };
            let sent = fields.into_iter().flatten().map(|field| SentField {
                field: field.clone(),
                hosts: change.secret_hosts.clone(),
            });
            SourcedChange {
                secret_fields: sent.collect(),
                change,
            }
        });
        Plan {
            mode: report.mode,
            changes: changes.collect(),
        }
    }
}

/// What happens to the secret of a destination.
pub(super) const fn secret_change(kind: &ChangeKind) -> SecretChange {
    match kind {
        ChangeKind::Add { secret } | ChangeKind::Update { secret, .. } => *secret,
        ChangeKind::Unchanged | ChangeKind::Delete => SecretChange::None,
    }
}

/// An [`ApplyReport`] with sources. As JSON it is the report with one more field.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plan {
    #[serde(rename = "dryRun")]
    mode: ApplyMode,
    pub(super) changes: Vec<SourcedChange>,
}

/// A change, with the fields of the secret that it sends.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourcedChange {
    #[serde(flatten)]
    pub(super) change: Change,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) secret_fields: Vec<SentField>,
}

/// A field of a secret, with its source and the hosts that get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SentField {
    #[serde(flatten)]
    pub(super) field: SourcedField,
    /// The hosts of the destination's requests: a secret of several fields may be
    /// divided between them.
    hosts: Vec<String>,
}

impl SentField {
    /// `secret.webhookUrl: env SOC_CHAT_URL → hooks.slack.com`.
    pub(super) fn line(&self) -> String {
        let SourcedField { field, source } = &self.field;
        let known: Vec<_> = self.hosts.iter().map(|host| shown(host)).collect();
        let known = known.join(", ");
        let hosts = match (known.as_str(), source) {
            // Only the sender can read it.
            ("", Source::SecretsManager(_)) => "the address in this secret".to_owned(),
            (known, Source::SecretsManager(_)) => {
                format!("{known}, and the address in this secret if it holds one")
            }
            // Stacks before 0.2.0 report no hosts.
            ("", Source::Env(_) | Source::File(_)) => {
                "hosts that this stack does not report".to_owned()
            }
            (known, Source::Env(_) | Source::File(_)) => known.to_owned(),
        };
        format!("{}: {source} → {hosts}", shown(field))
    }

    /// Whether the stack gets the value, which it compares with the stored one.
    pub(super) const fn has_value(&self) -> bool {
        !matches!(self.field.source, Source::SecretsManager(_))
    }
}
